//! One writer at a time for a key, within this process.
//!
//! The engine's guards alone make writes right; without these locks many writers of one hot key would fail
//! each other's guards again and again. Keys share a fixed number of locks, so memory is bounded; whoever
//! needs several takes them in the order of their numbers, so nobody waits in a circle.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use engine::{Key, KeyspaceId};
use tokio::sync::{Mutex, MutexGuard};

/// Enough that writers of different keys, a few hundred at once, rarely meet.
const STRIPES: usize = 4096;

/// The locks. Waiting writers get theirs in the order in which they came.
pub struct KeyLocks {
    stripes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl KeyLocks {
    /// Waits until no other writer of `key` is under way; the key is free again when the guard is dropped.
    pub async fn lock(&self, keyspace: KeyspaceId, key: &Key) -> MutexGuard<'_, ()> {
        self.stripes[self.stripe(keyspace, key)].lock().await
    }

    /// The same for several keys. Whoever holds what comes of it, or of [`KeyLocks::lock`], takes no further lock.
    pub async fn lock_all(&self, keys: impl Iterator<Item = (KeyspaceId, &Key)>) -> Vec<MutexGuard<'_, ()>> {
        let stripes: BTreeSet<usize> = keys.map(|(keyspace, key)| self.stripe(keyspace, key)).collect();
        let mut held = Vec::with_capacity(stripes.len());
        for at in stripes {
            held.push(self.stripes[at].lock().await);
        }
        held
    }

    fn stripe(&self, keyspace: KeyspaceId, key: &Key) -> usize {
        let hash = self.hasher.hash_one((keyspace, key));
        usize::try_from(hash % STRIPES as u64).expect("it is below the number of stripes")
    }
}

impl Default for KeyLocks {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use engine::{Key, KeyspaceId, Partition};
    use futures::FutureExt;

    use super::KeyLocks;

    fn key(byte: u8) -> Key {
        Key { partition: Partition([byte; 16]), sort: Bytes::new() }
    }

    #[test]
    fn a_key_has_one_writer_at_a_time_and_others_go_on() {
        let (locks, keyspace) = (KeyLocks::default(), KeyspaceId([1; 16]));
        let held = locks.lock(keyspace, &key(0)).now_or_never().unwrap();
        assert!(locks.lock(keyspace, &key(0)).now_or_never().is_none());
        let free = (1..=8).filter(|byte| locks.lock(keyspace, &key(*byte)).now_or_never().is_some());
        assert!(free.count() > 0);
        drop(held);
        assert!(locks.lock(keyspace, &key(0)).now_or_never().is_some());
    }

    #[test]
    fn whoever_takes_many_shares_none_of_them_and_takes_a_shared_lock_once() {
        let (locks, keyspace) = (KeyLocks::default(), KeyspaceId([1; 16]));
        let keys: Vec<_> = (0..=255).map(key).collect();
        let twice = || keys.iter().chain(&keys).map(|key| (keyspace, key));
        let held = locks.lock_all(twice()).now_or_never().unwrap();
        assert!(keys.iter().all(|key| locks.lock(keyspace, key).now_or_never().is_none()));
        assert!(locks.lock_all(twice()).now_or_never().is_none());
        drop(held);
        assert!(locks.lock_all(twice()).now_or_never().is_some());
    }
}
