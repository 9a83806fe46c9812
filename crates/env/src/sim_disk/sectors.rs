//! The bytes of a file: what a reader sees, what is durable, and what each sector was in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use crate::SeededRandom;
use crate::disk::SECTOR;

/// The content of one file.
#[derive(Clone, Default)]
pub(super) struct Sectors {
    seen: Vec<u8>,
    durable: Vec<u8>,
    durable_len: u64,
    unsynced: Unsynced,
    /// What a failed sync has left behind: a later sync does not make it durable.
    doubtful: Unsynced,
    moment: u64,
}

/// The states that sectors and the length went through, each with the moment (number of the change of this
/// file) in which it came about, oldest first.
#[derive(Clone, Default)]
struct Unsynced {
    sectors: BTreeMap<usize, Vec<(u64, Vec<u8>)>>,
    lens: Vec<(u64, u64)>,
}

impl Sectors {
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn len(&self) -> u64 {
        self.seen.len() as u64
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::InvalidInput)?;
        buffer.copy_from_slice(self.seen.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.checked_add(bytes.len()).ok_or(io::ErrorKind::InvalidInput)?;
        let from = start.min(self.seen.len());
        self.moment += 1;
        if end > self.seen.len() {
            self.resize(end);
        }
        self.seen[start..end].copy_from_slice(bytes);
        self.note_sectors(from..end);
        Ok(())
    }

    pub(super) fn set_len(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let old = self.seen.len();
        self.moment += 1;
        self.resize(len);
        self.note_sectors(len.min(old)..old);
        Ok(())
    }

    /// Everything seen is durable now, but for what a failed sync left behind and nobody wrote again.
    pub(super) fn sync(&mut self) {
        let synced = std::mem::take(&mut self.unsynced);
        for sector in synced.sectors.into_keys() {
            put(&mut self.durable, sector, &sector_of(&self.seen, sector));
            self.doubtful.sectors.remove(&sector);
        }
        if !synced.lens.is_empty() {
            self.durable_len = self.len();
            self.doubtful.lens.clear();
        }
    }

    /// The operating system reports the error once, forgets what was to be written, and shows it to readers
    /// until the power is cut.
    pub(super) fn fail_sync(&mut self) {
        let failed = std::mem::take(&mut self.unsynced);
        for (sector, states) in failed.sectors {
            self.doubtful.sectors.entry(sector).or_default().extend(states);
        }
        self.doubtful.lens.extend(failed.lens);
    }

    pub(super) fn flip(&mut self, bit: u64) {
        let byte = usize::try_from(bit / 8).expect("a file fits into memory");
        self.seen[byte] ^= 1 << (bit % 8);
        if let Some(durable) = self.durable.get_mut(byte) {
            *durable ^= 1 << (bit % 8);
        }
    }

    pub(super) fn after_power_cut(&self, fates: &SeededRandom) -> Self {
        let mut found = self.durable.clone();
        let sectors = self.all_sector_states();
        let lens: Vec<_> = self.doubtful.lens.iter().chain(&self.unsynced.lens).copied().collect();
        let of_sectors = sectors.values().flatten().map(|(moment, _)| *moment);
        let fate = Fate::draw(of_sectors.chain(lens.iter().map(|(moment, _)| *moment)).collect(), fates);
        for (sector, states) in sectors {
            if let Some(state) = fate.choose(&states, fates) {
                put(&mut found, sector, state);
            }
        }
        let len = fate.of_len(&lens, fates).unwrap_or(self.durable_len);
        found.resize(usize::try_from(len).expect("a file fits into memory"), 0);
        Self { seen: found.clone(), durable_len: len, durable: found, ..Self::default() }
    }

    fn all_sector_states(&self) -> BTreeMap<usize, Vec<(u64, &[u8])>> {
        let mut all: BTreeMap<usize, Vec<(u64, &[u8])>> = BTreeMap::new();
        for (sector, states) in self.doubtful.sectors.iter().chain(&self.unsynced.sectors) {
            let states = states.iter().map(|(moment, bytes)| (*moment, bytes.as_slice()));
            all.entry(*sector).or_default().extend(states);
        }
        all
    }

    fn resize(&mut self, len: usize) {
        self.seen.resize(len, 0);
        self.unsynced.lens.push((self.moment, len as u64));
    }

    fn note_sectors(&mut self, bytes: Range<usize>) {
        for sector in bytes.start / SECTOR..bytes.end.div_ceil(SECTOR) {
            let state = (self.moment, sector_of(&self.seen, sector));
            self.unsynced.sectors.entry(sector).or_default().push(state);
        }
    }
}

/// What a power cut does to the unsynced states of one file.
#[derive(Clone, Copy)]
enum Fate {
    /// None reached the disk.
    Lost,
    /// All did.
    Kept,
    /// Those up to a moment did.
    Until(u64),
    /// All but those of one moment did: a write was overtaken by later ones.
    AllBut(u64),
    /// Only those of one moment did.
    Only(u64),
    /// Each sector, and the length, is in a state of its own choice.
    Torn,
}

impl Fate {
    fn draw(moments: BTreeSet<u64>, fates: &SeededRandom) -> Self {
        let drawn = usize::try_from(fates.below(moments.len() as u64)).unwrap_or_default();
        let moment = moments.into_iter().nth(drawn).unwrap_or_default();
        match fates.below(8) {
            0 => Self::Lost,
            1 => Self::Kept,
            2 => Self::Until(moment),
            3 => Self::AllBut(moment),
            4 => Self::Only(moment),
            _ => Self::Torn,
        }
    }

    fn of_len(self, lens: &[(u64, u64)], fates: &SeededRandom) -> Option<u64> {
        match self {
            Self::AllBut(_) | Self::Only(_) => Self::Kept.choose(lens, fates),
            _ => self.choose(lens, fates),
        }
    }

    /// The state that is found, `None` for the durable one.
    fn choose<T: Copy>(self, states: &[(u64, T)], fates: &SeededRandom) -> Option<T> {
        let latest = |allowed: &dyn Fn(u64) -> bool| {
            states.iter().rev().find(|(moment, _)| allowed(*moment)).map(|(_, state)| *state)
        };
        match self {
            Self::Lost => None,
            Self::Kept => latest(&|_| true),
            Self::Until(cut) => latest(&|moment| moment <= cut),
            Self::AllBut(lost) => latest(&|moment| moment != lost),
            Self::Only(kept) => latest(&|moment| moment == kept),
            Self::Torn => {
                let found = usize::try_from(fates.below(states.len() as u64 + 1)).ok()?;
                states.get(found).map(|(_, state)| *state)
            }
        }
    }
}

fn sector_of(bytes: &[u8], sector: usize) -> Vec<u8> {
    let start = (sector * SECTOR).min(bytes.len());
    let mut state = bytes[start..bytes.len().min(start + SECTOR)].to_vec();
    state.resize(SECTOR, 0);
    state
}

fn put(bytes: &mut Vec<u8>, sector: usize, state: &[u8]) {
    let start = sector * SECTOR;
    if bytes.len() < start + SECTOR {
        bytes.resize(start + SECTOR, 0);
    }
    bytes[start..start + SECTOR].copy_from_slice(state);
}
