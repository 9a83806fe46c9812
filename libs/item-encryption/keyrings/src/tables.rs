//! What keyrings ask of DynamoDB, through whatever client an application has.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use item_encryption_format::Value;

/// An item of a table.
pub type Item = HashMap<String, Value>;

/// What a table answers, or the text of its refusal.
pub type TableAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// The names of a table's key attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// The partition key; a string.
    pub partition_key: String,
    /// The sort key.
    pub sort_key: String,
    /// Whether the sort key is a number; else a string.
    pub sort_key_is_number: bool,
}

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// Its keys; `None` where they are of another kind.
    pub shape: Option<TableShape>,
    /// Whether it can be used already.
    pub active: bool,
}

/// When an item may be put.
#[derive(Debug, Clone, PartialEq)]
pub enum PutCondition<'a> {
    /// No item of this key exists; the name is the partition key's.
    Absent(&'a str),
    /// The item that exists has this value.
    Has(&'a str, Value),
}

/// An item, and when it may be put.
pub type ConditionalPut<'a> = (Item, PutCondition<'a>);

/// What became of puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The items stand.
    Done,
    /// A condition did not hold; no item was put.
    Refused,
}

/// The calls of DynamoDB that keyrings need. Reads are strongly consistent.
pub trait TableClient: Send + Sync {
    /// `GetItem`.
    fn get<'a>(&'a self, table: &'a str, key: Item) -> TableAnswer<'a, Option<Item>>;

    /// `Query` for the item of a partition with the highest sort key.
    fn last<'a>(
        &'a self,
        table: &'a str,
        partition_key: &'a str,
        value: &'a str,
    ) -> TableAnswer<'a, Option<Item>>;

    /// `PutItem` under a condition; `TransactWriteItems` of several items, all or none.
    fn put<'a>(&'a self, table: &'a str, puts: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put>;

    /// `DescribeTable`; `None` where there is none.
    fn describe<'a>(&'a self, table: &'a str) -> TableAnswer<'a, Option<TableState>>;

    /// `CreateTable`, billed per request.
    fn create<'a>(&'a self, table: &'a str, shape: &'a TableShape) -> TableAnswer<'a, ()>;
}

macro_rules! through {
    ($($pointer:ident),*) => {$(
        impl<C: TableClient + ?Sized> TableClient for $pointer<C> {
            fn get<'a>(&'a self, table: &'a str, key: Item) -> TableAnswer<'a, Option<Item>> {
                (**self).get(table, key)
            }

            fn last<'a>(
                &'a self,
                table: &'a str,
                partition_key: &'a str,
                value: &'a str,
            ) -> TableAnswer<'a, Option<Item>> {
                (**self).last(table, partition_key, value)
            }

            fn put<'a>(&'a self, table: &'a str, puts: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put> {
                (**self).put(table, puts)
            }

            fn describe<'a>(&'a self, table: &'a str) -> TableAnswer<'a, Option<TableState>> {
                (**self).describe(table)
            }

            fn create<'a>(&'a self, table: &'a str, shape: &'a TableShape) -> TableAnswer<'a, ()> {
                (**self).create(table, shape)
            }
        }
    )*};
}

through!(Box, Arc);
