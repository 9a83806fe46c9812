//! The memtable: what is not in sorted files yet, every version of it, readable without waiting for writers.

use std::borrow::Borrow;
use std::cmp::Ordering as Order;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use crossbeam_skiplist::SkipMap;
use crossbeam_skiplist::map::Entry;

use super::log::part::PartWrite;
use super::reader::u64_of;
use super::sorted_file::block::compare;

/// What an entry costs beside its bytes, about.
const ENTRY_OVERHEAD: usize = 120;

/// Entries in memory, ordered as in a sorted file.
pub struct Memtable {
    entries: SkipMap<MemKey, Option<Bytes>>,
    bytes: AtomicUsize,
    /// Of all memtables of the store.
    total: Arc<AtomicUsize>,
    counted: AtomicBool,
    last_sequence: AtomicU64,
    puts: AtomicU64,
    removals: AtomicU64,
    value_bytes: AtomicU64,
}

/// What a memtable holds, every version counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemtableStats {
    /// Entries that put a value.
    pub puts: u64,
    /// Entries that remove.
    pub removals: u64,
    /// Bytes of values.
    pub value_bytes: u64,
}

impl Drop for Memtable {
    fn drop(&mut self) {
        self.set_flushed();
    }
}

#[derive(PartialEq, Eq)]
struct MemKey {
    /// Of the user key: so most keys are told apart without looking where the key itself lies.
    head: u128,
    user_key: Bytes,
    version: u64,
}

/// The first sixteen bytes of a user key, as a number in the same order; zeros where it is shorter.
fn head_of(user_key: &[u8]) -> u128 {
    let mut head = [0; 16];
    head.iter_mut().zip(user_key).for_each(|(to, from)| *to = *from);
    u128::from_be_bytes(head)
}

/// What a key is compared by, so that looking for one needs none of our own.
trait Place {
    fn place(&self) -> (u128, &[u8], u64);
}

impl Place for MemKey {
    fn place(&self) -> (u128, &[u8], u64) {
        (self.head, &self.user_key, self.version)
    }
}

impl Place for (u128, &[u8], u64) {
    fn place(&self) -> (u128, &[u8], u64) {
        *self
    }
}

fn compare_places(one: (u128, &[u8], u64), other: (u128, &[u8], u64)) -> Order {
    one.0.cmp(&other.0).then_with(|| compare((one.1, one.2), (other.1, other.2)))
}

impl Ord for MemKey {
    fn cmp(&self, other: &Self) -> Order {
        compare_places(self.place(), other.place())
    }
}

impl PartialOrd for MemKey {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl<'a> Borrow<dyn Place + 'a> for MemKey {
    fn borrow(&self) -> &(dyn Place + 'a) {
        self
    }
}

impl PartialEq for dyn Place + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for dyn Place + '_ {}

impl Ord for dyn Place + '_ {
    fn cmp(&self, other: &Self) -> Order {
        compare_places(self.place(), other.place())
    }
}

impl PartialOrd for dyn Place + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Memtable {
    /// An empty one, whose bytes are counted in `total` besides, as long as it lives and is not flushed.
    pub fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            entries: SkipMap::new(),
            bytes: AtomicUsize::new(0),
            total: total.clone(),
            counted: AtomicBool::new(true),
            last_sequence: AtomicU64::new(0),
            puts: AtomicU64::new(0),
            removals: AtomicU64::new(0),
            value_bytes: AtomicU64::new(0),
        }
    }

    /// What it holds is in a file: its bytes are counted in the total no more, though a snapshot may still read them
    /// here. Commits that wait for memory must not wait for whoever holds a snapshot.
    pub fn set_flushed(&self) {
        if self.counted.swap(false, Ordering::Relaxed) {
            self.total.fetch_sub(self.bytes(), Ordering::Relaxed);
        }
    }

    /// Adds a write of commit `sequence`; doing it again changes nothing.
    pub fn insert(&self, write: PartWrite, sequence: u64) {
        let value_len = write.value.as_ref().map(Bytes::len);
        match value_len {
            Some(len) => {
                self.puts.fetch_add(1, Ordering::Relaxed);
                self.value_bytes.fetch_add(u64_of(len), Ordering::Relaxed);
            }
            None => drop(self.removals.fetch_add(1, Ordering::Relaxed)),
        }
        let len = write.user_key.len() + value_len.unwrap_or(0) + ENTRY_OVERHEAD;
        let head = head_of(&write.user_key);
        self.entries.insert(MemKey { head, user_key: write.user_key, version: sequence }, write.value);
        self.bytes.fetch_add(len, Ordering::Relaxed);
        self.total.fetch_add(len, Ordering::Relaxed);
        self.last_sequence.fetch_max(sequence, Ordering::Relaxed);
    }

    /// The newest entry of `user_key` at or below `snapshot`: its version, and its value unless removed.
    pub fn get(&self, user_key: &[u8], snapshot: u64) -> Option<(u64, Option<Bytes>)> {
        let entry = self.at_or_behind(user_key, snapshot)?;
        let found = entry.key().user_key == user_key;
        found.then(|| (entry.key().version, entry.value().clone()))
    }

    fn at_or_behind(&self, user_key: &[u8], version: u64) -> Option<Entry<'_, MemKey, Option<Bytes>>> {
        let from: &dyn Place = &(head_of(user_key), user_key, version);
        self.entries.lower_bound(Bound::Included(from))
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it holds.
    pub fn stats(&self) -> MemtableStats {
        MemtableStats {
            puts: self.puts.load(Ordering::Relaxed),
            removals: self.removals.load(Ordering::Relaxed),
            value_bytes: self.value_bytes.load(Ordering::Relaxed),
        }
    }

    /// Bytes it takes, about.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The highest sequence number in it.
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence.load(Ordering::Relaxed)
    }

    /// A cursor at no entry yet.
    pub fn cursor(&self) -> MemCursor<'_> {
        MemCursor { table: self, at: None }
    }
}

/// A place in a memtable: at an entry, or at none.
pub struct MemCursor<'a> {
    table: &'a Memtable,
    at: Option<Entry<'a, MemKey, Option<Bytes>>>,
}

impl MemCursor<'_> {
    /// The entry it is at: user key and version.
    pub fn entry(&self) -> Option<(&[u8], u64)> {
        self.at.as_ref().map(|entry| (&entry.key().user_key[..], entry.key().version))
    }

    /// The value of the entry it is at; `None` where that is removed.
    pub fn value(&self) -> Option<Bytes> {
        self.at.as_ref()?.value().clone()
    }

    /// Goes to the first entry.
    pub fn first(&mut self) {
        self.at = self.table.entries.front();
    }

    /// Goes to the last entry.
    pub fn last(&mut self) {
        self.at = self.table.entries.back();
    }

    /// Goes to the first entry at or behind (user key, version).
    pub fn seek(&mut self, user_key: &[u8], version: u64) {
        self.at = self.table.at_or_behind(user_key, version);
    }

    /// Goes to the next entry; from the last to none.
    pub fn next(&mut self) {
        self.at = self.at.take().and_then(|entry| entry.next());
    }

    /// Goes to the entry before; from the first to none.
    pub fn prev(&mut self) {
        self.at = self.at.take().and_then(|entry| entry.prev());
    }
}

#[cfg(test)]
mod tests {
    use super::Memtable;
    use crate::local::log::part::PartWrite;
    use bytes::Bytes;

    fn write(key: &'static str, value: Option<&'static str>) -> PartWrite {
        PartWrite { user_key: Bytes::from(key), value: value.map(Bytes::from) }
    }

    #[test]
    fn a_snapshot_sees_the_newest_version_at_or_below_it() {
        let table = Memtable::new(&Default::default());
        table.insert(write("b", Some("1")), 1);
        table.insert(write("b", None), 3);
        table.insert(write("a", Some("2")), 2);
        let get = |snapshot| table.get(b"b", snapshot);
        assert_eq!(get(0), None);
        assert_eq!(get(2), Some((1, Some(Bytes::from("1")))));
        assert_eq!(get(9), Some((3, None)));
        assert_eq!(table.last_sequence(), 3);
    }

    #[test]
    fn keys_are_in_the_order_of_their_bytes_however_long() {
        let keys = ["a", "a\0", "a\0b", "ab", "sixteen bytes ..", "sixteen bytes ..\0", "sixteen bytes ..z"];
        let table = Memtable::new(&Default::default());
        keys.iter().rev().for_each(|key| table.insert(write(key, None), 1));
        let mut cursor = table.cursor();
        cursor.first();
        for key in keys {
            assert_eq!(cursor.entry(), Some((key.as_bytes(), 1)));
            cursor.next();
        }
    }

    #[test]
    fn a_cursor_walks_keys_up_and_versions_down() {
        let table = Memtable::new(&Default::default());
        for (key, sequence) in [("b", 1), ("b", 3), ("a", 2)] {
            table.insert(write(key, None), sequence);
        }
        let mut cursor = table.cursor();
        cursor.first();
        let mut seen = Vec::new();
        while let Some((key, version)) = cursor.entry() {
            seen.push((key.to_vec(), version));
            cursor.next();
        }
        assert_eq!(seen, [(b"a".to_vec(), 2), (b"b".to_vec(), 3), (b"b".to_vec(), 1)]);
        cursor.seek(b"b", 2);
        assert_eq!(cursor.entry(), Some((&b"b"[..], 1)));
        cursor.prev();
        assert_eq!(cursor.entry(), Some((&b"b"[..], 3)));
    }
}
