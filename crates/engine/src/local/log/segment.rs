//! The file of a log segment: header, then frames over zeros written in advance.
//!
//! The zeros are written and synced before frames go over them, so that a frame's sync need not make a new
//! size durable, and so that a sector a crash lost reads as zeros. For large groups they are only reserved: the file
//! system then notes with each sync what of them was written, which costs less than writing everything twice.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::SecretKey;
use env::disk::write_zeros;
use env::{DiskFile, Env};

use super::part::LogId;
use super::record::{ALIGN, Record};
use super::scan::{
    FrameAt, Met, ScanError, SegmentEnd, Until, read_frames, read_records, segment_header, survey,
};
use super::window::Window;
use super::{FIRST_FRAME, segment_name, segment_path};
use crate::local::header::{FileCipher, FileHeader, FileKind};
use crate::local::reader::u64_of;
use crate::{EngineError, KeyspaceId, Result};

/// Written again at once.
const WRITTEN_AGAIN_LEN: usize = 512 << 10;

/// How the zeros that frames go over come to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// Written: a sync over them has nothing to write but the frames.
    Written,
    /// Room that reads as zeros.
    Reserved,
}

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

    /// Opens segment `number`, which an earlier start wrote.
    pub fn open(env: &Env, store: &Path, number: u64, store_key: &SecretKey) -> Result<Self> {
        let name = segment_name(number);
        let file = env.disk.open(&segment_path(store, number)).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => EngineError::damaged(&name, "the file is missing"),
            _ => EngineError::io(format!("reading {name}"), source),
        })?;
        let mut bytes = [0; FIRST_FRAME];
        let read = file.len().and_then(|len| match len < u64_of(FIRST_FRAME) {
            true => Ok(false),
            false => file.read_exact_at(&mut bytes, 0).map(|()| true),
        });
        let is_whole = read.map_err(|source| EngineError::io(format!("reading {name}"), source))?;
        let header = segment_header(&bytes, number).filter(|_| is_whole);
        let damaged = || EngineError::damaged(&name, "header");
        let header = header.ok_or_else(damaged)?;
        let cipher = header.cipher(store_key).map_err(|_| damaged())?;
        Ok(Self { header, cipher, file, prepared: AtomicU64::new(0), durable: AtomicU64::new(0) })
    }

    /// Reads one that was opened, as far as it goes, and that is where it ends. All that was read is durable then: the
    /// sequence numbers are not given again, so it must not be lost with the power any more.
    pub fn find_end(
        &mut self,
        until: Until,
        visit: &mut dyn FnMut(FrameAt, &Record<'_>),
    ) -> Result<SegmentEnd> {
        let number = self.number();
        let mut window = self.window(until)?;
        let end = read_records(&mut window, &self.cipher, until, visit);
        let end = end.map_err(|error| error.in_segment(number))?;
        if until == Until::TheEnd {
            let written = self.write_again(end.synced.max(u64_of(FIRST_FRAME)), end.offset);
            written.map_err(|source| {
                EngineError::io(format!("writing {} again", segment_name(number)), source)
            })?;
        }
        (self.prepared, self.durable) = (AtomicU64::new(end.offset), AtomicU64::new(end.offset));
        Ok(end)
    }

    /// Writes what lies there once more, and syncs it. It may be in memory only: of a process that was killed, or where
    /// a sync failed, and then no later sync would write it.
    fn write_again(&self, from: u64, to: u64) -> io::Result<()> {
        let mut window = Window::until(&*self.file, to);
        let mut at = from;
        while at < to {
            let bytes = window.bytes(at, WRITTEN_AGAIN_LEN)?;
            self.file.write_all_at(bytes, at)?;
            at += u64_of(bytes.len());
        }
        if from < to { self.file.sync() } else { Ok(()) }
    }

    /// Reads what can be read of one that was opened; returns where it ends.
    pub fn survey(&self, until: Until, visit: &mut dyn FnMut(FrameAt, Met<'_>)) -> Result<u64> {
        let surveyed = survey(&mut self.window(until)?, Some(&self.cipher), until, visit);
        surveyed.map_err(|source| ScanError::Io(source).in_segment(self.number()))
    }

    fn window(&self, until: Until) -> Result<Window<'_>> {
        let window = Window::over(&*self.file, until);
        window.map_err(|source| ScanError::Io(source).in_segment(self.number()))
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

    /// Makes zeros up to `len`, durable when it returns.
    pub fn extend(&self, len: u64, ahead: Ahead) -> io::Result<()> {
        let from = self.prepared.load(Ordering::Acquire);
        // Where this failed before, the system may have forgotten that the file grew: so it grows again.
        if self.file.len()? != from {
            self.file.set_len(from)?;
        }
        let grown = match ahead {
            Ahead::Written => write_zeros(&*self.file, from, len),
            Ahead::Reserved => self.file.reserve(from, len),
        };
        if let Err(failure) = grown.and_then(|()| self.file.sync()) {
            // A disk that is nearly full may have given some of it, which what makes room again needs more.
            drop(self.file.set_len(from));
            return Err(failure);
        }
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

    /// Reads what was synced by now, all of it and in order.
    pub fn read(&self, visit: &mut dyn FnMut(FrameAt, &Record<'_>)) -> Result<()> {
        let end = self.durable();
        let read =
            read_records(&mut Window::until(&*self.file, end), &self.cipher, Until::Offset(end), visit);
        read.map(drop).map_err(|error| error.in_segment(self.number()))
    }

    /// Reads the records in `frames`, which are in order.
    pub fn read_frames(&self, frames: &[FrameAt], visit: &mut dyn FnMut(FrameAt, &Record<'_>)) -> Result<()> {
        let read = read_frames(&*self.file, &self.cipher, frames, visit);
        read.map_err(|error| error.in_segment(self.number()))
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
