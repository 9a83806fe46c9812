//! Tags of keys.

use std::collections::BTreeMap;

use serde::Serialize;
use service::Fields;

use crate::error::KmsError;
use crate::members;

/// How many tags a key may have.
pub const MAX_PER_KEY: usize = 50;

const RESERVED_PREFIX: &str = "aws:";

/// `Tag` of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// 1 to 128 characters.
    pub tag_key: String,
    /// 0 to 256 characters.
    pub tag_value: String,
}

/// Reads the member `Tags`.
pub fn tags_member(fields: &mut Fields<'_>, presence: Presence) -> Vec<Tag> {
    let list = fields.structures("Tags", "java.util.LinkedHashMap");
    let tags = match presence {
        Presence::Required => list.required(),
        Presence::Optional => list.optional().unwrap_or_default(),
    };
    tags.into_iter().map(tag).collect()
}

/// Whether a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its absence is a violation.
    Required,
    /// It may be absent.
    Optional,
}

fn tag(mut fields: Fields<'_>) -> Tag {
    Tag {
        tag_key: fields.string("TagKey").length(1..=128).required().into_owned(),
        tag_value: fields.string("TagValue").length(0..=256).required().into_owned(),
    }
}

/// Reads the member `TagKeys`.
pub fn tag_keys_member(fields: &mut Fields<'_>) -> Vec<String> {
    let keys = fields.strings("TagKeys").required();
    members::check_lengths(fields, "TagKeys", &keys, 128);
    keys.into_iter().map(String::from).collect()
}

/// The tags of a key after `new` ones were put to the `old` ones.
///
/// # Errors
/// [`KmsError::Tag`] for a key that stands twice or is reserved, and where there would be too many.
pub fn merged(old: &BTreeMap<String, String>, new: &[Tag]) -> Result<BTreeMap<String, String>, KmsError> {
    let mut added = BTreeMap::new();
    for Tag { tag_key, tag_value } in new {
        if tag_key.starts_with(RESERVED_PREFIX) {
            return Err(KmsError::Tag("Tags beginning with aws: are reserved"));
        }
        if added.insert(tag_key.clone(), tag_value.clone()).is_some() {
            return Err(KmsError::Tag("Duplicate tag keys"));
        }
    }
    let mut merged = old.clone();
    merged.extend(added);
    match merged.len() > MAX_PER_KEY {
        true => Err(KmsError::Tag("Too many tags")),
        false => Ok(merged),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, merged};
    use std::collections::BTreeMap;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { tag_key: key.into(), tag_value: value.into() }
    }

    #[test]
    fn a_new_value_replaces_the_old_one() {
        let old = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let tags = merged(&old, &[tag("a", "3"), tag("c", "")]).unwrap();
        let expected = [("a", "3"), ("b", "2"), ("c", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(tags, BTreeMap::from(expected));
    }

    #[test]
    fn bad_tags_are_refused_in_the_words_of_kms() {
        let told = |new: &[Tag]| merged(&BTreeMap::new(), new).unwrap_err().to_string();
        assert_eq!(told(&[tag("aws:x", "")]), "Tags beginning with aws: are reserved");
        assert_eq!(told(&[tag("a", "1"), tag("a", "2")]), "Duplicate tag keys");
        let many: Vec<Tag> = (0..51).map(|n| tag(&n.to_string(), "")).collect();
        assert_eq!(told(&many), "Too many tags");
        assert!(merged(&BTreeMap::new(), &many[..50]).is_ok());
    }
}
