//! `AttributesToGet`.

use super::super::error::ExpressionError;
use super::super::path::Path;
use super::super::projection::Projection;
use super::{attribute_path, invalid};

/// The projection of `AttributesToGet`: whole attributes, whatever characters are in their names.
///
/// # Errors
/// A name that is there twice, or that is none.
pub fn attributes_to_get(attributes: Vec<String>) -> Result<Projection, ExpressionError> {
    let mut names: Vec<&str> = attributes.iter().map(String::as_str).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(invalid(format_args!("Duplicate value in attribute name: {}", pair[0])));
    }
    let mut paths: Vec<Path> = attributes.into_iter().map(attribute_path).collect::<Result<_, _>>()?;
    paths.sort_unstable();
    Ok(Projection::of_sorted(&paths.iter().collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::attributes_to_get;
    use crate::value::{AttributeValue, Item};

    #[test]
    fn names_are_taken_as_they_are() {
        let item: Item =
            ["a.b", "a", "c"].into_iter().map(|name| (name.to_owned(), AttributeValue::Null)).collect();
        let projection = attributes_to_get(vec!["a.b".into(), "c".into(), "q".into()]).unwrap();
        let names: Vec<String> = projection.of(&item).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.b", "c"]);
    }

    #[test]
    fn a_name_stands_once() {
        let error = attributes_to_get(vec!["a".into(), "b".into(), "a".into()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "One or more parameter values were invalid: Duplicate value in attribute name: a"
        );
    }

    #[test]
    fn a_name_has_1_to_65535_bytes() {
        let told = |length| attributes_to_get(vec!["a".repeat(length)]).err().map(|error| error.to_string());
        assert_eq!(told(65535), None);
        assert!(told(65536).unwrap().contains("Attribute name is too large"));
        assert!(told(0).unwrap().contains("Empty attribute name"));
    }
}
