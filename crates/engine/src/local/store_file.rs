//! The file `store`: the one place that says what counts.
//!
//! It names the log segments there are, for each keyspace the manifest that counts with its digest, the parked
//! files that are needed, and the checkpoints: whatever it does not name is a leftover. So a change of a keyspace
//! happens at the moment this file is replaced, and one table put back to an older state alone does not fit it. It
//! also keeps sequence numbers growing when no segment holds a record, and tells a wrong store key before
//! anything is touched. `docs/formats/store.md` draws the bytes.
//!
//! Changes that come while the file is being written gather, and are written together. When a write fails,
//! everything since the last one that succeeded is taken back and answered with the error; the disk may then hold
//! either, until [`StoreFile::settle`] or the next change has written the file again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crypto::SecretKey;
use env::disk::{read_file, replace_file};
use env::{Disk, Env};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::reader::BadBytes;
use super::seconds::Seconds;
pub use super::store_record::{Anchor, ParkedAnchor, StoreRecord};
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

const NAME: &str = "store";
const NO_KEYSPACE: KeyspaceId = KeyspaceId([0; 16]);
/// Room for a hundred thousand keyspaces; no such file is longer, and none is read that is.
const MAX_LEN: u64 = 64 << 20;

/// The file, and what it says now.
pub struct StoreFile {
    env: Env,
    path: PathBuf,
    store_key: Arc<SecretKey>,
    state: Mutex<State>,
    written: Condvar,
    seconds: Mutex<Seconds>,
}

struct State {
    /// With every change asked for.
    record: StoreRecord,
    /// As last written.
    durable: StoreRecord,
    /// Told how the next write went.
    waiting: Vec<Arc<Answer>>,
    writing: bool,
    /// A write failed since the last that did not: the file may say what `durable` does not.
    uncertain: bool,
}

type Answer = OnceLock<std::result::Result<(), Failure>>;

/// Why a write failed, for all who waited for it.
#[derive(Debug, Clone)]
enum Failure {
    DiskFull,
    Other(String),
}

impl StoreFile {
    /// Takes charge of the file in `folder`, which says `record` or does not exist yet.
    pub fn new(env: &Env, folder: &Path, store_key: Arc<SecretKey>, record: StoreRecord) -> Self {
        let seconds = Mutex::new(record.seconds.clone());
        let durable = record.clone();
        let state = State { record, durable, waiting: Vec::new(), writing: false, uncertain: false };
        let (state, written) = (Mutex::new(state), Condvar::new());
        Self { env: env.clone(), path: folder.join(NAME), store_key, state, written, seconds }
    }

    /// Reads it; `None` where there is none.
    pub fn read(disk: &dyn Disk, folder: &Path, store_key: &SecretKey) -> Result<Option<StoreRecord>> {
        let path = folder.join(NAME);
        let io = |source| EngineError::io(format!("reading {NAME}"), source);
        if !disk.exists(&path).map_err(io)? {
            return Ok(None);
        }
        let bytes = read_file(disk, &path, MAX_LEN).map_err(io)?;
        let header = FileHeader::decode(&bytes).ok().filter(|header| header.kind == FileKind::Store);
        let header = header.ok_or_else(|| EngineError::damaged(NAME, "header"))?;
        let cipher = header.cipher(store_key).map_err(|_| EngineError::WrongKey("the store".to_owned()))?;
        let opened = cipher.decrypt_body(bytes.get(HEADER_LEN..).unwrap_or_default());
        let record = opened.map_err(BadBytes::from).and_then(|body| StoreRecord::decode(&body));
        record.map(Some).map_err(|_| EngineError::damaged(NAME, "body"))
    }

    /// Applies `change` and writes the file; durable when it returns. After an error nothing of it is in the record.
    pub fn change(&self, change: impl FnOnce(&mut StoreRecord)) -> Result<()> {
        let mut state = self.state.lock();
        change(&mut state.record);
        let answer = Arc::new(Answer::new());
        state.waiting.push(answer.clone());
        while state.writing && answer.get().is_none() {
            self.written.wait(&mut state);
        }
        if answer.get().is_none() {
            self.write(&mut state);
        }
        answer.get().map_or(Ok(()), |answer| answer.clone().map_err(|failure| failure.to_error()))
    }

    /// Writes the file again where a write failed, so that it says what is said here. Called before anything is
    /// done that would not fit a file a failed write may have left.
    pub fn settle(&self) -> Result<()> {
        if self.state.lock().uncertain { self.change(|_| {}) } else { Ok(()) }
    }

    /// Segment `number` exists and may be used.
    pub fn added(&self, number: u64, last_sequence: u64) -> Result<()> {
        self.change(|record| {
            record.newest = number;
            record.floor = record.floor.max(last_sequence);
        })
    }

    /// Segment `number` is not needed any more, with what was parked of it; the one behind it is `next`.
    pub fn retired(
        &self,
        (number, next): (u64, u64),
        last_sequence: u64,
        parked: &[(KeyspaceId, ParkedAnchor)],
    ) -> Result<()> {
        self.change(|record| {
            record.retire(number, next);
            record.floor = record.floor.max(last_sequence);
            record.add_parked(parked);
        })
    }

    /// What counts of a keyspace.
    pub fn anchor(&self, keyspace: KeyspaceId) -> Option<Anchor> {
        self.state.lock().record.keyspaces.get(&keyspace).cloned()
    }

    /// Whether the parked file of `segment` may be needed: it is named, or that segment may still be given back.
    pub fn needs_parked(&self, keyspace: KeyspaceId, segment: u64) -> bool {
        let record = &self.state.lock().record;
        let anchor = record.keyspaces.get(&keyspace);
        let is_named = |anchor: &Anchor| anchor.parked.iter().any(|parked| parked.segment == segment);
        (record.needs_segment(segment) || segment > record.newest) || anchor.is_some_and(is_named)
    }

    /// The manifest of `keyspace` that counts from here on is this one. What is flushed by it need not be
    /// parked.
    pub fn install(&self, keyspace: KeyspaceId, number: u64, digest: [u8; 32], flushed: u64) -> Result<()> {
        self.change(|record| {
            let before = record.keyspaces.remove(&keyspace);
            let mut parked = before.map(|anchor| anchor.parked).unwrap_or_default();
            parked.retain(|parked| parked.last > flushed);
            record.keyspaces.insert(keyspace, Anchor { number, digest, flushed, parked });
        })
    }

    /// There is no such keyspace from here on, whatever the file says now.
    pub fn forget(&self, keyspace: KeyspaceId) -> Result<()> {
        let state = self.state.lock();
        let known = state.uncertain || state.record.keyspaces.contains_key(&keyspace);
        drop(state);
        if known { self.change(|record| drop(record.keyspaces.remove(&keyspace))) } else { Ok(()) }
    }

    /// The checkpoints there are.
    pub fn checkpoints(&self) -> Vec<CheckpointId> {
        self.state.lock().record.checkpoints.keys().copied().collect()
    }

    /// The digest of a checkpoint's descriptor.
    pub fn checkpoint(&self, checkpoint: CheckpointId) -> Option<[u8; 32]> {
        self.state.lock().record.checkpoints.get(&checkpoint).copied()
    }

    /// There is a checkpoint whose descriptor has this digest.
    pub fn add_checkpoint(&self, checkpoint: CheckpointId, digest: [u8; 32]) -> Result<()> {
        self.change(|record| {
            record.checkpoints.insert(checkpoint, digest);
        })
    }

    /// There is no such checkpoint from here on, whatever the file says now.
    pub fn forget_checkpoint(&self, checkpoint: CheckpointId) -> Result<()> {
        let state = self.state.lock();
        let known = state.uncertain || state.record.checkpoints.contains_key(&checkpoint);
        drop(state);
        let forget = |record: &mut StoreRecord| record.checkpoints.retain(|id, _| *id != checkpoint);
        if known { self.change(forget) } else { Ok(()) }
    }

    /// Notes when sequence numbers were given; on disk with the next change, which comes before any segment goes.
    /// Returns the second they count into.
    pub fn note_second(&self, second: u64, sequence: u64) -> u64 {
        self.seconds.lock().note(second, sequence)
    }

    /// As [`StoreFile::note_second`], of many.
    pub fn note_seconds(&self, later: &Seconds) {
        self.seconds.lock().take_over(later);
    }

    /// When sequence numbers were given.
    pub fn seconds(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock()
    }

    /// Writes what was asked for so far, and tells those who wait.
    fn write(&self, state: &mut MutexGuard<'_, State>) {
        let mut record = state.record.clone();
        let waiting = std::mem::take(&mut state.waiting);
        state.writing = true;
        let written = MutexGuard::unlocked(state, || {
            record.seconds = self.seconds.lock().clone();
            self.replace(&record)
        });
        state.writing = false;
        state.uncertain = written.is_err();
        match written {
            Ok(()) => {
                state.durable = record;
                tell(waiting, &Ok(()));
            }
            Err(error) => {
                state.record = state.durable.clone();
                let failure = Err(Failure::of(&error));
                tell(waiting, &failure);
                tell(std::mem::take(&mut state.waiting), &failure);
            }
        }
        self.written.notify_all();
    }

    fn replace(&self, record: &StoreRecord) -> Result<()> {
        let header = FileHeader::new(FileKind::Store, NO_KEYSPACE, &self.store_key, &*self.env.random);
        let bytes = header.with_body(&self.store_key, &[], &[&record.encode()]);
        let bytes = bytes.map_err(|_| EngineError::WrongKey(NAME.to_owned()))?;
        let io = |source| EngineError::io(format!("writing {NAME}"), source);
        replace_file(&*self.env.disk, &self.path, &bytes).map_err(io)
    }
}

fn tell(waiting: Vec<Arc<Answer>>, answer: &std::result::Result<(), Failure>) {
    waiting.into_iter().for_each(|waiting| drop(waiting.set(answer.clone())));
}

impl Failure {
    fn of(error: &EngineError) -> Self {
        match error {
            EngineError::DiskFull => Self::DiskFull,
            EngineError::Io { source, .. } => Self::Other(source.to_string()),
            other => Self::Other(other.to_string()),
        }
    }

    fn to_error(&self) -> EngineError {
        match self {
            Self::DiskFull => EngineError::DiskFull,
            Self::Other(text) => EngineError::io(format!("writing {NAME}"), io::Error::other(text.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::thread;

    use super::{StoreFile, StoreRecord};
    use crate::{CheckpointId, EngineError, KeyspaceId};
    use crypto::SecretKey;
    use env::sim_disk::Fault;
    use env::{Env, OsRandom, SimDisk};

    #[test]
    fn it_reads_as_written_under_its_key_and_undamaged_only() {
        let env = Env::real();
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(SecretKey::generate(&OsRandom));
        let read = |key: &SecretKey| StoreFile::read(&*env.disk, folder.path(), key);
        assert!(read(&key).unwrap().is_none());
        let record = StoreRecord { oldest: 1, newest: 2, floor: 3, ..StoreRecord::default() };
        let store = StoreFile::new(&env, folder.path(), key.clone(), record.clone());
        store.change(|_| {}).unwrap();
        assert_eq!(read(&key).unwrap(), Some(record));
        assert!(matches!(read(&SecretKey::generate(&OsRandom)), Err(EngineError::WrongKey(_))));
        let file = env.disk.open(&folder.path().join("store")).unwrap();
        let mut byte = [0];
        for at in 0..file.len().unwrap() {
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            assert!(matches!(read(&key), Err(EngineError::Damaged { .. })), "byte {at}");
            file.write_all_at(&byte, at).unwrap();
        }
    }

    fn on(disk: &SimDisk) -> StoreFile {
        let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
        let key = Arc::new(SecretKey::take(&mut [7; 32]));
        StoreFile::new(&env, Path::new("/"), key, StoreRecord::default())
    }

    fn read(disk: &SimDisk) -> StoreRecord {
        StoreFile::read(disk, Path::new("/"), &SecretKey::take(&mut [7; 32])).unwrap().unwrap()
    }

    #[test]
    fn changes_that_come_at_once_are_written_together() {
        let disk = SimDisk::new();
        disk.set_slow(1);
        let store = on(&disk);
        thread::scope(|scope| {
            for number in 0..40 {
                let store = &store;
                scope.spawn(move || store.install(KeyspaceId([number; 16]), 1, [number; 32], 0).unwrap());
            }
        });
        assert_eq!(read(&disk.crash(1)).keyspaces.len(), 40);
        // Each writing is six changes of the disk.
        assert!(disk.changes() < 6 * 40, "{} changes", disk.changes());
    }

    #[test]
    fn a_change_that_failed_is_taken_back() {
        for change in 1..=6 {
            let disk = SimDisk::new();
            let store = on(&disk);
            let (kept, failed) = (CheckpointId([1; 16]), CheckpointId([2; 16]));
            store.add_checkpoint(kept, [1; 32]).unwrap();
            disk.fail_change(disk.changes() + change, Fault::Io);
            let answer = store.add_checkpoint(failed, [2; 32]);
            if answer.is_ok() {
                assert_eq!(change, 6, "the file is written by five changes");
                continue;
            }
            assert_eq!(store.checkpoints(), [kept]);
            store.settle().unwrap();
            assert_eq!(read(&disk.crash(change)).checkpoints.len(), 1);
        }
    }
}
