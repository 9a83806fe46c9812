//! Walks a store that nobody has open, and says of every byte of it whether it is what was written.
//!
//! A store is a list of [`Place`]s: headers, bodies, records, blocks, one behind the other, so that no byte
//! lies outside all of them. What a key proves is [`Finding::Authentic`]; without the key there remain
//! checksums of headers, lengths and names ([`Finding::Sound`]). After damage the walk goes on where it can.
//!
//! Map: [`log`] (segments) · [`keyspace`] (manifest, sorted files, parked parts) · [`checkpoint`].
//!
//! Invariants: nothing is written, and nothing is believed that was not authenticated; a place is called what
//! [`EngineError::Damaged`] calls it when a running engine meets the damage.

mod checkpoint;
mod keyspace;
mod log;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::{SecretKey, sha256};
use env::Disk;
use env::disk::read_file;

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::reader::u64_of;
use super::recovery;
use super::sorted_file::walk::Met;
use super::store_record::StoreRecord;
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

/// No file that is read as a whole is longer.
const MAX_LEN: u64 = 1 << 32;

/// What opens a store, as far as it is at hand.
pub struct Keys<'a> {
    /// The key of the store: with it, the log and what is parked are authenticated.
    pub store: Option<&'a SecretKey>,
    /// The table keys that may be a keyspace's (two while it is changing): with the right one, its manifest and
    /// sorted files are.
    pub table: &'a dyn Fn(KeyspaceId) -> &'a [SecretKey],
    /// The keys that may be those of a checkpoint's receiver: with the right one, its descriptor and sorted files are.
    pub checkpoint: &'a dyn Fn(CheckpointId) -> &'a [SecretKey],
}

/// Data encryption keys of what was walked so far, by their epochs. A header says which of them its file is under.
#[derive(Default)]
struct Deks(BTreeMap<u32, Vec<SecretKey>>);

impl Deks {
    fn add(&mut self, deks: Vec<(u32, SecretKey)>) {
        deks.into_iter().for_each(|(epoch, dek)| self.0.entry(epoch).or_default().push(dek));
    }

    fn of(&self, header: &FileHeader) -> Option<&SecretKey> {
        self.0.get(&header.epoch)?.iter().find(|dek| header.cipher(dek).is_ok())
    }
}

/// A part of a file, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Relative to the store.
    pub file: String,
    /// Whose the file is, where it is one keyspace's.
    pub keyspace: Option<KeyspaceId>,
    /// As errors name it.
    pub name: String,
    /// Where in the file.
    pub bytes: Range<u64>,
    /// What is there.
    pub finding: Finding,
    /// Versions of entries in a data block, commits in a record; else 0.
    pub entries: u64,
}

/// What is known of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It is what was written: its key says so.
    Authentic,
    /// Checksum, kind and length are right; whether it is what was written, only its key could tell.
    Sound,
    /// Encrypted, and its key is not at hand.
    Unread,
    /// Prepared for what comes, or left by what a crash cut off.
    Unwritten,
    /// Of a file that nothing names any more; the next start or opening removes it.
    Leftover,
    /// Not what was written.
    Damaged,
}

/// A store to be walked. Nobody else may have it open meanwhile.
pub struct Verify<'a> {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The store's folder.
    pub folder: &'a Path,
    /// What is at hand.
    pub keys: Keys<'a>,
}

type Tell<'a> = dyn FnMut(Place) + 'a;

impl Verify<'_> {
    /// Walks the store, telling every place.
    ///
    /// # Errors
    /// [`EngineError::WrongKey`] where the store's key is another's; [`EngineError::Io`] where a folder cannot
    /// be listed. What else cannot be read is told as damage.
    pub fn run(&self, tell: &mut Tell<'_>) -> Result<()> {
        let record = self.store_file(tell)?;
        self.log(record.as_ref(), tell)?;
        let mut deks = Deks::default();
        for folder in self.list(&self.folder.join("keyspaces"))? {
            self.keyspace(&folder, record.as_ref(), &mut deks, tell)?;
        }
        for folder in self.list(&self.folder.join("checkpoints"))? {
            self.checkpoint(&folder, record.as_ref(), &deks, tell)?;
        }
        record.iter().for_each(|record| self.missing_folders(record, tell));
        for path in self.list(self.folder)? {
            let name = self.name(&path);
            if !matches!(&*name, "store" | "log" | "keyspaces" | "checkpoints" | "LOCK") {
                self.leftover(&path, None, tell);
            }
        }
        Ok(())
    }

    /// How many bytes there are to walk.
    ///
    /// # Errors
    /// [`EngineError::Io`].
    pub fn bytes(&self) -> Result<u64> {
        let mut folders = vec![self.folder.to_owned(), self.folder.join("log")];
        folders.extend(self.list(&self.folder.join("keyspaces"))?);
        folders.extend(self.list(&self.folder.join("checkpoints"))?);
        let mut len = 0;
        for folder in folders {
            let of = |path: &PathBuf| self.disk.open(path).and_then(|file| file.len()).unwrap_or_default();
            len += self.list(&folder)?.iter().map(of).sum::<u64>();
        }
        Ok(len)
    }

    fn store_file(&self, tell: &mut Tell<'_>) -> Result<Option<StoreRecord>> {
        let file = SmallFile {
            name: "store".to_owned(),
            keyspace: None,
            is_right: &|header| header.kind == FileKind::Store,
        };
        if !self
            .disk
            .exists(&self.folder.join("store"))
            .map_err(|source| EngineError::io("reading store", source))?
        {
            let nothing_yet = self.list(&self.folder.join("log"))?.is_empty()
                && self.list(&self.folder.join("keyspaces"))?.is_empty();
            if !nothing_yet {
                tell(file.place("the file is missing", 0..0, Finding::Damaged));
            }
            return Ok(None);
        }
        match self.small_file(&file, self.keys.store.as_slice(), tell) {
            Opened::Body(body) => Ok(StoreRecord::decode(&body).ok()),
            Opened::OtherKey => Err(EngineError::WrongKey("the store".to_owned())),
            Opened::Nothing => Ok(None),
        }
    }

    /// A file that is a header and one body.
    fn small_file<K: std::borrow::Borrow<SecretKey>>(
        &self,
        file: &SmallFile<'_>,
        keys: &[K],
        tell: &mut Tell<'_>,
    ) -> Opened {
        let bytes = match read_file(&*self.disk, &self.folder.join(&file.name), MAX_LEN) {
            Ok(bytes) => bytes,
            Err(error) => {
                tell(file.place(&unreadable(&error), 0..0, Finding::Damaged));
                return Opened::Nothing;
            }
        };
        let head_len = HEADER_LEN.min(bytes.len());
        let (header, body, opened) = open_small(&bytes, file, keys);
        tell(file.place("header", 0..u64_of(head_len), header));
        tell(file.place("body", u64_of(head_len)..u64_of(bytes.len()), body));
        opened
    }

    /// What the file `store` names and is not there at all.
    fn missing_folders(&self, record: &StoreRecord, tell: &mut Tell<'_>) {
        let keyspaces = record.keyspaces.keys().map(|id| (format!("keyspaces/{id}"), Some(*id)));
        let checkpoints = record.checkpoints.keys().map(|id| (format!("checkpoints/{id}"), None));
        for (name, keyspace) in keyspaces.chain(checkpoints) {
            if !self.disk.exists(&self.folder.join(&name)).unwrap_or(false) {
                let file = SmallFile { name, keyspace, is_right: &|_| true };
                tell(file.place("the folder is missing", 0..0, Finding::Damaged));
            }
        }
    }

    fn leftover(&self, path: &Path, keyspace: Option<KeyspaceId>, tell: &mut Tell<'_>) {
        let len = self.disk.open(path).and_then(|file| file.len()).unwrap_or_default();
        let (file, name) = (self.name(path), "all of it".to_owned());
        tell(Place { file, keyspace, name, bytes: 0..len, finding: Finding::Leftover, entries: 0 });
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let io = |source| EngineError::io(format!("listing {}", folder.display()), source);
        if self.disk.exists(folder).map_err(io)? {
            self.disk.list(folder).map_err(io)
        } else {
            Ok(Vec::new())
        }
    }

    /// A path, relative to the store.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// What is found of header and body of a file, and what the body is.
fn open_small<K: std::borrow::Borrow<SecretKey>>(
    bytes: &[u8],
    file: &SmallFile<'_>,
    keys: &[K],
) -> (Finding, Finding, Opened) {
    let Some(header) = FileHeader::decode(bytes).ok().filter(|header| (file.is_right)(header)) else {
        return (Finding::Damaged, Finding::Unread, Opened::Nothing);
    };
    if keys.is_empty() {
        return (Finding::Sound, Finding::Unread, Opened::Nothing);
    }
    let Some(cipher) = keys.iter().find_map(|key| header.cipher(key.borrow()).ok()) else {
        return (Finding::Damaged, Finding::Unread, Opened::OtherKey);
    };
    // The header's fields are bound to the body: only both together are authentic.
    match cipher.decrypt_body(bytes.get(HEADER_LEN..).unwrap_or_default()) {
        Ok(body) => (Finding::Authentic, Finding::Authentic, Opened::Body(body)),
        Err(_) => (Finding::Sound, Finding::Damaged, Opened::Nothing),
    }
}

/// Whether a file is the one the file `store` names.
fn is_named(disk: &dyn Disk, path: &Path, digest: &[u8; 32]) -> bool {
    read_file(disk, path, MAX_LEN).is_ok_and(|bytes| sha256(&bytes) == *digest)
}

/// A file that is a header and one body.
struct SmallFile<'a> {
    name: String,
    keyspace: Option<KeyspaceId>,
    is_right: &'a dyn Fn(&FileHeader) -> bool,
}

impl SmallFile<'_> {
    fn place(&self, name: &str, bytes: Range<u64>, finding: Finding) -> Place {
        let (file, keyspace) = (self.name.clone(), self.keyspace);
        Place { file, keyspace, name: name.to_owned(), bytes, finding, entries: 0 }
    }
}

/// What a small file's body is.
enum Opened {
    Body(Vec<u8>),
    OtherKey,
    Nothing,
}

/// The keyspace whose folder this is.
#[must_use]
pub fn keyspace_id(folder: &Path) -> Option<KeyspaceId> {
    recovery::id_of(folder).map(KeyspaceId)
}

fn tell_met(file: &SmallFile<'_>, met: Met, tell: &mut Tell<'_>) {
    let finding = if met.is_sound { Finding::Authentic } else { Finding::Damaged };
    tell(Place { entries: met.entries, ..file.place(&met.name, met.bytes, finding) });
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the file is missing".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}
