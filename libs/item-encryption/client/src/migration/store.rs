//! The table that is swept, through whatever client an application has.

use std::future::Future;
use std::pin::Pin;

use crate::change::Change;
use crate::codec::Item;

/// What a store answers, some time.
pub type StoreAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One table.
pub trait ItemStore<V: 'static>: Send + Sync {
    /// The items of a segment behind a key, in the table's own order: at most `limit` where it is given. Neither the
    /// order nor the segment may depend on what items hold beside their keys.
    fn page<'a>(
        &'a self,
        segment: Segment,
        behind: Option<&'a Item<V>>,
        limit: Option<u32>,
    ) -> StoreAnswer<'a, Page<V>>;

    /// The item of a key as it is now, with all that was written before the call.
    fn get<'a>(&'a self, key: &'a Item<V>) -> StoreAnswer<'a, Option<Item<V>>>;

    /// Sends a change as an `UpdateItem`; `Changed` where its condition does not hold.
    fn replace<'a>(&'a self, change: Change<V>) -> StoreAnswer<'a, Replaced>;
}

/// One of the parts into which a table is cut, of about the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Which, from 0.
    pub number: u32,
    /// How many there are; at least 1.
    pub of: u32,
}

impl Segment {
    pub(super) fn at(self) -> usize {
        usize::try_from(self.number).unwrap_or(usize::MAX)
    }
}

/// A part of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<V> {
    /// The items.
    pub items: Vec<Item<V>>,
    /// The key behind which the next page begins; `None` at the end.
    pub last: Option<Item<V>>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// The item is as the change says.
    Done,
    /// Somebody changed or deleted the item first.
    Changed,
}

/// Why the table does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It may answer later: throttled, or not reached.
    #[error("{0}")]
    Later(String),
    /// It does not take this item: too large, or a value that it does not know.
    #[error("{0}")]
    Item(String),
    /// It will not answer at all.
    #[error("{0}")]
    Table(String),
}
