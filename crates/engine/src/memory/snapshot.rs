//! Snapshots of keyspaces in memory: the version they read is pinned, so that nothing of it is forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::RwLock;

use super::keyspace::Keyspace;
use super::{MemoryEngine, not_kept};
use crate::{
    Direction, EngineError, Entry, Key, KeyspaceId, Limit, Page, Partition, Result, Segment, Snapshot,
    SortRange, Version,
};

pub struct MemorySnapshot {
    version: u64,
    keyspaces: BTreeMap<KeyspaceId, Arc<RwLock<Keyspace>>>,
}

impl MemorySnapshot {
    pub fn take(engine: &MemoryEngine, ids: &[KeyspaceId], at: Option<Version>) -> Result<Self> {
        let found = ids.iter().map(|id| Ok((*id, engine.find(*id)?))).collect::<Result<BTreeMap<_, _>>>()?;
        // All at once, in the order of commits, so that no commit is half seen.
        let mut locked: Vec<_> = found.iter().map(|(id, keyspace)| (*id, keyspace.write())).collect();
        locked.iter().try_for_each(|(id, keyspace)| keyspace.check_open(*id))?;
        let newest = engine.last_version.load(Ordering::SeqCst);
        let oldest = locked.iter().map(|(_, keyspace)| keyspace.floor).max().unwrap_or(0);
        let version = at.map_or(newest, |at| at.0);
        if !(oldest..=newest).contains(&version) {
            return Err(not_kept(oldest, newest));
        }
        locked.iter_mut().for_each(|(_, keyspace)| *keyspace.pins.entry(version).or_default() += 1);
        drop(locked);
        Ok(Self { version, keyspaces: found })
    }

    fn read<T>(&self, id: KeyspaceId, read: impl FnOnce(&Keyspace, u64) -> T) -> Result<T> {
        let found = self.keyspaces.get(&id).ok_or(EngineError::Absent(id))?.read();
        found.check_open(id)?;
        // Closed meanwhile and open again: the snapshot does not come back.
        if found.pins.contains_key(&self.version) {
            Ok(read(&found, self.version))
        } else {
            Err(EngineError::Closed(id))
        }
    }
}

impl Drop for MemorySnapshot {
    fn drop(&mut self) {
        for keyspace in self.keyspaces.values() {
            let mut keyspace = keyspace.write();
            if let Some(pins) = keyspace.pins.get_mut(&self.version) {
                *pins -= 1;
                if *pins == 0 {
                    keyspace.pins.remove(&self.version);
                }
            }
        }
    }
}

impl Snapshot for MemorySnapshot {
    fn version(&self) -> Version {
        Version(self.version)
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { self.read(keyspace, |found, at| found.get(key, at)) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        let slice = move |found: &Keyspace, at| found.slice((partition, range), direction, limit, at);
        async move { self.read(keyspace, slice) }.boxed()
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        async move { self.read(keyspace, |found, at| found.sweep(segment, after, limit, at)) }.boxed()
    }
}
