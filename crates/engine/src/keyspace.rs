//! The nouns of the seam.

use std::collections::HashSet;
use std::fmt;
use std::ops::Bound;

use bytes::Bytes;
use env::Random;
use env::random::random_bytes;

use crate::EngineError;

/// The name of a keyspace: random, and the name of its folder on disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyspaceId(pub [u8; 16]);

impl KeyspaceId {
    /// A fresh id.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self(random_bytes(random))
    }

    /// The fixed id of one of the server's own keyspaces, from a name of at most 16 ASCII characters.
    #[must_use]
    pub const fn of_system(name: &str) -> Self {
        let (name, mut id, mut at) = (name.as_bytes(), [0; 16], 0);
        while at < name.len() {
            id[at] = name[at];
            at += 1;
        }
        Self(id)
    }

    /// The name [`KeyspaceId::of_system`] was given, where it was one of lower-case letters and hyphens.
    #[must_use]
    pub fn system_name(&self) -> Option<&str> {
        let len = self.0.iter().rposition(|byte| *byte != 0)? + 1;
        let name = std::str::from_utf8(self.0.get(..len)?).ok()?;
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then_some(name)
    }
}

impl fmt::Display for KeyspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyspaceId({self})")
    }
}

/// What one partition key value hashes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub [u8; 16]);

/// The address of an entry: a partition and the bytes that order it there (at most
/// [`Key::MAX_SORT_LEN`]; empty where a partition holds one entry).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The partition.
    pub partition: Partition,
    /// Compared bytewise within the partition.
    pub sort: Bytes,
}

impl Key {
    /// The longest sort bytes, in bytes: DynamoDB's 1024 under an encoding that may double them, and room.
    pub const MAX_SORT_LEN: usize = 4096;
}

/// When an entry was last written: grows with every commit that writes it, never repeats in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// What lies at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its address.
    pub key: Key,
    /// Of its last write.
    pub version: Version,
    /// Its bytes, at most [`Entry::MAX_VALUE_LEN`].
    pub value: Bytes,
}

impl Entry {
    /// The longest value, in bytes: DynamoDB's 400 KB with room for our encoding.
    pub const MAX_VALUE_LEN: usize = 1 << 20;
}

/// What must hold of a key for a commit to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// There is no entry.
    Absent,
    /// There is an entry, and this is its version.
    Version(Version),
}

impl Guard {
    /// Whether it holds where the entry's version is `found`.
    #[must_use]
    pub fn holds(self, found: Option<Version>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Version(expected) => found == Some(expected),
        }
    }
}

/// A guard and the key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedKey {
    /// Where.
    pub keyspace: KeyspaceId,
    /// Which entry.
    pub key: Key,
    /// What must hold.
    pub guard: Guard,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub keyspace: KeyspaceId,
    /// Which entry.
    pub key: Key,
    /// Its new bytes; `None` removes it.
    pub value: Option<Bytes>,
}

/// Guards and writes, over any keyspaces, that apply together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// What must hold.
    pub guards: Vec<GuardedKey>,
    /// What then happens.
    pub writes: Vec<Write>,
}

impl Commit {
    /// Whether the commit keeps the limits of keys and values and writes no key twice; every engine asks
    /// before it does anything else.
    ///
    /// # Errors
    /// [`EngineError::Invalid`].
    pub fn check(&self) -> Result<(), EngineError> {
        let too_long = |key: &Key| key.sort.len() > Key::MAX_SORT_LEN;
        let value_len = |write: &Write| write.value.as_ref().map_or(0, Bytes::len);
        if self.guards.iter().any(|guarded| too_long(&guarded.key))
            || self.writes.iter().any(|w| too_long(&w.key))
        {
            return Err(EngineError::Invalid("a key is too long"));
        }
        if self.writes.iter().any(|write| value_len(write) > Entry::MAX_VALUE_LEN) {
            return Err(EngineError::Invalid("a value is too long"));
        }
        if self.writes.len() < 2 {
            return Ok(());
        }
        let mut written = HashSet::with_capacity(self.writes.len());
        if !self.writes.iter().all(|write| written.insert((write.keyspace, &write.key))) {
            return Err(EngineError::Invalid("a key is written twice"));
        }
        Ok(())
    }
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is written and durable, at this version.
    Applied(Version),
    /// The guard at this index of [`Commit::guards`] did not hold; nothing is written.
    GuardFailed(usize),
    /// Whether it applied cannot be known (a distributed engine's time-out); it may still.
    MaybeApplied,
}

/// Sort bytes from a bound to a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortRange {
    /// Where it begins.
    pub start: Bound<Bytes>,
    /// Where it ends.
    pub end: Bound<Bytes>,
}

impl SortRange {
    /// A whole partition.
    pub const ALL: Self = Self { start: Bound::Unbounded, end: Bound::Unbounded };
}

/// The order in which a slice is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ascending sort bytes.
    Forward,
    /// Descending sort bytes.
    Backward,
}

/// When a page is full: after the entry that reaches one of the two. At least one entry is read, so 0
/// means 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// This many entries.
    pub entries: usize,
    /// This many bytes of values.
    pub bytes: usize,
}

impl Limit {
    /// Whether a page that holds this much is full.
    #[must_use]
    pub fn is_reached(self, entries: usize, bytes: usize) -> bool {
        entries >= self.entries || bytes >= self.bytes
    }
}

/// Entries read from one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order of the call.
    pub entries: Vec<Entry>,
    /// Whether there are further entries behind the last one.
    pub more: bool,
}

/// One of `total` equal parts of the partitions of a keyspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Which, from 0.
    pub index: u32,
    /// Of how many, at least 1.
    pub total: u32,
}

impl Segment {
    /// A whole keyspace.
    pub const WHOLE: Self = Self { index: 0, total: 1 };

    /// Whether a partition belongs to this segment. The first 8 bytes of the partition, as a fraction of
    /// 2^64, decide, so segments are ranges in the order of a sweep.
    #[must_use]
    pub fn contains(self, partition: &Partition) -> bool {
        self.of(partition) == self.index
    }

    /// The first partition that may belong to segment `index`.
    #[must_use]
    pub fn first_partition(self) -> Partition {
        let start = (u128::from(self.index) << 64).div_ceil(u128::from(self.total.max(1)));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&u64::try_from(start).unwrap_or(u64::MAX).to_be_bytes());
        Partition(bytes)
    }

    fn of(self, partition: &Partition) -> u32 {
        let [head @ .., _, _, _, _, _, _, _, _] = partition.0;
        let part = (u128::from(u64::from_be_bytes(head)) * u128::from(self.total)) >> 64;
        u32::try_from(part).unwrap_or(u32::MAX)
    }
}

/// Sizes of a keyspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyspaceStats {
    /// Entries.
    pub entries: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// Bytes in files, ciphertext and all.
    pub disk_bytes: u64,
    /// How far a deep rotation is; `None` where there is none.
    pub rotation: Option<Rotation>,
}

/// How far a deep rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes in files under the new data encryption key.
    pub done_bytes: u64,
    /// Bytes in all files.
    pub total_bytes: u64,
}

impl Rotation {
    /// From 0 to 1.
    #[must_use]
    pub fn progress(self) -> f64 {
        if self.total_bytes == 0 { 1.0 } else { self.done_bytes as f64 / self.total_bytes as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyspaceId, Partition, Segment};

    #[test]
    fn every_partition_belongs_to_exactly_one_segment() {
        for total in [1, 2, 3, 7, 1_000_000] {
            for byte in 0..=255 {
                let partition = Partition([byte; 16]);
                let at = Segment { index: 0, total }.of(&partition);
                assert!(Segment { index: at, total }.contains(&partition));
                assert!(Segment { index: at, total }.first_partition() <= partition);
            }
        }
    }

    #[test]
    fn a_system_keyspace_is_named_by_its_letters() {
        let kms = KeyspaceId::of_system("kms");
        assert_eq!(kms.to_string(), "6b6d7300000000000000000000000000");
        assert_eq!(kms.system_name(), Some("kms"));
        assert_eq!(KeyspaceId([7; 16]).system_name(), None);
        assert_eq!(KeyspaceId([0; 16]).system_name(), None);
    }
}
