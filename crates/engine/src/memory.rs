//! The engine that writes nothing: for `--memory`, and the model that other engines are compared with.
//!
//! Everything lies in this process's memory, unencrypted, and is gone when it stops. Table keys are not
//! kept: a salted commitment to each tells whether a key is the right one. A closed keyspace keeps its
//! entries, refuses to show them, and opens again under its key only; so closing here keeps honest callers
//! out, not whoever reads the memory of the process.
//!
//! Map: `keyspace` (versions of entries) · `snapshot` · `tokens`.
//!
//! One lock per keyspace; a commit holds those of all its keyspaces, taken in the order of their ids, from
//! its first guard to its last write, which is what makes commits serialisable.

mod keyspace;
mod snapshot;
mod tokens;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::{COMMITMENT_LEN, SALT_LEN, SecretKey, constant_time_eq};
use env::random::random_bytes;
use env::{Clock, Random, SystemClock};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use self::keyspace::{Entries, Keyspace, NOW, State};
use self::snapshot::MemorySnapshot;
use self::tokens::Tokens;
use crate::local::seconds::Seconds;
use crate::{
    AsOf, CheckpointId, CheckpointInfo, Commit, Direction, Engine, EngineError, Entry, Keep, Key, KeyspaceId,
    KeyspaceStats, Limit, Outcome, Page, Partition, Remembered, Result, Segment, Snapshot, SortRange, Token,
    Version,
};

/// An engine in memory.
pub struct MemoryEngine {
    keyspaces: RwLock<BTreeMap<KeyspaceId, Arc<RwLock<Keyspace>>>>,
    checkpoints: Mutex<BTreeMap<CheckpointId, Checkpoint>>,
    last_version: AtomicU64,
    tokens: Mutex<Tokens>,
    seconds: Mutex<Seconds>,
    clock: Arc<dyn Clock>,
    salt: [u8; SALT_LEN],
}

struct Checkpoint {
    key_commitment: [u8; COMMITMENT_LEN],
    entries: Entries,
    info: CheckpointInfo,
    seconds: Seconds,
}

impl MemoryEngine {
    /// An engine without keyspaces.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self {
            keyspaces: RwLock::default(),
            checkpoints: Mutex::default(),
            last_version: AtomicU64::new(0),
            tokens: Mutex::default(),
            seconds: Mutex::default(),
            clock: Arc::new(SystemClock),
            salt: random_bytes(random),
        }
    }

    /// The engine, told the time by this clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    fn create_now(&self, keyspace: KeyspaceId, table_key: &SecretKey, entries: Entries) -> Result<()> {
        match self.keyspaces.write().entry(keyspace) {
            MapEntry::Occupied(_) => Err(EngineError::Exists(keyspace)),
            MapEntry::Vacant(place) => {
                let born = self.last_version.load(Ordering::SeqCst);
                let created = Keyspace::new(self.commitment(table_key), entries, born);
                place.insert(Arc::new(RwLock::new(created)));
                Ok(())
            }
        }
    }

    fn checkpoint_now(
        &self,
        id: KeyspaceId,
        checkpoint: CheckpointId,
        receiver_key: &SecretKey,
    ) -> Result<CheckpointInfo> {
        let found = self.find(id)?;
        let found = found.read();
        found.check_open(id)?;
        let mut checkpoints = self.checkpoints.lock();
        let MapEntry::Vacant(place) = checkpoints.entry(checkpoint) else {
            return Err(EngineError::CheckpointExists(checkpoint));
        };
        let version = self.last_version.load(Ordering::SeqCst);
        let (second, oldest) = (self.note_now(version), found.floor.min(version));
        let KeyspaceStats { entries, value_bytes, disk_bytes, .. } = found.stats();
        let (oldest, version) = (Version(oldest), Version(version));
        let info = CheckpointInfo { version, oldest, second, entries, value_bytes, disk_bytes };
        let seconds = self.seconds.lock().between(oldest.0, version.0);
        let (key_commitment, entries) = (self.commitment(receiver_key), found.entries.clone());
        place.insert(Checkpoint { key_commitment, entries, info, seconds });
        Ok(info)
    }

    fn adopt_now(
        &self,
        (checkpoint, receiver_key): (CheckpointId, &SecretKey),
        as_of: AsOf,
        keyspace: KeyspaceId,
        table_key: &SecretKey,
    ) -> Result<()> {
        if self.find(keyspace).is_ok() {
            return Err(EngineError::Exists(keyspace));
        }
        let entries = {
            let checkpoints = self.checkpoints.lock();
            let found = checkpoints.get(&checkpoint).ok_or(EngineError::NoCheckpoint(checkpoint))?;
            if !constant_time_eq(&found.key_commitment, &self.commitment(receiver_key)) {
                return Err(EngineError::WrongKey(format!("checkpoint {checkpoint}")));
            }
            Keyspace::as_of(&found.entries, found.limit(as_of)?)
        };
        self.create_now(keyspace, table_key, entries)
    }

    fn keep_now(&self, id: KeyspaceId, keep: Keep) -> Result<Version> {
        let found = self.find(id)?;
        let mut found = found.write();
        found.check_open(id)?;
        let last = self.last_version.load(Ordering::SeqCst);
        self.note_now(last);
        found.watermark = match keep {
            Keep::Newest => None,
            Keep::FromNow => Some(last),
            Keep::From(version) if (found.floor..=last).contains(&version.0) => Some(version.0),
            Keep::From(_) => return Err(not_kept(found.floor, last)),
        };
        Ok(Version(found.watermark.unwrap_or(last)))
    }

    fn now_s(&self) -> u64 {
        self.clock.now_ms() / 1000
    }

    /// Notes that versions up to `version` are given by now; returns the second it is.
    fn note_now(&self, version: u64) -> u64 {
        self.seconds.lock().note(self.now_s(), version)
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
        let version = self.last_version.fetch_add(1, Ordering::SeqCst) + 1;
        self.note_now(version);
        for write in commit.writes {
            if let Some(keyspace) = locked.get_mut(&write.keyspace) {
                keyspace.apply(write, version);
            }
        }
        Ok(Outcome::Applied(Version(version)))
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
        async move { self.create_now(keyspace, &table_key, Entries::new()) }.boxed()
    }

    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move { self.open_now(keyspace, &table_key) }.boxed()
    }

    fn close(&self, keyspace: KeyspaceId) {
        if let Ok(found) = self.find(keyspace) {
            let mut found = found.write();
            if found.state == State::Open {
                found.state = State::Closed;
                found.pins.clear();
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

    fn checkpoint(
        &self,
        keyspace: KeyspaceId,
        checkpoint: CheckpointId,
        receiver_key: SecretKey,
    ) -> BoxFuture<'_, Result<CheckpointInfo>> {
        async move { self.checkpoint_now(keyspace, checkpoint, &receiver_key) }.boxed()
    }

    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<CheckpointId>>> {
        async move { Ok(self.checkpoints.lock().keys().copied().collect()) }.boxed()
    }

    fn drop_checkpoint(&self, checkpoint: CheckpointId) -> BoxFuture<'_, Result<()>> {
        async move {
            self.checkpoints.lock().remove(&checkpoint);
            Ok(())
        }
        .boxed()
    }

    fn adopt(
        &self,
        (checkpoint, receiver_key): (CheckpointId, SecretKey),
        as_of: AsOf,
        keyspace: KeyspaceId,
        table_key: SecretKey,
    ) -> BoxFuture<'_, Result<()>> {
        async move { self.adopt_now((checkpoint, &receiver_key), as_of, keyspace, &table_key) }.boxed()
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        async move { Ok(self.keyspaces.read().keys().copied().collect()) }.boxed()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { self.read(keyspace, |found| found.get(key, NOW)) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        async move { self.read(keyspace, |found| found.slice((partition, range), direction, limit, NOW)) }
            .boxed()
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        async move { self.read(keyspace, |found| found.sweep(segment, after, limit, NOW)) }.boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        async move { self.commit_now(commit) }.boxed()
    }

    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        async move {
            let mut tokens = self.tokens.lock();
            if let Some(found) = tokens.recall(&token.id, self.now_s()) {
                let same = found.request == token.request;
                return if same {
                    Ok(Outcome::Applied(found.version))
                } else {
                    Err(EngineError::TokenReused)
                };
            }
            let outcome = self.commit_now(commit)?;
            if let Outcome::Applied(version) = outcome {
                tokens.remember(token, version, self.now_s());
            }
            Ok(outcome)
        }
        .boxed()
    }

    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        async move { Ok(self.tokens.lock().recall(&token, self.now_s())) }.boxed()
    }

    fn snapshot(&self, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(MemorySnapshot::take(self, keyspaces, at)?))
    }

    fn keep_versions(&self, keyspace: KeyspaceId, keep: Keep) -> BoxFuture<'_, Result<Version>> {
        async move { self.keep_now(keyspace, keep) }.boxed()
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        self.read(keyspace, Keyspace::stats)
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

impl Checkpoint {
    /// The last version of the state asked for.
    fn limit(&self, as_of: AsOf) -> Result<u64> {
        let CheckpointInfo { version, oldest, second, .. } = self.info;
        let limit = match as_of {
            AsOf::Checkpoint => Some(version.0),
            AsOf::Version(asked) => Some(asked.0),
            AsOf::Second(asked) => self.seconds.at(asked).filter(|_| asked < second),
        };
        let kept = limit.filter(|limit| (oldest.0..=version.0).contains(limit));
        kept.ok_or_else(|| not_kept(oldest.0, version.0))
    }
}

fn not_kept(oldest: u64, newest: u64) -> EngineError {
    EngineError::NotKept(format!("versions {oldest} to {newest} are kept"))
}

fn first_failing_guard(
    commit: &Commit,
    locked: &BTreeMap<KeyspaceId, RwLockWriteGuard<'_, Keyspace>>,
) -> Option<usize> {
    commit.guards.iter().position(|guarded| {
        let keyspace = locked.get(&guarded.keyspace);
        !guarded.guard.holds(keyspace.and_then(|keyspace| keyspace.version(&guarded.key)))
    })
}
