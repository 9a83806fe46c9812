//! Attribute values of whatever library, seen without copying them.

#[cfg(feature = "aws-sdk-dynamodb")]
mod aws_sdk;
#[cfg(feature = "serde_dynamo")]
mod serde_dynamo;

use std::collections::HashMap;

/// A DynamoDB attribute value: implemented by [`Value`] and, behind features, by the types of other crates.
pub trait AttributeValue: Sized {
    /// What it is, borrowed.
    fn view(&self) -> View<'_, Self>;

    /// The value made of these parts.
    fn from_parts(parts: Parts<Self>) -> Self;

    /// The bytes of a binary value, without copying them; `None` where it is another.
    fn into_binary(self) -> Option<Vec<u8>>;
}

/// A borrowed look at a value.
#[derive(Debug)]
pub enum View<'a, V> {
    /// String.
    S(&'a str),
    /// Number, as its text.
    N(&'a str),
    /// Binary.
    B(&'a [u8]),
    /// Boolean.
    Bool(bool),
    /// Null.
    Null,
    /// String set.
    Ss(Vec<&'a str>),
    /// Number set.
    Ns(Vec<&'a str>),
    /// Binary set.
    Bs(Vec<&'a [u8]>),
    /// List.
    L(Vec<&'a V>),
    /// Map.
    M(Vec<(&'a str, &'a V)>),
    /// A type that this crate does not know; refused wherever its bytes are needed.
    Unknown,
}

/// What a value is made of.
#[derive(Debug)]
pub enum Parts<V> {
    /// String.
    S(String),
    /// Number, as its text.
    N(String),
    /// Binary.
    B(Vec<u8>),
    /// Boolean.
    Bool(bool),
    /// Null.
    Null,
    /// String set.
    Ss(Vec<String>),
    /// Number set.
    Ns(Vec<String>),
    /// Binary set.
    Bs(Vec<Vec<u8>>),
    /// List.
    L(Vec<V>),
    /// Map.
    M(Vec<(String, V)>),
}

/// A value of this crate's own, for those who bring no other library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// String.
    S(String),
    /// Number, as its text.
    N(String),
    /// Binary.
    B(Vec<u8>),
    /// Boolean.
    Bool(bool),
    /// Null.
    Null,
    /// String set.
    Ss(Vec<String>),
    /// Number set.
    Ns(Vec<String>),
    /// Binary set.
    Bs(Vec<Vec<u8>>),
    /// List.
    L(Vec<Value>),
    /// Map.
    M(std::collections::BTreeMap<String, Value>),
}

impl AttributeValue for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::S(text) => View::S(text),
            Self::N(number) => View::N(number),
            Self::B(bytes) => View::B(bytes),
            Self::Bool(value) => View::Bool(*value),
            Self::Null => View::Null,
            Self::Ss(set) => View::Ss(set.iter().map(String::as_str).collect()),
            Self::Ns(set) => View::Ns(set.iter().map(String::as_str).collect()),
            Self::Bs(set) => View::Bs(set.iter().map(Vec::as_slice).collect()),
            Self::L(list) => View::L(list.iter().collect()),
            Self::M(map) => View::M(map.iter().map(|(name, value)| (name.as_str(), value)).collect()),
        }
    }

    fn from_parts(parts: Parts<Self>) -> Self {
        match parts {
            Parts::S(text) => Self::S(text),
            Parts::N(number) => Self::N(number),
            Parts::B(bytes) => Self::B(bytes),
            Parts::Bool(value) => Self::Bool(value),
            Parts::Null => Self::Null,
            Parts::Ss(set) => Self::Ss(set),
            Parts::Ns(set) => Self::Ns(set),
            Parts::Bs(set) => Self::Bs(set),
            Parts::L(list) => Self::L(list),
            Parts::M(map) => Self::M(map.into_iter().collect()),
        }
    }

    fn into_binary(self) -> Option<Vec<u8>> {
        if let Self::B(bytes) = self { Some(bytes) } else { None }
    }
}

/// About how many bytes an item has: its names, texts, numbers and binary values.
#[must_use]
pub fn bytes_of<V: AttributeValue>(item: &HashMap<String, V>) -> u64 {
    item.iter().map(|(name, value)| len(name.len()) + weight(value, 0)).sum()
}

/// What nests deeper is refused by both formats, and need not be counted.
const DEEPEST: usize = 32;

fn weight<V: AttributeValue>(value: &V, depth: usize) -> u64 {
    let view = value.view();
    match view {
        View::S(text) | View::N(text) => len(text.len()),
        View::B(bytes) => len(bytes.len()),
        View::Bool(_) | View::Null | View::Unknown => 1,
        View::Ss(set) | View::Ns(set) => set.iter().map(|text| len(text.len())).sum(),
        View::Bs(set) => set.iter().map(|bytes| len(bytes.len())).sum(),
        View::L(_) | View::M(_) if depth > DEEPEST => 1,
        View::L(list) => list.iter().map(|value| weight(*value, depth + 1)).sum(),
        View::M(map) => map.iter().map(|(name, value)| len(name.len()) + weight(*value, depth + 1)).sum(),
    }
}

fn len(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(all(test, any(feature = "aws-sdk-dynamodb", feature = "serde_dynamo")))]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Debug;

    use super::{AttributeValue, Parts};
    use crate::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
    use crate::wrapping::RawAes;
    use crate::{Action, Suite, TableConfig};

    /// Encrypts an item of another library's values, and asserts that it opens as it was.
    #[allow(clippy::unwrap_used, reason = "the helper of a test fails it")]
    pub fn comes_back<V: AttributeValue + Clone + PartialEq + Debug>(values: &[V]) {
        let key = RawAes::new("ours", "2026", vec![7; 32].into()).unwrap();
        let mut table = TableConfig::new("Notes", "id", None);
        table.suite = Suite::NoEcdsa;
        let mut item: HashMap<String, V> = HashMap::new();
        item.insert("id".to_owned(), V::from_parts(Parts::S("n1".to_owned())));
        for (at, value) in values.iter().enumerate() {
            item.insert(format!("attribute{at}"), value.clone());
            table = table.action(&format!("attribute{at}"), Action::EncryptAndSign);
        }
        let context = encryption_context(&item, &table).unwrap();
        let mut materials = EncryptionMaterials::new(context, table.suite).unwrap();
        key.wrap(&mut materials).unwrap();
        let stored = encrypt(item.clone(), &table, &materials).unwrap();
        assert!(values.iter().all(|value| !stored.values().any(|stored| stored == value)));
        let sealed = SealedItem::read(stored, "Notes", &table).unwrap();
        let data_key = key.unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound()).unwrap().unwrap();
        assert_eq!(sealed.decrypt(&data_key).unwrap(), item);
    }
}

#[cfg(test)]
mod size {
    use super::{Value, bytes_of};

    #[test]
    fn names_and_content_are_counted_at_every_depth() {
        let map = [("k".to_owned(), Value::N("12".to_owned()))].into();
        let list = Value::L(vec![Value::M(map), Value::Null, Value::Bs(vec![vec![0; 4], vec![1; 3]])]);
        assert_eq!(bytes_of(&[("list".to_owned(), list)].into()), 4 + 1 + 2 + 1 + 7);
        let deep = (0..100).fold(Value::S("text".to_owned()), |value, _| Value::L(vec![value]));
        assert_eq!(bytes_of(&[(String::new(), deep)].into()), 1);
    }
}
