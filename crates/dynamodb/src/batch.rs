//! What BatchGetItem and BatchWriteItem have in common: tables named by the keys of a map, and items none of
//! which may be named twice.

use std::collections::HashSet;

use engine::{Key, KeyspaceId};
use futures::future::try_join_all;
use service::{ApiError, CallContext, Fields};

use crate::DynamoDb;
use crate::table::{OpenTable, Table};

/// How long the name or ARN of a table may be.
const MAX_NAME_LEN: usize = 1024;

/// Notes with `fields` where a key of `RequestItems` cannot name a table.
pub fn check_names<'n>(fields: &Fields<'_>, mut names: impl Iterator<Item = &'n str>) {
    if let Some(name) = names.find(|name| !(1..=MAX_NAME_LEN).contains(&name.len())) {
        let told = format!(
            "Value '{{{name}=...}}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: \
             [Member must have length less than or equal to {MAX_NAME_LEN}, Member must have length greater than or \
             equal to 1]"
        );
        fields.violate("RequestItems", told);
    }
}

/// Opens all tables of a batch.
///
/// # Errors
/// Those of [`DynamoDb::open_table`], of any of them.
pub async fn open_tables(
    room: &DynamoDb,
    context: &CallContext,
    names: impl Iterator<Item = &'_ str>,
) -> Result<Vec<OpenTable>, ApiError> {
    try_join_all(names.map(|name| room.open_table(context, name))).await
}

/// Addresses of a batch: no item may be named twice.
#[derive(Default)]
pub struct DistinctKeys {
    seen: HashSet<(KeyspaceId, Key)>,
}

impl DistinctKeys {
    /// Notes an address and hands it back.
    ///
    /// # Errors
    /// `ValidationException` where it was there before.
    pub fn add(&mut self, table: &Table, address: Key) -> Result<Key, ApiError> {
        if self.seen.insert((table.keyspace(), address.clone())) {
            Ok(address)
        } else {
            Err(ApiError::validation("Provided list of item keys contains duplicates"))
        }
    }
}
