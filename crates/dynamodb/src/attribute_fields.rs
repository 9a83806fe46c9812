//! Members of a request that hold items and keys.
//!
//! They are read in two steps. A wrong JSON type is noted with the fields and told first; what is wrong with
//! a value is told later, when the operation asks.

use service::fields::map_class;
use service::{ApiError, Fields};

use crate::class;
use crate::value::Item;
use crate::value::json::{Unchecked, read_item};

/// Reads an item or a key that must be there.
pub fn required_item(fields: &mut Fields<'_>, name: &str) -> Unchecked<Item> {
    let object = fields.required_object(name, &map_class(class::ATTRIBUTE_VALUE));
    or_noted(fields, read_item(object)).unwrap_or_default()
}

/// Reads a key that may be there.
pub fn optional_item(fields: &mut Fields<'_>, name: &str) -> Option<Unchecked<Item>> {
    let object = fields.object(name, &map_class(class::ATTRIBUTE_VALUE))?;
    or_noted(fields, read_item(object))
}

/// What was read; what could not be is noted.
pub fn or_noted<T>(fields: &Fields<'_>, read: Result<T, ApiError>) -> Option<T> {
    read.map_err(|error| fields.fail(error)).ok()
}
