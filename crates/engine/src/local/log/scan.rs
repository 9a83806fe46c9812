//! Reading a segment, and telling the torn tail of a crash from damage.
//!
//! A segment is pre-written with zeros, and a power cut loses whole sectors: what a crash left undone shows
//! as sectors of zeros. So at the first frame that does not read:
//! - an all-zero header ends the log; a frame of which one sector's share is all zeros was torn; either is
//!   cut off, unless a readable frame behind it says that this place had been synced: then it is damage;
//! - anything else is damage: a frame that is all there and does not authenticate, a header that is not zero
//!   and not sound, a file that ends without its zeros.

use env::disk::SECTOR;

use super::FIRST_FRAME;
use super::record::{ALIGN, FRAME_HEADER_LEN, FrameHeader, Record, RecordKind, decrypt_record};
use crate::local::header::{FileCipher, FileHeader, FileKind, HEADER_LEN};
use crate::local::reader::{BadBytes, len_of, u64_of};

/// A record that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {index} at byte {offset}")]
pub struct DamagedRecord {
    /// In the segment.
    pub index: u64,
    /// Of its frame.
    pub offset: usize,
}

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameAt {
    /// Of its record, in the segment.
    pub index: u64,
    /// In the segment.
    pub offset: usize,
    /// Header and all.
    pub len: usize,
}

impl FrameAt {
    /// Its name where it is damaged.
    pub fn as_damaged(self) -> DamagedRecord {
        DamagedRecord { index: self.index, offset: self.offset }
    }
}

/// What [`survey`] met in a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Met<'a> {
    /// A commit.
    Commit(Record<'a>),
    /// The end record.
    End,
    /// A frame whose header is sound, where there is no key to open it.
    Unopened,
    /// Bytes that are not what was written.
    Damage,
}

/// How far to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end, wherever a crash left it.
    TheEnd,
    /// To this byte, where a frame ends; everything before it was synced by this process.
    Offset(u64),
}

/// How a segment ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SegmentEnd {
    /// Records read, the end record among them.
    pub records: u64,
    /// The highest sequence number.
    pub last_sequence: u64,
    /// Whether the end record was there: nothing of this segment can be missing.
    pub ended: bool,
}

/// The header of segment `number`, and the zeros behind it, where `bytes` begin with them.
pub fn segment_header(bytes: &[u8], number: u64) -> Option<FileHeader> {
    let header = FileHeader::decode(bytes).ok()?;
    let zeros = bytes.get(HEADER_LEN..FIRST_FRAME)?;
    (header.kind == FileKind::Log && header.number == number && is_zero(zeros)).then_some(header)
}

/// Reads all records of the segment `bytes`, in order, calling `visit` with each and its index.
pub fn read_records(
    bytes: &[u8],
    cipher: &FileCipher,
    until: Until,
    visit: &mut dyn FnMut(u64, &Record<'_>),
) -> Result<SegmentEnd, DamagedRecord> {
    let mut end = SegmentEnd::default();
    let mut offset = FIRST_FRAME;
    let mut scratch = Vec::new();
    while !end.ended && until != Until::Offset(u64_of(offset)) {
        let Ok((record, len)) = read_frame(bytes, offset, end.records, cipher, &mut scratch) else {
            judge(bytes, offset, end.records, cipher, until)?;
            break;
        };
        if record.kind == RecordKind::Commit {
            visit(end.records, &record);
        }
        end.ended = record.kind == RecordKind::End;
        end.last_sequence = end.last_sequence.max(record.sequence);
        end.records += 1;
        offset += len;
    }
    Ok(end)
}

/// Reads all that can be read of the segment `bytes`, in order, and goes on behind damage; without `cipher`,
/// no more than the headers of frames. Returns where the segment ends.
pub fn survey(bytes: &[u8], cipher: Option<&FileCipher>, visit: &mut dyn FnMut(FrameAt, Met<'_>)) -> usize {
    let (mut index, mut offset) = (0, FIRST_FRAME);
    let mut scratch = Vec::new();
    loop {
        if let Some((met, len)) = meet(bytes, offset, index, cipher, &mut scratch) {
            let ended = met == Met::End;
            visit(FrameAt { index, offset, len }, met);
            (index, offset) = (index + 1, offset + len);
            if ended {
                return offset;
            }
        } else if is_the_end(bytes, offset, index, cipher) {
            return offset;
        } else {
            let next = next_frame(bytes, offset, index, cipher);
            let end = next.map_or_else(|| end_of_damage(bytes, offset), |(_, at)| at);
            visit(FrameAt { index, offset, len: end - offset }, Met::Damage);
            let Some(next) = next else { return end };
            (index, offset) = next;
        }
    }
}

/// The frame at `offset`, where it is that of record `index`, and its length.
fn meet<'a>(
    bytes: &[u8],
    offset: usize,
    index: u64,
    cipher: Option<&FileCipher>,
    scratch: &'a mut Vec<u8>,
) -> Option<(Met<'a>, usize)> {
    let Some(cipher) = cipher else {
        let (header, sealed) = frame_at(bytes, offset)?;
        return (header.index == index).then_some((Met::Unopened, FRAME_HEADER_LEN + sealed.len()));
    };
    let (record, len) = read_frame(bytes, offset, index, cipher, scratch).ok()?;
    Some((if record.kind == RecordKind::End { Met::End } else { Met::Commit(record) }, len))
}

fn is_the_end(bytes: &[u8], offset: usize, index: u64, cipher: Option<&FileCipher>) -> bool {
    match cipher {
        Some(cipher) => judge(bytes, offset, index, cipher, Until::TheEnd).is_ok(),
        None => looks_lost(bytes, offset, index) && next_frame(bytes, offset, index, None).is_none(),
    }
}

/// Index and offset of the first readable frame of a later record behind `offset`.
fn next_frame(bytes: &[u8], offset: usize, index: u64, cipher: Option<&FileCipher>) -> Option<(u64, usize)> {
    let behind = offset.saturating_add(ALIGN);
    (behind..bytes.len()).step_by(ALIGN).find_map(|at| {
        let (header, sealed) = frame_at(bytes, at)?;
        let opens = |cipher: &FileCipher| decrypt_record(cipher, header.index, &mut sealed.to_vec()).is_ok();
        (header.index > index && cipher.is_none_or(opens)).then_some((header.index, at))
    })
}

/// Where the last damage ends: with its frame, or with the last byte that is not zero.
fn end_of_damage(bytes: &[u8], offset: usize) -> usize {
    let frame = frame_at(bytes, offset).map(|(_, sealed)| offset + FRAME_HEADER_LEN + sealed.len());
    let rest = bytes.get(offset..).unwrap_or_default();
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(rest.len(), |last| last + 1);
    frame.unwrap_or(offset + written)
}

/// The record at `offset` and the length of its frame.
fn read_frame<'a>(
    bytes: &[u8],
    offset: usize,
    index: u64,
    cipher: &FileCipher,
    scratch: &'a mut Vec<u8>,
) -> Result<(Record<'a>, usize), BadBytes> {
    let (header, sealed) = frame_at(bytes, offset).ok_or(BadBytes)?;
    if header.index != index {
        return Err(BadBytes);
    }
    scratch.clear();
    scratch.extend_from_slice(sealed);
    Ok((decrypt_record(cipher, index, scratch)?, FRAME_HEADER_LEN + sealed.len()))
}

/// The frame at `offset`, where its header is sound and it does not run over the end.
fn frame_at(bytes: &[u8], offset: usize) -> Option<(FrameHeader, &[u8])> {
    let frame = bytes.get(offset..)?;
    let header = FrameHeader::decode(frame).ok()?;
    Some((header, frame.get(FRAME_HEADER_LEN..)?.get(..len_of(header.len))?))
}

/// Whether the unreadable frame at `offset` is where a crash cut the log; otherwise it is damage.
fn judge(
    bytes: &[u8],
    offset: usize,
    index: u64,
    cipher: &FileCipher,
    until: Until,
) -> Result<(), DamagedRecord> {
    let lost = until == Until::TheEnd && looks_lost(bytes, offset, index);
    if lost && !was_synced(bytes, offset, cipher) { Ok(()) } else { Err(DamagedRecord { index, offset }) }
}

fn looks_lost(bytes: &[u8], offset: usize, index: u64) -> bool {
    let Some(header) = bytes.get(offset..offset.saturating_add(FRAME_HEADER_LEN)) else { return false };
    if is_zero(header) {
        return true;
    }
    match frame_at(bytes, offset) {
        Some((header, sealed)) if header.index == index => {
            let body = offset + FRAME_HEADER_LEN;
            has_zero_sector(bytes, body, body + sealed.len())
        }
        _ => false,
    }
}

/// Whether the share of some sector in `start..end` is all zeros.
fn has_zero_sector(bytes: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    while at < end {
        let next = (at / SECTOR + 1).saturating_mul(SECTOR).min(end);
        if bytes.get(at..next).is_some_and(is_zero) {
            return true;
        }
        at = next;
    }
    false
}

/// Whether an authentic record behind `offset` says that `offset` had been synced.
fn was_synced(bytes: &[u8], offset: usize, cipher: &FileCipher) -> bool {
    let behind = offset.saturating_add(ALIGN);
    (behind..bytes.len()).step_by(ALIGN).any(|at| {
        let Some((header, sealed)) = frame_at(bytes, at) else { return false };
        let record_says = |record: Record<'_>| record.durable_through > u64_of(offset);
        decrypt_record(cipher, header.index, &mut sealed.to_vec()).is_ok_and(record_says)
    })
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{DamagedRecord, Met, SegmentEnd, Until, read_records, survey};
    use crate::KeyspaceId;
    use crate::local::header::{FileCipher, FileHeader, FileKind};
    use crate::local::log::FIRST_FRAME;
    use crate::local::log::part::{LogId, LogKey, PartPlace};
    use crate::local::log::record::{NewRecord, Part, RecordKind};
    use crate::local::wiped::wiped;
    use crypto::SecretKey;
    use env::SeededRandom;

    const ZEROS_BEHIND: usize = 4096;

    /// A segment of records with values of these lengths, each group of two synced together.
    struct Fixture {
        cipher: FileCipher,
        bytes: Vec<u8>,
        offsets: Vec<usize>,
    }

    fn fixture(lens: &[usize]) -> Fixture {
        let random = SeededRandom::new(1);
        let key = SecretKey::generate(&random);
        let header = FileHeader::new(FileKind::Log, KeyspaceId([0; 16]), &key, &random);
        let log_key = Arc::new(LogKey::derive(&key, 1, KeyspaceId([1; 16]), &LogId::of(&header)));
        let cipher = header.cipher(&key).unwrap();
        let mut bytes = vec![0; FIRST_FRAME];
        let (mut offsets, mut durable_through) = (Vec::new(), 0);
        for (index, len) in lens.iter().enumerate() {
            if index % 2 == 0 {
                durable_through = bytes.len() as u64;
            }
            offsets.push(bytes.len());
            let place = PartPlace { index: index as u64, sequence: 10 + index as u64 };
            let parts = [Part { key: log_key.clone(), plain: wiped(vec![7; *len]) }];
            let record =
                NewRecord { kind: RecordKind::Commit, place, durable_through, second: 1, parts: &parts };
            record.encode(&cipher, &mut bytes);
        }
        bytes.resize(bytes.len() + ZEROS_BEHIND, 0);
        Fixture { cipher, bytes, offsets }
    }

    fn read(fixture: &Fixture, bytes: &[u8]) -> Result<SegmentEnd, DamagedRecord> {
        read_records(bytes, &fixture.cipher, Until::TheEnd, &mut |_, _| {})
    }

    #[test]
    fn all_records_are_read_in_order() {
        let fixture = fixture(&[10, 2000, 0]);
        let mut seen = Vec::new();
        let end = read_records(&fixture.bytes, &fixture.cipher, Until::TheEnd, &mut |index, record| {
            seen.push((index, record.sequence, record.parts.len()));
        });
        assert_eq!(seen, [(0, 10, 1), (1, 11, 1), (2, 12, 1)]);
        assert_eq!(end, Ok(SegmentEnd { records: 3, last_sequence: 12, ended: false }));
    }

    #[test]
    fn every_flipped_bit_is_damage_with_its_place_even_in_the_last_record() {
        let fixture = fixture(&[3, 700, 5]);
        let end = fixture.bytes.len() - ZEROS_BEHIND;
        for bit in FIRST_FRAME * 8..end * 8 {
            let mut damaged = fixture.bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let index = fixture.offsets.iter().rposition(|offset| *offset <= bit / 8).unwrap();
            let expected = DamagedRecord { index: index as u64, offset: fixture.offsets[index] };
            assert_eq!(read(&fixture, &damaged), Err(expected), "bit {bit}");
        }
    }

    #[test]
    fn a_lost_sector_of_the_last_group_is_cut() {
        let fixture = fixture(&[100, 100, 2000, 100]);
        let sector = fixture.offsets[2] / 512 + 2;
        let mut torn = fixture.bytes.clone();
        torn[sector * 512..(sector + 1) * 512].fill(0);
        assert_eq!(read(&fixture, &torn).map(|end| end.records), Ok(2));
    }

    #[test]
    fn a_lost_sector_that_had_been_synced_is_damage() {
        let fixture = fixture(&[100, 2000, 100, 100]);
        let sector = fixture.offsets[1] / 512 + 2;
        let mut damaged = fixture.bytes.clone();
        damaged[sector * 512..(sector + 1) * 512].fill(0);
        assert_eq!(read(&fixture, &damaged), Err(DamagedRecord { index: 1, offset: fixture.offsets[1] }));
    }

    #[test]
    fn a_whole_record_zeroed_in_the_middle_is_damage() {
        let fixture = fixture(&[100, 100, 100, 100]);
        let mut damaged = fixture.bytes.clone();
        damaged[fixture.offsets[1]..fixture.offsets[2]].fill(0);
        assert_eq!(read(&fixture, &damaged), Err(DamagedRecord { index: 1, offset: fixture.offsets[1] }));
    }

    #[test]
    fn a_survey_goes_on_behind_damage() {
        let fixture = fixture(&[100, 100, 100, 100]);
        let mut damaged = fixture.bytes.clone();
        damaged[fixture.offsets[1] + 40] ^= 1;
        damaged[fixture.offsets[2]] ^= 1;
        let expected = [(0, false), (1, true), (3, false)];
        for cipher in [Some(&fixture.cipher), None] {
            let mut met = Vec::new();
            let end =
                survey(&damaged, cipher, &mut |frame, found| met.push((frame.index, found == Met::Damage)));
            assert_eq!(end, fixture.bytes.len() - ZEROS_BEHIND);
            // Without the key, only damage to the header of a frame shows.
            let expected = if cipher.is_some() {
                &expected[..]
            } else {
                &[(0, false), (1, false), (2, true), (3, false)]
            };
            assert_eq!(met, expected);
        }
    }

    #[test]
    fn a_cut_file_is_damage_unless_only_zeros_are_missing() {
        let fixture = fixture(&[100, 600]);
        let end = fixture.bytes.len() - ZEROS_BEHIND;
        for len in FIRST_FRAME..end + 16 {
            assert!(read(&fixture, &fixture.bytes[..len]).is_err(), "{len}");
        }
        assert_eq!(read(&fixture, &fixture.bytes[..end + 16]).map(|end| end.records), Ok(2));
    }

    #[test]
    fn an_unreadable_record_before_a_known_end_is_damage() {
        let fixture = fixture(&[100, 100]);
        let until = Until::Offset((fixture.bytes.len() - ZEROS_BEHIND) as u64);
        let read = |bytes: &[u8]| read_records(bytes, &fixture.cipher, until, &mut |_, _| {});
        assert_eq!(read(&fixture.bytes).map(|end| end.records), Ok(2));
        let mut damaged = fixture.bytes.clone();
        damaged[fixture.offsets[1]..].fill(0);
        assert!(read(&damaged).is_err());
    }
}
