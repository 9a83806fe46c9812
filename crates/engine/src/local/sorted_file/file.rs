//! Reading a sorted file: opened when first needed, block by block, through the cache.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use crypto::SecretKey;
use env::DiskFile;

use super::block::BlockCursor;
use super::cursor::FileCursor;
use super::layout::{BlockHandle, Footer, Piece, Properties, Run};
use super::{filter, writer};
use crate::local::cache::{CacheScope, CachedFile};
use crate::local::header::{FileCipher, HEADER_LEN};
use crate::local::manifest::FileRecord;
use crate::local::reader::{BadBytes, len_of, u32_of, u64_of};
use crate::local::wiped::wiped;
use crate::{EngineError, KeyspaceId, Result};

/// A sorted file of an open keyspace. When the last holder of an obsolete one lets go, it is removed.
pub struct SortedFile {
    /// As the manifest knows it.
    pub record: FileRecord,
    name: String,
    path: PathBuf,
    cipher: FileCipher,
    cached: CachedFile,
    /// The block that finds runs: small, and needed by every read.
    top: OnceLock<(u64, Bytes)>,
    obsolete: AtomicBool,
}

/// What becomes of blocks that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// They stay in the cache, if it has room.
    InCache,
    /// They go, and push nothing out of the cache: a merge reads each once.
    Nothing,
}

impl SortedFile {
    /// The file of this record in the folder of `keyspace`, under `dek`. Nothing is read yet.
    pub fn new(
        record: FileRecord,
        folder: &std::path::Path,
        keyspace: KeyspaceId,
        dek: &SecretKey,
        scope: &Arc<CacheScope>,
    ) -> Result<Self> {
        let file_name = writer::file_name(&record.header);
        Self::at(record, (format!("keyspaces/{keyspace}/{file_name}"), folder.join(file_name)), dek, scope)
    }

    /// The file of this record that errors name so and that lies there.
    pub fn at(
        record: FileRecord,
        (name, path): (String, PathBuf),
        dek: &SecretKey,
        scope: &Arc<CacheScope>,
    ) -> Result<Self> {
        let cipher = record.header.cipher(dek).map_err(|_| EngineError::damaged(&name, "header"))?;
        let (cached, top, obsolete) = (CachedFile::new(scope), OnceLock::new(), AtomicBool::new(false));
        Ok(Self { record, name, path, cipher, cached, top, obsolete })
    }

    /// The newest entry of `user_key` at or below `snapshot`: its version, and its value unless removed.
    pub fn get(&self, user_key: &[u8], snapshot: u64) -> Result<Option<(u64, Option<Bytes>)>> {
        if !self.spans(user_key) {
            return Ok(None);
        }
        let snapshot = snapshot.min(self.record.visible);
        let Some(data) = self.data_block_of(user_key, snapshot)? else { return Ok(None) };
        let mut cursor = self.cursor_over(Piece::Data, data, Keeping::InCache)?;
        self.sound(Piece::Data, data.offset, cursor.seek(user_key, snapshot))?;
        let found = cursor.entry().filter(|(key, _)| *key == user_key);
        Ok(found.map(|(_, version)| (version, cursor.value())))
    }

    /// Whether `user_key` lies between its first and its last.
    pub fn spans(&self, user_key: &[u8]) -> bool {
        user_key >= &self.record.first_key[..] && user_key <= &self.record.last_key[..]
    }

    fn data_block_of(&self, user_key: &[u8], snapshot: u64) -> Result<Option<BlockHandle>> {
        let (top_at, mut top) = self.top_cursor()?;
        self.sound(Piece::Top, top_at, top.seek(user_key, snapshot))?;
        if top.entry().is_none() {
            return Ok(None);
        }
        let run = self.sound(Piece::Top, top_at, Run::decode(top.value_bytes()))?;
        if !filter::may_contain(&self.block(Piece::Filter, run.filter)?, filter::hash(user_key)) {
            return Ok(None);
        }
        let mut index = self.cursor_over(Piece::Index, run.index, Keeping::InCache)?;
        self.sound(Piece::Index, run.index.offset, index.seek(user_key, snapshot))?;
        if index.entry().is_none() {
            return Ok(None);
        }
        let handle = super::layout::decode_data_handle(index.value_bytes());
        self.sound(Piece::Index, run.index.offset, handle).map(Some)
    }

    /// A cursor at no entry yet.
    pub fn cursor(&self, keeping: Keeping) -> Result<FileCursor<'_>> {
        let (top_at, top) = self.top_cursor()?;
        Ok(FileCursor::new(self, keeping, top_at, top))
    }

    /// No manifest names it any more: it is removed when its last reader is done.
    pub fn set_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    pub(super) fn cursor_over(
        &self,
        piece: Piece,
        handle: BlockHandle,
        keeping: Keeping,
    ) -> Result<BlockCursor> {
        let block = match keeping {
            Keeping::InCache => self.block(piece, handle),
            Keeping::Nothing => self.read_block(piece, handle).map(wiped),
        };
        self.sound(piece, handle.offset, BlockCursor::new(block?))
    }

    /// Says where it was that bytes were bad.
    pub(super) fn sound<T>(
        &self,
        piece: Piece,
        offset: u64,
        read: std::result::Result<T, BadBytes>,
    ) -> Result<T> {
        read.map_err(|_| self.damaged(&format!("{} at byte {offset}", piece.name())))
    }

    fn block(&self, piece: Piece, handle: BlockHandle) -> Result<Bytes> {
        self.cached.block(handle.offset, || self.read_block(piece, handle).map(wiped))
    }

    pub(super) fn read_block(&self, piece: Piece, handle: BlockHandle) -> Result<Vec<u8>> {
        let sealed = self.read_sealed(piece, handle)?;
        self.open_block(piece, handle, sealed)
    }

    /// A block as it lies in the file, tag and all.
    pub(super) fn read_sealed(&self, piece: Piece, handle: BlockHandle) -> Result<Vec<u8>> {
        let within =
            handle.offset.checked_add(u64::from(handle.len)).is_some_and(|end| end <= self.record.len);
        self.sound(piece, handle.offset, if within { Ok(()) } else { Err(BadBytes) })?;
        let mut bytes = vec![0; len_of(handle.len)];
        self.opened()?.read_exact_at(&mut bytes, handle.offset).map_err(|source| self.io(source))?;
        Ok(bytes)
    }

    /// What a block holds.
    pub(super) fn open_block(&self, piece: Piece, handle: BlockHandle, sealed: Vec<u8>) -> Result<Vec<u8>> {
        self.sound(piece, handle.offset, self.decrypt(piece, handle, sealed))
    }

    fn decrypt(
        &self,
        piece: Piece,
        handle: BlockHandle,
        mut bytes: Vec<u8>,
    ) -> std::result::Result<Vec<u8>, BadBytes> {
        let BlockHandle { offset, compression, .. } = handle;
        let len = self.cipher.decrypt_compressed(piece as u8, offset, compression, &mut bytes)?.len();
        bytes.truncate(len);
        compression.decompress(bytes)
    }

    /// A cursor over the block that finds runs, and where that is.
    fn top_cursor(&self) -> Result<(u64, BlockCursor)> {
        let (offset, block) = match self.top.get() {
            Some(top) => top,
            None => self.read_top()?,
        };
        Ok((*offset, self.sound(Piece::Top, *offset, BlockCursor::new(block.clone()))?))
    }

    /// Done once; then what the file says of itself is compared with what the manifest says.
    fn read_top(&self) -> Result<&(u64, Bytes)> {
        let Footer { top, properties } = self.read_footer()?;
        self.check_properties(properties, &self.read_block(Piece::Properties, properties)?)?;
        let block = self.read_block(Piece::Top, top).map(wiped)?;
        Ok(self.top.get_or_init(|| (top.offset, block)))
    }

    /// Whether the properties are those of the manifest.
    pub(super) fn check_properties(&self, at: BlockHandle, plain: &[u8]) -> Result<()> {
        let properties = self.sound(Piece::Properties, at.offset, Properties::decode(plain))?;
        if properties == self.record.properties() { Ok(()) } else { Err(self.damaged("properties")) }
    }

    pub(super) fn read_footer(&self) -> Result<Footer> {
        let at = self.footer_at()?;
        self.sound(Piece::Footer, at.offset, Footer::decode(&self.read_block(Piece::Footer, at)?))
    }

    /// Where the end of the file is.
    pub(super) fn footer_at(&self) -> Result<BlockHandle> {
        let offset =
            self.record.len.checked_sub(u64_of(Footer::LEN)).ok_or_else(|| self.damaged("length"))?;
        Ok(BlockHandle::plain(offset, u32_of(Footer::LEN)))
    }

    /// The file is there, with the length and header the manifest knows.
    pub(super) fn present(&self) -> Result<()> {
        self.opened().map(drop)
    }

    fn opened(&self) -> Result<Arc<dyn DiskFile>> {
        let opened = self.cached.open(&self.path, |file| self.check(file));
        opened.map_err(|Unopened(failure)| match failure {
            Failure::Engine(error) => error,
            Failure::Io(source) if source.kind() == io::ErrorKind::NotFound => {
                self.damaged("the file is missing")
            }
            Failure::Io(source) => self.io(source),
        })
    }

    /// The file that lies there has the length and header the manifest knows.
    fn check(&self, file: &dyn DiskFile) -> std::result::Result<(), Unopened> {
        if file.len()? != self.record.len {
            return Err(Unopened(Failure::Engine(self.damaged("length"))));
        }
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0)?;
        let same = header == self.record.header.encode();
        if same { Ok(()) } else { Err(Unopened(Failure::Engine(self.damaged("header")))) }
    }

    pub(super) fn damaged(&self, place: &str) -> EngineError {
        EngineError::damaged(&self.name, place)
    }

    fn io(&self, source: io::Error) -> EngineError {
        EngineError::io(format!("reading {}", self.name), source)
    }
}

/// Why a file could not be opened.
struct Unopened(Failure);

enum Failure {
    Engine(EngineError),
    Io(io::Error),
}

impl From<io::Error> for Unopened {
    fn from(source: io::Error) -> Self {
        Self(Failure::Io(source))
    }
}

impl Drop for SortedFile {
    fn drop(&mut self) {
        if !self.obsolete.load(Ordering::Acquire) {
            return;
        }
        match self.cached.disk().remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = self.name, "an obsolete file stays until the keyspace is next opened");
            }
            _ => {}
        }
    }
}
