//! The one way in which items are read: entry -> size -> filter -> projection -> answer.
//!
//! A page ends with the item that brings what was evaluated to 1 MB, or to the request's `Limit`, whichever
//! comes first; what was evaluated counts, whether or not the filter lets it pass.

use std::collections::BTreeSet;
use std::ops::Bound;

use engine::{Direction, Entry, Key, KeyspaceId, Limit, Page, Partition, Segment, SortRange};
use service::{ApiError, CallContext};

use crate::DynamoDb;
use crate::item_key::is_key_attribute;
use crate::item_view::{ItemView, View};
use crate::table::OpenTable;
use crate::value::Item;
use crate::value::codec::EncodedItem;

/// How many bytes of items a page evaluates.
const PAGE_BYTES: usize = 1 << 20;
/// How many entries are asked of the engine at once, where items are small.
const MAX_ENTRIES_AT_ONCE: usize = 4096;

/// Where a page comes from.
pub enum Source {
    /// One partition.
    Slice {
        /// Which.
        partition: Partition,
        /// Which of its sort bytes.
        range: SortRange,
        /// In which order.
        direction: Direction,
    },
    /// A table, or a part of it.
    Sweep {
        /// Which part.
        segment: Segment,
        /// Behind which item.
        after: Option<Key>,
    },
}

/// What a page shall hold.
pub struct Wanted {
    /// Which items, and what of them.
    pub view: View,
    /// Whether they are counted only.
    pub count_only: bool,
    /// How many are evaluated at most; at least 1.
    pub limit: usize,
}

/// A page of items, evaluated.
#[derive(Default)]
pub struct ItemPage {
    /// What is shown of those that passed; nothing where they are counted only.
    pub items: Vec<ItemView>,
    /// How many passed.
    pub count: usize,
    /// How many were evaluated.
    pub scanned_count: usize,
    /// How large those were.
    pub scanned_bytes: usize,
    /// The key of the last one evaluated, where the page ended before its source did.
    pub last_key: Option<Item>,
}

impl DynamoDb {
    /// One item, as it is stored.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn read_item(
        &self,
        context: &CallContext,
        table: &OpenTable,
        key: &Key,
    ) -> Result<Option<EncodedItem>, ApiError> {
        match self.engine.get(table.keyspace(), key).await {
            Ok(entry) => Ok(entry.map(|entry| EncodedItem::new(entry.value)).transpose()?),
            Err(error) => Err(self.engine_refused(context, table, error).await),
        }
    }

    /// Items of several tables, each in the table at its place, as they were at one moment. No more of them is held at
    /// once than they may weigh together.
    ///
    /// # Errors
    /// Those of the engine; `ValidationException` where they weigh more than `most_bytes`.
    pub async fn read_together(
        &self,
        context: &CallContext,
        tables: &[OpenTable],
        keys: &[Key],
        most_bytes: usize,
    ) -> Result<Vec<Option<EncodedItem>>, ApiError> {
        let keyspaces: BTreeSet<KeyspaceId> = tables.iter().map(|table| table.keyspace()).collect();
        let keyspaces: Vec<KeyspaceId> = keyspaces.into_iter().collect();
        let moment = match self.engine.snapshot(&keyspaces, None) {
            Ok(moment) => moment,
            Err(error) => {
                let tables: Vec<_> = tables.iter().collect();
                return Err(self.refused_of_some(context, &tables, error).await);
            }
        };
        let (mut found, mut bytes) = (Vec::with_capacity(keys.len()), 0);
        for (table, key) in tables.iter().zip(keys) {
            let item = match moment.get(table.keyspace(), key).await {
                Ok(entry) => entry.map(|entry| EncodedItem::new(entry.value)).transpose()?,
                Err(error) => return Err(self.engine_refused(context, table, error).await),
            };
            bytes += item.as_ref().map_or(0, EncodedItem::size);
            if bytes > most_bytes {
                found.clear();
            } else {
                found.push(item);
            }
        }
        if bytes > most_bytes {
            return Err(ApiError::validation(format!("Payload in response is too large.{bytes}")));
        }
        Ok(found)
    }

    /// A page of items.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn read_page(
        &self,
        context: &CallContext,
        table: &OpenTable,
        mut source: Source,
        wanted: &Wanted,
    ) -> Result<ItemPage, ApiError> {
        let mut page = ItemPage::default();
        loop {
            let room = Limit {
                entries: (wanted.limit - page.scanned_count).min(MAX_ENTRIES_AT_ONCE),
                bytes: PAGE_BYTES - page.scanned_bytes,
            };
            let read = self.read_from(context, table, &source, room).await?;
            let more = read.more;
            let Some(last) = read.entries.last().map(|entry| entry.key.clone()) else { return Ok(page) };
            for entry in read.entries {
                let item = page.take(entry, wanted)?;
                if page.scanned_count >= wanted.limit || page.scanned_bytes >= PAGE_BYTES {
                    page.last_key = Some(key_of(table, &item)?);
                    return Ok(page);
                }
            }
            if !more {
                return Ok(page);
            }
            source.go_on_after(last);
        }
    }

    async fn read_from(
        &self,
        context: &CallContext,
        table: &OpenTable,
        source: &Source,
        limit: Limit,
    ) -> Result<Page, ApiError> {
        let keyspace = table.keyspace();
        let page = match source {
            Source::Slice { partition, range, direction } => {
                self.engine.slice(keyspace, *partition, range.clone(), *direction, limit).await
            }
            Source::Sweep { segment, after } => {
                self.engine.sweep(keyspace, *segment, after.clone(), limit).await
            }
        };
        match page {
            Ok(page) => Ok(page),
            Err(error) => Err(self.engine_refused(context, table, error).await),
        }
    }
}

impl Source {
    /// Leaves out everything up to and with `key`.
    pub fn go_on_after(&mut self, key: Key) {
        match self {
            Self::Slice { range, direction: Direction::Forward, .. } => {
                range.start = Bound::Excluded(key.sort);
            }
            Self::Slice { range, direction: Direction::Backward, .. } => {
                range.end = Bound::Excluded(key.sort);
            }
            Self::Sweep { after, .. } => *after = Some(key),
        }
    }
}

impl ItemPage {
    fn take(&mut self, entry: Entry, wanted: &Wanted) -> Result<EncodedItem, ApiError> {
        let item = EncodedItem::new(entry.value)?;
        self.scanned_count += 1;
        self.scanned_bytes += item.size();
        if wanted.count_only {
            self.count += usize::from(wanted.view.lets_pass(&item)?);
        } else if let Some(shown) = wanted.view.show(&item)? {
            self.count += 1;
            self.items.push(shown);
        }
        Ok(item)
    }
}

fn key_of(table: &OpenTable, item: &EncodedItem) -> Result<Item, ApiError> {
    Ok(item.decode_attributes(|name| is_key_attribute(table.key_schema(), name))?)
}
