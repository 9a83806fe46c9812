//! What a start does with what it finds.
//!
//! It reads every segment of the log that is needed, on all processors, and authenticates it: the store's key opens
//! the records, and no table key is asked for. The segments stay where they are, as segments that are kept: the file
//! `store` says from then on where each ends, and they go when what is in them has been flushed or parked. A new
//! segment is begun. Interrupted anywhere, all of it is simply done again.
//!
//! Damage in the log stops the start, which names the record, unless it is told to salvage: then what can be read of
//! the damaged segment is parked, what is lost is named in the log of the server, and the segment is kept aside.
//!
//! Map: [`segments`] (reading the log) · [`salvage`] (reading what is damaged).

mod salvage;
mod segments;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;
use env::Env;
use env::disk::Disk;

use super::lifecycle::remove_folder;
use super::log::queue::LiveSegment;
use super::log::segment::Segment;
use super::log::segment_number;
use super::store::{checkpoints_folder, keyspaces_folder};
use super::store_file::{StoreFile, StoreRecord};
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

/// A store made ready to go on.
pub struct Recovered {
    /// Everything up to this sequence number is on disk.
    pub last_sequence: u64,
    /// For each keyspace, the sequence number through which it is flushed.
    pub keyspaces: BTreeMap<KeyspaceId, u64>,
    /// Segments of earlier starts that are needed.
    pub kept: Vec<LiveSegment>,
    /// Where the log goes on.
    pub segment: Arc<Segment>,
    /// Names those segments.
    pub store_file: Arc<StoreFile>,
}

/// What recovery works with.
pub struct Recovery<'a> {
    /// The world.
    pub env: &'a Env,
    /// The store's folder, locked.
    pub folder: &'a Path,
    /// Its key.
    pub store_key: &'a Arc<SecretKey>,
    /// What the new segment is pre-written with.
    pub extent_len: u64,
    /// Whether to go on without what is damaged in the log.
    pub salvage: bool,
}

impl Recovery<'_> {
    /// Recovers the store, or makes an empty one.
    pub fn run(&self) -> Result<Recovered> {
        self.make_folders()?;
        let mut record = self.store_record()?;
        let store_file = StoreFile::new(self.env, self.folder, self.store_key.clone(), record.clone());
        if record.newest < record.oldest {
            store_file.change(|_| {})?;
        }
        self.remove_unused_segments(&record, &[])?;
        let found = self.read_log(&record)?;
        found.seconds.iter().for_each(|seconds| store_file.note_seconds(seconds));
        record.floor = record.floor.max(found.last_sequence);
        store_file.note_second(self.env.clock.now_ms() / 1000, record.floor);
        self.remove_orphans(&record)?;
        let number = record.newest + 1;
        let segment = Segment::create(self.env, self.folder, number, self.store_key, self.extent_len)?;
        record.add_parked(&found.parked);
        (record.oldest, record.newest) = (number, number);
        record.kept = found.kept.iter().map(LiveSegment::as_kept).collect();
        let (last_sequence, recovered) = (record.floor, record.clone());
        store_file.change(|current| *current = recovered)?;
        found.damaged.iter().for_each(|number| self.keep_aside(*number));
        self.remove_unused_segments(&record, &found.damaged)?;
        let keyspaces = record.keyspaces.into_iter().map(|(id, anchor)| (id, anchor.flushed)).collect();
        let (segment, store_file) = (Arc::new(segment), Arc::new(store_file));
        Ok(Recovered { last_sequence, keyspaces, kept: found.kept, segment, store_file })
    }

    fn make_folders(&self) -> Result<()> {
        let io = |source| EngineError::io("making the store's folders", source);
        let disk = &self.env.disk;
        for folder in self.folders() {
            disk.create_dir_all(&folder).map_err(io)?;
        }
        disk.sync_dir(self.folder).map_err(io)
    }

    fn folders(&self) -> [PathBuf; 3] {
        [self.log_folder(), keyspaces_folder(self.folder), checkpoints_folder(self.folder)]
    }

    fn log_folder(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What the file `store` says; a store that is just being made has none.
    fn store_record(&self) -> Result<StoreRecord> {
        if let Some(record) = StoreFile::read(&*self.env.disk, self.folder, self.store_key)? {
            return Ok(record);
        }
        let io = |source| EngineError::io("listing the store", source);
        for folder in self.folders() {
            if !self.env.disk.list(&folder).map_err(io)?.is_empty() {
                return Err(EngineError::damaged("store", "the file is missing"));
            }
        }
        Ok(StoreRecord { oldest: 1, ..StoreRecord::default() })
    }

    /// Segments that were given back, or never used; but not those that could not be kept aside just now.
    fn remove_unused_segments(&self, record: &StoreRecord, damaged: &[u64]) -> Result<()> {
        let io = |source| EngineError::io("listing the log", source);
        let is_unused = |number| !record.needs_segment(number) && !damaged.contains(&number);
        for path in self.env.disk.list(&self.log_folder()).map_err(io)? {
            if segment_number(&path).is_some_and(is_unused) {
                remove_leftover(&*self.env.disk, &path);
            }
        }
        Ok(())
    }

    /// Folders that the file `store` does not name were being made or removed. Only after the log was read: an
    /// older file `store` put back would not fit it.
    fn remove_orphans(&self, record: &StoreRecord) -> Result<()> {
        let is_keyspace = |id| record.keyspaces.contains_key(&KeyspaceId(id));
        self.remove_unnamed(&keyspaces_folder(self.folder), is_keyspace)?;
        let is_checkpoint = |id| record.checkpoints.contains_key(&CheckpointId(id));
        self.remove_unnamed(&checkpoints_folder(self.folder), is_checkpoint)
    }

    fn remove_unnamed(&self, folder: &Path, is_named: impl Fn([u8; 16]) -> bool) -> Result<()> {
        let disk = &*self.env.disk;
        let io = |source| EngineError::io("listing the store", source);
        for path in disk.list(folder).map_err(io)? {
            if id_of(&path).is_some_and(|id| !is_named(id)) {
                remove_folder(disk, &path)?;
            }
        }
        Ok(())
    }
}

/// The id a folder is named by.
pub fn id_of(folder: &Path) -> Option<[u8; 16]> {
    let digits = folder.file_name()?.to_str()?;
    let id = u128::from_str_radix(digits, 16).ok()?;
    (format!("{id:032x}") == digits).then_some(id.to_be_bytes())
}

/// Removes a file nobody needs. One that stays is met again later, and harms nobody.
pub fn remove_leftover(disk: &dyn Disk, path: &Path) {
    match disk.remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "a file that is not needed any more stays for now");
        }
        _ => {}
    }
}
