//! The seam to the file system: as few operations as the storage rooms need.
//!
//! Durability is explicit: bytes are safe after [`DiskFile::sync`], names (created, renamed, linked, removed) after
//! [`Disk::sync_dir`] of their folder. Whatever was not synced may be lost, torn at sector borders
//! ([`SECTOR`]) or reordered by a power cut; `sim_disk` does exactly that.

use std::io;
use std::path::{Path, PathBuf};

/// The unit a power cut cannot tear, in bytes.
pub const SECTOR: usize = 512;

/// A file system.
pub trait Disk: Send + Sync {
    /// Creates a file for reading and writing, mode 0600; an existing one is an error (`AlreadyExists`).
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading and writing; for reading alone where it may not be written.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, replacing `to` in one step where it exists.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name on the same file system, which must not be taken (`AlreadyExists`). The bytes
    /// are there until the last name is removed.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and everything in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Creates a folder, mode 0700, and its missing parents; an existing one is fine.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// The entries of a folder, full paths in name order.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;

    /// Whether a file or folder is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes the exclusive lock on `path` (created where missing) for as long as the result lives;
    /// `WouldBlock` where another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
}

/// An open file. Reads and writes name their position, so that threads can share one.
pub trait DiskFile: Send + Sync {
    /// Fills `buffer` from `offset`; `UnexpectedEof` where the file ends before.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, growing the file where needed.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Sets room aside from `from`, behind which nothing but zeros may lie, to `to`; the file is at least so long then,
    /// and reads as zeros there. What is written over it a power cut loses sector by sector, as if it went over
    /// zeros that were written.
    fn reserve(&self, from: u64, to: u64) -> io::Result<()> {
        write_zeros(self, from, to)
    }

    /// Makes what was written durable (`fdatasync`: content and size). After an error nothing is known of
    /// the unsynced bytes, and a later success proves nothing.
    fn sync(&self) -> io::Result<()>;

    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file holds no byte.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts or grows (with zeros) the file to `len` bytes.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// Writes zeros from `from` to `to`.
pub fn write_zeros<F: DiskFile + ?Sized>(file: &F, from: u64, to: u64) -> io::Result<()> {
    // Memory that nothing is ever written to: the system backs all of it by one page, and none is cleared for it.
    static ZEROS: [u8; 1 << 20] = [0; 1 << 20];
    let mut at = from;
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(ZEROS.len());
        let zeros = ZEROS.get(..wanted).unwrap_or(&ZEROS);
        file.write_all_at(zeros, at)?;
        at += zeros.len() as u64;
    }
    Ok(())
}

/// Reads a whole file of at most `limit` bytes; `InvalidData` where it is longer.
pub fn read_file(disk: &dyn Disk, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let len = file.len()?;
    if len > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is longer than such a file can be"));
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Replaces the content of `path` in one durable step: written beside it, synced, renamed, folder synced.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    if disk.exists(&beside)? {
        disk.remove_file(&beside)?;
    }
    let file = disk.create(&beside)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    disk.rename(&beside, path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
}
