//! fjall 3, without compression: the values do not compress, and ours are not compressed either.

use std::path::Path;

use anyhow::{Context, Result};
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{Budget, Subject, TABLES};
use crate::data::Key;

pub struct Fjall {
    database: Database,
    tables: Vec<Keyspace>,
}

impl Fjall {
    pub fn open(folder: &Path, budget: Budget) -> Result<Self> {
        let database = Database::builder(folder).cache_size(budget.cache).open()?;
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(Budget::MEMTABLE as u64)
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
        };
        let tables = (0..TABLES).map(|table| database.keyspace(&format!("table-{table}"), options));
        let tables = tables.collect::<Result<_, _>>()?;
        Ok(Self { database, tables })
    }
}

impl Subject for Fjall {
    fn put(&self, table: usize, pairs: &[(Key, &[u8])]) -> Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        pairs.iter().for_each(|(key, value)| batch.insert(&self.tables[table], &key[..], *value));
        Ok(batch.commit()?)
    }

    fn get(&self, key: &Key) -> Result<usize> {
        Ok(super::see(&self.tables[0].get(key)?.context("no such item")?))
    }

    fn scan(&self, from: &Key, count: usize) -> Result<usize> {
        let mut seen = 0;
        for entry in self.tables[0].range(&from[..]..).take(count) {
            let (_, value) = entry.into_inner()?;
            seen += usize::from(super::see(&value) > 0);
        }
        Ok(seen)
    }

    fn flush(&self) -> Result<()> {
        self.tables.iter().try_for_each(|table| Ok(table.rotate_memtable_and_wait()?))
    }
}
