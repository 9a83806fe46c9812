//! The file of a log segment: header, then frames over zeros written in advance.
//!
//! The zeros are written and synced before frames go over them, so that a frame's sync need not make a new
//! size durable, and so that a sector a crash lost reads as zeros.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::SecretKey;
use env::{DiskFile, Env};

use super::part::LogId;
use super::record::ALIGN;
use super::{FIRST_FRAME, segment_name, segment_path};
use crate::local::header::{FileCipher, FileHeader, FileKind};
use crate::local::reader::u64_of;
use crate::{EngineError, KeyspaceId, Result};

/// Zeros written at once.
const ZEROS_LEN: u64 = 4 << 20;

/// An open segment of this start.
pub struct Segment {
    /// Its header.
    pub header: FileHeader,
    /// Under the store's key.
    pub cipher: FileCipher,
    file: Box<dyn DiskFile>,
    prepared: AtomicU64,
    durable: AtomicU64,
}

impl Segment {
    /// Creates segment `number` with zeros up to `prepared_len`, durable when it returns.
    pub fn create(
        env: &Env,
        store: &Path,
        number: u64,
        store_key: &SecretKey,
        prepared_len: u64,
    ) -> Result<Self> {
        let no_keyspace = KeyspaceId([0; 16]);
        let header =
            FileHeader { number, ..FileHeader::new(FileKind::Log, no_keyspace, store_key, &*env.random) };
        let cipher = header.cipher(store_key).map_err(|_| EngineError::WrongKey(segment_name(number)))?;
        let io = |source| EngineError::io(format!("creating {}", segment_name(number)), source);
        let file = create_file(env, &segment_path(store, number), &header, prepared_len).map_err(io)?;
        let first = AtomicU64::new(u64_of(FIRST_FRAME));
        Ok(Self { header, cipher, file, prepared: AtomicU64::new(prepared_len), durable: first })
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// What goes into log keys.
    pub fn log_id(&self) -> LogId {
        LogId::of(&self.header)
    }

    /// Frames may end here: behind it at least one header's worth of zeros remains.
    pub fn room(&self) -> u64 {
        self.prepared.load(Ordering::Acquire) - u64_of(ALIGN)
    }

    /// Everything before this offset is synced.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Writes and syncs zeros up to `len`.
    pub fn extend(&self, len: u64) -> io::Result<()> {
        let from = self.prepared.load(Ordering::Acquire);
        write_zeros(&*self.file, from, len)?;
        self.file.sync()?;
        self.prepared.fetch_max(len, Ordering::Release);
        Ok(())
    }

    /// Writes and syncs frames, which begin where the last ones ended.
    pub fn append(&self, frames: &[u8]) -> io::Result<()> {
        let offset = self.durable();
        self.file.write_all_at(frames, offset)?;
        self.file.sync()?;
        self.durable.store(offset + u64_of(frames.len()), Ordering::Release);
        Ok(())
    }

    /// The file up to `end`, which is at most [`Segment::durable`].
    pub fn read(&self, end: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(end).unwrap_or(usize::MAX)];
        let io = |source| EngineError::io(format!("reading {}", segment_name(self.number())), source);
        self.file.read_exact_at(&mut bytes, 0).map_err(io)?;
        Ok(bytes)
    }
}

fn create_file(
    env: &Env,
    path: &Path,
    header: &FileHeader,
    prepared_len: u64,
) -> io::Result<Box<dyn DiskFile>> {
    if env.disk.exists(path)? {
        env.disk.remove_file(path)?;
    }
    let file = env.disk.create(path)?;
    write_zeros(&*file, 0, prepared_len)?;
    file.write_all_at(&header.encode(), 0)?;
    file.sync()?;
    env.disk.sync_dir(path.parent().unwrap_or(path))?;
    Ok(file)
}

fn write_zeros(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let len = (to - at).min(ZEROS_LEN);
        file.write_all_at(&vec![0; usize::try_from(len).map_err(io::Error::other)?], at)?;
        at += len;
    }
    Ok(())
}
