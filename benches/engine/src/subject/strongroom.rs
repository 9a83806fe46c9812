//! Ours.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use crypto::SecretKey;
use engine::local::{LocalEngine, Options};
use engine::{Commit, Engine, EngineError, KeyspaceId, Limit, Outcome, Partition, Segment, Write};
use env::Env;
use futures::executor::block_on;

use super::{Budget, Subject, TABLES};
use crate::data::Key;

/// Ours, its tables open.
pub struct Strongroom(Arc<LocalEngine>);

impl Strongroom {
    /// Opens a store and its tables, which are made where they are missing.
    pub fn open(folder: &Path, budget: Budget) -> Result<Self> {
        let options = Options {
            cache_bytes: budget.cache,
            memtable_bytes: Budget::MEMTABLE,
            memtables_bytes: 2 * Budget::MEMTABLE,
            ..Options::default()
        };
        let store = Self(LocalEngine::open(Env::real(), folder, store_key(), options)?);
        store.open_first(TABLES)?;
        Ok(store)
    }

    /// Opens a store and its first tables, with the options of a server.
    pub fn open_as_shipped(folder: &Path, tables: usize) -> Result<Self> {
        let store = Self(LocalEngine::open(Env::real(), folder, store_key(), Options::default())?);
        store.open_first(tables)?;
        Ok(store)
    }

    /// Opens its first tables, and makes those that are missing.
    pub fn open_first(&self, tables: usize) -> Result<()> {
        (0..tables).try_for_each(|table| match block_on(self.0.open(keyspace(table), table_key(table))) {
            Err(EngineError::Absent(_)) => Ok(block_on(self.0.create(keyspace(table), table_key(table)))?),
            opened => Ok(opened?),
        })
    }

    /// The engine itself.
    pub fn engine(&self) -> &Arc<LocalEngine> {
        &self.0
    }
}

impl Subject for Strongroom {
    fn put(&self, table: usize, pairs: &[(Key, &[u8])]) -> Result<()> {
        let write = |(key, value): &(Key, &[u8])| Write {
            keyspace: keyspace(table),
            key: engine_key(key),
            value: Some(Bytes::copy_from_slice(value)),
        };
        let commit = Commit { guards: Vec::new(), writes: pairs.iter().map(write).collect() };
        let outcome = block_on(self.0.commit(commit))?;
        ensure!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
        Ok(())
    }

    fn get(&self, key: &Key) -> Result<usize> {
        let entry = block_on(self.0.get(keyspace(0), &engine_key(key)))?.context("no such item")?;
        Ok(super::see(&entry.value))
    }

    fn scan(&self, from: &Key, count: usize) -> Result<usize> {
        let (mut after, mut seen) = (before(from), 0);
        while seen < count {
            let limit = Limit { entries: (count - seen).min(1000), bytes: usize::MAX };
            let page = block_on(self.0.sweep(keyspace(0), Segment::WHOLE, after.take(), limit))?;
            seen += page.entries.iter().filter(|entry| super::see(&entry.value) > 0).count();
            match page.entries.into_iter().next_back().filter(|_| page.more) {
                Some(last) => after = Some(last.key),
                None => break,
            }
        }
        Ok(seen)
    }

    fn flush(&self) -> Result<()> {
        Ok(block_on(self.0.flush())?)
    }
}

/// The id of a table.
pub fn keyspace(table: usize) -> KeyspaceId {
    let mut id = [7; 16];
    id[..8].copy_from_slice(&(table as u64).to_be_bytes());
    KeyspaceId(id)
}

/// The key of a table.
pub fn table_key(table: usize) -> SecretKey {
    let mut key = [9; 32];
    key[..8].copy_from_slice(&(table as u64).to_be_bytes());
    SecretKey::take(&mut key)
}

fn store_key() -> SecretKey {
    SecretKey::take(&mut [1; 32])
}

/// A key as the seam has it.
pub fn engine_key(key: &Key) -> engine::Key {
    let (partition, sort) = key.split_at(16);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(partition);
    engine::Key { partition: Partition(bytes), sort: Bytes::copy_from_slice(sort) }
}

/// A sweep starts behind a key, so what starts at one starts behind the key just before it.
fn before(key: &Key) -> Option<engine::Key> {
    let mut before = *key;
    let at = before.iter().rposition(|byte| *byte != 0)?;
    before[at] -= 1;
    before[at + 1..].fill(0xFF);
    Some(engine_key(&before))
}
