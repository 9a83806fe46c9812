//! A table as it was exported to a file: DynamoDB JSON, an item per line. It is read, and never written.

use std::path::Path;

use item_encryption_format::{Value, number};
use item_encryption_keyrings::TableClient;
use item_encryption_keyrings::tables::{ConditionalPut, Put, TableAnswer, TableShape, TableState};

use crate::config::ConfigError;
use crate::json::{Item, read_item};

/// The items of a file.
pub struct TableFile {
    items: Vec<Item>,
    sort_key: &'static str,
}

impl TableFile {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, by line.
    pub fn load(path: &Path, sort_key: &'static str) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError(format!("rows-file {}: {reason}", path.display()));
        #[allow(clippy::disallowed_methods, reason = "the library stands beside the house and its disk")]
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let item = |(line, number): (&str, u32)| {
            read_item(line).map_err(|reason| wrong(format!("line {number}: {reason}")))
        };
        Ok(Self { items: lines.map(item).collect::<Result<_, _>>()?, sort_key })
    }

    fn version(&self, item: &Item) -> Option<u64> {
        match item.get(self.sort_key)? {
            Value::N(text) => number::plain(text)?.parse().ok(),
            _ => None,
        }
    }
}

const READ_ONLY: &str = "the table is a file, which is only read: name a table and an endpoint to write";

fn refused<'a, T>() -> TableAnswer<'a, T> {
    Box::pin(async { Err(READ_ONLY.to_owned()) })
}

impl TableClient for TableFile {
    fn get<'a>(&'a self, _: &'a str, key: Item) -> TableAnswer<'a, Option<Item>> {
        let same = |item: &&Item| {
            let others = key.iter().filter(|(name, _)| *name != self.sort_key);
            let mut others = others.map(|(name, value)| item.get(name) == Some(value));
            others.all(|same| same) && self.version(item) == self.version(&key)
        };
        let found = self.items.iter().find(same).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn last<'a>(
        &'a self,
        _: &'a str,
        partition_key: &'a str,
        value: &'a str,
    ) -> TableAnswer<'a, Option<Item>> {
        let of = |item: &&Item| matches!(item.get(partition_key), Some(Value::S(text)) if text == value);
        let found = self.items.iter().filter(of).max_by_key(|item| self.version(item)).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn put<'a>(&'a self, _: &'a str, _: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put> {
        refused()
    }

    fn describe<'a>(&'a self, _: &'a str) -> TableAnswer<'a, Option<TableState>> {
        refused()
    }

    fn create<'a>(&'a self, _: &'a str, _: &'a TableShape) -> TableAnswer<'a, ()> {
        refused()
    }
}
