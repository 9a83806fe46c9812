//! Memtables and sorted files as one ordered whole.
//!
//! Sources are few (memtables, files of level 0, one for each deeper level), so the next one is found by looking at all of them.

use std::cmp::Ordering;
use std::ops::Bound;

use bytes::Bytes;

use super::level_cursor::LevelCursor;
use super::memtable::MemCursor;
use super::sorted_file::block::compare;
use crate::{Direction, Result};

/// User keys from a bound to a bound.
#[derive(Debug, Clone)]
pub struct KeyRange {
    /// Where it begins.
    pub start: Bound<Vec<u8>>,
    /// Where it ends.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Whether it may hold one of the user keys from `first` to `last`.
    pub fn meets(&self, first: &[u8], last: &[u8]) -> bool {
        self.starts_by(last) && self.ends_behind(first)
    }

    fn starts_by(&self, user_key: &[u8]) -> bool {
        match &self.start {
            Bound::Unbounded => true,
            Bound::Included(start) => user_key >= &start[..],
            Bound::Excluded(start) => user_key > &start[..],
        }
    }

    fn ends_behind(&self, user_key: &[u8]) -> bool {
        match &self.end {
            Bound::Unbounded => true,
            Bound::Included(end) => user_key <= &end[..],
            Bound::Excluded(end) => user_key < &end[..],
        }
    }
}

/// A cursor over one of the sources.
pub enum Source<'a> {
    /// A memtable.
    Memory(MemCursor<'a>),
    /// Sorted files that follow each other.
    Files(Box<LevelCursor<'a>>),
}

impl Source<'_> {
    fn entry(&self) -> Option<(&[u8], u64)> {
        match self {
            Self::Memory(cursor) => cursor.entry(),
            Self::Files(cursor) => cursor.entry(),
        }
    }

    fn value(&self) -> Option<Bytes> {
        match self {
            Self::Memory(cursor) => cursor.value(),
            Self::Files(cursor) => cursor.value(),
        }
    }

    fn step(&mut self, direction: Direction) -> Result<()> {
        match (self, direction) {
            (Self::Memory(cursor), Direction::Forward) => cursor.next(),
            (Self::Memory(cursor), Direction::Backward) => cursor.prev(),
            (Self::Files(cursor), Direction::Forward) => return cursor.next(),
            (Self::Files(cursor), Direction::Backward) => return cursor.prev(),
        }
        Ok(())
    }

    fn first(&mut self) -> Result<()> {
        match self {
            Self::Memory(cursor) => cursor.first(),
            Self::Files(cursor) => return cursor.first(),
        }
        Ok(())
    }

    fn last(&mut self) -> Result<()> {
        match self {
            Self::Memory(cursor) => cursor.last(),
            Self::Files(cursor) => return cursor.last(),
        }
        Ok(())
    }

    fn seek(&mut self, user_key: &[u8], version: u64) -> Result<()> {
        match self {
            Self::Memory(cursor) => cursor.seek(user_key, version),
            Self::Files(cursor) => return cursor.seek(user_key, version),
        }
        Ok(())
    }

    /// Goes to the last entry before (user key, version).
    fn seek_before(&mut self, user_key: &[u8], version: u64) -> Result<()> {
        self.seek(user_key, version)?;
        if self.entry().is_some() { self.step(Direction::Backward) } else { self.last() }
    }

    /// Goes to where a walk over `range` begins. Versions start at 1, so (key, 0) is behind all of a key's.
    fn enter(&mut self, range: &KeyRange, direction: Direction) -> Result<()> {
        match (direction, &range.start, &range.end) {
            (Direction::Forward, Bound::Unbounded, _) => self.first(),
            (Direction::Forward, Bound::Included(start), _) => self.seek(start, u64::MAX),
            (Direction::Forward, Bound::Excluded(start), _) => self.seek(start, 0),
            (Direction::Backward, _, Bound::Unbounded) => self.last(),
            (Direction::Backward, _, Bound::Included(end)) => self.seek_before(end, 0),
            (Direction::Backward, _, Bound::Excluded(end)) => self.seek_before(end, u64::MAX),
        }
    }
}

/// What a snapshot shows of a range, in order.
pub struct Visible<'a> {
    sources: Vec<Source<'a>>,
    range: KeyRange,
    direction: Direction,
    snapshot: u64,
    user_key: Vec<u8>,
}

/// An entry that is there.
#[derive(Debug, PartialEq, Eq)]
pub struct VisibleEntry {
    /// Partition and sort bytes.
    pub user_key: Bytes,
    /// Of its last write.
    pub version: u64,
    /// Its bytes.
    pub value: Bytes,
}

impl<'a> Visible<'a> {
    /// A walk over `range`.
    pub fn new(
        mut sources: Vec<Source<'a>>,
        range: KeyRange,
        direction: Direction,
        snapshot: u64,
    ) -> Result<Self> {
        sources.iter_mut().try_for_each(|source| source.enter(&range, direction))?;
        Ok(Self { sources, range, direction, snapshot, user_key: Vec::new() })
    }

    /// The next entry that is there; `None` behind the last.
    pub fn next(&mut self) -> Result<Option<VisibleEntry>> {
        while self.choose_user_key() {
            if let Some((version, Some(value))) = self.newest()? {
                let user_key = Bytes::copy_from_slice(&self.user_key);
                return Ok(Some(VisibleEntry { user_key, version, value }));
            }
        }
        Ok(None)
    }

    /// Sets the user key that comes next; `false` where the range ends.
    fn choose_user_key(&mut self) -> bool {
        let keys = self.sources.iter().filter_map(|source| source.entry().map(|(key, _)| key));
        let next = match self.direction {
            Direction::Forward => keys.min(),
            Direction::Backward => keys.max(),
        };
        let Some(next) = next.filter(|key| self.range.starts_by(key) && self.range.ends_behind(key)) else {
            return false;
        };
        self.user_key.clear();
        self.user_key.extend_from_slice(next);
        true
    }

    /// The newest entry of the user key that the snapshot sees; all sources leave that key.
    fn newest(&mut self) -> Result<Option<(u64, Option<Bytes>)>> {
        let mut newest: Option<(u64, Option<Bytes>)> = None;
        for source in &mut self.sources {
            while let Some((_, version)) = source.entry().filter(|(key, _)| *key == &self.user_key[..]) {
                let newer = newest.as_ref().is_none_or(|(other, _)| version > *other);
                if version <= self.snapshot && newer {
                    newest = Some((version, source.value()));
                }
                source.step(self.direction)?;
            }
        }
        Ok(newest)
    }
}

/// Every version of everything, in the order of sorted files.
pub struct Everything<'a> {
    sources: Vec<Source<'a>>,
}

impl<'a> Everything<'a> {
    /// A walk from the first entry.
    pub fn new(mut sources: Vec<Source<'a>>) -> Result<Self> {
        sources.iter_mut().try_for_each(Source::first)?;
        Ok(Self { sources })
    }

    /// Calls `visit` with the next entry, then goes on; `None` behind the last.
    pub fn next<T>(
        &mut self,
        visit: impl FnOnce(&[u8], u64, Option<Bytes>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(source) = self.sources.iter_mut().filter(|source| source.entry().is_some()).min_by(by_entry)
        else {
            return Ok(None);
        };
        let value = source.value();
        let Some((user_key, version)) = source.entry() else { return Ok(None) };
        let visited = visit(user_key, version, value)?;
        source.step(Direction::Forward)?;
        Ok(Some(visited))
    }
}

fn by_entry(one: &&mut Source<'_>, other: &&mut Source<'_>) -> Ordering {
    match (one.entry(), other.entry()) {
        (Some(one), Some(other)) => compare(one, other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use super::{Everything, KeyRange, Source, Visible};
    use crate::Direction;
    use crate::local::log::part::PartWrite;
    use crate::local::memtable::Memtable;
    use bytes::Bytes;

    fn table(rows: &[(&'static str, u64, Option<&'static str>)]) -> Memtable {
        let table = Memtable::new(&Default::default());
        for (key, version, value) in rows {
            table.insert(PartWrite { user_key: Bytes::from(*key), value: value.map(Bytes::from) }, *version);
        }
        table
    }

    fn tables() -> [Memtable; 2] {
        [
            table(&[("a", 5, None), ("b", 6, Some("b6")), ("d", 7, Some("d7"))]),
            table(&[("a", 1, Some("a1")), ("b", 2, Some("b2")), ("c", 3, Some("c3"))]),
        ]
    }

    fn read(range: KeyRange, direction: Direction, snapshot: u64) -> String {
        let tables = tables();
        let sources = tables.iter().map(|table| Source::Memory(table.cursor())).collect();
        let mut visible = Visible::new(sources, range, direction, snapshot).unwrap();
        let mut values = String::new();
        while let Some(entry) = visible.next().unwrap() {
            values += std::str::from_utf8(&entry.value).unwrap();
        }
        values
    }

    fn all() -> KeyRange {
        KeyRange { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    #[test]
    fn each_snapshot_sees_its_own_state_in_both_directions() {
        for (snapshot, forward, backward) in
            [(9, "b6c3d7", "d7c3b6"), (4, "a1b2c3", "c3b2a1"), (5, "b2c3", "c3b2")]
        {
            assert_eq!(read(all(), Direction::Forward, snapshot), forward);
            assert_eq!(read(all(), Direction::Backward, snapshot), backward);
        }
    }

    #[test]
    fn bounds_hold_in_both_directions() {
        let key = |key: &str| key.as_bytes().to_vec();
        let cases = [
            (Bound::Included(key("b")), Bound::Excluded(key("d")), "b6c3"),
            (Bound::Excluded(key("b")), Bound::Included(key("d")), "c3d7"),
            (Bound::Included(key("bb")), Bound::Unbounded, "c3d7"),
            (Bound::Included(key("d")), Bound::Excluded(key("b")), ""),
        ];
        for (start, end, expected) in cases {
            let range = KeyRange { start, end };
            assert_eq!(read(range.clone(), Direction::Forward, 9), expected);
            let backward = read(range, Direction::Backward, 9);
            let reversed = backward.as_bytes().chunks(2).rev().flatten().copied().collect();
            assert_eq!(String::from_utf8(reversed).unwrap(), expected);
        }
    }

    #[test]
    fn everything_comes_in_the_order_of_files() {
        let tables = tables();
        let sources = tables.iter().map(|table| Source::Memory(table.cursor())).collect();
        let mut everything = Everything::new(sources).unwrap();
        let mut seen = Vec::new();
        let step = |key: &[u8], version, _| Ok((key.to_vec(), version));
        while let Some((key, version)) = everything.next(step).unwrap() {
            seen.push(format!("{}{version}", String::from_utf8(key).unwrap()));
        }
        assert_eq!(seen, ["a5", "a1", "b6", "b2", "c3", "d7"]);
    }
}
