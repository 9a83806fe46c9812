//! redb 4.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};

use super::{Budget, Subject, TABLES};
use crate::data::Key;

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

const DEFINITIONS: [Definition; TABLES] = [
    TableDefinition::new("table-0"),
    TableDefinition::new("table-1"),
    TableDefinition::new("table-2"),
    TableDefinition::new("table-3"),
];

pub struct Redb(Database);

impl Redb {
    pub fn open(folder: &Path, budget: Budget) -> Result<Self> {
        let cache = usize::try_from(budget.cache)?;
        let redb = Self(Database::builder().set_cache_size(cache).create(folder.join("redb"))?);
        let transaction = redb.0.begin_write()?;
        for definition in DEFINITIONS {
            transaction.open_table(definition)?;
        }
        transaction.commit()?;
        Ok(redb)
    }
}

impl Subject for Redb {
    fn put(&self, table: usize, pairs: &[(Key, &[u8])]) -> Result<()> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut table = transaction.open_table(DEFINITIONS[table])?;
            for (key, value) in pairs {
                table.insert(&key[..], *value)?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn get(&self, key: &Key) -> Result<usize> {
        let table = self.0.begin_read()?.open_table(DEFINITIONS[0])?;
        let value = redb::ReadableTable::get(&table, &key[..])?.context("no such item")?;
        Ok(super::see(value.value()))
    }

    fn scan(&self, from: &Key, count: usize) -> Result<usize> {
        let table = self.0.begin_read()?.open_table(DEFINITIONS[0])?;
        let mut seen = 0;
        for entry in table.range(&from[..]..)?.take(count) {
            let (_, value) = entry?;
            seen += usize::from(super::see(value.value()) > 0);
        }
        Ok(seen)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
