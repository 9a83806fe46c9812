//! `ExclusiveStartKey`: behind which item a page starts.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use engine::{Key, Partition, Segment, SortRange};
use service::ApiError;

use crate::item_key::address_of_key;
use crate::table::Table;
use crate::value::Item;

/// The address a starting key names; the item need not exist.
///
/// # Errors
/// `ValidationException` for a key that is none of this table.
pub fn address_of_start(table: &Table, start: &Item) -> Result<Key, ApiError> {
    check_size(table, start)?;
    address_of_key(table, start).map_err(|error| invalid_start(&error.message.unwrap_or_default()))
}

/// The same of a query, which is refused in other words.
///
/// # Errors
/// `ValidationException` for a key that is none of this table.
pub fn address_of_query_start(table: &Table, start: &Item) -> Result<Key, ApiError> {
    check_size(table, start)?;
    if !table.key_schema().attributes().all(|attribute| start.get(&attribute.name).is_some()) {
        return Err(ApiError::validation("The provided starting key is invalid"));
    }
    address_of_key(table, start)
}

fn check_size(table: &Table, start: &Item) -> Result<(), ApiError> {
    if start.len() == table.key_schema().attributes().count() {
        return Ok(());
    }
    Err(ApiError::validation("Exclusive Start Key must have same size as table's key schema"))
}

/// `ValidationException`: a starting key that is none.
#[must_use]
pub fn invalid_start(reason: &dyn Display) -> ApiError {
    ApiError::validation(format!("The provided starting key is invalid: {reason}"))
}

/// Checks that a query may start behind an address: it must be of the query's partition and range.
///
/// # Errors
/// `ValidationException`.
pub fn check_within_query(start: &Key, partition: Partition, range: &SortRange) -> Result<(), ApiError> {
    if start.partition != partition {
        return Err(ApiError::validation(
            "The provided starting key is outside query boundaries based on provided conditions",
        ));
    }
    let bounds: (Bound<&[u8]>, Bound<&[u8]>) =
        (range.start.as_ref().map(AsRef::as_ref), range.end.as_ref().map(AsRef::as_ref));
    if !RangeBounds::<[u8]>::contains(&bounds, &start.sort[..]) {
        return Err(ApiError::validation("The provided starting key does not match the range key predicate"));
    }
    Ok(())
}

/// Checks that a scan may start behind an address: it must be of the scan's segment.
///
/// # Errors
/// `ValidationException`.
pub fn check_within_segment(start: &Key, segment: Segment) -> Result<(), ApiError> {
    if segment.contains(&start.partition) {
        return Ok(());
    }
    Err(invalid_start(&format_args!(
        "Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: {} Segment: {}",
        segment.total, segment.index
    )))
}
