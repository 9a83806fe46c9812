//! A disk in memory that can lose power, fail and rot: every failure is a seed and a number.
//!
//! It keeps apart what a reader sees and what is durable: bytes become durable, by sectors, when their file
//! is synced; names when their folder is. [`SimDisk::crash`] gives the disk as a power cut may leave it:
//! each unsynced sector in any of the states it went through, each unsynced name there or not, each file
//! as long as it was at some moment since its last sync.
//!
//! Operations are counted as *changes* (create, write, sync, set length, rename, link, remove, make folder, sync
//! folder, lock) and *reads* (open, read, length, list, exists), both from 1, so that a test can cut the
//! power or inject an error at any one of them. Opening a file changes nothing and removing a folder is one
//! change per name removed.
//!
//! Map: `sectors` (the bytes of a file) · `names` (the tree of names).

mod names;
mod sectors;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::SeededRandom;
use crate::disk::{Disk, DiskFile, SECTOR};
use names::{Names, Node};
use sectors::Sectors;

/// A disk in memory. Clones are handles to the same disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `StorageFull`, nothing done.
    NoSpace,
    /// An input/output error, nothing done.
    Io,
    /// A write stops half-way, at a sector border, for want of space; anything else fails as with
    /// [`Fault::Io`].
    Short,
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts the power in the middle of change `number`: it fails, whatever it did is unsynced, and from then
    /// on everything fails until [`SimDisk::crash`].
    pub fn cut_power_at_change(&self, number: u64) {
        self.state.lock().cut_at = Some(number);
    }

    /// Makes change `number` fail, once.
    pub fn fail_change(&self, number: u64, fault: Fault) {
        self.state.lock().failing_changes.insert(number, fault);
    }

    /// Makes read `number` fail, once.
    pub fn fail_read(&self, number: u64) {
        self.state.lock().failing_reads.insert(number);
    }

    /// Makes the disk full, or no longer so: whatever would take more space fails with `StorageFull`.
    pub fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    /// Nothing planned fails any more, and there is space.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.failing_changes.clear();
        state.failing_reads.clear();
        state.full = false;
    }

    /// How many operations failed, as planned or for want of space, since this disk was made or started anew.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.state.lock().faults
    }

    /// Makes changes take a little while, sometimes, so that threads which use the disk meet in more ways.
    pub fn set_slow(&self, seed: u64) {
        self.state.lock().delays = Some(SeededRandom::new(seed));
    }

    /// How many changes there were since this disk was made or started anew.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// How many reads there were since this disk was made or started anew.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state.lock().reads
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state.lock().off
    }

    /// Cuts the power now, if it is not off yet, and returns the disk as it is found afterwards; the seed
    /// decides what becomes of everything unsynced.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut state = self.state.lock();
        state.off = true;
        Self { state: Arc::new(Mutex::new(state.after_power_cut(&SeededRandom::new(seed)))) }
    }

    /// Kills whoever uses the disk, without a power cut: nothing is lost, but what was unsynced still is.
    #[must_use]
    pub fn kill(&self) -> Self {
        let mut state = self.state.lock();
        state.off = true;
        Self { state: Arc::new(Mutex::new(state.as_it_stands())) }
    }

    /// Another disk with the same content: no locks held, no failures planned, counts from zero.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state.lock().as_it_stands())) }
    }

    /// The paths of all files, in order.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.lock().names.files().map(|(path, _)| path.to_path_buf()).collect()
    }

    /// All files with their content, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state.lock();
        let content = |id| state.files.get(&id).map(|file| file.seen().to_vec()).unwrap_or_default();
        state.names.files().map(|(path, id)| (path.to_path_buf(), content(id))).collect()
    }

    /// The contents of all files, and of those removed since the disk was made or started anew: on a real
    /// disk their bytes lie there until something else is written over them.
    #[must_use]
    pub fn all_contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state.lock();
        let name =
            |id| state.names.files().find(|(_, named)| *named == id).map(|(path, _)| path.to_path_buf());
        let removed = || PathBuf::from("a removed file");
        state
            .files
            .iter()
            .map(|(id, file)| (name(*id).unwrap_or_else(removed), file.seen().to_vec()))
            .collect()
    }

    /// Flips bit `bit` (0 is the lowest of the first byte) of a file, durably.
    ///
    /// # Panics
    /// Where there is no such bit.
    pub fn flip(&self, path: &Path, bit: u64) {
        let mut state = self.state.lock();
        let id = state.names.file(path).expect("the file is there");
        state.files.get_mut(&id).expect("a named file has content").flip(bit);
    }

    fn read<T>(&self, answer: impl FnOnce(&State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        state.powered()?;
        state.reads += 1;
        let number = state.reads;
        if state.failing_reads.remove(&number) {
            state.faults += 1;
            return Err(io::Error::other("injected: read failed"));
        }
        answer(&state)
    }

    fn change<T>(&self, effect: impl FnOnce(&mut State, Option<Fault>) -> io::Result<T>) -> io::Result<T> {
        self.take_a_while();
        let mut state = self.state.lock();
        let (fault, cut) = state.next_change()?;
        let done = effect(&mut state, fault);
        if cut { Err(power_cut()) } else { done }
    }

    /// Like `change`, for syncs: interrupted by a power cut they have promised nothing.
    fn sync_change(
        &self,
        effect: impl FnOnce(&mut State, Option<Fault>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.take_a_while();
        let mut state = self.state.lock();
        let (fault, cut) = state.next_change()?;
        if cut { Err(power_cut()) } else { effect(&mut state, fault) }
    }

    fn take_a_while(&self) {
        let delay_us = self.state.lock().delays.as_ref().map_or(0, |delays| delays.below(8).pow(3));
        if delay_us > 0 {
            std::thread::sleep(Duration::from_micros(delay_us));
        }
    }

    fn handle(&self, file: u64) -> Box<dyn DiskFile> {
        Box::new(SimFile { disk: self.clone(), file })
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.change(|state, fault| {
            fail(fault)?;
            state.create_file(path)
        })
        .map(|file| self.handle(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.read(|state| state.names.file(path)).map(|file| self.handle(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state, fault| {
            fail(fault)?;
            state.names.rename(from, to)
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state, fault| {
            fail(fault)?;
            state.room_to_grow()?;
            state.names.link(from, to)
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|state, fault| {
            fail(fault)?;
            state.names.file(path)?;
            state.names.set(path, None);
            Ok(())
        })
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let doomed = self.read(|state| state.names.below(path))?;
        for name in doomed.iter().rev().map(PathBuf::as_path).chain([path]) {
            self.change(|state, fault| {
                fail(fault)?;
                state.names.set(name, None);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change(|state, fault| {
            fail(fault)?;
            let missing = state.names.missing_folders(path)?;
            if !missing.is_empty() {
                state.room_to_grow()?;
            }
            missing.iter().for_each(|folder| state.names.set(folder, Some(Node::Folder)));
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.read(|state| state.names.list(path))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.read(|state| Ok(state.names.exists(path)))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.sync_change(|state, fault| {
            fail(fault)?;
            state.names.sync(path)
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.change(|state, fault| {
            fail(fault)?;
            if !state.names.exists(path) {
                state.create_file(path)?;
            }
            let taken = !state.locks.insert(path.to_path_buf());
            if taken { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        })?;
        Ok(Box::new(Lock { disk: self.clone(), path: path.to_path_buf() }))
    }
}

struct SimFile {
    disk: SimDisk,
    file: u64,
}

impl DiskFile for SimFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.read(|state| state.file(self.file)?.read(buffer, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.change(|state, fault| {
            let written = match fault {
                Some(Fault::Short) => first_half(bytes, offset),
                fault => fail(fault).map(|()| bytes)?,
            };
            let end = offset.saturating_add(written.len() as u64);
            if end > state.file(self.file)?.len() {
                state.room_to_grow()?;
            }
            state.file_mut(self.file)?.write(written, offset)?;
            if written.len() < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync_change(|state, fault| {
            let file = state.file_mut(self.file)?;
            if fault.is_some() {
                file.fail_sync()
            } else {
                file.sync()
            }
            fail(fault)
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.disk.read(|state| Ok(state.file(self.file)?.len()))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.change(|state, fault| {
            fail(fault)?;
            if len > state.file(self.file)?.len() {
                state.room_to_grow()?;
            }
            state.file_mut(self.file)?.set_len(len)
        })
    }
}

struct Lock {
    disk: SimDisk,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.state.lock().locks.remove(&self.path);
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<u64, Sectors>,
    names: Names,
    locks: BTreeSet<PathBuf>,
    changes: u64,
    reads: u64,
    cut_at: Option<u64>,
    failing_changes: BTreeMap<u64, Fault>,
    failing_reads: BTreeSet<u64>,
    full: bool,
    faults: u64,
    delays: Option<SeededRandom>,
    off: bool,
}

impl State {
    fn powered(&self) -> io::Result<()> {
        if self.off { Err(power_cut()) } else { Ok(()) }
    }

    /// Counts a change: the fault planned for it, and whether the power is cut during it.
    fn next_change(&mut self) -> io::Result<(Option<Fault>, bool)> {
        self.powered()?;
        self.changes += 1;
        self.off = self.cut_at == Some(self.changes);
        let fault = self.failing_changes.remove(&self.changes);
        self.faults += u64::from(fault.is_some());
        Ok((fault, self.off))
    }

    fn room_to_grow(&mut self) -> io::Result<()> {
        self.faults += u64::from(self.full);
        if self.full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        self.names.vacant(path)?;
        self.room_to_grow()?;
        let file = self.files.last_key_value().map_or(0, |(last, _)| last + 1);
        self.files.insert(file, Sectors::default());
        self.names.set(path, Some(Node::File(file)));
        Ok(file)
    }

    fn file(&self, file: u64) -> io::Result<&Sectors> {
        self.files.get(&file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file_mut(&mut self, file: u64) -> io::Result<&mut Sectors> {
        self.files.get_mut(&file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn as_it_stands(&self) -> Self {
        let (files, names) = (self.files.clone(), self.names.clone());
        Self { files, names, ..Self::default() }.with_named_files_only()
    }

    fn after_power_cut(&self, fates: &SeededRandom) -> Self {
        let names = self.names.after_power_cut(fates);
        let files = self.files.iter().map(|(id, file)| (*id, file.after_power_cut(fates))).collect();
        Self { files, names, ..Self::default() }.with_named_files_only()
    }

    fn with_named_files_only(mut self) -> Self {
        let named = self.names.referenced();
        self.files.retain(|id, _| named.contains(id));
        self
    }
}

/// The sectors of a write that begin and end before its middle.
fn first_half(bytes: &[u8], offset: u64) -> &[u8] {
    let middle = usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(bytes.len() / 2);
    let len = (middle / SECTOR * SECTOR).saturating_sub(middle - bytes.len() / 2);
    bytes.get(..len).unwrap_or_default()
}

fn fail(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        None => Ok(()),
        Some(Fault::NoSpace) => Err(io::ErrorKind::StorageFull.into()),
        Some(Fault::Io | Fault::Short) => Err(io::Error::other("injected: operation failed")),
    }
}

fn power_cut() -> io::Error {
    io::Error::other("the power is off")
}

#[cfg(test)]
mod tests;
