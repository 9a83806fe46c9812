//! The encryption context of an item: what a data key is bound to.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::serialize::{type_id, write};
use crate::value::{AttributeValue, View};
use crate::{Error, TableConfig};

/// Pairs bound to a data key, in the order of their keys' bytes.
pub type EncryptionContext = BTreeMap<String, String>;

/// The key under which a signing suite keeps its public key; the only pair that a header stores.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";
const TABLE_NAME: &str = "aws-crypto-table-name";
const PARTITION_NAME: &str = "aws-crypto-partition-name";
const SORT_NAME: &str = "aws-crypto-sort-name";
const ATTRIBUTE: &str = "aws-crypto-attr.";
const LEGEND: &str = "aws-crypto-legend";

/// The context of version 1: table, names and values of the keys.
pub fn version_1<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
) -> Result<EncryptionContext, Error> {
    let mut context = names(table, config);
    for key in config.keys() {
        let value = item.get(key).ok_or_else(|| Error::MissingKeyAttribute(key.to_owned()))?;
        context.insert(format!("{ATTRIBUTE}{key}"), typed_base64(key, value)?);
    }
    Ok(context)
}

/// The context of version 2: the same, and every attribute that is to be included.
pub fn version_2<V: AttributeValue>(
    item: &HashMap<String, V>,
    table: &str,
    config: &TableConfig,
    mut included: Vec<&str>,
) -> Result<EncryptionContext, Error> {
    included.sort_unstable();
    let mut context = names(table, config);
    let mut legend = String::with_capacity(included.len());
    for name in included {
        let value = item.get(name).ok_or_else(|| Error::MissingKeyAttribute(name.to_owned()))?;
        let (kind, text) = told(name, value)?;
        legend.push(kind);
        context.insert(format!("{ATTRIBUTE}{name}"), text);
    }
    context.insert(LEGEND.to_owned(), legend);
    Ok(context)
}

/// A context's bytes, as the header, the footer and the keyrings bind it.
pub fn serialized(context: &EncryptionContext) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(256);
    let len = |len: usize| u16::try_from(len).map(u16::to_be_bytes).map_err(|_| TOO_LONG);
    out.extend_from_slice(&len(context.len())?);
    for (key, value) in context {
        for text in [key, value] {
            out.extend_from_slice(&len(text.len())?);
            out.extend_from_slice(text.as_bytes());
        }
    }
    Ok(out)
}

/// What a context tells of an attribute that is a string or a number, as text; `None` where the attribute is
/// of another type, or not in the context.
#[must_use]
pub fn attribute_text(context: &EncryptionContext, name: &str) -> Option<String> {
    let value = context.get(&format!("{ATTRIBUTE}{name}"))?;
    let Some(legend) = context.get(LEGEND) else { return typed_text(value) };
    let included = context.keys().filter_map(|key| key.strip_prefix(ATTRIBUTE));
    let (_, kind) = included.zip(legend.chars()).find(|(included, _)| *included == name)?;
    matches!(kind, 'S' | 'N').then(|| value.clone())
}

/// The text of a string or number in version 1's form.
fn typed_text(value: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(value).ok()?;
    let (kind, text) = bytes.split_first_chunk::<2>()?;
    matches!(kind, [0, 1 | 2]).then(|| String::from_utf8(text.to_vec()).ok())?
}

const TOO_LONG: Error =
    Error::Malformed { part: "encryption context", reason: "a key attribute is too long for the format" };

fn names(table: &str, config: &TableConfig) -> EncryptionContext {
    let mut context = EncryptionContext::new();
    context.insert(TABLE_NAME.to_owned(), table.to_owned());
    context.insert(PARTITION_NAME.to_owned(), config.partition_key.clone());
    if let Some(sort_key) = &config.sort_key {
        context.insert(SORT_NAME.to_owned(), sort_key.clone());
    }
    context
}

/// The legend's letter for a value and the text that stands for it.
fn told<V: AttributeValue>(name: &str, value: &V) -> Result<(char, String), Error> {
    Ok(match value.view() {
        View::S(text) => ('S', text.to_owned()),
        View::N(number) => ('N', crate::number::plain(number).ok_or_else(|| not_a_number(name))?),
        View::Bool(value) => ('L', value.to_string()),
        View::Null => ('L', "null".to_owned()),
        _ => ('B', typed_base64(name, value)?),
    })
}

fn not_a_number(name: &str) -> Error {
    Error::UnsupportedValue { attribute: name.to_owned(), reason: "it is not a number DynamoDB takes" }
}

fn typed_base64<V: AttributeValue>(name: &str, value: &V) -> Result<String, Error> {
    let view = value.view();
    let mut bytes = type_id(&view).to_vec();
    write(view, &mut bytes)
        .map_err(|reason| Error::UnsupportedValue { attribute: name.to_owned(), reason })?;
    Ok(BASE64_STANDARD.encode(bytes))
}
