//! An engine whose store is one file, encrypted and written anew for every change; and its possible bugs.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use crypto::{SecretKey, unwrap_bytes, wrap_bytes};
use engine::{
    AsOf, CheckpointId, CheckpointInfo, Commit, Direction, Engine, EngineError, Entry, Key, KeyspaceId,
    KeyspaceStats, Limit, Outcome, Page, Partition, Result, Segment, SortRange, Version, Write,
};
use env::disk::{read_file, replace_file};
use env::{Env, SeededRandom};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;

pub const STORE_KEY: [u8; 32] = *b"the store key is not to be read.";
const NAME: &str = "state";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    NeverSyncs,
    WritesInPlace,
    AppliesWriteByWrite,
    SwallowsErrors,
    ShowsWhatFailed,
    WritesPlaintext,
    WritesTableKeys,
    RepeatsSalts,
}

pub struct WholeFileEngine {
    env: Env,
    folder: PathBuf,
    bug: Option<Bug>,
    state: Mutex<State>,
}

#[derive(Clone, Default)]
struct State {
    last_version: u64,
    keyspaces: BTreeMap<KeyspaceId, Keyspace>,
    checkpoints: BTreeMap<CheckpointId, Keyspace>,
}

#[derive(Clone)]
struct Keyspace {
    commitment: [u8; 32],
    open: bool,
    entries: BTreeMap<Key, Entry>,
}

impl WholeFileEngine {
    pub fn start(env: Env, folder: &Path, bug: Option<Bug>) -> Result<Self> {
        env.disk.create_dir_all(folder).map_err(io)?;
        env.disk.sync_dir(Path::new("/")).map_err(io)?;
        let engine = Self { env, folder: folder.to_path_buf(), bug, state: Mutex::default() };
        let path = engine.folder.join(NAME);
        if engine.env.disk.exists(&path).map_err(io)? {
            let bytes = read_file(&*engine.env.disk, &path, u64::MAX).map_err(io)?;
            let state = engine.decrypt(&bytes).and_then(|plain| State::decode(&mut &plain[..]));
            let damaged = || EngineError::Damaged { file: NAME.to_owned(), place: "all of it".to_owned() };
            *engine.state.lock() = state.ok_or_else(damaged)?;
            // What is shown is to stay, even if a killed process had not synced it.
            let state = engine.state.lock().clone();
            engine.persist(&state)?;
        }
        Ok(engine)
    }

    /// Changes the state: on disk first, then in memory.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.state.lock();
        let mut changed = state.clone();
        let answer = change(&mut changed)?;
        let persisted = self.persist(&changed);
        if persisted.is_ok() || matches!(self.bug, Some(Bug::SwallowsErrors | Bug::ShowsWhatFailed)) {
            *state = changed;
        }
        if self.bug == Some(Bug::SwallowsErrors) { Ok(answer) } else { persisted.map(|()| answer) }
    }

    fn persist(&self, state: &State) -> Result<()> {
        let (path, bytes) = (self.folder.join(NAME), self.encrypt(&state.encode()));
        match self.bug {
            Some(Bug::NeverSyncs | Bug::WritesInPlace) => self.write_badly(&path, &bytes).map_err(io),
            _ => replace_file(&*self.env.disk, &path, &bytes).map_err(io),
        }
    }

    fn write_badly(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let disk = &self.env.disk;
        let file = if disk.exists(path)? { disk.open(path)? } else { disk.create(path)? };
        file.set_len(bytes.len() as u64)?;
        file.write_all_at(bytes, 0)?;
        if self.bug == Some(Bug::WritesInPlace) {
            file.sync()?;
            disk.sync_dir(&self.folder)?;
        }
        Ok(())
    }

    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let key = SecretKey::take(&mut STORE_KEY.clone());
        match self.bug {
            Some(Bug::WritesPlaintext) => [&[1; 32], plain].concat(),
            Some(Bug::RepeatsSalts) => wrap_bytes(&key, plain, b"", &SeededRandom::new(1)),
            _ => wrap_bytes(&key, plain, b"", &*self.env.random),
        }
    }

    fn decrypt(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let key = SecretKey::take(&mut STORE_KEY.clone());
        match self.bug {
            Some(Bug::WritesPlaintext) => bytes.get(32..).map(<[u8]>::to_vec),
            _ => unwrap_bytes(&key, bytes, b"").ok().map(|plain| plain.to_vec()),
        }
    }

    fn note_key(&self, key: &SecretKey) -> Result<()> {
        if self.bug == Some(Bug::WritesTableKeys) {
            replace_file(&*self.env.disk, &self.folder.join("keys"), key.expose()).map_err(io)?;
        }
        Ok(())
    }

    fn commit_now(&self, commit: Commit) -> Result<Outcome> {
        commit.check()?;
        if self.bug == Some(Bug::AppliesWriteByWrite) {
            let last = commit.writes.len().saturating_sub(1);
            for write in commit.writes.iter().take(last).cloned() {
                self.commit_whole(Commit { guards: Vec::new(), writes: vec![write] })?;
            }
        }
        self.commit_whole(commit)
    }

    fn commit_whole(&self, commit: Commit) -> Result<Outcome> {
        self.change(|state| {
            for id in commit.guards.iter().map(|g| g.keyspace).chain(commit.writes.iter().map(|w| w.keyspace))
            {
                state.open(id)?;
            }
            for (at, guarded) in commit.guards.iter().enumerate() {
                let found =
                    state.open(guarded.keyspace)?.entries.get(&guarded.key).map(|entry| entry.version);
                if !guarded.guard.holds(found) {
                    return Ok(Outcome::GuardFailed(at));
                }
            }
            state.last_version += 1;
            let version = Version(state.last_version);
            commit.writes.into_iter().try_for_each(|write| state.write(write, version))?;
            Ok(Outcome::Applied(version))
        })
    }

    fn read<T>(&self, id: KeyspaceId, read: impl FnOnce(&Keyspace) -> T) -> Result<T> {
        self.state.lock().open(id).map(|keyspace| read(keyspace))
    }
}

impl Engine for WholeFileEngine {
    fn create(&self, id: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move {
            self.note_key(&key)?;
            self.change(|state| {
                let new = Keyspace { commitment: commitment(&key), open: true, entries: BTreeMap::new() };
                let taken = state.keyspaces.contains_key(&id);
                if taken {
                    Err(EngineError::Exists(id))
                } else {
                    state.keyspaces.insert(id, new);
                    Ok(())
                }
            })
        }
        .boxed()
    }

    fn open(&self, id: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move {
            let mut state = self.state.lock();
            let keyspace = state.keyspaces.get_mut(&id).ok_or(EngineError::Absent(id))?;
            if keyspace.commitment != commitment(&key) {
                return Err(EngineError::WrongKey(id.to_string()));
            }
            keyspace.open = true;
            Ok(())
        }
        .boxed()
    }

    fn close(&self, id: KeyspaceId) {
        if let Some(keyspace) = self.state.lock().keyspaces.get_mut(&id) {
            keyspace.open = false;
        }
    }

    fn switch_table_key(&self, id: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move {
            self.note_key(&key)?;
            self.change(|state| {
                state.open(id)?.commitment = commitment(&key);
                Ok(())
            })
        }
        .boxed()
    }

    fn drop_keyspace(&self, id: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        async move {
            self.change(|state| {
                state.keyspaces.remove(&id);
                Ok(())
            })
        }
        .boxed()
    }

    fn checkpoint(
        &self,
        id: KeyspaceId,
        checkpoint: CheckpointId,
        key: SecretKey,
    ) -> BoxFuture<'_, Result<CheckpointInfo>> {
        async move {
            self.note_key(&key)?;
            self.change(|state| {
                let image = Keyspace { commitment: commitment(&key), open: false, ..state.open(id)?.clone() };
                let (entries, version) = (image.entries.len() as u64, Version(state.last_version));
                if state.checkpoints.contains_key(&checkpoint) {
                    return Err(EngineError::CheckpointExists(checkpoint));
                }
                state.checkpoints.insert(checkpoint, image);
                let (oldest, second, value_bytes, disk_bytes) = (version, 0, 0, 0);
                Ok(CheckpointInfo { version, oldest, second, entries, value_bytes, disk_bytes })
            })
        }
        .boxed()
    }

    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<CheckpointId>>> {
        async move { Ok(self.state.lock().checkpoints.keys().copied().collect()) }.boxed()
    }

    fn drop_checkpoint(&self, id: CheckpointId) -> BoxFuture<'_, Result<()>> {
        async move {
            self.change(|state| {
                state.checkpoints.remove(&id);
                Ok(())
            })
        }
        .boxed()
    }

    fn adopt(
        &self,
        (checkpoint, receiver): (CheckpointId, SecretKey),
        _: AsOf,
        id: KeyspaceId,
        key: SecretKey,
    ) -> BoxFuture<'_, Result<()>> {
        async move {
            self.note_key(&key)?;
            self.change(|state| {
                if state.keyspaces.contains_key(&id) {
                    return Err(EngineError::Exists(id));
                }
                let image = state.checkpoints.get(&checkpoint).cloned();
                let image = image.ok_or(EngineError::NoCheckpoint(checkpoint))?;
                if image.commitment != commitment(&receiver) {
                    return Err(EngineError::WrongKey(checkpoint.to_string()));
                }
                state.keyspaces.insert(id, Keyspace { commitment: commitment(&key), open: true, ..image });
                Ok(())
            })
        }
        .boxed()
    }

    fn rotate(&self, id: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        // Everything is written anew by every change.
        async move { self.change(|state| state.open(id).map(drop)) }.boxed()
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        async move { Ok(self.state.lock().keyspaces.keys().copied().collect()) }.boxed()
    }

    fn get<'a>(&'a self, id: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { self.read(id, |keyspace| keyspace.entries.get(key).cloned()) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        id: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        let range = (range.start, range.end);
        let inside = move |entry: &&Entry| {
            entry.key.partition == partition && RangeBounds::<Bytes>::contains(&range, &entry.key.sort)
        };
        async move { self.read(id, |keyspace| page(keyspace, direction, limit, inside)) }.boxed()
    }

    fn sweep(
        &self,
        id: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let inside = move |entry: &&Entry| {
            segment.contains(&entry.key.partition) && (start.clone(), Bound::Unbounded).contains(&entry.key)
        };
        async move { self.read(id, |keyspace| page(keyspace, Direction::Forward, limit, inside)) }.boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        async move { self.commit_now(commit) }.boxed()
    }

    fn stats(&self, id: KeyspaceId) -> Result<KeyspaceStats> {
        self.read(id, |keyspace| KeyspaceStats {
            entries: keyspace.entries.len() as u64,
            value_bytes: keyspace.entries.values().map(|entry| entry.value.len() as u64).sum(),
            disk_bytes: 0,
            rotation: None,
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

fn page(keyspace: &Keyspace, direction: Direction, limit: Limit, inside: impl Fn(&&Entry) -> bool) -> Page {
    let mut found: Vec<Entry> = keyspace.entries.values().filter(inside).cloned().collect();
    if direction == Direction::Backward {
        found.reverse();
    }
    let mut bytes = 0;
    let full = |entry: &Entry| {
        bytes += entry.value.len();
        bytes
    };
    let sizes: Vec<usize> = found.iter().map(full).collect();
    let kept = sizes.iter().enumerate().position(|(at, bytes)| limit.is_reached(at + 1, *bytes));
    let kept = kept.map_or(found.len(), |last| last + 1);
    let more = kept < found.len();
    found.truncate(kept);
    Page { entries: found, more }
}

impl State {
    fn open(&mut self, id: KeyspaceId) -> Result<&mut Keyspace> {
        let keyspace = self.keyspaces.get_mut(&id).ok_or(EngineError::Absent(id))?;
        if keyspace.open { Ok(keyspace) } else { Err(EngineError::Closed(id)) }
    }

    fn write(&mut self, write: Write, version: Version) -> Result<()> {
        let entries = &mut self.open(write.keyspace)?.entries;
        match write.value {
            Some(value) => entries.insert(write.key.clone(), Entry { key: write.key, version, value }),
            None => entries.remove(&write.key),
        };
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.last_version.to_le_bytes().to_vec();
        out.extend_from_slice(&(self.keyspaces.len() as u64).to_le_bytes());
        self.keyspaces.iter().for_each(|(id, keyspace)| keyspace.encode(&id.0, &mut out));
        self.checkpoints.iter().for_each(|(id, image)| image.encode(&id.0, &mut out));
        out
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        let mut state = Self { last_version: take_number(from)?, ..Self::default() };
        for _ in 0..take_number(from)? {
            let (id, keyspace) = Keyspace::decode(from)?;
            state.keyspaces.insert(KeyspaceId(id), keyspace);
        }
        while !from.is_empty() {
            let (id, image) = Keyspace::decode(from)?;
            state.checkpoints.insert(CheckpointId(id), image);
        }
        Some(state)
    }
}

impl Keyspace {
    fn encode(&self, id: &[u8; 16], out: &mut Vec<u8>) {
        [&id[..], &self.commitment].iter().for_each(|bytes| put(out, bytes));
        out.extend_from_slice(&(self.entries.len() as u64).to_le_bytes());
        for entry in self.entries.values() {
            out.extend_from_slice(&entry.version.0.to_le_bytes());
            [&entry.key.partition.0[..], &entry.key.sort, &entry.value].iter().for_each(|b| put(out, b));
        }
    }

    fn decode(from: &mut &[u8]) -> Option<([u8; 16], Self)> {
        let id = take(from)?.try_into().ok()?;
        let mut keyspace =
            Self { commitment: take(from)?.try_into().ok()?, open: false, entries: BTreeMap::new() };
        for _ in 0..take_number(from)? {
            let version = Version(take_number(from)?);
            let partition = Partition(take(from)?.try_into().ok()?);
            let key = Key { partition, sort: Bytes::copy_from_slice(take(from)?) };
            let value = Bytes::copy_from_slice(take(from)?);
            keyspace.entries.insert(key.clone(), Entry { key, version, value });
        }
        Some((id, keyspace))
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take_number(from)?).ok()?;
    let (taken, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(taken)
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let (number, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(u64::from_le_bytes(*number))
}

fn commitment(key: &SecretKey) -> [u8; 32] {
    key.commitment(&[0; 32], &[b"whole file"])
}

fn io(source: std::io::Error) -> EngineError {
    match source.kind() {
        std::io::ErrorKind::StorageFull => EngineError::DiskFull,
        _ => EngineError::Io { doing: "writing the store".to_owned(), source },
    }
}
