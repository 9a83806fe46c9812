//! What a start does with what it finds.
//!
//! It needs no table key: the store's key opens the records of the log, and each keyspace's parts, encrypted
//! still, are parked in its folder until the keyspace is opened. Then the old segments go, and a new one is
//! begun. Interrupted anywhere, it is simply done again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;
use env::Env;
use env::disk::{Disk, read_file};

use super::header::FileHeader;
use super::lifecycle::remove_keyspace_folder;
use super::log::scan::{SegmentEnd, Until, read_records, segment_header};
use super::log::segment::Segment;
use super::log::{segment_name, segment_number, segment_path};
use super::manifest::ManifestFolder;
use super::parked::Gathered;
use super::store::keyspaces_folder;
use super::store_file::{StoreFile, StoreRecord};
use crate::{EngineError, KeyspaceId, Result};

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
}

impl Recovery<'_> {
    /// Recovers the store, or makes an empty one.
    pub fn run(&self) -> Result<Recovered> {
        self.make_folders()?;
        let record = self.store_record()?;
        let store_file = StoreFile::new(self.env, self.folder, self.store_key.clone(), record);
        if record.newest < record.oldest {
            store_file.write(record)?;
        }
        self.remove_unused_segments(record)?;
        let keyspaces = self.keyspaces()?;
        let last_sequence = self.park_all(record, &keyspaces)?.max(record.floor);
        let number = record.newest + 1;
        let segment = Segment::create(self.env, self.folder, number, self.store_key, self.extent_len)?;
        store_file.write(StoreRecord { oldest: number, newest: number, floor: last_sequence })?;
        for old in record.oldest..=record.newest {
            remove_leftover(&*self.env.disk, &segment_path(self.folder, old));
        }
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
        for folder in [self.log_folder(), keyspaces_folder(self.folder)] {
            disk.create_dir_all(&folder).map_err(io)?;
        }
        disk.sync_dir(self.folder).map_err(io)
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
        for folder in [self.log_folder(), keyspaces_folder(self.folder)] {
            if !self.env.disk.list(&folder).map_err(io)?.is_empty() {
                return Err(EngineError::damaged("store", "the file is missing"));
            }
        }
        Ok(StoreRecord { oldest: 1, newest: 0, floor: 0 })
    }

    /// Segments that were given back, or never used.
    fn remove_unused_segments(&self, record: StoreRecord) -> Result<()> {
        let io = |source| EngineError::io("listing the log", source);
        for path in self.env.disk.list(&self.log_folder()).map_err(io)? {
            if segment_number(&path).is_some_and(|number| !(record.oldest..=record.newest).contains(&number))
            {
                remove_leftover(&*self.env.disk, &path);
            }
        }
        Ok(())
    }

    /// The keyspaces there are. A folder without a manifest is one that was being created or dropped.
    fn keyspaces(&self) -> Result<BTreeMap<KeyspaceId, u64>> {
        let disk = &*self.env.disk;
        let io = |source| EngineError::io("listing the keyspaces", source);
        let mut keyspaces = BTreeMap::new();
        disk.sync_dir(&keyspaces_folder(self.folder)).map_err(io)?;
        for folder in disk.list(&keyspaces_folder(self.folder)).map_err(io)? {
            let Some(keyspace) = keyspace_id(&folder) else { continue };
            // What is relied on from here on must not be lost with the power: a process that was killed may
            // have renamed a manifest and not synced the name.
            disk.sync_dir(&folder).map_err(io)?;
            match (ManifestFolder { disk, folder: &folder, keyspace }).current_header() {
                Ok(Some(header)) => drop(keyspaces.insert(keyspace, header.sequence)),
                Ok(None) => remove_keyspace_folder(disk, self.folder, keyspace)?,
                // Told when it is opened; the others are not to suffer. All its parts are kept.
                Err(EngineError::Damaged { .. }) => drop(keyspaces.insert(keyspace, 0)),
                Err(error) => return Err(error),
            }
        }
        Ok(keyspaces)
    }

    /// Parks the parts in all segments; returns the highest sequence number.
    fn park_all(&self, record: StoreRecord, keyspaces: &BTreeMap<KeyspaceId, u64>) -> Result<u64> {
        let (mut last_sequence, mut unended): (u64, Option<(u64, SegmentEnd)>) = (0, None);
        for number in record.oldest..=record.newest {
            let end = self.park_segment(number, keyspaces)?;
            if let Some((before, end)) = unended.filter(|_| end.records > 0) {
                let place = format!("after record {}: the rest is missing", end.records);
                return Err(EngineError::damaged(segment_name(before), place));
            }
            last_sequence = last_sequence.max(end.last_sequence);
            if !end.ended {
                unended = Some((number, end));
            }
        }
        Ok(last_sequence)
    }

    fn park_segment(&self, number: u64, keyspaces: &BTreeMap<KeyspaceId, u64>) -> Result<SegmentEnd> {
        let (header, bytes) = self.read_segment(number)?;
        let damaged = |place: String| EngineError::damaged(segment_name(number), place);
        let cipher = header.cipher(self.store_key).map_err(|_| damaged("header".to_owned()))?;
        let mut gathered = Gathered::default();
        let wanted = |id, sequence| keyspaces.get(&id).is_some_and(|flushed| sequence > *flushed);
        let end = read_records(&bytes, &cipher, Until::TheEnd, &mut |index, record| {
            gathered.take(index, record, wanted);
        });
        let end = end.map_err(|damage| damaged(damage.to_string()))?;
        gathered.park(self.env, self.folder, self.store_key, &header)?;
        Ok(end)
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

/// The keyspace whose folder this is.
pub fn keyspace_id(folder: &Path) -> Option<KeyspaceId> {
    let digits = folder.file_name()?.to_str()?;
    let id = u128::from_str_radix(digits, 16).ok()?;
    let id = KeyspaceId(id.to_be_bytes());
    (id.to_string() == digits).then_some(id)
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
