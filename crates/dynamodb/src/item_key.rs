//! Where an item lies: its primary key, checked against the table's schema, as the engine sees it.

use bytes::Bytes;
use engine::Key;
use service::ApiError;

use crate::table::{KeyAttribute, KeySchema, KeyType, Table};
use crate::value::key::KeyValue;
use crate::value::{AttributeValue, Item};

/// The address that a request's `Key` names: the attributes of the primary key, no others.
///
/// # Errors
/// `ValidationException` in AWS's words for a `Key`.
pub fn address_of_key(table: &Table, key: &Item) -> Result<Key, ApiError> {
    if key.len() != table.key_schema().attributes().count() {
        return Err(does_not_match_the_schema());
    }
    address(table, key, |_, _| does_not_match_the_schema())
}

/// The address of an item to be written.
///
/// # Errors
/// `ValidationException` in AWS's words for an `Item`.
pub fn address_of_item(table: &Table, item: &Item) -> Result<Key, ApiError> {
    address(table, item, |attribute, found| {
        let name = &attribute.name;
        ApiError::validation(match found {
            None => {
                format!("One or more parameter values were invalid: Missing the key {name} in the item")
            }
            Some(value) => format!(
                "One or more parameter values were invalid: Type mismatch for key {name} expected: {} actual: {}",
                attribute.kind.name(),
                value.value_type().name()
            ),
        })
    })
}

/// The same of an item of a batch, which AWS refuses in the words for a `Key`.
///
/// # Errors
/// `ValidationException`.
pub fn address_of_batched_item(table: &Table, item: &Item) -> Result<Key, ApiError> {
    address(table, item, |_, _| does_not_match_the_schema())
}

/// The attributes of a stored item's primary key.
#[must_use]
pub fn is_key_attribute(schema: &KeySchema, name: &str) -> bool {
    schema.attributes().any(|attribute| attribute.name == name)
}

/// A value as one of the type that the key has.
#[must_use]
pub fn as_key_value(kind: KeyType, value: &AttributeValue) -> Option<KeyValue<'_>> {
    KeyValue::of(value).filter(|key| {
        matches!(
            (kind, key),
            (KeyType::S, KeyValue::S(_)) | (KeyType::N, KeyValue::N(_)) | (KeyType::B, KeyValue::B(_))
        )
    })
}

/// `ValidationException`: a `Key` that is none of this table.
#[must_use]
pub fn does_not_match_the_schema() -> ApiError {
    ApiError::validation("The provided key element does not match the schema")
}

fn address(
    table: &Table,
    item: &Item,
    mismatch: impl Fn(&KeyAttribute, Option<&AttributeValue>) -> ApiError,
) -> Result<Key, ApiError> {
    let value_of = |attribute| key_value(item, attribute).map_err(|found| mismatch(attribute, found));
    let schema = table.key_schema();
    let partition = value_of(&schema.partition)?;
    let sort = schema
        .sort
        .as_ref()
        .map(|attribute| value_of(attribute).map(|value| (attribute, value)))
        .transpose()?;
    partition.check_as_partition_key(&schema.partition.name)?;
    if let Some((attribute, value)) = sort {
        value.check_as_sort_key(&attribute.name)?;
    }
    let sort = sort.map_or(Bytes::new(), |(_, value)| value.sort_bytes());
    Ok(Key { partition: table.partition(partition), sort })
}

/// The value of a key attribute, or what stands in its place.
fn key_value<'i>(
    item: &'i Item,
    attribute: &KeyAttribute,
) -> Result<KeyValue<'i>, Option<&'i AttributeValue>> {
    let value = item.get(&attribute.name).ok_or(None)?;
    as_key_value(attribute.kind, value).ok_or(Some(value))
}
