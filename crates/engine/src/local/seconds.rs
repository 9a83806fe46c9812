//! When sequence numbers were given: for each second with commits, the last sequence number of it.
//!
//! One index for the whole store, because sequence numbers are. Every record of the log carries its second;
//! the index in the file `store` remembers them when a segment goes. It is bounded: an hour of every second, older
//! seconds thinned to minutes, and never more than [`MOST`] of them. A checkpoint takes along what it needs.
//!
//! Seconds never run backwards here, whatever the clock does: a commit counts into the latest second seen.

use std::collections::VecDeque;

use super::reader::{BadBytes, Reader, put_varint, u32_of};

/// Entries kept, at most; two bytes each or a few more on disk.
const MOST: usize = 8192;
/// So many of the newest stay as they are when older ones are thinned.
const WHOLE: usize = 3600;
const THINNED_TO_S: u64 = 60;

/// Seconds since 1970 with the last sequence number of each, both strictly growing.
#[derive(Debug, Clone, Default)]
pub struct Seconds(VecDeque<(u64, u64)>, Latest);

/// The latest second seen, with commits or without: none counts into an earlier one.
type Latest = u64;

impl PartialEq for Seconds {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Seconds {}

impl Seconds {
    /// Sequence numbers up to `sequence` were given by the end of `second`, or of the latest second there is, which
    /// is returned.
    pub fn note(&mut self, second: u64, sequence: u64) -> u64 {
        self.1 = self.1.max(second);
        match self.0.back_mut() {
            Some((_, last)) if sequence <= *last => {}
            Some((at, last)) if *at == self.1 => *last = sequence,
            _ => self.0.push_back((self.1, sequence)),
        }
        if self.0.len() > MOST {
            self.thin();
        }
        self.1
    }

    /// Notes all that `later` tells.
    pub fn take_over(&mut self, later: &Self) {
        for (second, sequence) in &later.0 {
            self.note(*second, *sequence);
        }
    }

    /// The last sequence number given by the end of `second`; `None` where that is before all there is.
    pub fn at(&self, second: u64) -> Option<u64> {
        let behind = self.0.partition_point(|(at, _)| *at <= second);
        self.0.get(behind.checked_sub(1)?).map(|(_, sequence)| *sequence)
    }

    /// What tells the seconds of sequence numbers from `first` to `last`.
    pub fn between(&self, first: u64, last: u64) -> Self {
        let mut seconds = Self::default();
        for (second, sequence) in self.0.iter().filter(|(_, sequence)| *sequence >= first) {
            seconds.note(*second, (*sequence).min(last));
        }
        seconds
    }

    fn thin(&mut self) {
        let old = self.0.len().saturating_sub(WHOLE);
        let next: Vec<u64> = self.0.iter().skip(1).map(|(second, _)| *second / THINNED_TO_S).collect();
        let mut at = 0;
        self.0.retain(|(second, _)| {
            // The last of a minute says the most of it.
            let is_last = next.get(at).is_none_or(|minute| *minute != *second / THINNED_TO_S);
            at += 1;
            at > old || is_last
        });
        self.0.drain(..self.0.len().saturating_sub(MOST - WHOLE / 4));
    }

    /// Appends its bytes: a count, then how much second and sequence number grow, as varints.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&u32_of(self.0.len()).to_le_bytes());
        let mut before = (0, 0);
        for (second, sequence) in &self.0 {
            put_varint(out, second - before.0);
            put_varint(out, sequence - before.1);
            before = (*second, *sequence);
        }
    }

    /// Reads them.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, BadBytes> {
        let count = reader.count(2)?;
        let (mut seconds, mut before) = (VecDeque::new(), (0_u64, 0_u64));
        for _ in 0..count {
            let grown = (reader.varint()?, reader.varint()?);
            let next = (before.0.checked_add(grown.0), before.1.checked_add(grown.1));
            let (Some(second), Some(sequence)) = next else { return Err(BadBytes) };
            seconds.push_back((second, sequence));
            before = (second, sequence);
        }
        Ok(Self(seconds, before.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Seconds};
    use crate::local::reader::Reader;

    #[test]
    fn a_second_knows_its_last_sequence_number() {
        let mut seconds = Seconds::default();
        for (second, sequence) in [(10, 1), (10, 4), (12, 5), (11, 7), (20, 7), (21, 9)] {
            seconds.note(second, sequence);
        }
        let at: Vec<_> = [9, 10, 11, 12, 20, 21, 99].map(|second| seconds.at(second)).into();
        assert_eq!(at, [None, Some(4), Some(4), Some(7), Some(7), Some(9), Some(9)]);
        let part = seconds.between(5, 8);
        assert_eq!([11, 12, 99].map(|second| part.at(second)), [None, Some(7), Some(8)]);
        let mut bytes = Vec::new();
        seconds.encode(&mut bytes);
        assert_eq!(Seconds::decode(&mut Reader::new(&bytes)), Ok(seconds));
    }

    #[test]
    fn it_stays_small_and_exact_for_an_hour() {
        let mut seconds = Seconds::default();
        let last = 1_000_000;
        for second in 0..=last {
            seconds.note(second, second);
            assert!(seconds.0.len() <= MOST);
        }
        (last - 3600..=last).for_each(|second| assert_eq!(seconds.at(second), Some(second)));
        let old = last - 12 * 3600;
        assert!(old - seconds.at(old).unwrap() <= 60, "a minute is the most that is lost");
    }
}
