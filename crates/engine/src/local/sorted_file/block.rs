//! A block: entries in order, each sharing a prefix with the key before it; their values apart, so that a
//! search walks over keys that lie close together.
//!
//! ```text
//! keys:     shared key bytes, own key bytes, version, value length + 1 (0: removed)   varints
//!           own key bytes
//! values:   back to back, in the order of their keys
//! restarts: of the entries that share nothing: where the entry is, where its value is, u32 each
//!           their number, u32
//! ```

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;
use crypto::TAG_LEN;

use crate::Entry;
use crate::local::log::part::MAX_USER_KEY_LEN;
use crate::local::reader::{BadBytes, Reader, len_of, put_varint, u32_of, u64_of};

const RESTART_EVERY: usize = 16;
const RESTART_LEN: usize = 8;

/// The order of entries: user keys ascending, versions descending.
pub fn compare(one: (&[u8], u64), other: (&[u8], u64)) -> Ordering {
    one.0.cmp(other.0).then(other.1.cmp(&one.1))
}

/// Makes a block of entries that come in order.
pub struct BlockBuilder {
    keys: Vec<u8>,
    values: Vec<u8>,
    /// Offsets among the keys, and among the values.
    restarts: Vec<(usize, usize)>,
    restart_every: usize,
    last_key: Vec<u8>,
    count: usize,
}

impl BlockBuilder {
    /// For entries.
    pub fn of_entries() -> Self {
        Self::with_restarts(RESTART_EVERY)
    }

    /// For what finds blocks: every entry can be searched for without the one before it.
    pub fn of_index() -> Self {
        Self::with_restarts(1)
    }

    fn with_restarts(restart_every: usize) -> Self {
        let (keys, values, restarts, last_key) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { keys, values, restarts, restart_every, last_key, count: 0 }
    }

    /// Adds an entry.
    pub fn add(&mut self, user_key: &[u8], version: u64, value: Option<&[u8]>) {
        let shared = if self.count.is_multiple_of(self.restart_every) {
            self.restart()
        } else {
            self.shared(user_key)
        };
        let own = user_key.get(shared..).unwrap_or_default();
        put_varint(&mut self.keys, u64_of(shared));
        put_varint(&mut self.keys, u64_of(own.len()));
        put_varint(&mut self.keys, version);
        put_varint(&mut self.keys, value.map_or(0, |value| u64_of(value.len()) + 1));
        self.keys.extend_from_slice(own);
        self.values.extend_from_slice(value.unwrap_or_default());
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(own);
        self.count += 1;
    }

    fn restart(&mut self) -> usize {
        self.restarts.push((self.keys.len(), self.values.len()));
        0
    }

    fn shared(&self, user_key: &[u8]) -> usize {
        self.last_key.iter().zip(user_key).take_while(|(one, other)| one == other).count()
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.keys.len() + self.values.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The block; the builder is empty again.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.finish_into(&mut bytes);
        bytes
    }

    /// Appends the block to `bytes`; the builder is empty again.
    pub fn finish_into(&mut self, bytes: &mut Vec<u8>) {
        let values_at = self.keys.len();
        bytes.reserve(self.len() + self.restarts.len() * RESTART_LEN + 4 + TAG_LEN);
        bytes.append(&mut self.keys);
        bytes.append(&mut self.values);
        for (key, value) in &self.restarts {
            bytes.extend_from_slice(&u32_of(*key).to_le_bytes());
            bytes.extend_from_slice(&u32_of(values_at + value).to_le_bytes());
        }
        bytes.extend_from_slice(&u32_of(self.restarts.len()).to_le_bytes());
        self.restarts.clear();
        self.last_key.clear();
        self.count = 0;
    }
}

/// A place in a block: at an entry, or at none.
pub struct BlockCursor {
    block: Bytes,
    values_at: usize,
    restarts_at: usize,
    restarts: usize,
    at: Option<At>,
    key: Vec<u8>,
}

struct At {
    start: usize,
    next: Place,
    version: u64,
    value: Option<Range<usize>>,
}

/// Where an entry is, and where its value.
#[derive(Clone, Copy)]
struct Place {
    key: usize,
    value: usize,
}

/// An entry as it lies in a block.
struct Raw<'a> {
    shared: usize,
    own: &'a [u8],
    version: u64,
    value_len: Option<usize>,
    next: usize,
}

impl BlockCursor {
    /// At no entry of `block` yet.
    pub fn new(block: Bytes) -> Result<Self, BadBytes> {
        let count_at = block.len().checked_sub(4).ok_or(BadBytes)?;
        let restarts = len_of(Reader::new(block.get(count_at..).ok_or(BadBytes)?).u32()?);
        let restarts_at =
            restarts.checked_mul(RESTART_LEN).and_then(|len| count_at.checked_sub(len)).ok_or(BadBytes)?;
        let (at, key) = (None, Vec::new());
        let mut cursor = Self { block, values_at: 0, restarts_at, restarts, at, key };
        if restarts > 0 {
            cursor.values_at = cursor.restart(0)?.value;
        }
        if cursor.values_at > restarts_at { Err(BadBytes) } else { Ok(cursor) }
    }

    /// The entry it is at.
    pub fn entry(&self) -> Option<(&[u8], u64)> {
        self.at.as_ref().map(|at| (&self.key[..], at.version))
    }

    /// The value of the entry it is at; `None` where that is removed.
    pub fn value(&self) -> Option<Bytes> {
        self.at.as_ref()?.value.clone().map(|range| self.block.slice(range))
    }

    /// The same where it lies.
    pub fn value_bytes(&self) -> Option<&[u8]> {
        self.block.get(self.at.as_ref()?.value.clone()?)
    }

    /// Goes to the first entry.
    pub fn first(&mut self) -> Result<(), BadBytes> {
        self.key.clear();
        self.read(Place { key: 0, value: self.values_at })
    }

    /// Goes to the last entry.
    pub fn last(&mut self) -> Result<(), BadBytes> {
        self.walk_to(self.values_at)
    }

    /// Goes to the first entry at or behind (user key, version).
    pub fn seek(&mut self, user_key: &[u8], version: u64) -> Result<(), BadBytes> {
        let target = (user_key, version);
        let restart = self.last_restart(|cursor, place| {
            let raw = cursor.raw(place.key)?;
            Ok(compare((raw.own, raw.version), target) == Ordering::Less)
        })?;
        self.key.clear();
        self.read(restart.unwrap_or(Place { key: 0, value: self.values_at }))?;
        while self.entry().is_some_and(|entry| compare(entry, target) == Ordering::Less) {
            self.next()?;
        }
        Ok(())
    }

    /// Goes to the next entry; from the last to none.
    pub fn next(&mut self) -> Result<(), BadBytes> {
        match self.at.take() {
            Some(at) => self.read(at.next),
            None => Ok(()),
        }
    }

    /// Goes to the entry before; from the first to none.
    pub fn prev(&mut self) -> Result<(), BadBytes> {
        match self.at.take() {
            Some(at) => self.walk_to(at.start),
            None => Ok(()),
        }
    }

    /// Goes to the entry that ends at `end`.
    fn walk_to(&mut self, end: usize) -> Result<(), BadBytes> {
        self.at = None;
        let Some(restart) = self.last_restart(|_, place| Ok(place.key < end))? else { return Ok(()) };
        self.key.clear();
        self.read(restart)?;
        while self.at.as_ref().ok_or(BadBytes)?.next.key < end {
            self.next()?;
        }
        Ok(())
    }

    /// The place of the last restart of which `before` holds, where it holds of a head of them.
    fn last_restart(
        &self,
        before: impl Fn(&Self, Place) -> Result<bool, BadBytes>,
    ) -> Result<Option<Place>, BadBytes> {
        let (mut low, mut high) = (0, self.restarts);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self, self.restart(middle)?)? { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1).map(|last| self.restart(last)).transpose()
    }

    fn restart(&self, at: usize) -> Result<Place, BadBytes> {
        let offset = self.restarts_at + at * RESTART_LEN;
        let mut reader = Reader::new(self.block.get(offset..).ok_or(BadBytes)?);
        Ok(Place { key: len_of(reader.u32()?), value: len_of(reader.u32()?) })
    }

    /// Goes to the entry at `place`, of which [`BlockCursor::key`] holds the predecessor's key.
    fn read(&mut self, place: Place) -> Result<(), BadBytes> {
        self.at = None;
        if place.key == self.values_at {
            return Ok(());
        }
        let raw = raw_at(&self.block, self.values_at, place.key)?;
        if raw.shared > self.key.len() {
            return Err(BadBytes);
        }
        self.key.truncate(raw.shared);
        self.key.extend_from_slice(raw.own);
        let value_end = place.value + raw.value_len.unwrap_or(0);
        if value_end > self.restarts_at {
            return Err(BadBytes);
        }
        let (next, value) =
            (Place { key: raw.next, value: value_end }, raw.value_len.map(|_| place.value..value_end));
        self.at = Some(At { start: place.key, next, version: raw.version, value });
        Ok(())
    }

    fn raw(&self, offset: usize) -> Result<Raw<'_>, BadBytes> {
        raw_at(&self.block, self.values_at, offset)
    }
}

#[inline]
fn raw_at(block: &[u8], end: usize, offset: usize) -> Result<Raw<'_>, BadBytes> {
    let mut reader = Reader::new(block.get(offset..end).ok_or(BadBytes)?);
    let (shared, own_len) = (reader.varint_len()?, reader.varint_len()?);
    let (version, value_len) = (reader.varint()?, reader.varint_len()?.checked_sub(1));
    if shared.saturating_add(own_len) > MAX_USER_KEY_LEN
        || value_len.is_some_and(|len| len > Entry::MAX_VALUE_LEN)
    {
        return Err(BadBytes);
    }
    let own = reader.bytes(own_len)?;
    Ok(Raw { shared, own, version, value_len, next: end - reader.rest().len() })
}

#[cfg(test)]
mod tests {
    use super::{BlockBuilder, BlockCursor};
    use bytes::Bytes;

    type Row = (Vec<u8>, u64, Option<Vec<u8>>);

    fn rows(count: u64) -> Vec<Row> {
        let key = |n: u64| format!("key {:05}", n / 3).into_bytes();
        (0..count).map(|n| (key(n), 100 - n % 3, (n % 5 != 0).then(|| vec![7; n as usize % 40]))).collect()
    }

    fn block(rows: &[Row]) -> Bytes {
        let mut builder = BlockBuilder::of_entries();
        rows.iter().for_each(|(key, version, value)| builder.add(key, *version, value.as_deref()));
        builder.finish().into()
    }

    fn row(cursor: &BlockCursor) -> Option<Row> {
        cursor
            .entry()
            .map(|(key, version)| (key.to_vec(), version, cursor.value().map(|value| value.to_vec())))
    }

    #[test]
    fn it_walks_forward_and_backward() {
        let rows = rows(100);
        let mut cursor = BlockCursor::new(block(&rows)).unwrap();
        cursor.first().unwrap();
        for expected in &rows {
            assert_eq!(row(&cursor).as_ref(), Some(expected));
            cursor.next().unwrap();
        }
        assert_eq!(row(&cursor), None);
        cursor.last().unwrap();
        for expected in rows.iter().rev() {
            assert_eq!(row(&cursor).as_ref(), Some(expected));
            cursor.prev().unwrap();
        }
        assert_eq!(row(&cursor), None);
    }

    #[test]
    fn seeking_finds_the_first_at_or_behind() {
        let rows = rows(100);
        let mut cursor = BlockCursor::new(block(&rows)).unwrap();
        for (key, version, _) in &rows {
            for (asked, expected) in [(*version, 0), (version + 1, 0), (version - 1, 1)] {
                cursor.seek(key, asked).unwrap();
                let at = rows.iter().position(|row| (&row.0, row.1) == (key, *version)).unwrap() + expected;
                let first_of_key = at - at % 3;
                let at = if asked > *version { first_of_key.max(at.saturating_sub(1)) } else { at };
                assert_eq!(row(&cursor).as_ref(), rows.get(at), "{asked}");
            }
        }
        cursor.seek(b"zzz", 1).unwrap();
        assert_eq!(row(&cursor), None);
    }

    #[test]
    fn an_index_is_searched_like_any_block() {
        let rows = rows(50);
        let mut builder = BlockBuilder::of_index();
        rows.iter().for_each(|(key, version, value)| builder.add(key, *version, value.as_deref()));
        let mut cursor = BlockCursor::new(builder.finish().into()).unwrap();
        for expected in &rows {
            cursor.seek(&expected.0, expected.1).unwrap();
            assert_eq!(row(&cursor).as_ref(), Some(expected));
            assert_eq!(cursor.value_bytes(), expected.2.as_deref());
        }
    }

    #[test]
    fn an_empty_block_has_no_entries() {
        let mut cursor = BlockCursor::new(block(&[])).unwrap();
        cursor.first().unwrap();
        assert_eq!(row(&cursor), None);
        cursor.last().unwrap();
        assert_eq!(row(&cursor), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let sound = block(&rows(40));
        let random = env::SeededRandom::new(1);
        for _ in 0..5000 {
            let mut bytes = sound.to_vec();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] = random.below(256) as u8;
            }
            bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
            let Ok(mut cursor) = BlockCursor::new(bytes.into()) else { continue };
            let _ = cursor.first();
            let mut steps = 0;
            while cursor.entry().is_some() && cursor.next().is_ok() && steps < 1000 {
                steps += 1;
            }
            let _ = cursor.seek(b"key 00005", 99);
            let _ = cursor.last();
            while cursor.entry().is_some() && cursor.prev().is_ok() && steps < 1000 {
                steps += 1;
            }
        }
    }
}
