//! A request body as a tree: borrowed from the body where it can be, bounded in depth.
//!
//! An object keeps its members in the order of the body. A name that stands twice is refused: whichever of
//! the two values were taken, the other would be silently ignored.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ApiError;

/// How deep a body may nest: DynamoDB's 32 levels of documents take two each, with room for the request.
pub const MAX_DEPTH: usize = 100;

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// The members of an object, in the order of the body, each name once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a>(pub Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Object<'a> {
    /// The member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Takes the member of this name out.
    pub fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn with_distinct_names(members: Vec<(Cow<'a, str>, Node<'a>)>) -> Result<Self, String> {
        match repeated_name(&members) {
            Some(name) => Err(format!("Duplicate member '{name}'")),
            None => Ok(Self(members)),
        }
    }
}

const FEW: usize = 16;

fn repeated_name<'n>(members: &'n [(Cow<'_, str>, Node<'_>)]) -> Option<&'n str> {
    if members.len() <= FEW {
        let earlier = |at: usize| members[..at].iter().any(|(name, _)| *name == members[at].0);
        return (1..members.len()).find(|&at| earlier(at)).map(|at| members[at].0.as_ref());
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

impl<'a> Node<'a> {
    /// Parses a body, which must be one JSON object.
    ///
    /// # Errors
    /// `SerializationException`, for anything but one object of at most [`MAX_DEPTH`] levels in UTF-8.
    pub fn parse_object(body: &'a [u8]) -> Result<Object<'a>, ApiError> {
        let mut source = serde_json::Deserializer::from_slice(body);
        let node = Seed { depth: 0 }.deserialize(&mut source).map_err(|_| not_json())?;
        source.end().map_err(|_| not_json())?;
        match node {
            Node::Object(object) => Ok(object),
            _ => Err(ApiError::serialization("Unexpected token received from parser")),
        }
    }

    /// What AWS calls the kind of a value that stands where another kind was expected.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL_VALUE",
            Self::Bool(true) => "TRUE_VALUE",
            Self::Bool(false) => "FALSE_VALUE",
            Self::Integer(_) => "NUMBER_VALUE",
            Self::Float(_) => "DECIMAL_VALUE",
            Self::String(_) => "STRING_VALUE",
            Self::List(_) => "START_ARRAY",
            Self::Object(_) => "START_OBJECT",
        }
    }
}

fn not_json() -> ApiError {
    ApiError::framework("SerializationException", "").without_message()
}

#[derive(Clone, Copy)]
struct Seed {
    depth: usize,
}

impl Seed {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("the body nests too deeply"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(node) = seq.next_element_seed(inner)? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value_seed(inner)?));
        }
        Object::with_distinct_names(members).map(Node::Object).map_err(de::Error::custom)
    }
}

struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, Node};

    #[test]
    fn strings_without_escapes_are_borrowed() {
        let object = Node::parse_object(br#"{"a":"plain","b":"line\n"}"#).unwrap();
        let borrowed = |name| matches!(object.get(name), Some(Node::String(std::borrow::Cow::Borrowed(_))));
        assert!(borrowed("a"));
        assert!(!borrowed("b"));
    }

    #[test]
    fn nesting_is_bounded_and_never_overflows_the_stack() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Node::parse_object(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert!(Node::parse_object(nested(MAX_DEPTH).as_bytes()).is_err());
        assert!(Node::parse_object(nested(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert!(Node::parse_object(br#"{"a":1,"a":2}"#).is_err());
        let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
        assert!(Node::parse_object(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for body in ["", "[]", "1", "{", "{} {}", "{\"a\":}", "nul", "\"\\ud800\""] {
            assert!(Node::parse_object(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Node::parse_object(b"{\"a\":\"\xff\"}").is_err());
    }
}
