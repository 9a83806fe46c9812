//! The records of keys and aliases: durable in the engine's keyspace, whole in memory for reading.
//!
//! There is one way to change something, [`Store::change`]: changes are planned one after another against the
//! index, committed with version guards, and shown in the index once they are durable.
//!
//! Map: [`index`] (what is in memory, and how the clock shows it) · [`record`] (how a record lies in the
//! engine).

pub mod index;
pub mod record;

use std::sync::Arc;

use engine::{
    Commit, Direction, Engine, EngineError, Guard, GuardedKey, KeyspaceId, Limit, Outcome, SortRange, Version,
};
use env::Env;
use envelope::{Sealing, SecretHolder, ShredError, Shredder};
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tokio::sync::Mutex as AsyncMutex;

use crate::alias::Alias;
use crate::error::KmsError;
use crate::key::{Key, KeyRecord};
use crate::key_id::KeyId;
use crate::material::Material;
use index::{Index, View};
use record::{Address, Record};

/// The keyspace of the KMS's records.
pub const KEYSPACE: KeyspaceId = KeyspaceId::of_system("kms");

const LOADED_AT_ONCE: Limit = Limit { entries: 1000, bytes: 8 << 20 };
const RESEALED_AT_ONCE: usize = 100;

/// Keeper of the records.
pub struct Store {
    env: Env,
    engine: Arc<dyn Engine>,
    shredder: Arc<Shredder>,
    index: RwLock<Index>,
    one_change_at_a_time: AsyncMutex<()>,
}

/// A failure to open the store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine cannot read the records.
    #[error("cannot read the records of the KMS")]
    Engine(#[from] EngineError),
    /// A record is not what was written.
    #[error("the record of {0} in the KMS's keyspace is damaged")]
    Damaged(String),
}

/// What a plan may look at.
pub struct Planning<'a> {
    /// What is there just now.
    pub view: View<'a>,
    /// The right to seal new material; held until the plan is durable.
    pub sealing: &'a Sealing<'a>,
    /// The outside world.
    pub env: &'a Env,
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The record is written, new or over an old one.
    Put(Record),
    /// The record goes.
    Remove(Address),
}

impl Change {
    /// A key's record is written.
    #[must_use]
    pub fn key(record: KeyRecord) -> Self {
        Self::Put(Record::Key(record))
    }

    /// An alias's record is written.
    #[must_use]
    pub fn alias(alias: Alias) -> Self {
        Self::Put(Record::Alias(alias))
    }

    fn address(&self) -> Address {
        match self {
            Self::Put(record) => record.address(),
            Self::Remove(address) => address.clone(),
        }
    }
}

impl Store {
    /// Loads the records from the open keyspace [`KEYSPACE`], and joins the holders of secrets.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(
        env: Env,
        engine: Arc<dyn Engine>,
        shredder: Arc<Shredder>,
    ) -> Result<Arc<Self>, OpenError> {
        let index = load(&*engine).await?;
        let store = Arc::new(Self {
            env,
            engine,
            shredder,
            index: RwLock::new(index),
            one_change_at_a_time: AsyncMutex::default(),
        });
        store.shredder.add_holder(Arc::new(Materials { store: Arc::downgrade(&store) }));
        Ok(store)
    }

    /// Reads what is there just now.
    pub fn read<T>(&self, read: impl FnOnce(View<'_>) -> T) -> T {
        let now_ms = self.now_ms();
        read(View { index: &self.index.read(), now_ms })
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> u64 {
        self.env.clock.now_ms()
    }

    /// The material of a key, from memory or opened now. Whether the key may be used is the caller's to ask.
    ///
    /// # Errors
    /// [`KmsError::Internal`] where it does not open.
    pub async fn material(&self, key: &Key) -> Result<Arc<Material>, KmsError> {
        if let Some(material) = key.opened.get() {
            return Ok(material);
        }
        let opened = key.record.material.open(key.record.id, &self.shredder).await;
        let material = Arc::new(opened.map_err(|cause| KmsError::internal("open key material", cause))?);
        key.opened.keep(&material);
        Ok(material)
    }

    /// Plans a change against what is there, makes it durable, shows it. It runs to its end even where
    /// whoever asked goes away.
    ///
    /// # Errors
    /// The plan's refusal; [`KmsError::Internal`] where the engine fails.
    pub async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        plan: impl FnOnce(Planning<'_>) -> Result<(Vec<Change>, T), KmsError> + Send + 'static,
    ) -> Result<T, KmsError> {
        let store = Arc::clone(self);
        to_the_end(async move { store.change_now(plan).await }).await
    }

    /// Makes it impossible to open what was sealed and is forgotten.
    pub(crate) async fn shred(&self) -> Result<(), ShredError> {
        self.shredder.shred().await
    }

    async fn change_now<T>(
        &self,
        plan: impl FnOnce(Planning<'_>) -> Result<(Vec<Change>, T), KmsError>,
    ) -> Result<T, KmsError> {
        let _turn = self.one_change_at_a_time.lock().await;
        let sealing = self.shredder.sealing().await;
        let planned = self.read(|view| plan(Planning { view, sealing: &sealing, env: &self.env }));
        let (changes, answer) = planned?;
        if !changes.is_empty() {
            let version = self.commit(&changes).await?;
            self.index.write().apply(changes, version);
        }
        Ok(answer)
    }

    async fn commit(&self, changes: &[Change]) -> Result<Version, KmsError> {
        let failed = |cause| KmsError::internal("write records", cause);
        let commit = self.commit_of(changes).map_err(|cause| KmsError::internal("write records", cause))?;
        match self.engine.commit(commit).await {
            Ok(Outcome::Applied(version)) => Ok(version),
            Ok(outcome) => {
                self.reload(changes).await?;
                Err(failed(format!("the commit ended as {outcome:?}").into()))
            }
            Err(cause) => Err(failed(Box::<dyn std::error::Error + Send + Sync>::from(cause))),
        }
    }

    fn commit_of(&self, changes: &[Change]) -> Result<Commit, serde_json::Error> {
        let index = self.index.read();
        let mut commit = Commit::default();
        for change in changes {
            let (address, guard) = (change.address(), index.version(&change.address()));
            let guard = guard.map_or(Guard::Absent, Guard::Version);
            commit.guards.push(GuardedKey { keyspace: KEYSPACE, key: address.key(), guard });
            let value = match change {
                Change::Put(record) => Some(record.encode()?),
                Change::Remove(_) => None,
            };
            commit.writes.push(engine::Write { keyspace: KEYSPACE, key: address.key(), value });
        }
        Ok(commit)
    }

    /// After a commit whose end is unknown, what the engine has counts.
    async fn reload(&self, changes: &[Change]) -> Result<(), KmsError> {
        for address in changes.iter().map(Change::address) {
            let entry = self.engine.get(KEYSPACE, &address.key()).await;
            let entry = entry.map_err(|cause| KmsError::internal("read a record again", cause))?;
            let mut index = self.index.write();
            match entry {
                None => index.remove(&address),
                Some(entry) => {
                    let record = Record::decode(&address, &entry.value);
                    let damaged = || KmsError::internal("read a record again", "it is damaged");
                    index.put(record.ok_or_else(damaged)?, entry.version);
                }
            }
        }
        Ok(())
    }

    /// Seals again what does not lie under the current epoch.
    async fn reseal(self: Arc<Self>, shredder: &Shredder) -> Result<(), ShredError> {
        let key_ids: Vec<KeyId> = self.index.read().key_ids().collect();
        for batch in key_ids.chunks(RESEALED_AT_ONCE) {
            let stale = self.stale_among(batch, shredder).await;
            let resealed = self.change(move |planning| reseal_plan(&stale, &planning)).await;
            resealed.map_err(|cause| ShredError::Holder(told_with_cause(&cause)))?;
        }
        Ok(())
    }

    async fn stale_among(&self, key_ids: &[KeyId], shredder: &Shredder) -> Vec<KeyId> {
        let mut stale = Vec::new();
        for &key_id in key_ids {
            let key = self.index.read().key(key_id);
            if let Some(key) = key
                && !shredder.is_current(&key.record.material.secret).await
            {
                stale.push(key_id);
            }
        }
        stale
    }
}

/// Runs `work` to its end even where whoever waits for it goes away: a change abandoned between its commit
/// and the index, or before its watchers heard of it, would leave memory behind the disk.
///
/// # Errors
/// Those of `work`.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, KmsError>> + Send + 'static,
) -> Result<T, KmsError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let ended = runtime.spawn(work).await;
            ended.unwrap_or_else(|cause| Err(KmsError::internal("finish a change", cause)))
        }
        // Without a runtime there is nobody who could go away.
        Err(_) => work.await,
    }
}

fn reseal_plan(stale: &[KeyId], planning: &Planning<'_>) -> Result<(Vec<Change>, ()), KmsError> {
    let mut changes = Vec::new();
    for key in stale.iter().filter_map(|&key_id| planning.view.index.key(key_id)) {
        let renewed = key.record.material.renewed(key.record.id, planning.sealing);
        let material = renewed.map_err(|cause| KmsError::internal("seal key material again", cause))?;
        changes.push(Change::key(KeyRecord { material, ..key.record.clone() }));
    }
    Ok((changes, ()))
}

fn told_with_cause(error: &KmsError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

async fn load(engine: &dyn Engine) -> Result<Index, OpenError> {
    let mut index = Index::default();
    for partition in record::PARTITIONS {
        let mut range = SortRange::ALL;
        loop {
            let direction = Direction::Forward;
            let page = engine.slice(KEYSPACE, partition, range.clone(), direction, LOADED_AT_ONCE).await?;
            let last = page.entries.last().map(|entry| entry.key.sort.clone());
            for entry in page.entries {
                let record =
                    Address::of(&entry.key).and_then(|address| Record::decode(&address, &entry.value));
                let damaged = || OpenError::Damaged(String::from_utf8_lossy(&entry.key.sort).into_owned());
                index.put(record.ok_or_else(damaged)?, entry.version);
            }
            match last {
                Some(last) if page.more => range.start = std::ops::Bound::Excluded(last),
                _ => break,
            }
        }
    }
    Ok(index)
}

/// The store's part in a shred. It does not keep the store alive: keys are wiped when the server lets go.
struct Materials {
    store: std::sync::Weak<Store>,
}

impl SecretHolder for Materials {
    fn reseal_secrets<'a>(&'a self, shredder: &'a Shredder) -> BoxFuture<'a, Result<(), ShredError>> {
        Box::pin(async move {
            let gone = || ShredError::Holder("the KMS is closed".into());
            self.store.upgrade().ok_or_else(gone)?.reseal(shredder).await
        })
    }
}
