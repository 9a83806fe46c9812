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
    pub filter: Option<Filter>,
    /// What is shown of them.
    pub projection: Option<Projection>,
}

impl View {
    /// What is shown of an item; `None` where it does not pass. No more is decoded than is looked at.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn show(&self, item: &EncodedItem) -> Result<Option<ItemView>, CodecError> {
        if !self.lets_pass(item)? {
            return Ok(None);
        }
        match &self.projection {
            None => Ok(Some(ItemView::Whole(item.clone()))),
            Some(projection) => {
                let attributes = item.decode_attributes(|name| projection.wants(name))?;
                Ok(Some(ItemView::Part(projection.of(&attributes))))
            }
        }
    }

    /// Whether an item passes.
    ///
    /// # Errors
    /// Damaged bytes.
    pub fn lets_pass(&self, item: &EncodedItem) -> Result<bool, CodecError> {
        match &self.filter {
            None => Ok(true),
            Some(filter) => filter.lets_pass(item),
        }
    }
}

/// Which items pass.
pub struct Filter {
    condition: Condition,
    /// The attributes at which the condition looks, sorted.
    attributes: Vec<String>,
}

impl Filter {
    /// The filter that lets pass of what `condition` holds.
    #[must_use]
    pub fn new(condition: Condition) -> Self {
        let mut attributes = Vec::new();
        condition.visit_paths(&mut |path| attributes.push(path.attribute.clone()));
        attributes.sort_unstable();
        attributes.dedup();
        Self { condition, attributes }
    }

    /// The condition.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    fn lets_pass(&self, item: &EncodedItem) -> Result<bool, CodecError> {
        let looked_at =
            |name: &str| self.attributes.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        Ok(self.condition.holds(Some(&item.decode_attributes(looked_at)?)))
    }
}
