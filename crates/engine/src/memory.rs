//! The engine that writes nothing: for `--memory`, and the model that other engines are compared with.
//!
//! Everything lies in this process's memory, unencrypted, and is gone when it stops. Table keys are not
//! kept: a salted commitment to each tells whether a key is the right one. A closed keyspace keeps its
//! entries, refuses to show them, and opens again under its key only; so closing here keeps honest callers
//! out, not whoever reads the memory of the process.
//!
//! One lock per keyspace; a commit holds those of all its keyspaces, taken in the order of their ids, from
//! its first guard to its last write, which is what makes commits serialisable.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use crypto::{COMMITMENT_LEN, SALT_LEN, SecretKey, constant_time_eq};
use env::Random;
use env::random::random_bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::{
    Commit, Direction, Engine, EngineError, Entry, Key, KeyspaceId, KeyspaceStats, Limit, Outcome, Page,
    Partition, Result, Segment, SortRange, Version, Write,
};

/// An engine in memory.
pub struct MemoryEngine {
    keyspaces: RwLock<BTreeMap<KeyspaceId, Arc<RwLock<Keyspace>>>>,
    last_version: AtomicU64,
    salt: [u8; SALT_LEN],
}

impl MemoryEngine {
    /// An engine without keyspaces.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self { keyspaces: RwLock::default(), last_version: AtomicU64::new(0), salt: random_bytes(random) }
    }

    fn create_now(&self, keyspace: KeyspaceId, table_key: &SecretKey) -> Result<()> {
        match self.keyspaces.write().entry(keyspace) {
            MapEntry::Occupied(_) => Err(EngineError::Exists(keyspace)),
            MapEntry::Vacant(place) => {
                place.insert(Arc::new(RwLock::new(Keyspace::new(self.commitment(table_key)))));
                Ok(())
            }
        }
    }

    fn open_now(&self, keyspace: KeyspaceId, table_key: &SecretKey) -> Result<()> {
        let found = self.find(keyspace)?;
        let mut found = found.write();
        if found.state == State::Dropped {
            return Err(EngineError::Absent(keyspace));
        }
        if !constant_time_eq(&found.key_commitment, &self.commitment(table_key)) {
            return Err(EngineError::WrongKey(format!("keyspace {keyspace}")));
        }
        found.state = State::Open;
        Ok(())
    }

    fn drop_now(&self, keyspace: KeyspaceId) {
        let dropped = self.keyspaces.write().remove(&keyspace);
        if let Some(dropped) = dropped {
            let mut dropped = dropped.write();
            dropped.state = State::Dropped;
            dropped.entries.clear();
        }
    }

    fn commit_now(&self, commit: Commit) -> Result<Outcome> {
        commit.check()?;
        let involved = self.involved(&commit)?;
        let mut locked = BTreeMap::new();
        for (id, keyspace) in &involved {
            let keyspace = keyspace.write();
            keyspace.check_open(*id)?;
            locked.insert(*id, keyspace);
        }
        if let Some(failed) = first_failing_guard(&commit, &locked) {
            return Ok(Outcome::GuardFailed(failed));
        }
        let version = Version(self.last_version.fetch_add(1, Ordering::SeqCst) + 1);
        for write in commit.writes {
            if let Some(keyspace) = locked.get_mut(&write.keyspace) {
                keyspace.apply(write, version);
            }
        }
        Ok(Outcome::Applied(version))
    }

    fn involved(&self, commit: &Commit) -> Result<BTreeMap<KeyspaceId, Arc<RwLock<Keyspace>>>> {
        let guarded = commit.guards.iter().map(|guarded| guarded.keyspace);
        let written = commit.writes.iter().map(|write| write.keyspace);
        guarded.chain(written).map(|id| Ok((id, self.find(id)?))).collect()
    }

    fn read<T>(&self, keyspace: KeyspaceId, read: impl FnOnce(&Keyspace) -> T) -> Result<T> {
        let found = self.find(keyspace)?;
        let found = found.read();
        found.check_open(keyspace)?;
        Ok(read(&found))
    }

    fn find(&self, keyspace: KeyspaceId) -> Result<Arc<RwLock<Keyspace>>> {
        self.keyspaces.read().get(&keyspace).cloned().ok_or(EngineError::Absent(keyspace))
    }

    fn commitment(&self, table_key: &SecretKey) -> [u8; COMMITMENT_LEN] {
        table_key.commitment(&self.salt, &[b"keyspace in memory"])
    }
}

impl Engine for MemoryEngine {
    fn create(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move { self.create_now(keyspace, &table_key) }.boxed()
    }

    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move { self.open_now(keyspace, &table_key) }.boxed()
    }

    fn close(&self, keyspace: KeyspaceId) {
        if let Ok(found) = self.find(keyspace) {
            let mut found = found.write();
            if found.state == State::Open {
                found.state = State::Closed;
            }
        }
    }

    fn switch_table_key(&self, keyspace: KeyspaceId, new_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move {
            let found = self.find(keyspace)?;
            let mut found = found.write();
            found.check_open(keyspace)?;
            found.key_commitment = self.commitment(&new_key);
            Ok(())
        }
        .boxed()
    }

    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        async move {
            self.drop_now(keyspace);
            Ok(())
        }
        .boxed()
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        async move { Ok(self.keyspaces.read().keys().copied().collect()) }.boxed()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { self.read(keyspace, |found| found.entries.get(key).map(|kept| kept.entry(key))) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        async move { self.read(keyspace, |found| found.slice(partition, range, direction, limit)) }.boxed()
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        async move { self.read(keyspace, |found| found.sweep(segment, after, limit)) }.boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        async move { self.commit_now(commit) }.boxed()
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        self.read(keyspace, |found| KeyspaceStats {
            entries: found.entries.len() as u64,
            value_bytes: found.value_bytes,
            disk_bytes: 0,
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    /// No longer in the map; whoever still holds it finds it absent.
    Dropped,
}

struct Keyspace {
    state: State,
    key_commitment: [u8; COMMITMENT_LEN],
    entries: BTreeMap<Key, Kept>,
    value_bytes: u64,
}

struct Kept {
    version: Version,
    value: Bytes,
}

impl Kept {
    fn entry(&self, key: &Key) -> Entry {
        Entry { key: key.clone(), version: self.version, value: self.value.clone() }
    }
}

impl Keyspace {
    fn new(key_commitment: [u8; COMMITMENT_LEN]) -> Self {
        Self { state: State::Open, key_commitment, entries: BTreeMap::new(), value_bytes: 0 }
    }

    fn check_open(&self, id: KeyspaceId) -> Result<()> {
        match self.state {
            State::Open => Ok(()),
            State::Closed => Err(EngineError::Closed(id)),
            State::Dropped => Err(EngineError::Absent(id)),
        }
    }

    fn apply(&mut self, write: Write, version: Version) {
        let before = match write.value {
            Some(value) => {
                self.value_bytes += value.len() as u64;
                self.entries.insert(write.key, Kept { version, value })
            }
            None => self.entries.remove(&write.key),
        };
        self.value_bytes -= before.map_or(0, |kept| kept.value.len() as u64);
    }

    fn slice(&self, partition: Partition, range: SortRange, direction: Direction, limit: Limit) -> Page {
        let bounds = key_bounds(partition, range);
        if is_reversed(&bounds) {
            return Page { entries: Vec::new(), more: false };
        }
        let inside = self.entries.range(bounds);
        match direction {
            Direction::Forward => page(inside, limit),
            Direction::Backward => page(inside.rev(), limit),
        }
    }

    fn sweep(&self, segment: Segment, after: Option<Key>, limit: Limit) -> Page {
        let first = Key { partition: segment.first_partition(), sort: Bytes::new() };
        let start = match after {
            Some(after) if after >= first => Bound::Excluded(after),
            _ => Bound::Included(first),
        };
        let inside = self.entries.range((start, Bound::Unbounded));
        page(inside.take_while(|(key, _)| segment.contains(&key.partition)), limit)
    }
}

fn first_failing_guard(
    commit: &Commit,
    locked: &BTreeMap<KeyspaceId, RwLockWriteGuard<'_, Keyspace>>,
) -> Option<usize> {
    commit.guards.iter().position(|guarded| {
        let kept = locked.get(&guarded.keyspace).and_then(|keyspace| keyspace.entries.get(&guarded.key));
        !guarded.guard.holds(kept.map(|kept| kept.version))
    })
}

fn page<'a>(inside: impl Iterator<Item = (&'a Key, &'a Kept)>, limit: Limit) -> Page {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    let mut inside = inside.peekable();
    for (key, kept) in inside.by_ref() {
        bytes += kept.value.len();
        entries.push(kept.entry(key));
        if limit.is_reached(entries.len(), bytes) {
            break;
        }
    }
    Page { entries, more: inside.peek().is_some() }
}

fn key_bounds(partition: Partition, range: SortRange) -> (Bound<Key>, Bound<Key>) {
    let key = |sort| Key { partition, sort };
    let start = match range.start {
        Bound::Unbounded => Bound::Included(key(Bytes::new())),
        bound => bound.map(key),
    };
    let end = match range.end {
        Bound::Unbounded => first_key_behind(partition).map_or(Bound::Unbounded, Bound::Excluded),
        bound => bound.map(key),
    };
    (start, end)
}

fn first_key_behind(partition: Partition) -> Option<Key> {
    let next = u128::from_be_bytes(partition.0).checked_add(1)?;
    Some(Key { partition: Partition(next.to_be_bytes()), sort: Bytes::new() })
}

/// Ranges for which a map's `range` would panic; there is nothing in them.
fn is_reversed((start, end): &(Bound<Key>, Bound<Key>)) -> bool {
    match (start, end) {
        (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
            start > end
        }
        _ => false,
    }
}
