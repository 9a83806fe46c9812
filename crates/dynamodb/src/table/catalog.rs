//! All tables: a map in memory over records in the engine.
//!
//! A record lies in the system keyspace [`KEYSPACE`], in the partition named by the table's id. Names are
//! unique among the tables that are not gone yet; a table whose remains are still to be shredded has given
//! its name back.
//!
//! Records change one after another, durably first, then in memory. The KMS is never asked, and nothing is
//! shredded, while a record is being changed: both may wait for us ([`envelope::KeyWatcher`],
//! [`SecretHolder`]). Where both are needed, the right to change comes before the right to seal.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Commit, Engine, EngineError, Key, KeyspaceId, Limit, Outcome, Partition, Segment, Write};
use envelope::{Sealing, SecretHolder, ShredError, Shredder, TableKeys};
use futures::future::BoxFuture;
use parking_lot::RwLock;
use service::ApiError;
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use super::descriptor::{DescriptorError, RecordedKey, Stage};
use super::{Descriptor, Table, name};
use crate::Config;
use crate::error::{internal, limit_exceeded, table_exists, table_gone};

/// Where the records lie; whoever wires the server opens it.
pub const KEYSPACE: KeyspaceId = KeyspaceId::of_system("catalog");
/// Records read or written at once.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// All tables.
pub struct Catalog {
    engine: Arc<dyn Engine>,
    tables: RwLock<Tables>,
    changing: AsyncMutex<()>,
}

#[derive(Default)]
struct Tables {
    by_name: BTreeMap<String, Arc<Table>>,
    shredding: BTreeMap<Uuid, Arc<Table>>,
}

/// Why the catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The engine refused, or failed.
    #[error("the catalog of tables cannot be read or written")]
    Engine(#[from] EngineError),
    /// A record is no descriptor.
    #[error("the catalog of tables is damaged")]
    Descriptor(#[from] DescriptorError),
    /// Whether a record was written is unknown.
    #[error("whether the catalog of tables was written is unknown")]
    Unknown,
}

impl Catalog {
    /// Reads all records.
    ///
    /// # Errors
    /// [`CatalogError`]; a single damaged record is one.
    pub async fn load(
        engine: Arc<dyn Engine>,
        table_keys: &TableKeys,
        config: &Config,
    ) -> Result<Self, CatalogError> {
        let mut tables = Tables::default();
        for descriptor in read_records(&*engine).await? {
            tables.put(Arc::new(Table::of(descriptor, table_keys, config)));
        }
        Ok(Self { engine, tables: RwLock::new(tables), changing: AsyncMutex::default() })
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().by_name.get(name).cloned()
    }

    /// The same table as it is by now.
    #[must_use]
    pub fn again(&self, table: &Table) -> Option<Arc<Table>> {
        self.table(table.name()).filter(|found| found.id() == table.id())
    }

    /// Whether nothing of a table was changed since it was looked up.
    #[must_use]
    pub fn is_current(&self, table: &Arc<Table>) -> bool {
        self.again(table).is_some_and(|current| Arc::ptr_eq(&current, table))
    }

    /// All tables `wanted` picks, in the order of their names.
    pub fn select(&self, wanted: impl Fn(&Table) -> bool) -> Vec<Arc<Table>> {
        self.tables.read().by_name.values().filter(|table| wanted(table)).cloned().collect()
    }

    /// At most `limit` names behind `after`, in order, and whether there are more.
    #[must_use]
    pub fn names(&self, after: Option<&str>, limit: usize) -> (Vec<String>, bool) {
        let tables = self.tables.read();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut behind = tables.by_name.range::<str, _>((start, Bound::Unbounded));
        let names = behind.by_ref().take(limit).map(|(name, _)| name.clone()).collect();
        (names, behind.next().is_some())
    }

    /// Tables that are gone but for their forgotten secrets.
    #[must_use]
    pub fn shredding(&self) -> Vec<Arc<Table>> {
        self.tables.read().shredding.values().cloned().collect()
    }

    /// Whether there may be a new table of this name, beside fewer than `max_tables` others.
    ///
    /// # Errors
    /// `ResourceInUseException` and `LimitExceededException`.
    pub fn check_new(&self, name: &str, max_tables: usize) -> Result<(), ApiError> {
        let tables = self.tables.read();
        if tables.by_name.contains_key(name) {
            return Err(table_exists(name));
        }
        match tables.by_name.len() < max_tables {
            true => Ok(()),
            false => Err(limit_exceeded(&format!("There is a limit of {max_tables} tables"))),
        }
    }

    /// Records a new table. `make` is given the right to seal its wrapped key.
    ///
    /// # Errors
    /// Those of [`Catalog::check_new`], before anything is made; `InternalServerError`.
    pub async fn insert(
        &self,
        shredder: &Shredder,
        name: &str,
        max_tables: usize,
        make: impl FnOnce(&Sealing<'_>) -> Table,
    ) -> Result<Arc<Table>, ApiError> {
        let _turn = self.changing.lock().await;
        self.check_new(name, max_tables)?;
        let sealing = shredder.sealing().await;
        let table = Arc::new(make(&sealing));
        self.write([&*table]).await.map_err(|error| internal(&error))?;
        self.tables.write().put(Arc::clone(&table));
        Ok(table)
    }

    /// Changes what is recorded of a table, and returns it as it is then.
    ///
    /// # Errors
    /// What `change` says (nothing is changed then); `ResourceNotFoundException` where the table is gone;
    /// `InternalServerError`.
    pub async fn change(
        &self,
        table: &Table,
        change: impl FnOnce(&mut Descriptor) -> Result<(), ApiError>,
    ) -> Result<Arc<Table>, ApiError> {
        let _turn = self.changing.lock().await;
        self.change_in_turn(table, change).await
    }

    /// As [`Catalog::change`], with the right to seal a wrapped key.
    ///
    /// # Errors
    /// As [`Catalog::change`].
    pub async fn change_sealing(
        &self,
        shredder: &Shredder,
        table: &Table,
        change: impl FnOnce(&mut Descriptor, &Sealing<'_>) -> Result<(), ApiError>,
    ) -> Result<Arc<Table>, ApiError> {
        let _turn = self.changing.lock().await;
        let sealing = shredder.sealing().await;
        self.change_in_turn(table, |descriptor| change(descriptor, &sealing)).await
    }

    /// Changes all tables for which `wanted` holds, in batches; it must not hold of what `change` makes of
    /// them.
    ///
    /// # Errors
    /// [`CatalogError`]; batches before the failing one are changed.
    pub async fn change_all(
        &self,
        wanted: impl Fn(&Descriptor) -> bool,
        change: impl Fn(&mut Descriptor),
    ) -> Result<(), CatalogError> {
        loop {
            let _turn = self.changing.lock().await;
            let mut chosen = self.select(|table| wanted(table.descriptor()));
            chosen.truncate(BATCH);
            if chosen.is_empty() {
                return Ok(());
            }
            self.replace(chosen.iter().map(|table| changed(table, &change)).collect()).await?;
        }
    }

    /// Removes the record of a table whose secrets are shredded.
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn remove(&self, table: &Table) -> Result<(), CatalogError> {
        let _turn = self.changing.lock().await;
        self.commit(vec![Write { keyspace: KEYSPACE, key: key_of(table.id()), value: None }]).await?;
        self.tables.write().shredding.remove(&table.id());
        Ok(())
    }

    async fn change_in_turn(
        &self,
        table: &Table,
        change: impl FnOnce(&mut Descriptor) -> Result<(), ApiError>,
    ) -> Result<Arc<Table>, ApiError> {
        let current = self.again(table).ok_or_else(|| table_gone(table.name()))?;
        let mut descriptor = current.descriptor().clone();
        change(&mut descriptor)?;
        let changed = current.with(descriptor);
        self.replace(vec![changed])
            .await
            .map_err(|error| internal(&error))?
            .pop()
            .ok_or_else(|| table_gone(table.name()))
    }

    async fn replace(&self, changed: Vec<Table>) -> Result<Vec<Arc<Table>>, CatalogError> {
        let changed: Vec<_> = changed.into_iter().map(Arc::new).collect();
        self.write(changed.iter().map(|table| &**table)).await?;
        let mut tables = self.tables.write();
        changed.iter().for_each(|table| tables.put(Arc::clone(table)));
        Ok(changed)
    }

    async fn write(&self, tables: impl IntoIterator<Item = &Table>) -> Result<(), CatalogError> {
        let record = |table: &Table| Bytes::from(table.descriptor().encode());
        let write =
            |table: &Table| Write { keyspace: KEYSPACE, key: key_of(table.id()), value: Some(record(table)) };
        self.commit(tables.into_iter().map(write).collect()).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CatalogError> {
        if writes.is_empty() {
            return Ok(());
        }
        match self.engine.commit(Commit { guards: Vec::new(), writes }).await? {
            Outcome::Applied(_) => Ok(()),
            Outcome::GuardFailed(_) | Outcome::MaybeApplied => Err(CatalogError::Unknown),
        }
    }

    /// Seals a batch of secrets again; whether there was anything to do.
    async fn reseal_batch(&self, shredder: &Shredder) -> Result<bool, ShredError> {
        let _turn = self.changing.lock().await;
        let stale = self.stale_secrets(shredder).await;
        let sealing = shredder.sealing().await;
        let renewed = stale.iter().map(|table| resealed(table, &sealing)).collect::<Result<Vec<_>, _>>()?;
        let replaced = self.replace(renewed).await.map_err(|error| ShredError::Holder(error.to_string()))?;
        Ok(!replaced.is_empty())
    }

    /// A batch of tables with a secret that is not of the current epoch.
    async fn stale_secrets(&self, shredder: &Shredder) -> Vec<Arc<Table>> {
        let mut stale = Vec::new();
        for table in self.select(|_| true) {
            if stale.len() == BATCH {
                break;
            }
            if !is_current(&table, shredder).await {
                stale.push(table);
            }
        }
        stale
    }
}

async fn is_current(table: &Table, shredder: &Shredder) -> bool {
    for key in table.descriptor().encryption.recorded() {
        if let Some(secret) = &key.wrapped
            && !shredder.is_current(secret).await
        {
            return false;
        }
    }
    true
}

impl SecretHolder for Catalog {
    fn reseal_secrets<'a>(&'a self, shredder: &'a Shredder) -> BoxFuture<'a, Result<(), ShredError>> {
        Box::pin(async move {
            while self.reseal_batch(shredder).await? {}
            Ok(())
        })
    }
}

impl Tables {
    fn put(&mut self, table: Arc<Table>) {
        if table.descriptor().stage == Stage::Shredding {
            if self.by_name.get(table.name()).is_some_and(|named| named.id() == table.id()) {
                self.by_name.remove(table.name());
            }
            self.shredding.insert(table.id(), table);
        } else {
            self.by_name.insert(table.name().to_owned(), table);
        }
    }
}

impl Table {
    fn of(descriptor: Descriptor, table_keys: &TableKeys, config: &Config) -> Self {
        let lease = table_keys.lease(descriptor.keyspace);
        let arn = name::arn(config, &descriptor.name);
        let table = Self::new(descriptor, arn, lease);
        table.hang_lease();
        table
    }
}

fn changed(table: &Table, change: impl Fn(&mut Descriptor)) -> Table {
    let mut descriptor = table.descriptor().clone();
    change(&mut descriptor);
    table.with(descriptor)
}

fn resealed(table: &Table, sealing: &Sealing<'_>) -> Result<Table, ShredError> {
    let mut descriptor = table.descriptor().clone();
    let binding = descriptor.key_binding();
    let renew = |key: &mut RecordedKey| match &mut key.wrapped {
        Some(secret) => sealing.renew(secret, &binding).map(|renewed| *secret = renewed),
        None => Ok(()),
    };
    descriptor.encryption.recorded_mut().try_for_each(renew)?;
    Ok(table.with(descriptor))
}

pub(super) async fn read_records(engine: &dyn Engine) -> Result<Vec<Descriptor>, CatalogError> {
    let limit = Limit { entries: 1024, bytes: BATCH_BYTES };
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let page = engine.sweep(KEYSPACE, Segment::WHOLE, after, limit).await?;
        for entry in &page.entries {
            records.push(Descriptor::decode(&entry.value)?);
        }
        after = page.entries.last().map(|entry| entry.key.clone());
        if !page.more {
            return Ok(records);
        }
    }
}

fn key_of(id: Uuid) -> Key {
    Key { partition: Partition(id.into_bytes()), sort: Bytes::new() }
}
