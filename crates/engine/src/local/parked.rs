//! Parked parts: what the log holds of a keyspace that is closed, kept in its own folder so that log segments
//! can go without its keys.
//!
//! A file `parked-<segment number>` holds, still encrypted under the keyspace's log key, the parts of one
//! segment that are not in sorted files yet. As a whole it is encrypted under a key derived from the store's.
//! `docs/formats/log.md` draws the bytes. The file `store` names those that count, with their digests, from the
//! moment their segments are given back. Reading what is flushed already is harmless: sequence numbers tell.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crypto::{SecretKey, sha256};
use env::Env;
use env::disk::{Disk, read_file, replace_file};

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::log::part::{LogId, PartPlace};
use super::log::record::Record;
use super::log::segment_name;
use super::reader::{BadBytes, Reader, u32_of};
use super::store_file::ParkedAnchor;
use crate::{EngineError, KeyspaceId, Result};

const PREFIX: &str = "parked-";
const BODY: u8 = 1;
/// Longer than any segment becomes.
const MAX_LEN: u64 = 1 << 32;

/// A part, still encrypted, and what its key and place are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedPart<'a> {
    /// Its record in the segment.
    pub place: PartPlace,
    /// Of its data encryption key.
    pub epoch: u32,
    /// Ciphertext and tag.
    pub sealed: &'a [u8],
}

/// Parts gathered from one segment, for any keyspaces.
#[derive(Default)]
pub struct Gathered(BTreeMap<KeyspaceId, GatheredParts>);

/// One keyspace's parts of one segment, as a parked file holds them, and the last sequence number of them.
#[derive(Default)]
struct GatheredParts {
    body: Vec<u8>,
    last: u64,
}

impl Gathered {
    /// Takes those parts of a record that `wanted` names by keyspace and sequence number.
    pub fn take(&mut self, index: u64, record: &Record<'_>, wanted: impl Fn(KeyspaceId, u64) -> bool) {
        for part in record.parts.iter().filter(|part| wanted(part.keyspace, record.sequence)) {
            let GatheredParts { body, last } = self.0.entry(part.keyspace).or_default();
            *last = record.sequence.max(*last);
            body.extend_from_slice(&record.sequence.to_le_bytes());
            body.extend_from_slice(&index.to_le_bytes());
            body.extend_from_slice(&part.epoch.to_le_bytes());
            body.extend_from_slice(&u32_of(part.sealed.len()).to_le_bytes());
            body.extend_from_slice(part.sealed);
        }
    }

    /// Writes each keyspace's parts into its folder, durable when it returns. They count once the file `store` names
    /// what is returned.
    pub fn park(
        self,
        env: &Env,
        store: &Path,
        store_key: &SecretKey,
        segment: &FileHeader,
    ) -> Result<Vec<(KeyspaceId, ParkedAnchor)>> {
        let mut anchors = Vec::new();
        for (keyspace, parts) in self.0 {
            let io = |source| EngineError::io(format!("parking parts of keyspace {keyspace}"), source);
            let path = store.join(name(keyspace, segment.number));
            let bytes = encode(env, keyspace, store_key, segment, &parts.body)?;
            replace_file(&*env.disk, &path, &bytes).map_err(io)?;
            let (segment, last, digest) = (segment.number, parts.last, sha256(&bytes));
            anchors.push((keyspace, ParkedAnchor { segment, last, digest }));
        }
        Ok(anchors)
    }

    /// One keyspace's parts, as if they had been parked and read.
    pub fn of(mut self, keyspace: KeyspaceId, segment: &FileHeader) -> Option<ParkedFile> {
        let parts = self.0.remove(&keyspace)?.body;
        let body = [&segment.file_id[..], &segment.salt, &parts].concat();
        Some(ParkedFile { log_id: LogId::of(segment), name: segment_name(segment.number), body })
    }
}

/// The path of a parked file, relative to the store.
pub fn name(keyspace: KeyspaceId, segment: u64) -> String {
    format!("keyspaces/{keyspace}/{PREFIX}{segment:016x}")
}

/// The path of a parked file in the folder of its keyspace.
pub fn path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{segment:016x}"))
}

fn encode(
    env: &Env,
    keyspace: KeyspaceId,
    store_key: &SecretKey,
    segment: &FileHeader,
    parts: &[u8],
) -> Result<Vec<u8>> {
    let header = FileHeader::new(FileKind::Parked, keyspace, store_key, &*env.random);
    let header = FileHeader { number: segment.number, ..header };
    let cipher = header.cipher(store_key).map_err(|_| EngineError::WrongKey("the store".to_owned()))?;
    let mut body = [&segment.file_id[..], &segment.salt, parts].concat();
    let tag = cipher.encrypt(BODY, 0, &mut body);
    Ok([&header.encode()[..], &body, &tag].concat())
}

/// The segment number in the name of a parked file.
pub fn number_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// A parked file in memory, its outer encryption taken off.
pub struct ParkedFile {
    /// What the parts' log keys are derived with.
    pub log_id: LogId,
    name: String,
    body: Vec<u8>,
}

impl ParkedFile {
    /// Reads the parts of `keyspace` that were parked in the file `anchor` names.
    pub fn read(
        disk: &dyn Disk,
        store: &Path,
        keyspace: KeyspaceId,
        anchor: &ParkedAnchor,
        store_key: &SecretKey,
    ) -> Result<Self> {
        let (name, number) = (name(keyspace, anchor.segment), anchor.segment);
        let damaged = |place: &str| EngineError::damaged(&name, place);
        let mut bytes =
            read_file(disk, &store.join(&name), MAX_LEN).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => damaged("the file is missing"),
                _ => EngineError::io(format!("reading {name}"), source),
            })?;
        let same = sha256(&bytes) == anchor.digest;
        let header = FileHeader::decode(&bytes).map_err(|_| damaged("header"))?;
        let ours = header.kind == FileKind::Parked && header.origin == keyspace && header.number == number;
        let cipher = if ours { header.cipher(store_key).ok() } else { None };
        let cipher = cipher.ok_or_else(|| damaged("header"))?;
        bytes.drain(..HEADER_LEN);
        cipher.decrypt_vec(BODY, 0, &mut bytes).map_err(|_| damaged("body"))?;
        if !same {
            return Err(damaged("it is not what was parked"));
        }
        let log_id = decode_log_id(&bytes).map_err(|_| damaged("body"))?;
        Ok(Self { log_id, name, body: bytes })
    }

    /// The parts, in the order of the log.
    pub fn parts(&self) -> Result<Vec<ParkedPart<'_>>> {
        decode(&self.body).map_err(|_| EngineError::damaged(&self.name, "body"))
    }

    /// The error where a part of it does not decrypt.
    pub fn damaged(&self, place: PartPlace) -> EngineError {
        EngineError::damaged(&self.name, format!("record {}", place.index))
    }
}

/// What the log keys of its parts are derived with, from the plaintext of a parked file's body.
pub fn decode_log_id(body: &[u8]) -> std::result::Result<LogId, BadBytes> {
    let mut reader = Reader::new(body);
    Ok(LogId { id: reader.array()?, salt: reader.array()? })
}

/// Reads the plaintext of a parked file's body, whose parts are encrypted still.
pub fn decode(body: &[u8]) -> std::result::Result<Vec<ParkedPart<'_>>, BadBytes> {
    let mut reader = Reader::new(body);
    reader.bytes(16 + 32)?;
    let mut parts = Vec::new();
    while !reader.is_empty() {
        let place = PartPlace { sequence: reader.u64()?, index: reader.u64()? };
        let epoch = reader.u32()?;
        let len = reader.count(1)?;
        parts.push(ParkedPart { place, epoch, sealed: reader.bytes(len)? });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::{Gathered, ParkedFile, number_of};
    use crate::local::header::{FileHeader, FileKind};
    use crate::local::log::record::{EncryptedPart, Record, RecordKind};
    use crate::{EngineError, KeyspaceId};
    use crypto::SecretKey;
    use env::{Env, OsRandom};

    const KEYSPACE: KeyspaceId = KeyspaceId([4; 16]);

    #[test]
    fn what_was_parked_is_read_and_every_flipped_byte_is_found() {
        let (env, store) = (Env::real(), tempfile::tempdir().unwrap());
        let folder = store.path().join(format!("keyspaces/{KEYSPACE}"));
        env.disk.create_dir_all(&folder).unwrap();
        let key = SecretKey::generate(&OsRandom);
        let segment =
            FileHeader { number: 9, ..FileHeader::new(FileKind::Log, KeyspaceId([0; 16]), &key, &OsRandom) };
        let mut gathered = Gathered::default();
        let part = EncryptedPart { keyspace: KEYSPACE, epoch: 1, sealed: b"ciphertext" };
        let record = Record {
            durable_through: 0,
            sequence: 5,
            second: 1,
            kind: RecordKind::Commit,
            parts: vec![part],
        };
        gathered.take(3, &record, |_, sequence| sequence > 4);
        gathered.take(4, &record, |_, sequence| sequence > 5);
        let [(KEYSPACE, anchor)] = gathered.park(&env, store.path(), &key, &segment).unwrap()[..] else {
            panic!("one keyspace had parts");
        };
        assert_eq!((anchor.segment, anchor.last), (9, 5));

        let path = env.disk.list(&folder).unwrap().pop().unwrap();
        assert_eq!(number_of(&path), Some(9));
        let read = || ParkedFile::read(&*env.disk, store.path(), KEYSPACE, &anchor, &key);
        let parked = read().unwrap();
        let parts = parked.parts().unwrap();
        assert_eq!((parts.len(), parts[0].place.index, parts[0].sealed), (1, 3, &b"ciphertext"[..]));
        assert_eq!((parked.log_id.id, parked.log_id.salt), (segment.file_id, segment.salt));

        let file = env.disk.open(&path).unwrap();
        let mut byte = [0];
        for at in 0..file.len().unwrap() {
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 4], at).unwrap();
            assert!(matches!(read().err(), Some(EngineError::Damaged { .. })), "byte {at}");
            file.write_all_at(&byte, at).unwrap();
        }
    }
}
