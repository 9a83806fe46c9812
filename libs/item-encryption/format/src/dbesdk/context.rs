//! The encryption context of an item: what a data key is bound to.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::serialize::{type_id, write};
use crate::value::{AttributeValue, View};
use crate::{Error, TableConfig};

/// The key under which a signing suite keeps its public key; the only pair that a header stores.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";
const TABLE_NAME: &str = "aws-crypto-table-name";
const PARTITION_NAME: &str = "aws-crypto-partition-name";
const SORT_NAME: &str = "aws-crypto-sort-name";
const ATTRIBUTE: &str = "aws-crypto-attr.";
const LEGEND: &str = "aws-crypto-legend";

/// Pairs bound to a data key, each key once, in the order of the keys' bytes.
///
/// They are kept as the bytes that the header, the footer and the keyrings bind:
///
/// ```text
///  u16 count │ (u16 length, key │ u16 length, value)*
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EncryptionContext(Vec<u8>);

/// A pair, before it stands in a context; the key comes in two parts.
struct Pair<'a> {
    key: [&'a str; 2],
    value: Cow<'a, str>,
}

impl EncryptionContext {
    /// Of pairs in any order.
    ///
    /// # Errors
    /// [`Error::Malformed`] where a key comes twice, or a pair is too long for the format.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        Self::of_pairs(pairs.into_iter().map(|(key, value)| pair([key, ""], value)).collect())
    }

    fn of_pairs(mut pairs: Vec<Pair<'_>>) -> Result<Self, Error> {
        pairs.sort_unstable_by(|one, other| order(one.key, other.key));
        if pairs.windows(2).any(|pairs| matches!(pairs, [one, other] if order(one.key, other.key).is_eq())) {
            return Err(TWICE);
        }
        let len = |len: usize| u16::try_from(len).map(u16::to_be_bytes).map_err(|_| TOO_LONG);
        let mut bytes = Vec::with_capacity(LIKELY_LEN);
        bytes.extend_from_slice(&len(pairs.len())?);
        for Pair { key: [first, second], value } in &pairs {
            bytes.extend_from_slice(&len(first.len() + second.len())?);
            bytes.extend_from_slice(first.as_bytes());
            bytes.extend_from_slice(second.as_bytes());
            bytes.extend_from_slice(&len(value.len())?);
            bytes.extend_from_slice(value.as_bytes());
        }
        Ok(Self(bytes))
    }

    /// The same and another pair.
    ///
    /// # Errors
    /// As [`EncryptionContext::of`].
    pub fn with(&self, key: &str, value: &str) -> Result<Self, Error> {
        Self::of(self.iter().chain([(key, value)]))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find_map(|(found, value)| (found == key).then_some(value))
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = self.0.get(2..).unwrap_or_default();
        std::iter::from_fn(move || Some((take(&mut rest)?, take(&mut rest)?)))
    }

    /// The pairs, for those who want them so.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The bytes that are bound.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Default for EncryptionContext {
    /// Without pairs.
    fn default() -> Self {
        Self(vec![0, 0])
    }
}

impl fmt::Debug for EncryptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Most contexts fit.
const LIKELY_LEN: usize = 384;
const TWICE: Error = Error::Malformed {
    part: "encryption context",
    reason: "a key comes twice, or is stored though readers rebuild it",
};
const TOO_LONG: Error =
    Error::Malformed { part: "encryption context", reason: "a key attribute is too long for the format" };

fn pair<'a>(key: [&'a str; 2], value: impl Into<Cow<'a, str>>) -> Pair<'a> {
    Pair { key, value: value.into() }
}

/// The order of two keys' bytes, which the first parts nearly always tell.
fn order(one: [&str; 2], other: [&str; 2]) -> Ordering {
    let [one, other] = [one, other].map(|key| key.map(str::as_bytes));
    let shared = one[0].len().min(other[0].len());
    let ((one_head, one_rest), (other_head, other_rest)) =
        (one[0].split_at(shared), other[0].split_at(shared));
    let rest = || one_rest.iter().chain(one[1]).cmp(other_rest.iter().chain(other[1]));
    one_head.cmp(other_head).then_with(rest)
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (len, tail) = rest.split_first_chunk()?;
    let (head, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    *rest = tail;
    std::str::from_utf8(head).ok()
}

/// The context of version 1: table, names and values of the keys; and `stored`, which a header tells.
pub fn version_1<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    stored: &[(String, String)],
) -> Result<EncryptionContext, Error> {
    let mut pairs = Vec::with_capacity(8);
    for key in config.keys() {
        let value = item.get(key).ok_or_else(|| Error::MissingKeyAttribute(key.to_owned()))?;
        pairs.push(pair([ATTRIBUTE, key], typed_base64(key, value)?));
    }
    whole(pairs, table, config, stored)
}

/// The context of version 2: the same, and every attribute that is to be included.
pub fn version_2<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    mut included: Vec<&str>,
    stored: &[(String, String)],
) -> Result<EncryptionContext, Error> {
    included.sort_unstable();
    let (mut pairs, mut legend) = (Vec::with_capacity(16), String::with_capacity(included.len()));
    for name in included {
        let value = item.get(name).ok_or_else(|| Error::MissingKeyAttribute(name.to_owned()))?;
        let (kind, text) = told(name, value)?;
        legend.push(kind);
        pairs.push(pair([ATTRIBUTE, name], text));
    }
    pairs.push(pair([LEGEND, ""], legend));
    whole(pairs, table, config, stored)
}

fn whole<'a>(
    mut pairs: Vec<Pair<'a>>,
    table: &'a str,
    config: &'a TableConfig,
    stored: &'a [(String, String)],
) -> Result<EncryptionContext, Error> {
    pairs.push(pair([PARTITION_NAME, ""], &*config.partition_key));
    pairs.extend(stored.iter().map(|(key, value)| pair([key, ""], &**value)));
    pairs.extend(config.sort_key.iter().map(|sort_key| pair([SORT_NAME, ""], &**sort_key)));
    pairs.push(pair([TABLE_NAME, ""], table));
    EncryptionContext::of_pairs(pairs)
}

/// What a context tells of an attribute that is a string or a number, as text; `None` where the attribute is
/// of another type, or not in the context.
#[must_use]
pub fn attribute_text(context: &EncryptionContext, name: &str) -> Option<String> {
    let value = context.get(&[ATTRIBUTE, name].concat())?;
    let Some(legend) = context.get(LEGEND) else { return typed_text(value) };
    let included = context.iter().filter_map(|(key, _)| key.strip_prefix(ATTRIBUTE));
    let (_, kind) = included.zip(legend.chars()).find(|(included, _)| *included == name)?;
    matches!(kind, 'S' | 'N').then(|| value.to_owned())
}

/// The text of a string or number in version 1's form.
fn typed_text(value: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(value).ok()?;
    let (kind, text) = bytes.split_first_chunk::<2>()?;
    matches!(kind, [0, 1 | 2]).then(|| String::from_utf8(text.to_vec()).ok())?
}

/// The legend's letter for a value and the text that stands for it.
fn told<'a, V: AttributeValue>(name: &str, value: &'a V) -> Result<(char, Cow<'a, str>), Error> {
    Ok(match value.view() {
        View::S(text) => ('S', text.into()),
        View::N(number) => ('N', crate::number::plain(number).ok_or_else(|| not_a_number(name))?),
        View::Bool(value) => ('L', if value { "true" } else { "false" }.into()),
        View::Null => ('L', "null".into()),
        _ => ('B', typed_base64(name, value)?.into()),
    })
}

fn not_a_number(name: &str) -> Error {
    Error::UnsupportedValue { attribute: name.to_owned(), reason: "it is not a number DynamoDB takes" }
}

fn typed_base64<V: AttributeValue>(name: &str, value: &V) -> Result<String, Error> {
    let view = value.view();
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&type_id(&view));
    write(view, &mut bytes)
        .map_err(|reason| Error::UnsupportedValue { attribute: name.to_owned(), reason })?;
    Ok(BASE64_STANDARD.encode(bytes))
}
