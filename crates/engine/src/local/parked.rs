//! Parked parts: what the log holds of a keyspace that is closed, kept in its own folder so that log segments
//! can go without its keys.
//!
//! A file `parked-<segment number>` holds, still encrypted under the keyspace's log key, the parts of one
//! segment that are not in sorted files yet. As a whole it is encrypted under a key derived from the store's.
//! `docs/formats/log.md` draws the bytes. The file `store` names those that count, with their digests, from the
//! moment their segments are given back. Reading what is flushed already is harmless: sequence numbers tell.

use std::io;
use std::path::{Path, PathBuf};

use crypto::{SecretKey, sha256};
use env::Env;
use env::disk::{Disk, read_file, replace_file};

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::log::part::{LogId, PartPlace, PlacedPart};
use super::reader::{BadBytes, Reader, u32_of};
use super::store_file::ParkedAnchor;
use crate::{EngineError, KeyspaceId, Result};

const PREFIX: &str = "parked-";
const LOG_ID_LEN: usize = 16 + 32;
/// Longer than any segment becomes.
const MAX_LEN: u64 = 1 << 32;

/// Parts of one keyspace gathered from one segment, as a parked file holds them.
#[derive(Default)]
pub struct Gathered {
    body: Vec<u8>,
    last: u64,
}

impl Gathered {
    /// Takes a part, which lies behind all it has.
    pub fn take(&mut self, part: PlacedPart<'_>) {
        self.last = part.place.sequence.max(self.last);
        self.body.extend_from_slice(&part.place.sequence.to_le_bytes());
        self.body.extend_from_slice(&part.place.index.to_le_bytes());
        self.body.extend_from_slice(&part.epoch.to_le_bytes());
        self.body.extend_from_slice(&u32_of(part.sealed.len()).to_le_bytes());
        self.body.extend_from_slice(part.sealed);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Writes them into the folder of their keyspace, durable when it returns. They count once the file `store` names
    /// what is returned.
    pub fn park(
        &self,
        env: &Env,
        store: &Path,
        store_key: &SecretKey,
        (keyspace, segment): (KeyspaceId, &FileHeader),
    ) -> Result<ParkedAnchor> {
        let io = |source| EngineError::io(format!("parking parts of keyspace {keyspace}"), source);
        let header = FileHeader::new(FileKind::Parked, keyspace, store_key, &*env.random);
        let header = FileHeader { number: segment.number, ..header };
        let bytes = header
            .with_body(store_key, &[], &[&segment.file_id, &segment.salt, &self.body])
            .map_err(|_| EngineError::WrongKey("the store".to_owned()))?;
        let path = store.join(name(keyspace, segment.number));
        replace_file(&*env.disk, &path, &bytes).map_err(io)?;
        Ok(ParkedAnchor { segment: segment.number, last: self.last, digest: sha256(&bytes) })
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
        let bytes = read_file(disk, &store.join(&name), MAX_LEN).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => damaged("the file is missing"),
            _ => EngineError::io(format!("reading {name}"), source),
        })?;
        let same = sha256(&bytes) == anchor.digest;
        let header = FileHeader::decode(&bytes).map_err(|_| damaged("header"))?;
        let ours = header.kind == FileKind::Parked && header.origin == keyspace && header.number == number;
        let cipher = if ours { header.cipher(store_key).ok() } else { None };
        let cipher = cipher.ok_or_else(|| damaged("header"))?;
        let sealed = bytes.get(HEADER_LEN..).unwrap_or_default();
        let body = cipher.decrypt_body(sealed).map_err(|_| damaged("body"))?;
        if !same {
            return Err(damaged("it is not what was parked"));
        }
        let log_id = decode_log_id(&body).map_err(|_| damaged("body"))?;
        Ok(Self { log_id, name, body })
    }

    /// The parts, in the order of the log.
    pub fn parts(&self) -> Result<Vec<PlacedPart<'_>>> {
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
pub fn decode(body: &[u8]) -> std::result::Result<Vec<PlacedPart<'_>>, BadBytes> {
    let mut reader = Reader::new(body);
    reader.bytes(LOG_ID_LEN)?;
    let mut parts = Vec::new();
    while !reader.is_empty() {
        let place = PartPlace { sequence: reader.u64()?, index: reader.u64()? };
        let epoch = reader.u32()?;
        let len = reader.count(1)?;
        parts.push(PlacedPart { place, epoch, sealed: reader.bytes(len)? });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::{Gathered, ParkedFile, number_of};
    use crate::local::header::{FileHeader, FileKind};
    use crate::local::log::part::{PartPlace, PlacedPart};
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
        let place = PartPlace { index: 3, sequence: 5 };
        gathered.take(PlacedPart { place, epoch: 1, sealed: b"ciphertext" });
        let anchor = gathered.park(&env, store.path(), &key, (KEYSPACE, &segment)).unwrap();
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
