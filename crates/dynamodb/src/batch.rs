//! What operations on several items have in common: their tables, opened together, and items none of which may be
//! named twice; of BatchGetItem and BatchWriteItem, tables named by the keys of a map.

use std::collections::{BTreeMap, BTreeSet, HashSet};

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

/// Opens all tables of a request, in the order of their names in it; each once, however often it is named.
///
/// # Errors
/// Those of [`DynamoDb::open_table`], of any of them.
pub async fn open_tables(
    room: &DynamoDb,
    context: &CallContext,
    names: impl Iterator<Item = &'_ str>,
) -> Result<Vec<OpenTable>, ApiError> {
    let names: Vec<&str> = names.collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    let opened = try_join_all(distinct.iter().map(|name| room.open_table(context, name))).await?;
    let by_name: BTreeMap<&str, OpenTable> = distinct.into_iter().zip(opened).collect();
    Ok(names.iter().filter_map(|name| by_name.get(name).cloned()).collect())
}

/// Addresses of one request: no item may be named twice.
pub struct DistinctKeys {
    seen: HashSet<(KeyspaceId, Key)>,
    refusal: &'static str,
}

impl DistinctKeys {
    /// Of a batch.
    #[must_use]
    pub fn of_batch() -> Self {
        Self { seen: HashSet::new(), refusal: "Provided list of item keys contains duplicates" }
    }

    /// Of a transaction.
    #[must_use]
    pub fn of_transaction() -> Self {
        let refusal = "Transaction request cannot include multiple operations on one item";
        Self { seen: HashSet::new(), refusal }
    }

    /// Notes an address and hands it back.
    ///
    /// # Errors
    /// `ValidationException` where it was there before.
    pub fn add(&mut self, table: &Table, address: Key) -> Result<Key, ApiError> {
        if self.seen.insert((table.keyspace(), address.clone())) {
            Ok(address)
        } else {
            Err(ApiError::validation(self.refusal))
        }
    }
}
