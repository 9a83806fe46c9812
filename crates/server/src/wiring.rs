//! Which rooms there are, and what they are made of: the only place that names an engine.
//!
//! ```text
//!  <data-dir>/lock      held while a server runs
//!            /seal      knows the root key without telling it           (kms/src/root_key/seal.rs)
//!            /shred/    the keys of the epochs that make deletion final (envelope/src/shred.rs)
//!            /store/    the engine's                                    (engine/src/local/)
//! ```

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::credentials;
use dynamodb::DynamoDb;
use engine::local::{LocalEngine, Options};
use engine::{Engine, EngineError, EngineMetrics, KeyspaceId, MemoryEngine};
use env::{Clock, Env, MovableClock};
use envelope::Shredder;
use futures::future::BoxFuture;
use kms::{Home, Kms, RootKey, RootKeySource, Warning};
use service::Service;

use crate::StartError;
use crate::clock::{self, TestClock, Worker};
use crate::config::{Config, Storage, StoreOptions};
use crate::metrics::Gauge;

/// The world as rooms see it: the real one, or one whose clock can be moved.
#[must_use]
pub fn world(real: &Env, test_clock: bool) -> (Env, Option<Arc<MovableClock>>) {
    let movable = test_clock.then(|| Arc::new(MovableClock::over(Arc::clone(&real.clock))));
    let clock = movable.clone().map_or_else(|| Arc::clone(&real.clock), |clock| clock as Arc<dyn Clock>);
    (Env { clock, ..real.clone() }, movable)
}

/// Sorted files held open: with the connections, fewer than the usual limit of 1,024 open files.
const OPEN_FILES: usize = 256;

/// What lies under the root key, opened.
pub struct Vault {
    /// Where everything is kept.
    pub engine: Arc<dyn Engine>,
    /// The root key, for what is derived from it.
    pub root_key: RootKey,
    /// What makes deletion final.
    pub shredder: Arc<Shredder>,
    /// What whoever starts the server should read.
    pub warning: Option<Warning>,
    /// Keeps other servers out of the data directory.
    _lock: Option<Box<dyn Send + Sync>>,
}

impl Vault {
    /// Opens the storage that was chosen.
    ///
    /// # Errors
    /// As [`StartError`]; with a wrong root key nothing is changed.
    pub async fn open(env: &Env, storage: &Storage) -> Result<Self, StartError> {
        match storage {
            Storage::Memory => Self::in_memory(env),
            Storage::Directory { folder, root_key, store } => {
                Self::in_folder(env, folder, root_key, *store).await
            }
        }
    }

    fn in_memory(env: &Env) -> Result<Self, StartError> {
        let (root_key, warning) = RootKey::unseal(env, None, &RootKeySource::Beside)?;
        let shredder = Shredder::open(env.clone(), None, root_key.derive_shred_sealing_key())?;
        let engine = Arc::new(MemoryEngine::new(&*env.random));
        Ok(Self { engine, root_key, shredder: Arc::new(shredder), warning, _lock: None })
    }

    async fn in_folder(
        env: &Env,
        folder: &Path,
        source: &RootKeySource,
        store: StoreOptions,
    ) -> Result<Self, StartError> {
        let lock = lock(env, folder)?;
        let (root_key, warning) = RootKey::unseal(env, Some(folder), source)?;
        Ok(Self { warning, _lock: Some(lock), ..Self::over(env, folder, root_key, store)? })
    }

    /// What lies in a data directory whose lock is held, or over a disk that is not written to.
    ///
    /// # Errors
    /// As [`StartError`].
    pub fn over(
        env: &Env,
        folder: &Path,
        root_key: RootKey,
        StoreOptions { compression, salvage_log }: StoreOptions,
    ) -> Result<Self, StartError> {
        let sealing_key = root_key.derive_shred_sealing_key();
        let shredder = Arc::new(Shredder::open(env.clone(), Some(&folder.join("shred")), sealing_key)?);
        let store = folder.join("store");
        let options = Options { open_files: OPEN_FILES, compression, salvage_log, ..Options::default() };
        let opened = LocalEngine::open(env.clone(), &store, root_key.derive_store_key(), options);
        let engine = opened.map_err(|cause| engine_error(folder, store, cause))?;
        Ok(Self { engine, root_key, shredder, warning: None, _lock: None })
    }

    /// Asks the engine whether it takes writes.
    #[must_use]
    pub fn sounder(&self) -> Box<dyn Fn() -> bool + Send + Sync> {
        let engine = Arc::clone(&self.engine);
        Box::new(move || engine.check_sound().is_ok())
    }

    /// Opens one of the server's own keyspaces under its key; creates it at the first start.
    ///
    /// # Errors
    /// [`StartError::SystemKeyspace`].
    pub async fn open_system_keyspace(&self, name: &'static str, id: KeyspaceId) -> Result<(), StartError> {
        let key = || self.root_key.derive_keyspace_key(id);
        let opened = match self.engine.open(id, key()).await {
            Err(EngineError::Absent(_)) => self.engine.create(id, key()).await,
            opened => opened,
        };
        opened.map_err(|source| StartError::SystemKeyspace { name, source })
    }
}

/// The rooms that answer calls, and what they have to do by themselves.
pub struct Rooms {
    kms: Arc<Kms>,
    dynamodb: Arc<DynamoDb>,
    /// Who has work to do as time passes, in this order.
    pub workers: Arc<[Arc<dyn Worker>]>,
}

impl Rooms {
    /// Opens the rooms, and finishes what an earlier run could not.
    ///
    /// # Errors
    /// As [`StartError`].
    pub async fn open(
        env: &Env,
        vault: &Vault,
        config: &Config,
        address: SocketAddr,
    ) -> Result<Self, StartError> {
        vault.open_system_keyspace("kms", kms::store::KEYSPACE).await?;
        vault.open_system_keyspace("catalog", dynamodb::table::catalog::KEYSPACE).await?;
        vault.open_system_keyspace("credentials", credentials::KEYSPACE).await?;
        let kms = Kms::open(
            env.clone(),
            Arc::clone(&vault.engine),
            Arc::clone(&vault.shredder),
            Home { region: config.region.clone(), account_id: config.account_id.clone() },
            &vault.root_key.derive_marker_key(),
        )
        .await?;
        let dynamodb = DynamoDb::open(
            env.clone(),
            Arc::clone(&vault.engine),
            Arc::<Kms>::clone(&kms),
            Arc::clone(&vault.shredder),
            dynamodb::Config::new(&config.region, &config.account_id, reachable(address)),
        )
        .await?;
        vault.shredder.finish_interrupted().await?;
        dynamodb.resume().await;
        let workers: [Arc<dyn Worker>; 2] = [Arc::<Kms>::clone(&kms), Arc::<DynamoDb>::clone(&dynamodb)];
        Ok(Self { kms, dynamodb, workers: Arc::new(workers) })
    }

    /// The APIs.
    #[must_use]
    pub fn services(&self, test_clock: TestClock) -> Vec<Arc<dyn Service>> {
        vec![
            Arc::new(Arc::clone(&self.dynamodb).into_service()),
            Arc::new(kms::service(Arc::clone(&self.kms))),
            Arc::new(clock::room(test_clock)),
        ]
    }

    /// The rooms' own numbers.
    #[must_use]
    pub fn gauges(&self) -> Box<dyn Fn() -> Vec<Gauge> + Send + Sync> {
        let dynamodb = Arc::clone(&self.dynamodb);
        Box::new(move || {
            let (mut tables, mut open, mut bytes) = (0_u32, 0_u32, 0.0);
            for table in dynamodb.catalog.select(|_| true) {
                tables += 1;
                if let Ok(stats) = dynamodb.engine.stats(table.descriptor().keyspace) {
                    open += 1;
                    bytes += stats.disk_bytes as f64;
                }
            }
            let mut gauges = vec![
                ("strongroom_tables", "Tables there are.", f64::from(tables)),
                ("strongroom_tables_open", "Tables whose key is in memory under a lease.", f64::from(open)),
                ("strongroom_tables_disk_bytes", "Bytes in files of open tables.", bytes),
            ];
            gauges.extend(engine_numbers(&dynamodb.engine.metrics()));
            gauges
        })
    }
}

fn engine_numbers(metrics: &EngineMetrics) -> [Gauge; 5] {
    let number = |count: u64| count as f64;
    [
        (
            "strongroom_write_stalls_total",
            "Writes that had to wait because files could not be written or merged as fast.",
            number(metrics.stalls),
        ),
        (
            "strongroom_write_stall_seconds_total",
            "How long those writes waited, all together.",
            metrics.stalled.as_secs_f64(),
        ),
        ("strongroom_memory_bytes", "Bytes written that are not in files yet.", number(metrics.memory_bytes)),
        (
            "strongroom_flushed_bytes_total",
            "Bytes of files written from memory.",
            number(metrics.flushed_bytes),
        ),
        (
            "strongroom_merged_bytes_total",
            "Bytes of files written in the place of others.",
            number(metrics.merged_bytes),
        ),
    ]
}

impl Rooms {
    /// The last work before a clean stop.
    pub async fn before_stop(&self) {
        self.dynamodb.before_stop().await;
    }
}

impl Worker for Kms {
    fn tick(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Err(cause) = self.tick().await {
                tracing::error!(%cause, "keys whose deletion is due are not deleted yet");
            }
        })
    }
}

impl Worker for DynamoDb {
    fn tick(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.tick())
    }
}

/// `host:port` for clients on this machine where the server listens on every address.
#[must_use]
pub fn reachable(address: SocketAddr) -> String {
    match address.ip().is_unspecified() {
        true => format!("localhost:{}", address.port()),
        false => address.to_string(),
    }
}

fn engine_error(folder: &Path, store: PathBuf, cause: EngineError) -> StartError {
    match cause {
        EngineError::InUse => StartError::InUse(PathBuf::from(folder)),
        source => StartError::Engine { folder: store, source },
    }
}

/// Keeps servers out of a data directory, which is made where it is missing.
pub(crate) fn lock(env: &Env, folder: &Path) -> Result<Box<dyn Send + Sync>, StartError> {
    let unusable = |source| StartError::DataDir { folder: PathBuf::from(folder), source };
    env.disk.create_dir_all(folder).map_err(unusable)?;
    env.disk.lock(&folder.join("lock")).map_err(|cause| match cause.kind() {
        io::ErrorKind::WouldBlock => StartError::InUse(PathBuf::from(folder)),
        _ => unusable(cause),
    })
}
