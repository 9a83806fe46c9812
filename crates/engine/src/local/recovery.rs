//! What a start does with what it finds.
//!
//! It needs no table key: the store's key opens the records of the log, and each keyspace's parts, encrypted
//! still, are parked in its folder until the keyspace is opened. Then the old segments go, and a new one is
//! begun. Interrupted anywhere, it is simply done again.
//!
//! Damage in the log stops the start, which names the record, unless it is told to salvage: then all other records
//! are parked, what is lost is named in the log of the server, and the damaged segment is kept aside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;
use env::Env;
use env::disk::{Disk, read_file};

use super::header::FileHeader;
use super::lifecycle::remove_folder;
use super::log::record::frame_len;
use super::log::scan::{Met, SegmentEnd, Until, read_records, segment_header, survey};
use super::log::segment::Segment;
use super::log::{segment_name, segment_number, segment_path};
use super::parked::Gathered;
use super::reader::u64_of;
use super::store::{checkpoints_folder, keyspaces_folder};
use super::store_file::{Anchor, ParkedAnchor, StoreFile, StoreRecord};
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

/// No segment is longer, and none is read that is.
const MAX_SEGMENT_LEN: u64 = 1 << 32;

/// A store made ready to go on.
pub struct Recovered {
    /// Everything up to this sequence number is on disk.
    pub last_sequence: u64,
    /// For each keyspace, the sequence number through which it is flushed.
    pub keyspaces: BTreeMap<KeyspaceId, u64>,
    /// Where the log goes on.
    pub segment: Arc<Segment>,
    /// Names that segment.
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

/// What the log held.
#[derive(Default)]
struct Parked {
    parts: Vec<(KeyspaceId, ParkedAnchor)>,
    last_sequence: u64,
    /// Segments of which something is lost; they are kept aside.
    damaged: Vec<u64>,
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
        self.remove_unused_segments(&record)?;
        let parked = self.park_all(&record, &store_file)?;
        let (oldest, newest) = (record.oldest, record.newest);
        record.add_parked(&parked.parts);
        record.floor = record.floor.max(parked.last_sequence);
        store_file.note_second(self.env.clock.now_ms() / 1000, record.floor);
        self.remove_orphans(&record)?;
        let number = record.newest + 1;
        let segment = Segment::create(self.env, self.folder, number, self.store_key, self.extent_len)?;
        (record.oldest, record.newest) = (number, number);
        let (last_sequence, recovered) = (record.floor, record.clone());
        store_file.change(|current| *current = recovered)?;
        parked.damaged.iter().for_each(|number| self.keep_aside(*number));
        for old in (oldest..=newest).filter(|number| !parked.damaged.contains(number)) {
            remove_leftover(&*self.env.disk, &segment_path(self.folder, old));
        }
        let keyspaces = record.keyspaces.into_iter().map(|(id, anchor)| (id, anchor.flushed)).collect();
        Ok(Recovered {
            last_sequence,
            keyspaces,
            segment: Arc::new(segment),
            store_file: Arc::new(store_file),
        })
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

    /// Segments that were given back, or never used.
    fn remove_unused_segments(&self, record: &StoreRecord) -> Result<()> {
        let io = |source| EngineError::io("listing the log", source);
        for path in self.env.disk.list(&self.log_folder()).map_err(io)? {
            if segment_number(&path).is_some_and(|number| !(record.oldest..=record.newest).contains(&number))
            {
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

    /// Parks the parts in all segments.
    fn park_all(&self, record: &StoreRecord, store_file: &StoreFile) -> Result<Parked> {
        let (mut parked, mut unended): (Parked, Option<(u64, SegmentEnd)>) = (Parked::default(), None);
        for number in record.oldest..=record.newest {
            let (parts, end) = match self.park_segment(number, &record.keyspaces, store_file) {
                Err(EngineError::Damaged { file, place }) if self.salvage => {
                    tracing::error!(file, place, "the log is damaged; what can be read of it is salvaged");
                    parked.damaged.push(number);
                    self.salvage_segment(number, &record.keyspaces, store_file)?
                }
                read => read?,
            };
            parked.parts.extend(parts);
            if let Some((before, end)) = unended.filter(|_| end.records > 0) {
                let place = format!("after record {}: the rest is missing", end.records);
                if !self.salvage {
                    return Err(EngineError::damaged(segment_name(before), place));
                }
                tracing::error!(file = segment_name(before), place, "the log goes on without it");
            }
            parked.last_sequence = parked.last_sequence.max(end.last_sequence);
            unended = if end.ended { None } else { Some((number, end)) };
        }
        Ok(parked)
    }

    /// Parks what can be read of a damaged segment, and names what cannot. Whose records are lost, nobody can tell:
    /// that is encrypted with them.
    fn salvage_segment(
        &self,
        number: u64,
        keyspaces: &BTreeMap<KeyspaceId, Anchor>,
        store_file: &StoreFile,
    ) -> Result<(Vec<(KeyspaceId, ParkedAnchor)>, SegmentEnd)> {
        let name = segment_name(number);
        let mut end = SegmentEnd { ended: true, ..SegmentEnd::default() };
        let read = self.read_segment(number).ok();
        let opened =
            read.and_then(|(header, bytes)| Some((header.cipher(self.store_key).ok()?, header, bytes)));
        let Some((cipher, header, bytes)) = opened else {
            tracing::error!(file = name, "the whole segment is lost");
            return Ok((Vec::new(), end));
        };
        let (mut gathered, mut lost) = (Gathered::default(), 0);
        let wanted = |id, sequence| keyspaces.get(&id).is_some_and(|anchor| sequence > anchor.flushed);
        survey(&bytes, Some(&cipher), &mut |frame, met| {
            end.records += 1;
            match met {
                Met::Commit(record) => {
                    end.last_sequence = end.last_sequence.max(record.sequence);
                    store_file.note_second(record.second, record.sequence);
                    gathered.take(frame.index, &record, wanted);
                }
                Met::Damage => {
                    lost += u64_of(frame.len / frame_len(std::iter::empty()) + 1);
                    tracing::error!(file = name, place = %frame.as_damaged(), bytes = frame.len, "commits are lost");
                }
                Met::End | Met::Unopened => {}
            }
        });
        // Sequence numbers of what is lost are not given again.
        end.last_sequence += lost;
        Ok((gathered.park(self.env, self.folder, self.store_key, &header)?, end))
    }

    /// A damaged segment may be all that is left of something: it stays, under a name nobody looks for.
    fn keep_aside(&self, number: u64) {
        let path = segment_path(self.folder, number);
        if let Err(error) = self.env.disk.rename(&path, &path.with_extension("damaged")) {
            tracing::warn!(%error, file = segment_name(number), "a damaged segment cannot be kept");
        }
    }

    fn park_segment(
        &self,
        number: u64,
        keyspaces: &BTreeMap<KeyspaceId, Anchor>,
        store_file: &StoreFile,
    ) -> Result<(Vec<(KeyspaceId, ParkedAnchor)>, SegmentEnd)> {
        let (header, bytes) = self.read_segment(number)?;
        let damaged = |place: String| EngineError::damaged(segment_name(number), place);
        let cipher = header.cipher(self.store_key).map_err(|_| damaged("header".to_owned()))?;
        let mut gathered = Gathered::default();
        let wanted = |id, sequence| keyspaces.get(&id).is_some_and(|anchor| sequence > anchor.flushed);
        let end = read_records(&bytes, &cipher, Until::TheEnd, &mut |index, record| {
            store_file.note_second(record.second, record.sequence);
            gathered.take(index, record, wanted);
        });
        let end = end.map_err(|damage| damaged(damage.to_string()))?;
        Ok((gathered.park(self.env, self.folder, self.store_key, &header)?, end))
    }

    fn read_segment(&self, number: u64) -> Result<(FileHeader, Vec<u8>)> {
        let (name, path) = (segment_name(number), segment_path(self.folder, number));
        let io = |source| EngineError::io(format!("reading {name}"), source);
        if !self.env.disk.exists(&path).map_err(io)? {
            return Err(EngineError::damaged(name, "the file is missing"));
        }
        // A process that was killed may have left records that are not durable. Their sequence numbers are not
        // given again, so they must not be lost with the power any more.
        self.env.disk.open(&path).and_then(|file| file.sync()).map_err(io)?;
        let bytes = read_file(&*self.env.disk, &path, MAX_SEGMENT_LEN).map_err(io)?;
        let header = segment_header(&bytes, number);
        let header = header.ok_or_else(|| EngineError::damaged(name, "header"))?;
        Ok((header, bytes))
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
