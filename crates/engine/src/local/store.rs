//! What all parts of a running engine share.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crypto::SecretKey;
use env::Env;
use parking_lot::{Condvar, Mutex, RwLock};

use super::buffers::Buffers;
use super::by_hand::{self, Background, ByHand};
use super::cache::Caches;
use super::keyspace::{Keyspace, OpenKeyspace};
use super::log::queue::Log;
use super::log::writer::Writer;
use super::options::Options;
use super::pacing::{Pacing, pressure};
use super::store_file::StoreFile;
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

/// Commits slow down when memtables have so many times their size, and stop at so many.
const MEMORY_SLOW: usize = 2;
const MEMORY_STOP: usize = 4;
/// Commits slow down when level 0 has so many times the files that make it full, and stop at so many.
const LEVEL0_SLOW: usize = 3;
const LEVEL0_STOP: usize = 6;

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
    /// Writes it.
    pub writer: Arc<Writer>,
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
    /// For parts of commits.
    pub buffers: Arc<Buffers>,
    /// Held while log segments are given back.
    pub reclaiming: Mutex<()>,
    /// Wakes the thread that flushes.
    pub flusher: Arc<Signal>,
    /// Wakes the thread that merges files.
    pub compactor: Signal,
    /// Holds commits back, and merges.
    pub pacing: Arc<Pacing>,
    /// Why the last flush in the background failed.
    pub flush_failure: Mutex<Option<FlushFailure>>,
    /// Instead of threads.
    pub by_hand: Option<ByHand>,
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

    /// Notes that sequence numbers up to `sequence` are given by now; returns the second it is.
    pub fn note_now(&self, sequence: u64) -> u64 {
        let second = self.env.clock.now_ms() / 1000;
        self.store_file.note_second(second, sequence)
    }

    /// Waits until a commit of so many bytes to these keyspaces may go on: while memtables take too much memory,
    /// or one of them has too many files that are not merged.
    pub async fn admit(&self, written: &[Arc<OpenKeyspace>], bytes: usize) -> Result<()> {
        let flush = || {
            self.flusher.wake();
            by_hand::work(self, Background::Flush);
        };
        let merge = || {
            self.compactor.wake();
            by_hand::work(self, Background::Merge);
        };
        self.pacing.pass(&self.pacing.memory, bytes, || self.memory_pressure(), flush).await?;
        let unmerged = || Ok(written.iter().map(|open| self.level0_pressure(open)).max().unwrap_or(0));
        self.pacing.pass(&self.pacing.level0, bytes, unmerged, merge).await
    }

    fn memory_pressure(&self) -> Result<u64> {
        let limit = self.options.memtables_bytes;
        let memory = self.memory.load(Ordering::Relaxed);
        let pressure = pressure(memory, limit.saturating_mul(MEMORY_SLOW), limit.saturating_mul(MEMORY_STOP));
        if pressure > 0 {
            self.log.order().check_sound()?;
            if let Some(failure) = &*self.flush_failure.lock() {
                // Refused commits are all that may come, so with each of them it is tried again.
                self.flusher.wake();
                return Err(failure.to_error());
            }
        }
        Ok(pressure)
    }

    /// None where files cannot be merged: reads that get slower are better than commits that wait for ever.
    fn level0_pressure(&self, open: &OpenKeyspace) -> u64 {
        if open.merge_failed.load(Ordering::Relaxed) {
            return 0;
        }
        let (files, full) = (open.tree().files.level(0).len(), self.options.level0_files.max(1));
        pressure(files, full.saturating_mul(LEVEL0_SLOW), full.saturating_mul(LEVEL0_STOP))
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

/// The folder of the checkpoints.
pub fn checkpoints_folder(store: &Path) -> PathBuf {
    store.join("checkpoints")
}

/// The folder of a checkpoint.
pub fn checkpoint_folder(store: &Path, id: CheckpointId) -> PathBuf {
    checkpoints_folder(store).join(id.to_string())
}

/// Wakes threads that have nothing to do.
#[derive(Default)]
pub struct Signal {
    wakings: Mutex<u64>,
    condition: Condvar,
}

impl Signal {
    /// Lets [`Signal::wait`] return in every thread that waits, or next will.
    pub fn wake(&self) {
        *self.wakings.lock() += 1;
        self.condition.notify_all();
    }

    /// Whether it was woken since `seen`, the number of wakings its caller knows of.
    pub fn is_woken(&self, seen: &mut u64) -> bool {
        let count = *self.wakings.lock();
        std::mem::replace(seen, count) != count
    }

    /// Waits until woken since `seen`, the number of wakings this thread knows of.
    pub fn wait(&self, seen: &mut u64) {
        self.wait_for(seen, None);
    }

    /// As [`Signal::wait`], at most so long where that is given; whether it was woken.
    pub fn wait_for(&self, seen: &mut u64, most: Option<Duration>) -> bool {
        let mut wakings = self.wakings.lock();
        let sleeps = |wakings: &mut u64| *wakings == *seen;
        match most {
            None => self.condition.wait_while(&mut wakings, sleeps),
            Some(most) => drop(self.condition.wait_while_for(&mut wakings, sleeps, most)),
        }
        *wakings != std::mem::replace(seen, *wakings)
    }
}
