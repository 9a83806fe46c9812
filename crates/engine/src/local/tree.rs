//! What a keyspace consists of at one moment: memtables and sorted files. A tree is replaced, never changed,
//! so that a reader that holds one sees one state of it.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::levels::Levels;
use super::memtable::Memtable;
use super::merge::{KeyRange, Source, Visible};
use crate::{Direction, Key, Partition, Result, Segment, SortRange};

/// Memtables, newest first, and files by levels. Whatever is found first of a key is newest: the sequence numbers
/// of a memtable lie above those of the next and of all files, and [`Levels`] are made so.
#[derive(Clone)]
pub struct Tree {
    /// Takes writes.
    pub active: Arc<Memtable>,
    /// Full; on their way into a file.
    pub frozen: Vec<Arc<Memtable>>,
    /// On disk.
    pub files: Arc<Levels>,
    /// Of what was replaced at or before this sequence number, nothing need be there any more: the tree
    /// serves snapshots from here on.
    pub floor: u64,
}

/// A version found, and its value unless it removes the entry.
pub type Found = (u64, Option<Bytes>);

impl Tree {
    /// The newest entry of `user_key` in memory at or below `snapshot`.
    pub fn get_in_memory(&self, user_key: &[u8], snapshot: u64) -> Option<Found> {
        self.memtables().find_map(|table| table.get(user_key, snapshot))
    }

    /// The newest entry of `user_key` in files at or below `snapshot`.
    pub fn get_in_files(&self, user_key: &[u8], snapshot: u64) -> Result<Option<Found>> {
        self.files.get(user_key, snapshot)
    }

    /// The newest entry of `user_key` at or below `snapshot`.
    pub fn get(&self, user_key: &[u8], snapshot: u64) -> Result<Option<Found>> {
        match self.get_in_memory(user_key, snapshot) {
            Some(found) => Ok(Some(found)),
            None => self.get_in_files(user_key, snapshot),
        }
    }

    /// What `snapshot` shows of `range`.
    pub fn visible(&self, range: KeyRange, direction: Direction, snapshot: u64) -> Result<Visible<'_>> {
        let memory = self.memtables().map(|table| Source::Memory(table.cursor()));
        let files = self.files.cursors(&range).into_iter().map(|cursor| Source::Files(Box::new(cursor)));
        let sources = memory.chain(files).collect();
        Visible::new(sources, range, direction, snapshot)
    }

    /// All memtables, newest first.
    pub fn memtables(&self) -> impl Iterator<Item = &Arc<Memtable>> {
        std::iter::once(&self.active).chain(&self.frozen)
    }
}

/// Partition and sort bytes as one.
pub fn user_key(key: &Key) -> Bytes {
    [&key.partition.0[..], &key.sort].concat().into()
}

/// The key that [`user_key`] made.
pub fn key_of(user_key: &Bytes) -> Key {
    let (partition, _) =
        user_key.split_first_chunk::<16>().map_or(([0; 16], &[][..]), |(head, tail)| (*head, tail));
    Key { partition: Partition(partition), sort: user_key.slice(16.min(user_key.len())..) }
}

/// The user keys of a partition within `range`.
pub fn range_of_partition(partition: Partition, range: &SortRange) -> KeyRange {
    let with_sort = |sort: &Bytes| [&partition.0[..], sort].concat();
    let start = match &range.start {
        Bound::Unbounded => Bound::Included(partition.0.to_vec()),
        Bound::Included(sort) => Bound::Included(with_sort(sort)),
        Bound::Excluded(sort) => Bound::Excluded(with_sort(sort)),
    };
    let end = match &range.end {
        Bound::Unbounded => behind(partition),
        Bound::Included(sort) => Bound::Included(with_sort(sort)),
        Bound::Excluded(sort) => Bound::Excluded(with_sort(sort)),
    };
    KeyRange { start, end }
}

/// The user keys of `segment` behind `after`; `None` where there is no such segment.
pub fn range_of_segment(segment: Segment, after: Option<&Key>) -> Option<KeyRange> {
    if segment.index >= segment.total {
        return None;
    }
    let first = segment.first_partition().0.to_vec();
    let start = match after.map(|key| user_key(key).to_vec()) {
        Some(after) if after >= first => Bound::Excluded(after),
        _ => Bound::Included(first),
    };
    let next = Segment { index: segment.index + 1, ..segment };
    let end = if next.index == next.total {
        Bound::Unbounded
    } else {
        Bound::Excluded(next.first_partition().0.to_vec())
    };
    Some(KeyRange { start, end })
}

fn behind(partition: Partition) -> Bound<Vec<u8>> {
    match u128::from_be_bytes(partition.0).checked_add(1) {
        Some(next) => Bound::Excluded(next.to_be_bytes().to_vec()),
        None => Bound::Unbounded,
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use super::{key_of, range_of_partition, range_of_segment, user_key};
    use crate::{Key, Partition, Segment, SortRange};
    use bytes::Bytes;

    #[test]
    fn a_key_survives_being_made_one() {
        let key = Key { partition: Partition([7; 16]), sort: Bytes::from_static(b"sort") };
        assert_eq!(key_of(&user_key(&key)), key);
    }

    #[test]
    fn the_last_partition_ends_nowhere() {
        let range = range_of_partition(Partition([255; 16]), &SortRange::ALL);
        assert_eq!(range.end, Bound::Unbounded);
        let range = range_of_partition(Partition([0; 16]), &SortRange::ALL);
        assert_eq!(range.end, Bound::Excluded(1_u128.to_be_bytes().to_vec()));
    }

    #[test]
    fn segments_follow_each_other_without_gap() {
        for total in [1, 2, 3, 7] {
            let ranges = (0..total).map(|index| range_of_segment(Segment { index, total }, None).unwrap());
            let ranges: Vec<_> = ranges.collect();
            assert_eq!(ranges[0].start, Bound::Included(vec![0; 16]));
            for pair in ranges.windows(2) {
                let (Bound::Excluded(end), Bound::Included(start)) = (&pair[0].end, &pair[1].start) else {
                    panic!("{pair:?}");
                };
                assert_eq!(end, start);
            }
            assert_eq!(ranges.last().unwrap().end, Bound::Unbounded);
        }
        assert!(range_of_segment(Segment { index: 2, total: 2 }, None).is_none());
    }
}
