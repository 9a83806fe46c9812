//! What the file `store` says: which log segments there are, and the one state of each keyspace and checkpoint
//! that counts. `docs/formats/store.md` draws the bytes.

use std::collections::BTreeMap;

use super::log::scan::Until;
use super::reader::{BadBytes, Reader, u32_of};
use super::seconds::Seconds;
use crate::{CheckpointId, KeyspaceId};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreRecord {
    /// Segments that were there at the last start and may be needed, the oldest first.
    pub kept: Vec<KeptSegment>,
    /// The oldest segment written since then that may be needed; those below that are not kept are leftovers.
    pub oldest: u64,
    /// The newest segment that may hold a record; those above were never used.
    pub newest: u64,
    /// Sequence numbers up to this one are taken.
    pub floor: u64,
    /// The keyspaces there are.
    pub keyspaces: BTreeMap<KeyspaceId, Anchor>,
    /// The checkpoints there are, with the digests of their descriptors.
    pub checkpoints: BTreeMap<CheckpointId, [u8; 32]>,
    /// When sequence numbers were given, as far as the segments below the oldest tell no more.
    pub seconds: Seconds,
}

/// A segment that an earlier start wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptSegment {
    /// Its number.
    pub number: u64,
    /// Everything before this offset is there, and nothing behind it counts.
    pub end: u64,
}

/// Which manifest of a keyspace counts, and what else of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Of the manifest.
    pub number: u64,
    /// SHA-256 of the manifest's file.
    pub digest: [u8; 32],
    /// Everything up to this sequence number is in sorted files, or was never the keyspace's own.
    pub flushed: u64,
    /// The parked files that are needed, oldest segment first.
    pub parked: Vec<ParkedAnchor>,
}

/// A parked file that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedAnchor {
    /// The segment its parts come from.
    pub segment: u64,
    /// The highest sequence number in it.
    pub last: u64,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
}

impl Anchor {
    /// The parked file of a segment, where one is needed.
    pub fn parked_of(&self, segment: u64) -> Option<&ParkedAnchor> {
        self.parked.iter().find(|parked| parked.segment == segment)
    }

    /// Names a parked file, unless all of it is in sorted files by now.
    pub fn add_parked(&mut self, parked: ParkedAnchor) {
        self.parked.retain(|other| other.segment != parked.segment);
        if parked.last > self.flushed {
            self.parked.push(parked);
            self.parked.sort_unstable_by_key(|parked| parked.segment);
        }
    }
}

impl StoreRecord {
    /// The segments that may be needed, the oldest first, and how far each is known to go.
    pub fn segments(&self) -> impl Iterator<Item = (u64, Until)> {
        let kept = self.kept.iter().map(|kept| (kept.number, Until::Offset(kept.end)));
        kept.chain((self.oldest..=self.newest).map(|number| (number, Until::TheEnd)))
    }

    /// Whether a segment may be needed.
    pub fn needs_segment(&self, number: u64) -> bool {
        (self.oldest..=self.newest).contains(&number) || self.kept.iter().any(|kept| kept.number == number)
    }

    /// A segment is not needed any more; the next that was written since the start, if it was too, is `next`.
    pub fn retire(&mut self, number: u64, next: u64) {
        if number >= self.oldest {
            self.oldest = next;
        }
        self.kept.retain(|kept| kept.number != number);
    }

    /// Names parked files; those of keyspaces that are gone are left out.
    pub fn add_parked(&mut self, parked: &[(KeyspaceId, ParkedAnchor)]) {
        for (keyspace, parked) in parked {
            if let Some(anchor) = self.keyspaces.get_mut(keyspace) {
                anchor.add_parked(*parked);
            }
        }
    }
}

const KEPT_LEN: usize = 8 + 8;
const ANCHOR_LEN: usize = 16 + 8 + 32 + 8 + 4;
const PARKED_LEN: usize = 8 + 8 + 32;
const CHECKPOINT_LEN: usize = 16 + 32;

impl StoreRecord {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.keyspaces.len() * ANCHOR_LEN);
        put_count(&mut out, self.kept.len());
        self.kept.iter().for_each(|kept| kept.encode(&mut out));
        [self.oldest, self.newest, self.floor].iter().for_each(|number| put_u64(&mut out, *number));
        put_count(&mut out, self.keyspaces.len());
        for (id, anchor) in &self.keyspaces {
            out.extend_from_slice(&id.0);
            anchor.encode(&mut out);
        }
        put_count(&mut out, self.checkpoints.len());
        for (id, digest) in &self.checkpoints {
            out.extend_from_slice(&id.0);
            out.extend_from_slice(digest);
        }
        self.seconds.encode(&mut out);
        out
    }

    /// Reads them.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(KEPT_LEN)?;
        let kept = (0..count).map(|_| KeptSegment::decode(&mut reader)).collect::<Result<_, BadBytes>>()?;
        let (oldest, newest, floor) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let count = reader.count(ANCHOR_LEN)?;
        let keyspace = |reader: &mut Reader<'_>| Ok((KeyspaceId(reader.array()?), Anchor::decode(reader)?));
        let keyspaces = (0..count).map(|_| keyspace(&mut reader)).collect::<Result<_, BadBytes>>()?;
        let count = reader.count(CHECKPOINT_LEN)?;
        let checkpoint = |reader: &mut Reader<'_>| Ok((CheckpointId(reader.array()?), reader.array()?));
        let checkpoints = (0..count).map(|_| checkpoint(&mut reader)).collect::<Result<_, BadBytes>>()?;
        let seconds = Seconds::decode(&mut reader)?;
        reader.end()?;
        Ok(Self { kept, oldest, newest, floor, keyspaces, checkpoints, seconds })
    }
}

impl KeptSegment {
    fn encode(self, out: &mut Vec<u8>) {
        put_u64(out, self.number);
        put_u64(out, self.end);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, BadBytes> {
        Ok(Self { number: reader.u64()?, end: reader.u64()? })
    }
}

impl Anchor {
    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.number);
        out.extend_from_slice(&self.digest);
        put_u64(out, self.flushed);
        put_count(out, self.parked.len());
        for parked in &self.parked {
            put_u64(out, parked.segment);
            put_u64(out, parked.last);
            out.extend_from_slice(&parked.digest);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, BadBytes> {
        let (number, digest, flushed) = (reader.u64()?, reader.array()?, reader.u64()?);
        let count = reader.count(PARKED_LEN)?;
        let parked = |reader: &mut Reader<'_>| {
            Ok(ParkedAnchor { segment: reader.u64()?, last: reader.u64()?, digest: reader.array()? })
        };
        let parked = (0..count).map(|_| parked(reader)).collect::<Result<_, BadBytes>>()?;
        Ok(Self { number, digest, flushed, parked })
    }
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32_of(count).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::{Anchor, KeptSegment, ParkedAnchor, StoreRecord};
    use crate::local::seconds::Seconds;
    use crate::{CheckpointId, KeyspaceId};

    const PARKED: ParkedAnchor = ParkedAnchor { segment: 3, last: 9, digest: [1; 32] };

    #[test]
    fn it_reads_as_written_and_no_cut_of_it_does() {
        let anchor = Anchor { number: 7, digest: [2; 32], flushed: 5, parked: vec![PARKED] };
        let mut seconds = Seconds::default();
        seconds.note(1_000_000, 5);
        let record = StoreRecord {
            kept: vec![KeptSegment { number: 3, end: 900 }, KeptSegment { number: 5, end: 512 }],
            oldest: 6,
            newest: 7,
            floor: 9,
            keyspaces: [(KeyspaceId([1; 16]), anchor.clone()), (KeyspaceId([2; 16]), anchor)].into(),
            checkpoints: [(CheckpointId([3; 16]), [4; 32])].into(),
            seconds,
        };
        let bytes = record.encode();
        assert_eq!(StoreRecord::decode(&bytes), Ok(record));
        (0..bytes.len()).for_each(|len| assert!(StoreRecord::decode(&bytes[..len]).is_err(), "{len}"));
    }

    #[test]
    fn a_segment_is_needed_until_it_is_retired() {
        let kept = vec![KeptSegment { number: 3, end: 900 }, KeptSegment { number: 5, end: 512 }];
        let mut record = StoreRecord { kept, oldest: 7, newest: 9, ..StoreRecord::default() };
        let needed =
            |record: &StoreRecord| (0..12).filter(|at| record.needs_segment(*at)).collect::<Vec<_>>();
        assert_eq!(needed(&record), [3, 5, 7, 8, 9]);
        record.retire(5, 7);
        record.retire(7, 8);
        assert_eq!(needed(&record), [3, 8, 9]);
    }

    #[test]
    fn a_parked_file_is_named_while_it_holds_more_than_the_sorted_files() {
        let mut anchor = Anchor { number: 1, digest: [0; 32], flushed: 8, parked: Vec::new() };
        anchor.add_parked(PARKED);
        anchor.add_parked(ParkedAnchor { segment: 2, last: 8, ..PARKED });
        assert_eq!(anchor.parked, [PARKED]);
        let again = ParkedAnchor { digest: [9; 32], ..PARKED };
        anchor.add_parked(again);
        assert_eq!(anchor.parked, [again]);
    }
}
