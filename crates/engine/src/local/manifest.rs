//! The manifest of a keyspace: its wrapped data encryption keys and its sorted files. `docs/formats/manifest.md`
//! draws the bytes.
//!
//! Each change is a new file, `manifest-<number>`. It counts from the moment the file `store` names its number and
//! digest; any other is a leftover. All but the header is encrypted under a key derived from the table key, so a
//! switch of the table key is a manifest under the new one.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use crypto::{SecretKey, sha256, unwrap_key, wrap_key};
use env::Random;
use env::disk::{Disk, read_file};

use super::compression::Compression;
use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::reader::{BadBytes, Reader, u32_of};
use super::sorted_file::layout::Properties;
use crate::{CheckpointId, EngineError, KeyspaceId, Result};

const PREFIX: &str = "manifest-";
const NO_WATERMARK: u64 = u64::MAX;
/// The place of damage where a manifest is sound, but not the one that counts.
pub const NOT_THE_LAST: &str = "it is not the manifest that was installed last";
/// No manifest is longer, and none is read that is.
const MAX_LEN: u64 = 64 << 20;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Of the manifest before.
    pub previous_digest: [u8; 32],
    /// Of the data blocks of new files.
    pub compression: Compression,
    /// Oldest epoch first; the last is used for new files.
    pub deks: Vec<WrappedDek>,
    /// In the order of [`super::levels::check`], which says what holds of them together.
    pub files: Vec<FileRecord>,
    /// Every version behind this sequence number is there, unless a later commit came to the same key and
    /// versions need not be kept; of older ones, only what this one shows.
    pub floor: u64,
    /// Versions that show at this sequence number or behind it are to be kept.
    pub watermark: Option<u64>,
    /// Files under data encryption keys of epochs below this one are to be written anew.
    pub rotate_to: u32,
}

/// What flushes and compaction do to the files of a keyspace.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// File ids.
    pub removed: Vec<[u8; 16]>,
    /// New files, or removed ones in another level.
    pub added: Vec<FileRecord>,
    /// What only older sequence numbers than this would show is left out of the new files.
    pub horizon: u64,
}

impl Manifest {
    /// The manifest after a change of files.
    pub fn with(mut self, change: &Change) -> Self {
        self.files.retain(|file| !change.removed.contains(&file.header.file_id));
        self.files.extend(change.added.iter().cloned());
        self.files.sort_by(super::levels::by_place);
        self.floor = self.floor.max(change.horizon);
        self
    }
}

/// A data encryption key, wrapped by the table key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDek {
    /// Counts up from 1.
    pub epoch: u32,
    /// Bound to its owner and epoch.
    pub wrapped: Vec<u8>,
}

/// Who has data encryption keys.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    /// A keyspace, under its table key.
    Keyspace(KeyspaceId),
    /// A checkpoint, under the key of its receiver.
    Checkpoint(CheckpointId),
}

impl WrappedDek {
    /// Wraps the key of an epoch.
    pub fn wrap((epoch, dek): (u32, &SecretKey), owner: Owner, key: &SecretKey, random: &dyn Random) -> Self {
        Self { epoch, wrapped: wrap_key(key, dek, &owner.associated(epoch), random) }
    }

    /// Wraps the keys of all epochs.
    pub fn wrap_all(
        deks: &[(u32, SecretKey)],
        owner: Owner,
        key: &SecretKey,
        random: &dyn Random,
    ) -> Vec<Self> {
        deks.iter().map(|(epoch, dek)| Self::wrap((*epoch, dek), owner, key, random)).collect()
    }

    /// Unwraps it.
    pub fn unwrap(&self, owner: Owner, key: &SecretKey) -> std::result::Result<SecretKey, BadBytes> {
        Ok(unwrap_key(key, &self.wrapped, &owner.associated(self.epoch))?)
    }
}

impl Owner {
    fn associated(self, epoch: u32) -> Vec<u8> {
        let (label, id) = match self {
            Self::Keyspace(id) => (&b"strongroom dek"[..], id.0),
            Self::Checkpoint(id) => (&b"strongroom checkpoint dek"[..], id.0),
        };
        [label, &id, &epoch.to_le_bytes()].concat()
    }
}

/// A sorted file, as its manifest knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The file begins with exactly this.
    pub header: FileHeader,
    /// In bytes.
    pub len: u64,
    /// Of its header and the tags of its blocks: [`super::sorted_file::digest`].
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
    /// Entries behind this sequence number count as not there: the file is another keyspace's, too, and this one has
    /// adopted an older state.
    pub visible: u64,
}

impl FileRecord {
    /// Of a file of which no more is known.
    pub fn bare(header: FileHeader, len: u64, digest: [u8; 32]) -> Self {
        Self {
            header,
            len,
            digest,
            level: 0,
            puts: 0,
            removals: 0,
            value_bytes: 0,
            first_sequence: 0,
            last_sequence: 0,
            first_key: Bytes::new(),
            last_key: Bytes::new(),
            visible: u64::MAX,
        }
    }

    /// Takes over what the file itself says of its content.
    pub fn set_properties(&mut self, properties: Properties) {
        let Properties { puts, removals, value_bytes, first_sequence, last_sequence, .. } = properties;
        (self.puts, self.removals, self.value_bytes) = (puts, removals, value_bytes);
        (self.first_sequence, self.last_sequence) = (first_sequence, last_sequence);
        (self.first_key, self.last_key) = (properties.first_key.into(), properties.last_key.into());
    }

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
const FILE_RECORD_LEN: usize = HEADER_LEN + 8 + 32 + 1 + 6 * 8 + 2 * 4;

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
    /// Reads the manifest with this number, which must be the one with this digest.
    pub fn read(&self, number: u64, digest: &[u8; 32], table_key: &SecretKey) -> Result<StoredManifest> {
        let bytes = self.bytes(number)?;
        let header = self.header(number, &bytes)?;
        let same = sha256(&bytes) == *digest;
        let another = || self.damaged(number, NOT_THE_LAST);
        let cipher = header.cipher(table_key).map_err(|_| match same {
            true => EngineError::WrongKey(format!("keyspace {}", self.keyspace)),
            false => another(),
        })?;
        let opened = cipher.decrypt_body(bytes.get(HEADER_LEN..).unwrap_or_default());
        let manifest = opened.map_err(BadBytes::from).and_then(|body| decode(&body));
        let manifest = manifest.map_err(|_| self.damaged(number, "body"))?;
        if !same {
            return Err(another());
        }
        Ok(StoredManifest { header, manifest, digest: *digest })
    }

    /// Writes a manifest, durable when it returns. Whether it counts, the file `store` says.
    pub fn write(&self, number: u64, bytes: &[u8]) -> Result<()> {
        let io =
            |source| EngineError::io(format!("writing a manifest of keyspace {}", self.keyspace), source);
        let path = self.path(number);
        if self.disk.exists(&path).map_err(io)? {
            self.disk.remove_file(&path).map_err(io)?;
        }
        let file = self.disk.create(&path).map_err(io)?;
        file.write_all_at(bytes, 0).and_then(|()| file.sync()).map_err(io)?;
        self.disk.sync_dir(self.folder).map_err(io)
    }

    /// The name of a manifest, relative to the store.
    pub fn name(&self, number: u64) -> String {
        name(self.keyspace, number)
    }

    /// Removes the manifests below `number`; one that stays is removed at the next opening.
    pub fn remove_below(&self, number: u64) {
        let names = self.disk.list(self.folder).unwrap_or_default();
        for at in names.iter().filter_map(|path| number_of(path)).filter(|at| *at < number) {
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
        read_file(self.disk, &self.path(number), MAX_LEN).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.damaged(number, "the file is missing"),
            _ => EngineError::io(format!("reading a manifest of keyspace {}", self.keyspace), source),
        })
    }

    fn damaged(&self, number: u64, place: &str) -> EngineError {
        EngineError::damaged(self.name(number), place)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:016x}"))
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
    Ok(header.with_body(table_key, &[], &[&encode(manifest)])?)
}

/// The plaintext of a manifest's body.
pub fn encode(manifest: &Manifest) -> Vec<u8> {
    let mut out = manifest.previous_digest.to_vec();
    out.push(manifest.compression as u8);
    [manifest.floor, manifest.watermark.unwrap_or(NO_WATERMARK)]
        .iter()
        .for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    out.extend_from_slice(&manifest.rotate_to.to_le_bytes());
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
    let FileRecord { puts, removals, value_bytes, first_sequence, last_sequence, visible, .. } = file;
    let numbers = [puts, removals, value_bytes, first_sequence, last_sequence, visible];
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
    let compression = Compression::of(reader.u8()?)?;
    let (floor, watermark, rotate_to) = (reader.u64()?, reader.u64()?, reader.u32()?);
    let watermark = Some(watermark).filter(|watermark| *watermark != NO_WATERMARK);
    let count = reader.count(8)?;
    let deks = (0..count).map(|_| decode_dek(&mut reader)).collect::<std::result::Result<_, _>>()?;
    let count = reader.count(FILE_RECORD_LEN)?;
    let files = (0..count).map(|_| decode_record(&mut reader)).collect::<std::result::Result<Vec<_>, _>>()?;
    reader.end()?;
    super::levels::check(&files)?;
    Ok(Manifest { previous_digest, compression, deks, files, floor, watermark, rotate_to })
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
        visible: reader.u64()?,
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
    use super::{
        FileRecord, Manifest, ManifestFolder, Owner, WrappedDek, decode, encode, encode_file, new_header,
    };
    use crate::local::compression::Compression;
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
            visible: u64::MAX,
        };
        let older = FileRecord { first_sequence: 4, last_sequence: 5, ..file.clone() };
        let dek = WrappedDek::wrap((1, key), Owner::Keyspace(KEYSPACE), key, &OsRandom);
        let files = vec![file, older];
        let watermark = Some(5);
        Manifest {
            previous_digest: [9; 32],
            compression: Compression::Lz4,
            deks: vec![dek],
            files,
            floor: 4,
            watermark,
            rotate_to: 2,
        }
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
        let bytes = encode_file(&header, &key, &manifest(&key)).unwrap();
        manifests.write(3, &bytes).unwrap();
        let digest = crypto::sha256(&bytes);
        assert_eq!(manifests.read(3, &digest, &key).unwrap().header, header);
        let other = manifests.read(3, &digest, &SecretKey::generate(&OsRandom));
        assert!(matches!(other, Err(EngineError::WrongKey(_))));
        let file = RealDisk.open(&manifests.path(3)).unwrap();
        let mut byte = [0];
        for at in 0..file.len().unwrap() {
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
            let read = manifests.read(3, &digest, &key);
            assert!(matches!(read, Err(EngineError::Damaged { .. })), "byte {at}");
            file.write_all_at(&byte, at).unwrap();
        }
    }

    #[test]
    fn another_manifest_in_its_place_is_found_however_sound() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = ManifestFolder { disk: &RealDisk, folder: folder.path(), keyspace: KEYSPACE };
        let key = SecretKey::generate(&OsRandom);
        let header = new_header(KEYSPACE, 3, 11, &key, &OsRandom);
        let bytes = encode_file(&header, &key, &manifest(&key)).unwrap();
        manifests.write(3, &bytes).unwrap();
        let newer = encode_file(&header, &key, &Manifest::default()).unwrap();
        for (number, digest) in [(3, crypto::sha256(&newer)), (4, crypto::sha256(&bytes))] {
            assert!(matches!(manifests.read(number, &digest, &key), Err(EngineError::Damaged { .. })));
        }
    }
}
