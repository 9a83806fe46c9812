//! RocksDB, by a feature.

use std::path::Path;

use anyhow::{Context, Result};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, Direction, IteratorMode,
    Options, WriteBatch, WriteOptions,
};

use super::{Budget, Subject, TABLES};
use crate::data::Key;

pub struct Rocksdb(DB);

impl Rocksdb {
    pub fn open(folder: &Path, budget: Budget) -> Result<Self> {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&Cache::new_lru_cache(usize::try_from(budget.cache)?));
        blocks.set_bloom_filter(10.0, false);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_block_based_table_factory(&blocks);
        options.set_compression_type(DBCompressionType::None);
        options.set_write_buffer_size(Budget::MEMTABLE);
        options.set_max_background_jobs(2);
        let tables = (0..TABLES).map(|table| ColumnFamilyDescriptor::new(name(table), options.clone()));
        let tables: Vec<_> = tables.collect();
        Ok(Self(DB::open_cf_descriptors(&options, folder, tables)?))
    }
}

fn name(table: usize) -> String {
    format!("table-{table}")
}

impl Subject for Rocksdb {
    fn put(&self, table: usize, pairs: &[(Key, &[u8])]) -> Result<()> {
        let table = self.0.cf_handle(&name(table)).context("no such table")?;
        let mut batch = WriteBatch::default();
        pairs.iter().for_each(|(key, value)| batch.put_cf(table, key, value));
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        Ok(self.0.write_opt(batch, &synced)?)
    }

    fn get(&self, key: &Key) -> Result<usize> {
        let table = self.0.cf_handle("table-0").context("no such table")?;
        Ok(super::see(&self.0.get_pinned_cf(table, key)?.context("no such item")?))
    }

    fn scan(&self, from: &Key, count: usize) -> Result<usize> {
        let table = self.0.cf_handle("table-0").context("no such table")?;
        let mut seen = 0;
        for entry in self.0.iterator_cf(table, IteratorMode::From(from, Direction::Forward)).take(count) {
            let (_, value) = entry?;
            seen += usize::from(super::see(&value) > 0);
        }
        Ok(seen)
    }

    fn flush(&self) -> Result<()> {
        (0..TABLES)
            .filter_map(|table| self.0.cf_handle(&name(table)))
            .try_for_each(|table| Ok(self.0.flush_cf(table)?))
    }
}
