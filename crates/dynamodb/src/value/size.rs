//! How large a value counts, and the limits.
//!
//! Source: AWS's developer guide, "Item sizes and formats" (capacity unit consumption): names and strings in
//! bytes of UTF-8; a number one byte per two significant digits and one, and one more below zero; lists and
//! maps three bytes and one for each element.

use super::{AttributeValue, Item, Map, Number, ValueError};

/// The largest item, in bytes as counted here.
pub const MAX_ITEM_SIZE: usize = 400 * 1024;
/// The longest partition key value, in bytes.
pub const MAX_PARTITION_KEY_LEN: usize = 2048;
/// The longest sort key value, in bytes.
pub const MAX_SORT_KEY_LEN: usize = 1024;
/// The longest name of an attribute, in bytes.
pub const MAX_NAME_LEN: usize = 65535;
/// How many lists and maps may lie in each other.
pub const MAX_DEPTH: usize = 32;

const DOCUMENT_OVERHEAD: usize = 3;
const ELEMENT_OVERHEAD: usize = 1;

/// Checks the name of an attribute.
///
/// # Errors
/// An empty name, and one longer than [`MAX_NAME_LEN`].
pub fn check_name(name: &str) -> Result<(), ValueError> {
    match name.len() {
        0 => Err(ValueError::EmptyName),
        1..=MAX_NAME_LEN => Ok(()),
        _ => Err(ValueError::NameTooLong),
    }
}

/// An item's size in bytes: of its names and its values.
#[must_use]
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

/// A value's size in bytes.
#[must_use]
pub fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number_size(*number),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Bool(_) | AttributeValue::Null => 1,
        AttributeValue::M(map) => map_size(map),
        AttributeValue::L(list) => list_size(list),
        AttributeValue::SS(set) => set.iter().map(String::len).sum(),
        AttributeValue::NS(set) => set.iter().map(|number| number_size(*number)).sum(),
        AttributeValue::BS(set) => set.iter().map(bytes::Bytes::len).sum(),
    }
}

fn number_size(number: Number) -> usize {
    let digit_pairs = number.digits().div_ceil(2) as usize;
    digit_pairs + 1 + usize::from(number.is_negative())
}

fn map_size(map: &Map) -> usize {
    DOCUMENT_OVERHEAD + map.len() * ELEMENT_OVERHEAD + item_size(map)
}

fn list_size(list: &[AttributeValue]) -> usize {
    let elements: usize = list.iter().map(value_size).sum();
    DOCUMENT_OVERHEAD + list.len() * ELEMENT_OVERHEAD + elements
}

/// Whether lists and maps lie in each other deeper than [`MAX_DEPTH`].
#[must_use]
pub fn nests_too_deeply(value: &AttributeValue) -> bool {
    is_deeper_than(MAX_DEPTH, value)
}

fn is_deeper_than(depth: usize, value: &AttributeValue) -> bool {
    let inner = |value| depth.checked_sub(1).is_none_or(|depth| is_deeper_than(depth, value));
    match value {
        AttributeValue::M(map) => depth == 0 || map.iter().any(|(_, value)| inner(value)),
        AttributeValue::L(list) => depth == 0 || list.iter().any(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeValue, MAX_DEPTH, item_size, nests_too_deeply, value_size};
    use crate::value::{Item, Set};

    fn number(text: &str) -> AttributeValue {
        AttributeValue::N(text.parse().unwrap())
    }

    #[test]
    fn values_count_by_the_rules_of_aws() {
        for (value, size) in [
            (AttributeValue::S("é".into()), 2),
            (AttributeValue::B(vec![0; 3].into()), 3),
            (AttributeValue::Null, 1),
            (AttributeValue::Bool(true), 1),
            (number("0"), 1),
            (number("1"), 2),
            (number("12"), 2),
            (number("-12"), 3),
            (number("123"), 3),
            (number("1000"), 2),
            (number("0.0012"), 2),
            (number(&"1".repeat(38)), 20),
            (AttributeValue::L(vec![AttributeValue::Null; 2]), 3 + 2 + 2),
            (AttributeValue::L(vec![]), 3),
            (
                AttributeValue::M([("ab".to_owned(), AttributeValue::Null)].into_iter().collect()),
                3 + 1 + 2 + 1,
            ),
            (AttributeValue::SS(Set::of_distinct(vec!["a".into(), "bc".into()]).unwrap()), 3),
        ] {
            assert_eq!(value_size(&value), size, "{value:?}");
        }
    }

    #[test]
    fn names_count_too() {
        let item: Item = [("name".to_owned(), AttributeValue::S("value".into()))].into_iter().collect();
        assert_eq!(item_size(&item), 9);
    }

    #[test]
    fn depth_is_counted_in_lists_and_maps() {
        let nested = |depth| (0..depth).fold(AttributeValue::Null, |value, _| AttributeValue::L(vec![value]));
        assert!(!nests_too_deeply(&nested(MAX_DEPTH)));
        assert!(nests_too_deeply(&nested(MAX_DEPTH + 1)));
        assert!(!nests_too_deeply(&AttributeValue::S(String::new())));
    }
}
