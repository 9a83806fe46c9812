//! Snapshots: trees that are held, and read at one sequence number.
//!
//! A tree is replaced, never changed, so holding one keeps its files and memtables. A keyspace that is closed takes
//! away the trees that are held of it: its memtables must not stay in memory.

use std::sync::{Arc, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock};

use super::keyspace::OpenKeyspace;
use super::read;
use super::store::Store;
use super::tree::Tree;
use crate::{
    Direction, EngineError, Entry, Key, KeyspaceId, Limit, Page, Partition, Result, Segment, Snapshot,
    SortRange, Version,
};

/// A tree that is held until its keyspace is closed.
pub type Held = RwLock<Option<Arc<Tree>>>;

/// The trees of an open keyspace that are held.
#[derive(Default)]
pub struct AllHeld(Mutex<Vec<Weak<Held>>>);

impl AllHeld {
    /// Holds a tree.
    fn hold(&self, tree: Arc<Tree>) -> Arc<Held> {
        let held = Arc::new(RwLock::new(Some(tree)));
        let mut all = self.0.lock();
        all.retain(|held| held.strong_count() > 0);
        all.push(Arc::downgrade(&held));
        held
    }

    /// Lets go of all, whoever holds them.
    pub fn let_go(&self) {
        for held in self.0.lock().drain(..).filter_map(|held| held.upgrade()) {
            *held.write() = None;
        }
    }
}

/// What [`crate::Engine::snapshot`] gives.
pub struct LocalSnapshot {
    version: u64,
    keyspaces: Vec<(Arc<OpenKeyspace>, Arc<Held>)>,
}

/// Takes a snapshot of these keyspaces, at the last acknowledged commit or another version that is kept.
pub fn take(store: &Store, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<LocalSnapshot> {
    let opened = keyspaces.iter().map(|id| store.opened(*id)).collect::<Result<Vec<_>>>()?;
    let (version, trees) = trees_at(store, &opened, at)?;
    let hold = |(open, tree): (Arc<OpenKeyspace>, _)| {
        let held = open.held.hold(tree);
        // Only now: a closing keyspace finds what is held, or is found closed here.
        if open.scope.is_closed() { Err(open.why_closed()) } else { Ok((open, held)) }
    };
    let keyspaces = opened.into_iter().zip(trees).map(hold).collect::<Result<_>>()?;
    Ok(LocalSnapshot { version, keyspaces })
}

/// Trees that all show the state at one version.
fn trees_at(
    store: &Store,
    opened: &[Arc<OpenKeyspace>],
    at: Option<Version>,
) -> Result<(u64, Vec<Arc<Tree>>)> {
    // The number first: a commit published after it may be missing from a tree, none before it. A flush between the
    // two makes a tree that shows later states only; then both are looked at again.
    let mut published = store.log.published();
    let mut trees: Vec<_> = opened.iter().map(|open| open.tree()).collect();
    let floor_of = |trees: &[Arc<Tree>]| trees.iter().map(|tree| tree.floor).max().unwrap_or(0);
    while floor_of(&trees) > published && store.log.published() > published {
        published = store.log.published();
        trees = opened.iter().map(|open| open.tree()).collect();
    }
    let floor = floor_of(&trees);
    let version = at.map_or(published.max(floor), |at| at.0);
    if at.is_some() && !(floor..=published).contains(&version) {
        return Err(EngineError::NotKept(format!("versions {floor} to {published} are kept")));
    }
    Ok((version, trees))
}

impl LocalSnapshot {
    fn read<T>(&self, keyspace: KeyspaceId, read: impl FnOnce(&Tree, u64) -> Result<T>) -> Result<T> {
        let found = self.keyspaces.iter().find(|(open, _)| open.id == keyspace);
        let (open, held) = found.ok_or(EngineError::Absent(keyspace))?;
        let tree = held.read().clone().ok_or_else(|| open.why_closed())?;
        let result = read(&tree, self.version);
        if open.scope.is_closed() { Err(open.why_closed()) } else { result }
    }
}

impl Snapshot for LocalSnapshot {
    fn version(&self) -> Version {
        Version(self.version)
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { self.read(keyspace, |tree, version| read::entry(tree, key, version)) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        let slice =
            move |tree: &Tree, version| read::slice_of(tree, (partition, &range), direction, limit, version);
        async move { self.read(keyspace, slice) }.boxed()
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        let sweep = move |tree: &Tree, version| read::sweep_of(tree, segment, after.as_ref(), limit, version);
        async move { self.read(keyspace, sweep) }.boxed()
    }
}
