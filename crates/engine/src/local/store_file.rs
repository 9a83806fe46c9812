//! The file `store`: which log segments there are, and a floor for sequence numbers.
//!
//! It tells a segment that was lost from one that was never used, keeps sequence numbers growing when no
//! segment holds a record, and tells a wrong store key before anything is touched. `docs/formats/log.md`
//! draws the bytes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::{SecretKey, TAG_LEN};
use env::disk::{read_file, replace_file};
use env::{Disk, Env};
use parking_lot::Mutex;

use super::header::{FileHeader, FileKind, HEADER_LEN};
use super::reader::{BadBytes, Reader};
use crate::{EngineError, KeyspaceId, Result};

const NAME: &str = "store";
const BODY: u8 = 1;
const BODY_LEN: usize = 24;
const NO_KEYSPACE: KeyspaceId = KeyspaceId([0; 16]);

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRecord {
    /// The oldest segment that may be needed; those below are leftovers.
    pub oldest: u64,
    /// The newest segment that may hold a record; those above were never used.
    pub newest: u64,
    /// Sequence numbers up to this one are taken.
    pub floor: u64,
}

/// The file, and what it says now.
pub struct StoreFile {
    env: Env,
    path: PathBuf,
    store_key: Arc<SecretKey>,
    record: Mutex<StoreRecord>,
}

impl StoreFile {
    /// Takes charge of the file in `folder`, which says `record` or does not exist yet.
    pub fn new(env: &Env, folder: &Path, store_key: Arc<SecretKey>, record: StoreRecord) -> Self {
        Self { env: env.clone(), path: folder.join(NAME), store_key, record: Mutex::new(record) }
    }

    /// Reads it; `None` where there is none.
    pub fn read(disk: &dyn Disk, folder: &Path, store_key: &SecretKey) -> Result<Option<StoreRecord>> {
        let path = folder.join(NAME);
        let io = |source| EngineError::io(format!("reading {NAME}"), source);
        if !disk.exists(&path).map_err(io)? {
            return Ok(None);
        }
        let bytes = read_file(disk, &path, 4096).map_err(io)?;
        let damaged = |_| EngineError::damaged(NAME, "header");
        let header = FileHeader::decode(&bytes).map_err(damaged)?;
        let cipher = header.cipher(store_key).map_err(|_| EngineError::WrongKey("the store".to_owned()))?;
        let mut body = bytes.into_iter().skip(HEADER_LEN).collect::<Vec<_>>();
        let record =
            cipher.decrypt_vec(BODY, 0, &mut body).map_err(BadBytes::from).and_then(|()| decode(&body));
        record.map(Some).map_err(|_| EngineError::damaged(NAME, "body"))
    }

    /// Writes `record`, durable when it returns.
    pub fn write(&self, record: StoreRecord) -> Result<()> {
        let mut current = self.record.lock();
        self.replace(record)?;
        *current = record;
        Ok(())
    }

    /// Segment `number` exists and may be used.
    pub fn added(&self, number: u64, last_sequence: u64) -> Result<()> {
        self.change(|record| StoreRecord { newest: number, floor: last_sequence, ..record })
    }

    /// Segments below `oldest` are not needed any more.
    pub fn retired(&self, oldest: u64, last_sequence: u64) -> Result<()> {
        self.change(|record| StoreRecord { oldest, floor: last_sequence, ..record })
    }

    fn change(&self, change: impl FnOnce(StoreRecord) -> StoreRecord) -> Result<()> {
        let mut current = self.record.lock();
        let changed = change(*current);
        let changed = StoreRecord { floor: changed.floor.max(current.floor), ..changed };
        self.replace(changed)?;
        *current = changed;
        Ok(())
    }

    fn replace(&self, record: StoreRecord) -> Result<()> {
        let header = FileHeader::new(FileKind::Store, NO_KEYSPACE, &self.store_key, &*self.env.random);
        let bytes =
            encode(&header, &self.store_key, record).map_err(|_| EngineError::WrongKey(NAME.to_owned()))?;
        let io = |source| EngineError::io(format!("writing {NAME}"), source);
        replace_file(&*self.env.disk, &self.path, &bytes).map_err(io)
    }
}

fn encode(
    header: &FileHeader,
    key: &SecretKey,
    record: StoreRecord,
) -> std::result::Result<Vec<u8>, BadBytes> {
    let mut body = Vec::with_capacity(BODY_LEN + TAG_LEN);
    [record.oldest, record.newest, record.floor]
        .iter()
        .for_each(|n| body.extend_from_slice(&n.to_le_bytes()));
    let tag = header.cipher(key)?.encrypt(BODY, 0, &mut body);
    Ok([&header.encode()[..], &body, &tag].concat())
}

/// Reads the plaintext of its body.
pub fn decode(body: &[u8]) -> std::result::Result<StoreRecord, BadBytes> {
    let mut reader = Reader::new(body);
    let record = StoreRecord { oldest: reader.u64()?, newest: reader.u64()?, floor: reader.u64()? };
    reader.end()?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{StoreFile, StoreRecord};
    use crate::EngineError;
    use crypto::SecretKey;
    use env::{Env, OsRandom};

    #[test]
    fn it_reads_as_written_under_its_key_and_undamaged_only() {
        let env = Env::real();
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(SecretKey::generate(&OsRandom));
        let read = |key: &SecretKey| StoreFile::read(&*env.disk, folder.path(), key);
        assert!(read(&key).unwrap().is_none());
        let record = StoreRecord { oldest: 1, newest: 2, floor: 3 };
        StoreFile::new(&env, folder.path(), key.clone(), record).write(record).unwrap();
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
}
