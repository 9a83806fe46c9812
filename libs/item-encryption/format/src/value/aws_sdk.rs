//! The values of `aws-sdk-dynamodb`.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Sdk;

use super::{AttributeValue, Parts, View};

impl AttributeValue for Sdk {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::S(text) => View::S(text),
            Self::N(number) => View::N(number),
            Self::B(bytes) => View::B(bytes.as_ref()),
            Self::Bool(value) => View::Bool(*value),
            Self::Null(_) => View::Null,
            Self::Ss(set) => View::Ss(set.iter().map(String::as_str).collect()),
            Self::Ns(set) => View::Ns(set.iter().map(String::as_str).collect()),
            Self::Bs(set) => View::Bs(set.iter().map(AsRef::as_ref).collect()),
            Self::L(list) => View::L(list.iter().collect()),
            Self::M(map) => View::M(map.iter().map(|(name, value)| (name.as_str(), value)).collect()),
            _ => View::Unknown,
        }
    }

    fn from_parts(parts: Parts<Self>) -> Self {
        match parts {
            Parts::S(text) => Self::S(text),
            Parts::N(number) => Self::N(number),
            Parts::B(bytes) => Self::B(Blob::new(bytes)),
            Parts::Bool(value) => Self::Bool(value),
            Parts::Null => Self::Null(true),
            Parts::Ss(set) => Self::Ss(set),
            Parts::Ns(set) => Self::Ns(set),
            Parts::Bs(set) => Self::Bs(set.into_iter().map(Blob::new).collect()),
            Parts::L(list) => Self::L(list),
            Parts::M(map) => Self::M(map.into_iter().collect::<HashMap<_, _>>()),
        }
    }

    fn into_binary(self) -> Option<Vec<u8>> {
        if let Self::B(blob) = self { Some(blob.into_inner()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blob, Sdk};
    use crate::value::tests::comes_back;

    #[test]
    fn values_of_every_kind_come_back() {
        comes_back(&[
            Sdk::S("é".to_owned()),
            Sdk::N("7".to_owned()),
            Sdk::B(Blob::new([1, 2])),
            Sdk::Bool(true),
            Sdk::Null(true),
            Sdk::Ss(vec!["a".to_owned(), "b".to_owned()]),
            Sdk::Ns(vec!["1".to_owned()]),
            Sdk::Bs(vec![Blob::new([1])]),
            Sdk::L(vec![Sdk::M([("x".to_owned(), Sdk::Bool(false))].into())]),
        ]);
    }
}
