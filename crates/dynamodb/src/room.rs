//! The room: what all operations share.

use std::sync::{Arc, Weak};

use ::service::ApiError;
use engine::Engine;
use env::Env;
use envelope::table_keys::DEFAULT_LEASE_MS;
use envelope::{KeyService, Shredder, TableKeys};
use tokio::sync::Mutex as AsyncMutex;

use crate::error::internal;
use crate::key_locks::KeyLocks;
use crate::table::Catalog;
use crate::table::accessibility::Watch;
use crate::table::catalog::CatalogError;
use crate::table::encryption::ChangeQuota;
use crate::transaction::token::UnderWay;
use crate::worker::LastDone;

/// The DynamoDB API of one account in one Region.
pub struct DynamoDb {
    /// The outside world.
    pub env: Env,
    /// Where items lie.
    pub engine: Arc<dyn Engine>,
    /// Where KMS keys are kept.
    pub keys: Arc<dyn KeyService>,
    /// What makes deletion final.
    pub shredder: Arc<Shredder>,
    /// The leases of table keys.
    pub table_keys: TableKeys,
    /// All tables.
    pub catalog: Arc<Catalog>,
    /// What the server was told at its start.
    pub config: Config,
    /// One writer at a time for a key.
    pub(crate) key_locks: KeyLocks,
    /// Requests under a token that are being worked on.
    pub(crate) under_way: UnderWay,
    pub(crate) shredding: AsyncMutex<()>,
    pub(crate) last_done: LastDone,
    this: Weak<Self>,
}

/// What the server was told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Region it plays.
    pub region: String,
    /// The account whose tables it keeps.
    pub account_id: String,
    /// Where clients reach it, `host:port`, as `DescribeEndpoints` tells.
    pub endpoint: String,
    /// How long a table key may be used without asking the KMS, in milliseconds.
    pub lease_ms: u64,
    /// How often a table may change its key.
    pub key_changes: ChangeQuota,
    /// How many tables there may be.
    pub max_tables: usize,
}

impl Config {
    /// AWS's own limits.
    #[must_use]
    pub fn new(
        region: impl Into<String>,
        account_id: impl Into<String>,
        endpoint: impl Into<String>,
    ) -> Self {
        Self {
            region: region.into(),
            account_id: account_id.into(),
            endpoint: endpoint.into(),
            lease_ms: DEFAULT_LEASE_MS,
            key_changes: ChangeQuota::default(),
            max_tables: 10_000,
        }
    }
}

impl DynamoDb {
    /// Reads the catalog, whose keyspace ([`crate::table::catalog::KEYSPACE`]) must be open in the engine,
    /// and begins to watch keys. Unfinished work waits for [`DynamoDb::resume`].
    ///
    /// # Errors
    /// [`CatalogError`].
    pub async fn open(
        env: Env,
        engine: Arc<dyn Engine>,
        keys: Arc<dyn KeyService>,
        shredder: Arc<Shredder>,
        config: Config,
    ) -> Result<Arc<Self>, CatalogError> {
        let clock = Arc::clone(&env.clock);
        let table_keys = TableKeys::new(clock, Arc::clone(&engine), Arc::clone(&keys), config.lease_ms);
        let catalog = Arc::new(Catalog::load(Arc::clone(&engine), &table_keys, &config).await?);
        shredder.add_holder(Arc::<Catalog>::clone(&catalog));
        let room = Arc::new_cyclic(|this| Self {
            env,
            engine,
            keys,
            shredder,
            table_keys,
            catalog,
            config,
            key_locks: KeyLocks::default(),
            under_way: UnderWay::default(),
            shredding: AsyncMutex::default(),
            last_done: LastDone::default(),
            this: Weak::clone(this),
        });
        room.keys.watch(Arc::new(Watch(Arc::downgrade(&room))));
        Ok(room)
    }

    /// The room, for work that outlives a call.
    pub(crate) fn shared(&self) -> Result<Arc<Self>, ApiError> {
        self.this.upgrade().ok_or_else(|| internal(&Stopping))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the room is being taken down")]
struct Stopping;
