//! An engine under test, and the shorthand the checks are written in.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use crypto::SecretKey;
use tokio::runtime::Runtime;

use crate::{
    AsOf, CheckpointId, CheckpointInfo, Commit, Engine, Entry, Guard, GuardedKey, Key, KeyspaceId, Limit,
    Outcome, Page, Partition, Result, Segment, Version, Write,
};

/// An engine under test.
pub trait Subject {
    /// The engine, running.
    fn engine(&self) -> &dyn Engine;

    /// Flushes, stops and starts the engine; every keyspace is closed then. Returns false, having done
    /// nothing, where it keeps nothing beyond its life.
    fn restart(&mut self) -> bool;
}

/// How many times more than by default is tried: `STRONGROOM_TEST_DEPTH`.
#[must_use]
pub fn depth() -> u64 {
    std::env::var("STRONGROOM_TEST_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(1)
}

/// Waits for an answer of the engine; one that takes a minute never comes.
///
/// # Panics
/// Where it does not come.
pub fn wait<T>(answer: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("threads can be started"));
    RUNTIME.block_on(async {
        tokio::time::timeout(Duration::from_mins(1), answer).await.expect("an answer within a minute")
    })
}

/// No limit to a page.
pub(super) const UNLIMITED: Limit = Limit { entries: usize::MAX, bytes: usize::MAX };

/// The table key with this number.
pub(super) fn table_key(number: u8) -> SecretKey {
    SecretKey::take(&mut [number; 32])
}

/// The keyspace with this number.
pub(super) fn keyspace(number: u8) -> KeyspaceId {
    KeyspaceId([number; 16])
}

/// The checkpoint with this number; its receiver's key is table key 100 + number.
pub(super) fn checkpoint_id(number: u8) -> CheckpointId {
    CheckpointId([number; 16])
}

/// The partition with this number; numbers are spread evenly over all segments.
pub(super) fn partition(number: u8) -> Partition {
    let mut bytes = [0x55; 16];
    bytes[0] = number;
    Partition(bytes)
}

/// A key of the partition with this number.
pub(super) fn key(number: u8, sort: &[u8]) -> Key {
    Key { partition: partition(number), sort: Bytes::copy_from_slice(sort) }
}

/// Writes `value` to `key`.
pub(super) fn put(keyspace: KeyspaceId, key: &Key, value: &[u8]) -> Write {
    Write { keyspace, key: key.clone(), value: Some(Bytes::copy_from_slice(value)) }
}

/// Removes what is at `key`.
pub(super) fn removal(keyspace: KeyspaceId, key: &Key) -> Write {
    Write { keyspace, key: key.clone(), value: None }
}

/// Expects something of `key`.
pub(super) fn guard(keyspace: KeyspaceId, key: &Key, guard: Guard) -> GuardedKey {
    GuardedKey { keyspace, key: key.clone(), guard }
}

/// A commit without guards.
pub(super) fn writes(writes: Vec<Write>) -> Commit {
    Commit { guards: Vec::new(), writes }
}

/// What the checks ask of an engine, with the answers they count on.
pub(super) trait Asking {
    fn make(&self, number: u8) -> KeyspaceId;
    fn reopen(&self, number: u8);
    fn take(&self, number: u8, checkpoint: u8) -> CheckpointInfo;
    fn adopt_as(&self, checkpoint: u8, number: u8) -> KeyspaceId;
    fn rotate_all(&self, number: u8);
    fn apply(&self, commit: Commit) -> Version;
    fn put(&self, keyspace: KeyspaceId, key: &Key, value: &[u8]) -> Version;
    fn remove(&self, keyspace: KeyspaceId, key: &Key) -> Version;
    fn entry(&self, keyspace: KeyspaceId, key: &Key) -> Result<Option<Entry>>;
    fn value(&self, keyspace: KeyspaceId, key: &Key) -> Option<Bytes>;
    fn page(&self, keyspace: KeyspaceId, segment: Segment, after: Option<Key>, limit: Limit) -> Page;
    fn everything(&self, keyspace: KeyspaceId) -> Vec<(Key, Bytes)>;
}

impl<E: Engine + ?Sized> Asking for E {
    /// Creates the keyspace with a number, under the table key with that number.
    fn make(&self, number: u8) -> KeyspaceId {
        wait(self.create(keyspace(number), table_key(number))).expect("a keyspace is created");
        keyspace(number)
    }

    /// Opens the keyspace with a number, under the table key with that number.
    fn reopen(&self, number: u8) {
        wait(self.open(keyspace(number), table_key(number))).expect("a keyspace opens under its key");
    }

    /// Takes the checkpoint with a number of the keyspace with a number.
    fn take(&self, number: u8, checkpoint: u8) -> CheckpointInfo {
        let taken = self.checkpoint(keyspace(number), checkpoint_id(checkpoint), table_key(100 + checkpoint));
        wait(taken).expect("a checkpoint is taken")
    }

    /// Adopts the checkpoint with a number as the keyspace with a number, under the table key with that number.
    fn adopt_as(&self, checkpoint: u8, number: u8) -> KeyspaceId {
        let from = (checkpoint_id(checkpoint), table_key(100 + checkpoint));
        let adopted = self.adopt(from, AsOf::Checkpoint, keyspace(number), table_key(number));
        wait(adopted).expect("a checkpoint is adopted");
        keyspace(number)
    }

    /// Rotates the data encryption keys of the keyspace with a number, to the end.
    fn rotate_all(&self, number: u8) {
        wait(self.rotate(keyspace(number))).expect("a rotation begins");
        let is_done = |_: &u32| self.stats(keyspace(number)).expect("it is open").rotation.is_none();
        let told = |waits: u32| {
            std::thread::sleep(Duration::from_millis(1));
            waits
        };
        (0..60_000).map(told).find(is_done).expect("a rotation ends");
    }

    fn apply(&self, commit: Commit) -> Version {
        match wait(self.commit(commit)) {
            Ok(Outcome::Applied(version)) => version,
            other => panic!("the commit was to apply: {other:?}"),
        }
    }

    fn put(&self, keyspace: KeyspaceId, key: &Key, value: &[u8]) -> Version {
        self.apply(writes(vec![put(keyspace, key, value)]))
    }

    fn remove(&self, keyspace: KeyspaceId, key: &Key) -> Version {
        self.apply(writes(vec![removal(keyspace, key)]))
    }

    fn entry(&self, keyspace: KeyspaceId, key: &Key) -> Result<Option<Entry>> {
        wait(self.get(keyspace, key))
    }

    fn value(&self, keyspace: KeyspaceId, key: &Key) -> Option<Bytes> {
        self.entry(keyspace, key).expect("an open keyspace is read").map(|entry| entry.value)
    }

    fn page(&self, keyspace: KeyspaceId, segment: Segment, after: Option<Key>, limit: Limit) -> Page {
        wait(self.sweep(keyspace, segment, after, limit)).expect("an open keyspace is swept")
    }

    fn everything(&self, keyspace: KeyspaceId) -> Vec<(Key, Bytes)> {
        let page = self.page(keyspace, Segment::WHOLE, None, UNLIMITED);
        assert!(!page.more, "an unlimited page is the last one");
        page.entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
    }
}
