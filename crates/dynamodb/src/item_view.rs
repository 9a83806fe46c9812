//! What a read shows of a stored item: nothing where a filter does not let it pass, parts of it where there
//! is a projection, else the whole, straight from its bytes.

use serde::{Serialize, Serializer};

use crate::value::Item;
use crate::value::codec::EncodedItem;

/// An item in an answer.
#[derive(Debug)]
pub enum ItemView {
    /// As it is stored; written as JSON without being decoded.
    Whole(EncodedItem),
    /// Attributes picked from it.
    Part(Item),
}

impl Serialize for ItemView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(item) => item.serialize(serializer),
            Self::Part(item) => item.serialize(serializer),
        }
    }
}
