//! A keyspace in memory: every version of every entry that somebody may still ask for.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use crypto::COMMITMENT_LEN;

use crate::{
    Direction, EngineError, Entry, Key, KeyspaceId, KeyspaceStats, Limit, Page, Partition, Result, Segment,
    SortRange, Version, Write,
};

/// The newest state.
pub const NOW: u64 = u64::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Closed,
    /// No longer in the map; whoever still holds it finds it absent.
    Dropped,
}

pub struct Keyspace {
    pub state: State,
    pub key_commitment: [u8; COMMITMENT_LEN],
    pub entries: Entries,
    /// States from this version on can be read.
    pub floor: u64,
    /// States from this version on are to stay readable.
    pub watermark: Option<u64>,
    /// Versions that snapshots read, and how many do.
    pub pins: BTreeMap<u64, usize>,
    stats: KeyspaceStats,
}

/// All versions of each entry, oldest first.
pub type Entries = BTreeMap<Key, Vec<(u64, Option<Bytes>)>>;

impl Keyspace {
    pub fn new(key_commitment: [u8; COMMITMENT_LEN], entries: Entries, floor: u64) -> Self {
        let mut stats = KeyspaceStats::default();
        for value in entries.values().filter_map(|versions| versions.last()?.1.as_ref()) {
            stats.entries += 1;
            stats.value_bytes += value.len() as u64;
        }
        let (watermark, pins) = (None, BTreeMap::new());
        Self { state: State::Open, key_commitment, entries, floor, watermark, pins, stats }
    }

    pub fn check_open(&self, id: KeyspaceId) -> Result<()> {
        match self.state {
            State::Open => Ok(()),
            State::Closed => Err(EngineError::Closed(id)),
            State::Dropped => Err(EngineError::Absent(id)),
        }
    }

    pub fn stats(&self) -> KeyspaceStats {
        self.stats
    }

    /// The version of the entry at `key`.
    pub fn version(&self, key: &Key) -> Option<Version> {
        self.get(key, NOW).map(|entry| entry.version)
    }

    pub fn get(&self, key: &Key, at: u64) -> Option<Entry> {
        visible(key, self.entries.get(key)?, at)
    }

    pub fn apply(&mut self, write: Write, version: u64) {
        let before = self.get(&write.key, NOW);
        self.stats.entries -= u64::from(before.is_some());
        self.stats.value_bytes -= before.map_or(0, |entry| entry.value.len() as u64);
        self.stats.entries += u64::from(write.value.is_some());
        self.stats.value_bytes += write.value.as_ref().map_or(0, |value| value.len() as u64);
        let versions = self.entries.entry(write.key.clone()).or_default();
        versions.push((version, write.value));
        let pinned = self.pins.first_key_value().map(|(pinned, _)| *pinned);
        let horizon = [Some(version), self.watermark, pinned].into_iter().flatten().min().unwrap_or(version);
        self.floor = self.floor.max(horizon);
        let shown = versions.iter().rposition(|(version, _)| *version <= horizon);
        versions.drain(..shown.unwrap_or(0));
        if matches!(versions[..], [(removed, None)] if removed <= horizon) {
            self.entries.remove(&write.key);
        }
    }

    /// What is shown as of a version, and nothing that was before.
    pub fn as_of(entries: &Entries, limit: u64) -> Entries {
        let shown = entries.iter().filter_map(|(key, versions)| {
            let entry = visible(key, versions, limit)?;
            Some((entry.key, vec![(entry.version.0, Some(entry.value))]))
        });
        shown.collect()
    }

    pub fn slice(
        &self,
        (partition, range): (Partition, SortRange),
        direction: Direction,
        limit: Limit,
        at: u64,
    ) -> Page {
        let bounds = key_bounds(partition, range);
        if is_reversed(&bounds) {
            return Page { entries: Vec::new(), more: false };
        }
        let inside = self.entries.range(bounds).filter_map(|(key, versions)| visible(key, versions, at));
        match direction {
            Direction::Forward => page(inside, limit),
            Direction::Backward => page(inside.rev(), limit),
        }
    }

    pub fn sweep(&self, segment: Segment, after: Option<Key>, limit: Limit, at: u64) -> Page {
        let first = Key { partition: segment.first_partition(), sort: Bytes::new() };
        let start = match after {
            Some(after) if after >= first => Bound::Excluded(after),
            _ => Bound::Included(first),
        };
        let inside = self.entries.range((start, Bound::Unbounded));
        let inside = inside.take_while(|(key, _)| segment.contains(&key.partition));
        page(inside.filter_map(|(key, versions)| visible(key, versions, at)), limit)
    }
}

fn visible(key: &Key, versions: &[(u64, Option<Bytes>)], at: u64) -> Option<Entry> {
    let (version, value) = versions.iter().rev().find(|(version, _)| *version <= at)?;
    value.as_ref().map(|value| Entry { key: key.clone(), version: Version(*version), value: value.clone() })
}

fn page(inside: impl Iterator<Item = Entry>, limit: Limit) -> Page {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    let mut inside = inside.peekable();
    for entry in inside.by_ref() {
        bytes += entry.value.len();
        entries.push(entry);
        if limit.is_reached(entries.len(), bytes) {
            break;
        }
    }
    Page { entries, more: inside.peek().is_some() }
}

fn key_bounds(partition: Partition, range: SortRange) -> (Bound<Key>, Bound<Key>) {
    let key = |sort| Key { partition, sort };
    let start = match range.start {
        Bound::Unbounded => Bound::Included(key(Bytes::new())),
        bound => bound.map(key),
    };
    let end = match range.end {
        Bound::Unbounded => first_key_behind(partition).map_or(Bound::Unbounded, Bound::Excluded),
        bound => bound.map(key),
    };
    (start, end)
}

fn first_key_behind(partition: Partition) -> Option<Key> {
    let next = u128::from_be_bytes(partition.0).checked_add(1)?;
    Some(Key { partition: Partition(next.to_be_bytes()), sort: Bytes::new() })
}

/// Ranges for which a map's `range` would panic; there is nothing in them.
fn is_reversed((start, end): &(Bound<Key>, Bound<Key>)) -> bool {
    match (start, end) {
        (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
            start > end
        }
        _ => false,
    }
}
