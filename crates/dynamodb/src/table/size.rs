//! How large tables are, as `DescribeTable` tells: exact while the keyspace is open, else as it was last.

use std::collections::HashMap;

use engine::KeyspaceId;

use super::Table;
use super::descriptor::{Descriptor, Size};
use crate::DynamoDb;
use crate::error::chain;

/// Sizes just looked at.
pub(crate) type Sizes = HashMap<KeyspaceId, Size>;

impl DynamoDb {
    /// The size of a table.
    #[must_use]
    pub fn size(&self, table: &Table) -> Size {
        self.open_size(table.keyspace()).unwrap_or(table.descriptor().size)
    }

    /// The sizes of those tables `wanted` picks whose keyspaces are open.
    pub(crate) fn open_sizes(&self, wanted: impl Fn(&Table) -> bool) -> Sizes {
        let sized = |keyspace| Some((keyspace, self.open_size(keyspace)?));
        self.catalog.select(wanted).iter().filter_map(|table| sized(table.keyspace())).collect()
    }

    /// The size of an open keyspace.
    pub(crate) fn open_size(&self, keyspace: KeyspaceId) -> Option<Size> {
        let stats = self.engine.stats(keyspace).ok()?;
        Some(Size { items: stats.entries, bytes: stats.value_bytes })
    }

    /// Records sizes, for the time after the keyspaces are closed.
    pub(crate) async fn record_sizes(&self, sizes: Sizes) {
        let new_size =
            |table: &Descriptor| sizes.get(&table.keyspace).copied().filter(|size| *size != table.size);
        let set = |table: &mut Descriptor| table.size = new_size(table).unwrap_or(table.size);
        let recorded = self.catalog.change_all(|table| new_size(table).is_some(), set).await;
        if let Err(error) = recorded {
            tracing::warn!(reason = %chain(&error), "the sizes of tables are not recorded");
        }
    }
}
