//! What is shown of a stored item: nothing where a filter does not let it pass, parts of it where there is a
//! projection, else the whole, straight from its bytes.

use serde::{Serialize, Serializer};

use crate::expression::{Condition, Projection};
use crate::value::Item;
use crate::value::codec::{CodecError, EncodedItem};

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

/// What a read looks at and shows.
#[derive(Default)]
pub struct View {
    /// Which items pass.
    pub filter: Option<Condition>,
    /// What is shown of them.
    pub projection: Option<Projection>,
}

impl View {
    /// What is shown of an item; `None` where it does not pass. No more is decoded than is looked at.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn show(&self, item: &EncodedItem) -> Result<Option<ItemView>, CodecError> {
        let Some(filter) = &self.filter else { return self.picked(item).map(Some) };
        let decoded = item.decode()?;
        let picked = || {
            self.projection.as_ref().map_or_else(
                || ItemView::Whole(item.clone()),
                |projection| ItemView::Part(projection.of(&decoded)),
            )
        };
        Ok(filter.holds(Some(&decoded)).then(picked))
    }

    /// Whether an item passes.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn lets_pass(&self, item: &EncodedItem) -> Result<bool, CodecError> {
        match &self.filter {
            None => Ok(true),
            Some(filter) => Ok(filter.holds(Some(&item.decode()?))),
        }
    }

    fn picked(&self, item: &EncodedItem) -> Result<ItemView, CodecError> {
        match &self.projection {
            None => Ok(ItemView::Whole(item.clone())),
            Some(projection) => {
                let attributes = item.decode_attributes(|name| projection.wants(name))?;
                Ok(ItemView::Part(projection.of(&attributes)))
            }
        }
    }
}
