//! A keyspace at run time: what it is called and where it lies, and, while it is open, its keys and its tree.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crypto::{SecretKey, constant_time_eq};
use parking_lot::{Mutex, RwLock};

use super::cache::CacheScope;
use super::log::part::{LogId, LogKey};
use super::log::queue::Log;
use super::manifest::Manifest;
use super::memtable::Memtable;
use super::snapshot::AllHeld;
use super::tree::Tree;
use crate::{EngineError, KeyspaceId, Result};

/// A keyspace that exists.
pub struct Keyspace {
    /// Its name.
    pub id: KeyspaceId,
    /// Its folder.
    pub folder: PathBuf,
    /// Everything up to this sequence number is in its sorted files, or was never its own.
    pub flushed: AtomicU64,
    /// Held while a manifest is installed, and while it is opened, switched or dropped. `close` does not wait
    /// for it; who holds it looks whether the keyspace was closed meanwhile.
    pub lifecycle: Mutex<()>,
    /// Held while a memtable is written into a file.
    pub flushing: Mutex<()>,
    /// Held while files are merged.
    pub compacting: Mutex<()>,
    state: RwLock<State>,
}

enum State {
    Closed,
    Open(Arc<OpenKeyspace>),
    Dropped,
}

impl Keyspace {
    /// A closed one.
    pub fn closed(id: KeyspaceId, folder: PathBuf, flushed: u64) -> Self {
        Self {
            id,
            folder,
            flushed: AtomicU64::new(flushed),
            lifecycle: Mutex::new(()),
            flushing: Mutex::new(()),
            compacting: Mutex::new(()),
            state: RwLock::new(State::Closed),
        }
    }

    /// What it is while open; [`EngineError::Closed`] or [`EngineError::Absent`] otherwise.
    pub fn opened(&self) -> Result<Arc<OpenKeyspace>> {
        match &*self.state.read() {
            State::Open(open) if !open.scope.is_closed() => Ok(open.clone()),
            State::Dropped => Err(EngineError::Absent(self.id)),
            State::Open(_) | State::Closed => Err(EngineError::Closed(self.id)),
        }
    }

    /// Whether it is absent for all callers, and its files are on their way out.
    pub fn is_dropped(&self) -> bool {
        matches!(&*self.state.read(), State::Dropped)
    }

    fn current(&self) -> Option<Arc<OpenKeyspace>> {
        match &*self.state.read() {
            State::Open(open) => Some(open.clone()),
            State::Closed | State::Dropped => None,
        }
    }

    /// It is open from here on.
    pub fn set_open(&self, open: Arc<OpenKeyspace>) {
        *self.state.write() = State::Open(open);
    }

    /// Forgets keys, memtables and cached blocks; commits ordered before this are in the log.
    pub fn close(&self, log: &Log) {
        let Some(open) = self.current() else { return };
        open.close(log);
        let mut state = self.state.write();
        if matches!(&*state, State::Open(current) if Arc::ptr_eq(current, &open)) {
            *state = State::Closed;
        }
    }

    /// It is absent from here on.
    pub fn set_dropped(&self, log: &Log) {
        let before = std::mem::replace(&mut *self.state.write(), State::Dropped);
        if let State::Open(open) = before {
            open.dropped.store(true, Ordering::SeqCst);
            open.close(log);
        }
    }
}

/// An open keyspace. Calls under way may hold it a little longer than it is open; they find no keys in it.
pub struct OpenKeyspace {
    /// Its name.
    pub id: KeyspaceId,
    /// Its blocks and files in the caches; says whether it was closed.
    pub scope: Arc<CacheScope>,
    /// The manifest that is current.
    pub manifest: Mutex<CurrentManifest>,
    /// Whether its files could not be merged when that was last tried.
    pub merge_failed: AtomicBool,
    /// Files under data encryption keys of epochs below this one are to be written anew, as the manifest says.
    pub rotate_to: AtomicU32,
    /// Trees that snapshots hold.
    pub held: AllHeld,
    /// Whether it was closed because it was dropped.
    dropped: AtomicBool,
    memory: Arc<AtomicUsize>,
    secrets: Mutex<Option<Secrets>>,
    log_key: Mutex<Option<(LogId, Arc<LogKey>)>>,
    tree: RwLock<Arc<Tree>>,
}

/// The manifest that is current.
pub struct CurrentManifest {
    /// The highest number tried, so that no number is used twice.
    pub number: u64,
    /// Of its file.
    pub digest: [u8; 32],
    /// Its content.
    pub content: Manifest,
}

/// What a closed keyspace does not have.
pub struct Secrets {
    /// Wraps the data encryption keys.
    pub table_key: SecretKey,
    /// By epoch, oldest first.
    pub deks: Vec<(u32, SecretKey)>,
}

impl Secrets {
    /// The data encryption key for what is written now.
    pub fn current_dek(&self) -> Option<(u32, &SecretKey)> {
        self.deks.last().map(|(epoch, dek)| (*epoch, dek))
    }

    /// The data encryption key of an epoch.
    pub fn dek(&self, epoch: u32) -> Option<&SecretKey> {
        self.deks.iter().find(|(at, _)| *at == epoch).map(|(_, dek)| dek)
    }
}

impl OpenKeyspace {
    /// One that was just read, or created.
    pub fn new(
        id: KeyspaceId,
        scope: Arc<CacheScope>,
        secrets: Secrets,
        manifest: CurrentManifest,
        tree: Tree,
        memory: &Arc<AtomicUsize>,
    ) -> Self {
        Self {
            id,
            scope,
            rotate_to: AtomicU32::new(manifest.content.rotate_to),
            manifest: Mutex::new(manifest),
            merge_failed: AtomicBool::new(false),
            held: AllHeld::default(),
            dropped: AtomicBool::new(false),
            memory: memory.clone(),
            secrets: Mutex::new(Some(secrets)),
            log_key: Mutex::new(None),
            tree: RwLock::new(Arc::new(tree)),
        }
    }

    /// The error of a call that finds it closed.
    pub fn why_closed(&self) -> EngineError {
        if self.dropped.load(Ordering::SeqCst) {
            EngineError::Absent(self.id)
        } else {
            EngineError::Closed(self.id)
        }
    }

    /// The tree as it is now.
    pub fn tree(&self) -> Arc<Tree> {
        self.tree.read().clone()
    }

    /// A tree, and a snapshot it serves: every commit acknowledged before this call is in it.
    pub fn snapshot(&self, log: &Log) -> (Arc<Tree>, u64) {
        // The number first: a commit published after it may be missing from the tree, none before it.
        let snapshot = log.published();
        let tree = self.tree();
        let snapshot = snapshot.max(tree.floor);
        (tree, snapshot)
    }

    /// Replaces the tree by what `change` makes of it.
    pub fn change_tree(&self, change: impl FnOnce(&Tree) -> Tree) {
        let mut tree = self.tree.write();
        let changed = Arc::new(change(&tree));
        let old = std::mem::replace(&mut *tree, changed);
        drop(tree);
        // Only now, because files and memtables may go with it.
        drop(old);
    }

    /// Calls `with` with the keys, unless they are gone.
    pub fn with_secrets<T>(&self, with: impl FnOnce(&mut Secrets) -> T) -> Result<T> {
        self.secrets.lock().as_mut().map(with).ok_or_else(|| self.why_closed())
    }

    /// Whatever is written from here on is under this data encryption key. Called with the order held.
    pub fn add_dek(&self, epoch: u32, dek: SecretKey) -> Result<()> {
        self.with_secrets(|secrets| secrets.deks.push((epoch, dek)))?;
        *self.log_key.lock() = None;
        Ok(())
    }

    /// Whether `table_key` is the one it is open under.
    pub fn is_under(&self, table_key: &SecretKey) -> Result<bool> {
        self.with_secrets(|secrets| constant_time_eq(secrets.table_key.expose(), table_key.expose()))
    }

    /// Its key for a log segment.
    pub fn log_key(&self, segment: &LogId) -> Result<Arc<LogKey>> {
        let mut cached = self.log_key.lock();
        if let Some((_, key)) = cached.as_ref().filter(|(at, _)| at == segment) {
            return Ok(key.clone());
        }
        let key = self.with_secrets(|secrets| {
            secrets.current_dek().map(|(epoch, dek)| Arc::new(LogKey::derive(dek, epoch, self.id, segment)))
        })?;
        let key = key.ok_or_else(|| self.why_closed())?;
        *cached = Some((*segment, key.clone()));
        Ok(key)
    }

    /// Puts a fresh memtable in front, where the one there holds anything. Called with the order held.
    pub fn freeze(&self) {
        self.change_tree(|tree| {
            if tree.active.is_empty() {
                return tree.clone();
            }
            let frozen = std::iter::once(&tree.active).chain(&tree.frozen).cloned().collect();
            Tree { active: self.memtable(), frozen, ..tree.clone() }
        });
    }

    fn memtable(&self) -> Arc<Memtable> {
        Arc::new(Memtable::new(&self.memory))
    }

    fn close(&self, log: &Log) {
        // The keys first: whoever sees the keyspace closed and opens it anew must not meet a flush or merge
        // that still has them and installs a manifest.
        *self.secrets.lock() = None;
        *self.log_key.lock() = None;
        // Under the order, so that no commit is ordered into this keyspace later.
        let order = log.order();
        self.scope.close();
        drop(order);
        self.held.let_go();
        let floor = self.tree().floor;
        self.change_tree(|_| Tree {
            active: self.memtable(),
            frozen: Vec::new(),
            files: Arc::default(),
            floor,
        });
    }

    /// Bytes in the memtable that takes writes, and in all of them.
    pub fn memory(&self) -> (usize, usize) {
        let tree = self.tree();
        (tree.active.bytes(), tree.memtables().map(|table| table.bytes()).sum())
    }

    /// The sequence number through which it is flushed, once `tables` are in a file.
    pub fn flushed_with(tables: &[Arc<Memtable>], before: &AtomicU64) -> u64 {
        let last = tables.iter().map(|table| table.last_sequence()).max().unwrap_or(0);
        last.max(before.load(Ordering::Acquire))
    }
}
