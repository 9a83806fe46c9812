//! The values of `serde_dynamo`.

use std::collections::HashMap;

use serde_dynamo::AttributeValue as Dynamo;

use super::{AttributeValue, Parts, View};

impl AttributeValue for Dynamo {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::S(text) => View::S(text),
            Self::N(number) => View::N(number),
            Self::B(bytes) => View::B(bytes),
            Self::Bool(value) => View::Bool(*value),
            Self::Null(_) => View::Null,
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
            Parts::Null => Self::Null(true),
            Parts::Ss(set) => Self::Ss(set),
            Parts::Ns(set) => Self::Ns(set),
            Parts::Bs(set) => Self::Bs(set),
            Parts::L(list) => Self::L(list),
            Parts::M(map) => Self::M(map.into_iter().collect::<HashMap<_, _>>()),
        }
    }

    fn into_binary(self) -> Option<Vec<u8>> {
        if let Self::B(bytes) = self { Some(bytes) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::Dynamo;
    use crate::value::tests::comes_back;

    #[test]
    fn values_of_every_kind_come_back() {
        comes_back(&[
            Dynamo::S("é".to_owned()),
            Dynamo::N("7".to_owned()),
            Dynamo::B(vec![1, 2]),
            Dynamo::Bool(true),
            Dynamo::Null(true),
            Dynamo::Ss(vec!["a".to_owned(), "b".to_owned()]),
            Dynamo::Ns(vec!["1".to_owned()]),
            Dynamo::Bs(vec![vec![1]]),
            Dynamo::L(vec![Dynamo::M([("x".to_owned(), Dynamo::Bool(false))].into())]),
        ]);
    }
}
