//! What all parts of a running engine share.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crypto::SecretKey;
use env::Env;
use parking_lot::{Condvar, Mutex, RwLock};
use tokio::sync::Notify;

use super::cache::Caches;
use super::keyspace::{Keyspace, OpenKeyspace};
use super::log::queue::Log;
use super::options::Options;
use super::store_file::StoreFile;
use crate::{EngineError, KeyspaceId, Result};

/// A running store.
pub struct Store {
    /// The world.
    pub env: Env,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its key.
    pub store_key: Arc<SecretKey>,
    /// How large things may grow.
    pub options: Options,
    /// Every commit passes through it.
    pub log: Arc<Log>,
    /// Which log segments there are.
    pub store_file: Arc<StoreFile>,
    /// Blocks and open files.
    pub caches: Arc<Caches>,
    /// Those that exist, open or closed.
    pub keyspaces: RwLock<BTreeMap<KeyspaceId, Arc<Keyspace>>>,
    /// Held while a keyspace is created or dropped.
    pub names: Mutex<()>,
    /// Bytes in all memtables.
    pub memory: Arc<AtomicUsize>,
    /// Held while log segments are given back.
    pub reclaiming: Mutex<()>,
    /// Wakes the thread that flushes.
    pub flusher: Arc<Signal>,
    /// Wakes the thread that merges files.
    pub compactor: Signal,
    /// Told whenever memtables were given back, or could not be.
    pub flushed: Notify,
    /// Why the last flush in the background failed.
    pub flush_failure: Mutex<Option<FlushFailure>>,
    /// The engine is being dropped.
    pub stopping: AtomicBool,
    /// Keeps other processes out.
    pub _lock: Box<dyn Send + Sync>,
}

/// Why memtables stay in memory.
#[derive(Debug, Clone)]
pub enum FlushFailure {
    /// The disk is full.
    DiskFull,
    /// Something else.
    Other(String),
}

impl FlushFailure {
    /// Of an error.
    pub fn of(error: &EngineError) -> Self {
        match error {
            EngineError::DiskFull => Self::DiskFull,
            other => Self::Other(other.to_string()),
        }
    }

    /// As a commit answers it that finds no room.
    pub fn to_error(&self) -> EngineError {
        match self {
            Self::DiskFull => EngineError::DiskFull,
            Self::Other(text) => {
                EngineError::io("writing memtables to files", io::Error::other(text.clone()))
            }
        }
    }
}

impl Store {
    /// The keyspace with this id.
    pub fn keyspace(&self, id: KeyspaceId) -> Result<Arc<Keyspace>> {
        self.keyspaces.read().get(&id).cloned().ok_or(EngineError::Absent(id))
    }

    /// The open keyspace with this id.
    pub fn opened(&self, id: KeyspaceId) -> Result<Arc<OpenKeyspace>> {
        self.keyspaces.read().get(&id).ok_or(EngineError::Absent(id))?.opened()
    }

    /// All keyspaces there are, and those whose dropping failed.
    pub fn all(&self) -> Vec<Arc<Keyspace>> {
        self.keyspaces.read().values().cloned().collect()
    }

    /// Whether the engine is being dropped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Waits, where memtables take too much memory, until some were written to files.
    pub async fn room_in_memory(&self) -> Result<()> {
        let limit = self.options.memtables_bytes.saturating_mul(4);
        while self.memory.load(Ordering::Relaxed) > limit {
            let mut flushed = std::pin::pin!(self.flushed.notified());
            flushed.as_mut().enable();
            self.flusher.wake();
            if self.memory.load(Ordering::Relaxed) <= limit {
                break;
            }
            self.log.order().check_sound()?;
            if let Some(failure) = &*self.flush_failure.lock() {
                return Err(failure.to_error());
            }
            flushed.await;
        }
        Ok(())
    }
}

/// The folder of the keyspaces.
pub fn keyspaces_folder(store: &Path) -> PathBuf {
    store.join("keyspaces")
}

/// The folder of a keyspace.
pub fn keyspace_folder(store: &Path, id: KeyspaceId) -> PathBuf {
    keyspaces_folder(store).join(id.to_string())
}

/// Wakes a thread that has nothing to do.
#[derive(Default)]
pub struct Signal {
    woken: Mutex<bool>,
    condition: Condvar,
}

impl Signal {
    /// Lets [`Signal::wait`] return, now or when it is next called.
    pub fn wake(&self) {
        *self.woken.lock() = true;
        self.condition.notify_all();
    }

    /// Waits until woken.
    pub fn wait(&self) {
        let mut woken = self.woken.lock();
        while !*woken {
            self.condition.wait(&mut woken);
        }
        *woken = false;
    }
}
