//! The manifest of a keyspace: its wrapped data encryption keys and its sorted files. `docs/formats/manifest.md`
//! draws the bytes.
//!
//! Each change is a new file, `manifest-<number>`, written beside, synced and renamed: the rename is the
//! moment of the change, the highest number counts. All but the header is encrypted under a key derived from
//! the table key, so a switch of the table key is a manifest under the new one.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use crypto::{SecretKey, TAG_LEN, sha256, unwrap_key, wrap_key};
use env::Random;
use env::disk::{Disk, read_file};

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::reader::{BadBytes, Reader, u32_of};
use super::sorted_file::layout::Properties;
use crate::{EngineError, KeyspaceId, Result};

const BODY: u8 = 1;
const PREFIX: &str = "manifest-";
/// No manifest is longer, and none is read that is.
const MAX_LEN: u64 = 64 << 20;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Of the manifest before.
    pub previous_digest: [u8; 32],
    /// Oldest epoch first; the last is used for new files.
    pub deks: Vec<WrappedDek>,
    /// In the order of [`super::levels::check`], which says what holds of them together.
    pub files: Vec<FileRecord>,
}

/// What flushes and compaction do to the files of a keyspace.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// File ids.
    pub removed: Vec<[u8; 16]>,
    /// New files, or removed ones in another level.
    pub added: Vec<FileRecord>,
}

impl Manifest {
    /// The manifest after a change of files.
    pub fn with(mut self, change: &Change) -> Self {
        self.files.retain(|file| !change.removed.contains(&file.header.file_id));
        self.files.extend(change.added.iter().cloned());
        self.files.sort_by(super::levels::by_place);
        self
    }
}

/// A data encryption key, wrapped by the table key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDek {
    /// Counts up from 1.
    pub epoch: u32,
    /// Bound to keyspace and epoch.
    pub wrapped: Vec<u8>,
}

impl WrappedDek {
    /// Wraps `dek`.
    pub fn wrap(
        dek: &SecretKey,
        epoch: u32,
        keyspace: KeyspaceId,
        table_key: &SecretKey,
        random: &dyn Random,
    ) -> Self {
        Self { epoch, wrapped: wrap_key(table_key, dek, &associated(keyspace, epoch), random) }
    }

    /// Unwraps it.
    pub fn unwrap(
        &self,
        keyspace: KeyspaceId,
        table_key: &SecretKey,
    ) -> std::result::Result<SecretKey, BadBytes> {
        Ok(unwrap_key(table_key, &self.wrapped, &associated(keyspace, self.epoch))?)
    }
}

fn associated(keyspace: KeyspaceId, epoch: u32) -> Vec<u8> {
    [&b"strongroom dek"[..], &keyspace.0, &epoch.to_le_bytes()].concat()
}

/// A sorted file, as its manifest knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The file begins with exactly this.
    pub header: FileHeader,
    /// In bytes.
    pub len: u64,
    /// SHA-256 of all of it.
    pub digest: [u8; 32],
    /// 0: as flushed; the higher, the older what it holds of a key. The tree says where the file is now.
    pub level: u8,
    /// Entries that put a value.
    pub puts: u64,
    /// Entries that remove.
    pub removals: u64,
    /// Bytes of values.
    pub value_bytes: u64,
    /// The lowest sequence number.
    pub first_sequence: u64,
    /// The highest.
    pub last_sequence: u64,
    /// The first user key.
    pub first_key: Bytes,
    /// The last.
    pub last_key: Bytes,
}

impl FileRecord {
    /// What the file itself says of its content.
    pub fn properties(&self) -> Properties {
        Properties {
            puts: self.puts,
            removals: self.removals,
            value_bytes: self.value_bytes,
            first_sequence: self.first_sequence,
            last_sequence: self.last_sequence,
            first_key: self.first_key.to_vec(),
            last_key: self.last_key.to_vec(),
        }
    }
}

/// Bytes of a file record, at least.
const FILE_RECORD_LEN: usize = HEADER_LEN + 8 + 32 + 1 + 5 * 8 + 2 * 4;

/// A manifest read from its file.
pub struct StoredManifest {
    /// Of the file.
    pub header: FileHeader,
    /// Its content.
    pub manifest: Manifest,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
}

/// Where the manifests of one keyspace lie.
pub struct ManifestFolder<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The keyspace's folder.
    pub folder: &'a Path,
    /// Whose.
    pub keyspace: KeyspaceId,
}

impl ManifestFolder<'_> {
    /// The numbers of the manifests there, lowest first.
    pub fn numbers(&self) -> Result<Vec<u64>> {
        let io = |source| EngineError::io(format!("listing keyspace {}", self.keyspace), source);
        let entries = self.disk.list(self.folder).map_err(io)?;
        let mut numbers: Vec<u64> = entries.iter().filter_map(|path| number_of(path)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Reads the header of the current manifest, which needs no key; `None` where there is no manifest.
    pub fn current_header(&self) -> Result<Option<FileHeader>> {
        let Some(number) = self.numbers()?.pop() else { return Ok(None) };
        let bytes = self.bytes(number)?;
        self.header(number, &bytes).map(Some)
    }

    /// Reads the current manifest; `None` where there is none.
    pub fn current(&self, table_key: &SecretKey) -> Result<Option<StoredManifest>> {
        let Some(number) = self.numbers()?.pop() else { return Ok(None) };
        let bytes = self.bytes(number)?;
        let header = self.header(number, &bytes)?;
        let wrong = |_| EngineError::WrongKey(format!("keyspace {}", self.keyspace));
        let cipher = header.cipher(table_key).map_err(wrong)?;
        let mut body = bytes.get(HEADER_LEN..).unwrap_or_default().to_vec();
        let opened = cipher.decrypt_vec(BODY, 0, &mut body).map_err(BadBytes::from);
        let manifest = opened.and_then(|()| decode(&body)).map_err(|_| self.damaged(number, "body"))?;
        Ok(Some(StoredManifest { header, manifest, digest: sha256(&bytes) }))
    }

    /// Writes a manifest beside the others, under its own name only when [`ManifestFolder::install`]ed.
    pub fn prepare(&self, number: u64, bytes: &[u8]) -> Result<()> {
        let io =
            |source| EngineError::io(format!("writing a manifest of keyspace {}", self.keyspace), source);
        let path = self.beside(number);
        if self.disk.exists(&path).map_err(io)? {
            self.disk.remove_file(&path).map_err(io)?;
        }
        let file = self.disk.create(&path).map_err(io)?;
        file.write_all_at(bytes, 0).and_then(|()| file.sync()).map_err(io)
    }

    /// Makes a prepared manifest the current one. After an error, either may be.
    pub fn install(&self, number: u64) -> Result<()> {
        let io =
            |source| EngineError::io(format!("installing a manifest of keyspace {}", self.keyspace), source);
        self.disk.rename(&self.beside(number), &self.path(number)).map_err(io)?;
        self.disk.sync_dir(self.folder).map_err(io)
    }

    /// The name of a manifest, relative to the store.
    pub fn name(&self, number: u64) -> String {
        name(self.keyspace, number)
    }

    /// Removes the manifests below `number`; one that stays is removed at the next opening.
    pub fn remove_below(&self, number: u64) {
        let below = self.numbers().unwrap_or_default().into_iter().filter(|at| *at < number);
        for at in below {
            if let Err(error) = self.disk.remove_file(&self.path(at)) {
                tracing::warn!(%error, keyspace = %self.keyspace, "an old manifest stays for now");
            }
        }
    }

    fn header(&self, number: u64, bytes: &[u8]) -> Result<FileHeader> {
        let header = FileHeader::decode(bytes).map_err(|_| self.damaged(number, "header"))?;
        let ours =
            header.kind == FileKind::Manifest && header.origin == self.keyspace && header.number == number;
        if ours { Ok(header) } else { Err(self.damaged(number, "header: it is another file's")) }
    }

    fn bytes(&self, number: u64) -> Result<Vec<u8>> {
        let io =
            |source| EngineError::io(format!("reading a manifest of keyspace {}", self.keyspace), source);
        read_file(self.disk, &self.path(number), MAX_LEN).map_err(io)
    }

    fn damaged(&self, number: u64, place: &str) -> EngineError {
        EngineError::damaged(self.name(number), place)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:016x}"))
    }

    fn beside(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:016x}.new"))
    }
}

/// The name of a manifest, relative to the store.
pub fn name(keyspace: KeyspaceId, number: u64) -> String {
    format!("keyspaces/{keyspace}/{PREFIX}{number:016x}")
}

/// The header of manifest `number`, for entries flushed through `flushed`.
pub fn new_header(
    keyspace: KeyspaceId,
    number: u64,
    flushed: u64,
    table_key: &SecretKey,
    random: &dyn Random,
) -> FileHeader {
    FileHeader {
        number,
        sequence: flushed,
        ..FileHeader::new(FileKind::Manifest, keyspace, table_key, random)
    }
}

/// The number in the name of a manifest.
pub fn number_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// The bytes of a manifest's file.
pub fn encode_file(
    header: &FileHeader,
    table_key: &SecretKey,
    manifest: &Manifest,
) -> std::result::Result<Vec<u8>, BadBytes> {
    let cipher = header.cipher(table_key)?;
    let mut body = encode(manifest);
    body.reserve(TAG_LEN);
    let tag = cipher.encrypt(BODY, 0, &mut body);
    Ok([&header.encode()[..], &body, &tag].concat())
}

fn encode(manifest: &Manifest) -> Vec<u8> {
    let mut out = manifest.previous_digest.to_vec();
    out.extend_from_slice(&u32_of(manifest.deks.len()).to_le_bytes());
    for dek in &manifest.deks {
        out.extend_from_slice(&dek.epoch.to_le_bytes());
        out.extend_from_slice(&u32_of(dek.wrapped.len()).to_le_bytes());
        out.extend_from_slice(&dek.wrapped);
    }
    out.extend_from_slice(&u32_of(manifest.files.len()).to_le_bytes());
    manifest.files.iter().for_each(|file| encode_record(file, &mut out));
    out
}

fn encode_record(file: &FileRecord, out: &mut Vec<u8>) {
    out.extend_from_slice(&file.header.encode());
    out.extend_from_slice(&file.len.to_le_bytes());
    out.extend_from_slice(&file.digest);
    out.push(file.level);
    let numbers = [file.puts, file.removals, file.value_bytes, file.first_sequence, file.last_sequence];
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    for key in [&file.first_key, &file.last_key] {
        out.extend_from_slice(&u32_of(key.len()).to_le_bytes());
        out.extend_from_slice(key);
    }
}

/// Reads the plaintext of a manifest's body.
pub fn decode(body: &[u8]) -> std::result::Result<Manifest, BadBytes> {
    let mut reader = Reader::new(body);
    let previous_digest = reader.array()?;
    let count = reader.count(8)?;
    let deks = (0..count).map(|_| decode_dek(&mut reader)).collect::<std::result::Result<_, _>>()?;
    let count = reader.count(FILE_RECORD_LEN)?;
    let files = (0..count).map(|_| decode_record(&mut reader)).collect::<std::result::Result<Vec<_>, _>>()?;
    reader.end()?;
    super::levels::check(&files)?;
    Ok(Manifest { previous_digest, deks, files })
}

fn decode_dek(reader: &mut Reader<'_>) -> std::result::Result<WrappedDek, BadBytes> {
    let epoch = reader.u32()?;
    let len = reader.count(1)?;
    Ok(WrappedDek { epoch, wrapped: reader.bytes(len)?.to_vec() })
}

fn decode_record(reader: &mut Reader<'_>) -> std::result::Result<FileRecord, BadBytes> {
    Ok(FileRecord {
        header: FileHeader::decode(reader.bytes(HEADER_LEN)?)?,
        len: reader.u64()?,
        digest: reader.array()?,
        level: reader.u8()?,
        puts: reader.u64()?,
        removals: reader.u64()?,
        value_bytes: reader.u64()?,
        first_sequence: reader.u64()?,
        last_sequence: reader.u64()?,
        first_key: decode_key(reader)?,
        last_key: decode_key(reader)?,
    })
}

fn decode_key(reader: &mut Reader<'_>) -> std::result::Result<Bytes, BadBytes> {
    let len = reader.count(1)?;
    Ok(Bytes::copy_from_slice(reader.bytes(len)?))
}

#[cfg(test)]
mod tests {
    use super::{FileRecord, Manifest, ManifestFolder, WrappedDek, decode, encode, encode_file, new_header};
    use crate::local::header::{FileHeader, FileKind};
    use crate::{EngineError, KeyspaceId};
    use bytes::Bytes;
    use crypto::SecretKey;
    use env::disk::Disk;
    use env::{OsRandom, RealDisk};

    const KEYSPACE: KeyspaceId = KeyspaceId([5; 16]);

    fn manifest(key: &SecretKey) -> Manifest {
        let header = FileHeader::new(FileKind::SortedFile, KEYSPACE, key, &OsRandom);
        let file = FileRecord {
            header,
            len: 1,
            digest: [2; 32],
            level: 0,
            puts: 3,
            removals: 4,
            value_bytes: 5,
            first_sequence: 6,
            last_sequence: 7,
            first_key: Bytes::from_static(b"a"),
            last_key: Bytes::from_static(b"b"),
        };
        let older = FileRecord { first_sequence: 4, last_sequence: 5, ..file.clone() };
        let dek = WrappedDek::wrap(key, 1, KEYSPACE, key, &OsRandom);
        Manifest { previous_digest: [9; 32], deks: vec![dek], files: vec![file, older] }
    }

    #[test]
    fn it_reads_as_written_and_no_cut_of_it_does() {
        let manifest = manifest(&SecretKey::generate(&OsRandom));
        let body = encode(&manifest);
        assert_eq!(decode(&body), Ok(manifest));
        for len in 0..body.len() {
            assert!(decode(&body[..len]).is_err());
        }
    }

    #[test]
    fn every_flipped_byte_is_found_and_another_key_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = ManifestFolder { disk: &RealDisk, folder: folder.path(), keyspace: KEYSPACE };
        let key = SecretKey::generate(&OsRandom);
        let header = new_header(KEYSPACE, 3, 11, &key, &OsRandom);
        manifests.prepare(3, &encode_file(&header, &key, &manifest(&key)).unwrap()).unwrap();
        assert!(manifests.current(&key).unwrap().is_none());
        manifests.install(3).unwrap();
        assert_eq!(manifests.current(&key).unwrap().unwrap().header, header);
        let other = manifests.current(&SecretKey::generate(&OsRandom));
        assert!(matches!(other, Err(EngineError::WrongKey(_))));
        let file = RealDisk.open(&manifests.path(3)).unwrap();
        let mut byte = [0];
        for at in 0..file.len().unwrap() {
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
            assert!(matches!(manifests.current(&key), Err(EngineError::Damaged { .. })), "byte {at}");
            file.write_all_at(&byte, at).unwrap();
        }
    }
}
