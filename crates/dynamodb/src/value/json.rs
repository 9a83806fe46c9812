//! DynamoDB JSON: `{"S": "…"}`, `{"M": {"name": {"N": "1"}}}`.
//!
//! Reading has two steps, because AWS has: a member of a wrong JSON type anywhere in a request is told first
//! (`SerializationException`), then violated constraints, and only then what is wrong with a value
//! (`ValidationException`). [`Unchecked`] stands between the first and the last.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::ser::{Serialize, Serializer};
use service::fields::{decode_blob, map_class, no_list, no_object, no_structure, not_a};
use service::json::Object;
use service::{ApiError, Node};

use super::{AttributeValue, Item, Map, Number, Set, ValueError, size};
use crate::class;

/// What was read in the right shape, and the first thing that is wrong with a value in it.
#[derive(Debug, Default)]
pub struct Unchecked<T> {
    read: T,
    invalid: Option<ValueError>,
}

impl<T> Unchecked<T> {
    /// What was read.
    ///
    /// # Errors
    /// The first value that DynamoDB does not take.
    pub fn checked(self) -> Result<T, ValueError> {
        self.invalid.map_or(Ok(self.read), Err)
    }
}

/// Reads an item, or a key: names to values.
///
/// # Errors
/// `SerializationException` for a wrong JSON type.
pub fn read_item(object: Object<'_>) -> Result<Unchecked<Item>, ApiError> {
    let mut reader = Reader::default();
    let read = reader.map(object, 0)?;
    Ok(Unchecked { read, invalid: reader.invalid })
}

/// Reads one value.
///
/// # Errors
/// `SerializationException` for a wrong JSON type.
pub fn read_value(node: Node<'_>) -> Result<Unchecked<AttributeValue>, ApiError> {
    let mut reader = Reader::default();
    let read = reader.value(node, 0)?;
    Ok(Unchecked { read, invalid: reader.invalid })
}

#[derive(Default)]
struct Reader {
    invalid: Option<ValueError>,
}

impl Reader {
    /// `depth` counts the lists and maps around a value.
    fn value(&mut self, node: Node<'_>, depth: usize) -> Result<AttributeValue, ApiError> {
        let members = match node {
            Node::Object(Object(members)) => members,
            Node::Null => Vec::new(),
            other => return Err(no_structure(&other, class::ATTRIBUTE_VALUE)),
        };
        let mut value = None;
        for (name, node) in members {
            if node == Node::Null {
                continue;
            }
            if let Some(read) = self.typed(&name, node, depth)?
                && value.replace(read).is_some()
            {
                self.refuse(ValueError::SeveralTypes);
            }
        }
        Ok(value.unwrap_or_else(|| self.refuse_with(ValueError::NoType, AttributeValue::Null)))
    }

    /// A value of the type `name`; `None` where there is no such type, as unknown members are ignored.
    fn typed(
        &mut self,
        name: &str,
        node: Node<'_>,
        depth: usize,
    ) -> Result<Option<AttributeValue>, ApiError> {
        Ok(Some(match name {
            "S" => AttributeValue::S(text(node)?.into_owned()),
            "N" => AttributeValue::N(self.number(&text(node)?)),
            "B" => AttributeValue::B(binary(node)?),
            "BOOL" => AttributeValue::Bool(boolean(node)?),
            "NULL" => self.null(boolean(node)?),
            "M" => AttributeValue::M(self.document(node, depth)?),
            "L" => AttributeValue::L(self.list(node, depth)?),
            "SS" => AttributeValue::SS(self.strings(node)?),
            "NS" => AttributeValue::NS(self.numbers(node)?),
            "BS" => AttributeValue::BS(self.binaries(node)?),
            _ => return Ok(None),
        }))
    }

    fn map(&mut self, object: Object<'_>, depth: usize) -> Result<Map, ApiError> {
        let entry = |(name, node): (Cow<'_, str>, _)| {
            self.check_name(&name, depth);
            Ok((name.into_owned(), self.value(node, depth)?))
        };
        object.0.into_iter().map(entry).collect()
    }

    /// A map's member may have an empty name, an attribute may not.
    fn check_name(&mut self, name: &str, depth: usize) {
        match size::check_name(name) {
            Err(ValueError::EmptyName) if depth > 0 => {}
            Err(error) => self.refuse(error),
            Ok(()) => {}
        }
    }

    fn document(&mut self, node: Node<'_>, depth: usize) -> Result<Map, ApiError> {
        let depth = self.deeper(depth);
        match node {
            Node::Object(object) => self.map(object, depth),
            other => Err(no_object(&other, &map_class(class::ATTRIBUTE_VALUE))),
        }
    }

    fn list(&mut self, node: Node<'_>, depth: usize) -> Result<Vec<AttributeValue>, ApiError> {
        let depth = self.deeper(depth);
        elements(node)?.into_iter().map(|node| self.value(node, depth)).collect()
    }

    fn strings(&mut self, node: Node<'_>) -> Result<Set<String>, ApiError> {
        let members = elements(node)?.into_iter().map(|node| Ok(text(node)?.into_owned()));
        let members = members.collect::<Result<Vec<_>, ApiError>>()?;
        if members.is_empty() {
            self.refuse(ValueError::EmptySet("string"));
        }
        Ok(self.distinct(members, |members| ValueError::DuplicateStrings(listed(members))))
    }

    fn numbers(&mut self, node: Node<'_>) -> Result<Set<Number>, ApiError> {
        let members = elements(node)?.into_iter().map(|node| Ok(self.number(&text(node)?)));
        let members = members.collect::<Result<Vec<_>, ApiError>>()?;
        if members.is_empty() {
            self.refuse(ValueError::EmptySet("number"));
        }
        Ok(self.distinct(members, |_| ValueError::DuplicateNumbers))
    }

    fn binaries(&mut self, node: Node<'_>) -> Result<Set<Bytes>, ApiError> {
        let members = elements(node)?.into_iter().map(binary).collect::<Result<Vec<_>, ApiError>>()?;
        if members.is_empty() {
            self.refuse(ValueError::EmptyBinarySet);
        }
        Ok(self.distinct(members, |members| {
            let texts: Vec<String> = members.iter().map(|bytes| BASE64_STANDARD.encode(bytes)).collect();
            ValueError::DuplicateBinaries(listed(&texts))
        }))
    }

    /// The set of these members; where one is there twice, `told` words it from the members as given.
    fn distinct<T: Ord>(&mut self, members: Vec<T>, told: impl FnOnce(&[T]) -> ValueError) -> Set<T> {
        if has_repeated(&members) {
            self.refuse(told(&members));
            return Set::default();
        }
        Set::of_distinct(members).unwrap_or_default()
    }

    fn number(&mut self, text: &str) -> Number {
        text.parse().unwrap_or_else(|error| self.refuse_with(error, Number::ZERO))
    }

    fn null(&mut self, is_null: bool) -> AttributeValue {
        if !is_null {
            self.refuse(ValueError::NullNotTrue);
        }
        AttributeValue::Null
    }

    fn deeper(&mut self, depth: usize) -> usize {
        if depth >= size::MAX_DEPTH {
            self.refuse(ValueError::NestedTooDeeply);
        }
        depth + 1
    }

    fn refuse(&mut self, error: ValueError) {
        self.invalid.get_or_insert(error);
    }

    fn refuse_with<T>(&mut self, error: ValueError, stand_in: T) -> T {
        self.refuse(error);
        stand_in
    }
}

fn has_repeated<T: Ord>(members: &[T]) -> bool {
    let mut sorted: Vec<&T> = members.iter().collect();
    sorted.sort_unstable();
    !sorted.is_sorted_by(|one, next| one < next)
}

fn text(node: Node<'_>) -> Result<Cow<'_, str>, ApiError> {
    match node {
        Node::String(text) => Ok(text),
        other => Err(not_a("String", &other)),
    }
}

fn binary(node: Node<'_>) -> Result<Bytes, ApiError> {
    match node {
        Node::String(text) => decode_blob(&text).map(Bytes::from),
        Node::List(_) => Err(unexpected("Unrecognized collection type class java.nio.ByteBuffer")),
        Node::Object(_) => Err(not_a("String", &node)),
        _ => Err(unexpected("only base-64-encoded strings are convertible to bytes")),
    }
}

fn boolean(node: Node<'_>) -> Result<bool, ApiError> {
    match node {
        Node::Bool(value) => Ok(value),
        other => Err(not_a("Boolean", &other)),
    }
}

fn elements(node: Node<'_>) -> Result<Vec<Node<'_>>, ApiError> {
    match node {
        Node::List(elements) => Ok(elements.into_iter().filter(|node| *node != Node::Null).collect()),
        other => Err(no_list(&other)),
    }
}

fn unexpected(message: &str) -> ApiError {
    ApiError::serialization(message)
}

fn listed(members: &[String]) -> String {
    format!("[{}]", members.join(", "))
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::S(text) => typed(serializer, "S", text),
            Self::N(number) => typed(serializer, "N", number),
            Self::B(bytes) => typed(serializer, "B", &Base64(bytes)),
            Self::Bool(value) => typed(serializer, "BOOL", value),
            Self::Null => typed(serializer, "NULL", &true),
            Self::M(map) => typed(serializer, "M", map),
            Self::L(list) => typed(serializer, "L", list),
            Self::SS(set) => typed(serializer, "SS", &Members(set)),
            Self::NS(set) => typed(serializer, "NS", &Members(set)),
            Self::BS(set) => {
                serializer.serialize_newtype_variant("AttributeValue", 0, "BS", &BinaryMembers(set))
            }
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

/// `{"name": value}`
pub(super) fn typed<S: Serializer, T: Serialize + ?Sized>(
    serializer: S,
    name: &'static str,
    value: &T,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_variant("AttributeValue", 0, name, value)
}

struct Members<'a, T>(&'a Set<T>);

impl<T: Serialize + Ord> Serialize for Members<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

struct BinaryMembers<'a>(&'a Set<Bytes>);

impl Serialize for BinaryMembers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|bytes| Base64(bytes)))
    }
}

/// Bytes as base64 text; short ones by way of the stack.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

const SHORT: usize = 768;

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = [0; SHORT / 3 * 4];
        if self.0.len() <= SHORT
            && let Ok(length) = BASE64_STANDARD.encode_slice(self.0, &mut buffer)
            && let Ok(text) = std::str::from_utf8(&buffer[..length])
        {
            return serializer.serialize_str(text);
        }
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use service::Node;

    use super::super::tests::any_item;
    use super::{AttributeValue, Item, read_item, size};

    fn read(json: &str) -> Result<Item, String> {
        let object = Node::parse_object(json.as_bytes()).unwrap();
        let item = read_item(object).map_err(|error| format!("{} {}", error.code, error.message.unwrap()))?;
        item.checked().map_err(|error| error.to_string())
    }

    #[test]
    fn all_types_are_read_and_written() {
        let json = concat!(
            r#"{"b":{"B":"AAE="},"bo":{"BOOL":false},"bs":{"BS":["","AQ=="]},"l":{"L":[{"S":""},{"NULL":true}]},"#,
            r#""m":{"M":{"x":{"N":"-1.5"}}},"n":{"N":"100"},"ns":{"NS":["1","2"]},"s":{"S":"\"é\n"},"#,
            r#""ss":{"SS":["","b"]}}"#
        );
        assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_in_the_words_of_aws() {
        let one_or_more = "One or more parameter values were invalid: ";
        for (value, told) in [
            ("{}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned()),
            (r#"{"S":null}"#, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".into()),
            (r#"{"X":"1"}"#, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".into()),
            (
                r#"{"S":"a","N":"1"}"#,
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes"
                    .into(),
            ),
            (r#"{"NULL":false}"#, format!("{one_or_more}Null attribute value types must have the value of true")),
            (r#"{"SS":[]}"#, format!("{one_or_more}An string set  may not be empty")),
            (r#"{"NS":[]}"#, format!("{one_or_more}An number set  may not be empty")),
            (r#"{"BS":[]}"#, format!("{one_or_more}Binary sets should not be empty")),
            (r#"{"SS":["b","a","b"]}"#, format!("{one_or_more}Input collection [b, a, b] contains duplicates.")),
            (r#"{"NS":["1","1.0"]}"#, "Input collection contains duplicates".into()),
            (r#"{"BS":["AQ==","AQ=="]}"#, format!("{one_or_more}Input collection [AQ==, AQ==]of type BS contains duplicates.")),
            (r#"{"N":"x"}"#, "The parameter cannot be converted to a numeric value: x".into()),
            (r#"{"L":[{"M":{"n":{"N":""}}}]}"#, "The parameter cannot be converted to a numeric value".into()),
        ] {
            assert_eq!(read(&format!(r#"{{"a":{value}}}"#)), Err(told), "{value}");
        }
    }

    #[test]
    fn a_wrong_json_type_goes_before_a_wrong_value() {
        for (item, told) in [
            (r#"{"a":{},"b":{"S":1}}"#, "NUMBER_VALUE cannot be converted to String"),
            (r#"{"a":{"N":1.5}}"#, "DECIMAL_VALUE cannot be converted to String"),
            (r#"{"a":"x"}"#, "Unexpected value type in payload"),
            (r#"{"a":{"BOOL":"true"}}"#, "Unexpected token received from parser"),
            (r#"{"a":{"B":1}}"#, "only base-64-encoded strings are convertible to bytes"),
            (r#"{"a":{"B":[]}}"#, "Unrecognized collection type class java.nio.ByteBuffer"),
            (r#"{"a":{"SS":{}}}"#, "Start of structure or map found where not expected"),
            (r#"{"a":{"L":"x"}}"#, "Unexpected field type"),
            (
                r#"{"a":{"M":[]}}"#,
                "Unrecognized collection type java.util.Map<java.lang.String, \
                 com.amazonaws.dynamodb.v20120810.AttributeValue>",
            ),
        ] {
            assert_eq!(read(item), Err(format!("SerializationException {told}")), "{item}");
        }
        assert!(read(r#"{"a":{"B":"?"}}"#).unwrap_err().starts_with("SerializationException"));
    }

    #[test]
    fn names_have_their_lengths() {
        let long = "a".repeat(65536);
        assert!(read(&format!(r#"{{"{}":{{"S":""}}}}"#, &long[1..])).is_ok());
        assert!(read(r#"{"m":{"M":{"":{"S":""}}}}"#).is_ok());
        for (json, told) in [
            (
                format!(r#"{{"{long}":{{"S":""}}}}"#),
                "Attribute name is too large, must be less than 65536 bytes",
            ),
            (format!(r#"{{"m":{{"M":{{"{long}":{{"S":""}}}}}}}}"#), "Attribute name is too large"),
            (r#"{"":{"S":""}}"#.to_owned(), "Empty attribute name"),
        ] {
            let error = read(&json).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn nesting_ends_at_its_limit() {
        let nested =
            |depth| format!(r#"{{"a":{}{{"S":""}}{}}}"#, r#"{"L":["#.repeat(depth), "]}".repeat(depth));
        assert!(read(&nested(size::MAX_DEPTH)).is_ok());
        assert!(read(&nested(size::MAX_DEPTH + 1)).unwrap_err().starts_with("Nesting Levels"));
    }

    #[test]
    fn long_binaries_are_written_as_short_ones_are() {
        let value = AttributeValue::B(vec![1; 1000].into());
        let json = format!(r#"{{"a":{}}}"#, serde_json::to_string(&value).unwrap());
        assert_eq!(read(&json).unwrap().get("a"), Some(&value));
    }

    proptest! {
        #[test]
        fn an_item_reads_back_as_it_was_written(item in any_item()) {
            prop_assert_eq!(read(&serde_json::to_string(&item).unwrap()), Ok(item));
        }
    }
}
