//! Reading a segment, and telling the torn tail of a crash from damage.
//!
//! A segment is pre-written with zeros, and a power cut loses whole sectors: what a crash left undone shows
//! as sectors of zeros. So at the first frame that does not read:
//! - an all-zero header ends the log; a frame of which one sector's share is all zeros was torn; either is
//!   cut off, unless a readable frame behind it says that this place had been synced: then it is damage;
//! - anything else is damage: a frame that is all there and does not authenticate, a header that is not zero
//!   and not sound, a file that ends without its zeros.
//!
//! Where a segment ends is known once a start has found it: from then on, everything before is there, or damaged.

use std::io;

use env::DiskFile;
use env::disk::SECTOR;

use super::record::{ALIGN, FRAME_HEADER_LEN, FrameHeader, Record, RecordKind, decrypt_record};
use super::window::{READ_LEN, Window};
use super::{FIRST_FRAME, segment_name};
use crate::EngineError;
use crate::local::header::{FileCipher, FileHeader, FileKind, HEADER_LEN};
use crate::local::reader::u64_of;

/// What is read in vain between two records rather than asking the disk twice.
const GAP_LEN: u64 = 16 << 10;

/// A record that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {index} at byte {offset}")]
pub struct DamagedRecord {
    /// In the segment.
    pub index: u64,
    /// Of its frame.
    pub offset: u64,
}

/// Why a segment was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not what was written.
    #[error(transparent)]
    Damaged(#[from] DamagedRecord),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ScanError {
    /// The error where it is segment `number` that was read.
    pub fn in_segment(self, number: u64) -> EngineError {
        let name = segment_name(number);
        match self {
            Self::Damaged(damage) => EngineError::damaged(name, damage.to_string()),
            Self::Io(source) => EngineError::io(format!("reading {name}"), source),
        }
    }
}

type Result<T> = std::result::Result<T, ScanError>;

/// Where a frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameAt {
    /// Of its record, in the segment.
    pub index: u64,
    /// In the segment.
    pub offset: u64,
    /// Header and all.
    pub len: u64,
}

impl FrameAt {
    /// Its name where it is damaged.
    pub fn as_damaged(self) -> DamagedRecord {
        DamagedRecord { index: self.index, offset: self.offset }
    }

    /// Where it ends.
    pub fn end(self) -> u64 {
        self.offset + self.len
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
    /// To this byte, where a frame ends; everything before it was synced.
    Offset(u64),
}

/// How a segment ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SegmentEnd {
    /// Records read, the end record among them.
    pub records: u64,
    /// Where the last of them ends.
    pub offset: u64,
    /// Everything before this offset had been synced when the last of them was written.
    pub synced: u64,
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

/// Reads all records of a segment, in order, calling `visit` with each commit and where it lies.
pub fn read_records(
    window: &mut Window<'_>,
    cipher: &FileCipher,
    until: Until,
    visit: &mut dyn FnMut(FrameAt, &Record<'_>),
) -> Result<SegmentEnd> {
    let mut end = SegmentEnd { offset: u64_of(FIRST_FRAME), ..SegmentEnd::default() };
    while !end.ended && until != Until::Offset(end.offset) {
        let Some((frame, record)) = read_frame(window, end.offset, end.records, cipher)? else {
            judge(window, end.offset, end.records, cipher, until)?;
            break;
        };
        if record.kind == RecordKind::Commit {
            visit(frame, &record);
        }
        end.ended = record.kind == RecordKind::End;
        end.last_sequence = end.last_sequence.max(record.sequence);
        end.synced = end.synced.max(record.durable_through);
        (end.records, end.offset) = (frame.index + 1, frame.end());
    }
    match until {
        Until::Offset(offset) if offset != end.offset => Err(end.as_damaged().into()),
        _ => Ok(end),
    }
}

/// Reads the records in `frames`, which are in order, calling `visit` with each. Those that lie near each other
/// are read at once.
pub fn read_frames(
    file: &dyn DiskFile,
    cipher: &FileCipher,
    frames: &[FrameAt],
    visit: &mut dyn FnMut(FrameAt, &Record<'_>),
) -> Result<()> {
    let mut window = Window::exact(file, frames.last().map_or(0, |frame| frame.end()));
    let mut rest = frames;
    while let Some(first) = rest.first() {
        let (run, behind) = rest.split_at(count_near(first, rest));
        let end = run.last().map_or(0, |last| last.end());
        window.bytes(first.offset, usize::try_from(end - first.offset).unwrap_or(0))?;
        for frame in run {
            let Some((_, record)) = read_frame(&mut window, frame.offset, frame.index, cipher)? else {
                return Err(frame.as_damaged().into());
            };
            visit(*frame, &record);
        }
        rest = behind;
    }
    Ok(())
}

/// How many frames from the first on lie so near each other that they are read at once.
fn count_near(first: &FrameAt, frames: &[FrameAt]) -> usize {
    let is_near = |(one, next): &(&FrameAt, &FrameAt)| {
        next.offset <= one.end() + GAP_LEN && next.end() <= first.offset + READ_LEN
    };
    1 + frames.iter().zip(frames.iter().skip(1)).take_while(is_near).count()
}

impl SegmentEnd {
    /// The record behind it, where there had to be one.
    fn as_damaged(self) -> DamagedRecord {
        DamagedRecord { index: self.records, offset: self.offset }
    }
}

/// Reads all that can be read of a segment, in order, and goes on behind damage; without `cipher`,
/// no more than the headers of frames. Returns where the segment ends.
pub fn survey(
    window: &mut Window<'_>,
    cipher: Option<&FileCipher>,
    until: Until,
    visit: &mut dyn FnMut(FrameAt, Met<'_>),
) -> io::Result<u64> {
    let (mut index, mut offset) = (0, u64_of(FIRST_FRAME));
    while until != Until::Offset(offset) {
        if let Some((frame, met)) = meet(window, offset, index, cipher)? {
            let ended = met == Met::End;
            visit(frame, met);
            (index, offset) = (frame.index.saturating_add(1), frame.end());
            if ended {
                break;
            }
            continue;
        }
        window.forget();
        if is_the_end(window, offset, index, cipher, until)? {
            break;
        }
        let next = next_frame(window, offset, index, cipher)?;
        let end = match next {
            Some((_, at)) => at,
            None => end_of_damage(window, offset)?,
        };
        visit(FrameAt { index, offset, len: end - offset }, Met::Damage);
        let Some(next) = next else { return Ok(end) };
        (index, offset) = next;
    }
    Ok(offset)
}

/// The frame at `offset`, where it is that of record `index`.
fn meet<'a>(
    window: &'a mut Window<'_>,
    offset: u64,
    index: u64,
    cipher: Option<&FileCipher>,
) -> io::Result<Option<(FrameAt, Met<'a>)>> {
    let Some(cipher) = cipher else {
        let header = window.frame_header(offset)?.filter(|header| header.index == index);
        return Ok(header.map(|header| (frame_of(header, offset), Met::Unopened)));
    };
    let read = read_frame(window, offset, index, cipher)?;
    Ok(read.map(|(frame, record)| match record.kind {
        RecordKind::End => (frame, Met::End),
        RecordKind::Commit => (frame, Met::Commit(record)),
    }))
}

fn is_the_end(
    window: &mut Window<'_>,
    offset: u64,
    index: u64,
    cipher: Option<&FileCipher>,
    until: Until,
) -> io::Result<bool> {
    let lost = until == Until::TheEnd && looks_lost(window, offset, index)?;
    Ok(lost
        && match cipher {
            Some(cipher) => !was_synced(window, offset, cipher)?,
            None => next_frame(window, offset, index, None)?.is_none(),
        })
}

/// Index and offset of the first readable frame of a later record behind `offset`.
fn next_frame(
    window: &mut Window<'_>,
    offset: u64,
    index: u64,
    cipher: Option<&FileCipher>,
) -> io::Result<Option<(u64, u64)>> {
    let mut from = offset.saturating_add(u64_of(ALIGN));
    while let Some((at, header)) = window.next_header(from)? {
        let is_later = header.index > index;
        let opens = |record: Option<Record<'_>>| record.is_some();
        let is_frame = match cipher {
            Some(cipher) => is_later && try_frame(window, at, header, cipher, opens)?,
            None => is_later,
        };
        if is_frame {
            return Ok(Some((header.index, at)));
        }
        from = at.saturating_add(u64_of(ALIGN));
    }
    Ok(None)
}

/// Where the last damage ends: with its frame, or with the last byte that is not zero.
fn end_of_damage(window: &mut Window<'_>, offset: u64) -> io::Result<u64> {
    if let Some(header) = window.frame_header(offset)? {
        return Ok(frame_of(header, offset).end());
    }
    let mut end = None;
    let mut at = offset;
    while at < window.end() {
        let bytes = window.bytes(at, SECTOR)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            end = Some(at + u64_of(last) + 1);
        }
        at += u64_of(SECTOR);
    }
    Ok(end.unwrap_or(window.end()))
}

/// The record in the frame at `offset`, decrypted where it lies; `None` where that is not record `index`.
fn read_frame<'a>(
    window: &'a mut Window<'_>,
    offset: u64,
    index: u64,
    cipher: &FileCipher,
) -> io::Result<Option<(FrameAt, Record<'a>)>> {
    let Some(header) = window.frame_header(offset)?.filter(|header| header.index == index) else {
        return Ok(None);
    };
    let sealed = window.sealed(offset, header)?;
    Ok(decrypt_record(cipher, index, sealed).ok().map(|record| (frame_of(header, offset), record)))
}

/// What `judge` says of the record in the frame at `offset`, decrypted in a copy.
fn try_frame(
    window: &mut Window<'_>,
    offset: u64,
    header: FrameHeader,
    cipher: &FileCipher,
    judge: impl Fn(Option<Record<'_>>) -> bool,
) -> io::Result<bool> {
    let mut sealed = window.sealed(offset, header)?.to_vec();
    Ok(judge(decrypt_record(cipher, header.index, &mut sealed).ok()))
}

fn frame_of(header: FrameHeader, offset: u64) -> FrameAt {
    FrameAt { index: header.index, offset, len: u64_of(FRAME_HEADER_LEN) + u64::from(header.len) }
}

/// Whether the unreadable frame at `offset` is where a crash cut the log; otherwise it is damage.
fn judge(window: &mut Window<'_>, offset: u64, index: u64, cipher: &FileCipher, until: Until) -> Result<()> {
    window.forget();
    match is_the_end(window, offset, index, Some(cipher), until)? {
        true => Ok(()),
        false => Err(DamagedRecord { index, offset }.into()),
    }
}

fn looks_lost(window: &mut Window<'_>, offset: u64, index: u64) -> io::Result<bool> {
    let header = window.bytes(offset, FRAME_HEADER_LEN)?;
    if header.len() < FRAME_HEADER_LEN {
        return Ok(false);
    }
    if is_zero(header) {
        return Ok(true);
    }
    match window.frame_header(offset)? {
        Some(header) if header.index == index => {
            let body = offset + u64_of(FRAME_HEADER_LEN);
            has_zero_sector(window, body, body + u64::from(header.len))
        }
        _ => Ok(false),
    }
}

/// Whether the share of some sector in `start..end` is all zeros.
fn has_zero_sector(window: &mut Window<'_>, start: u64, end: u64) -> io::Result<bool> {
    let (mut at, sector) = (start, u64_of(SECTOR));
    while at < end {
        let next = (at / sector + 1).saturating_mul(sector).min(end);
        let share = usize::try_from(next - at).unwrap_or(SECTOR);
        if is_zero(window.bytes(at, share)?) {
            return Ok(true);
        }
        at = next;
    }
    Ok(false)
}

/// Whether an authentic record behind `offset` says that `offset` had been synced.
fn was_synced(window: &mut Window<'_>, offset: u64, cipher: &FileCipher) -> io::Result<bool> {
    let says = |record: Option<Record<'_>>| record.is_some_and(|record| record.durable_through > offset);
    let mut from = offset.saturating_add(u64_of(ALIGN));
    while let Some((at, header)) = window.next_header(from)? {
        if try_frame(window, at, header, cipher, says)? {
            return Ok(true);
        }
        from = at.saturating_add(u64_of(ALIGN));
    }
    Ok(false)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::{DamagedRecord, FrameAt, Met, ScanError, SegmentEnd, Until, read_records, survey};
    use crate::KeyspaceId;
    use crate::local::header::{FileCipher, FileHeader, FileKind};
    use crate::local::log::FIRST_FRAME;
    use crate::local::log::part::{LogId, LogKey, PartPlace};
    use crate::local::log::record::{NewRecord, Part, Record, RecordKind};
    use crate::local::log::window::Window;
    use crate::local::wiped::wiped;
    use crypto::SecretKey;
    use env::{DiskFile, SeededRandom};

    const ZEROS_BEHIND: usize = 4096;

    /// A segment of records with values of these lengths, each group of two synced together.
    struct Fixture {
        cipher: FileCipher,
        bytes: Vec<u8>,
        offsets: Vec<usize>,
    }

    impl Fixture {
        fn damaged(&self, index: usize) -> DamagedRecord {
            DamagedRecord { index: index as u64, offset: self.offsets[index] as u64 }
        }
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

    /// A file that can only be read.
    struct InMemory<'a>(&'a [u8]);

    impl DiskFile for InMemory<'_> {
        fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
            let from = usize::try_from(offset).unwrap();
            let bytes = self.0.get(from..from + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(bytes);
            Ok(())
        }

        fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::ReadOnlyFilesystem.into())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }

        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn set_len(&self, _: u64) -> io::Result<()> {
            Err(io::ErrorKind::ReadOnlyFilesystem.into())
        }
    }

    fn read(fixture: &Fixture, bytes: &[u8]) -> Result<SegmentEnd, DamagedRecord> {
        read_until(fixture, bytes, Until::TheEnd, &mut |_, _| {})
    }

    fn read_until(
        fixture: &Fixture,
        bytes: &[u8],
        until: Until,
        visit: &mut dyn FnMut(FrameAt, &Record<'_>),
    ) -> Result<SegmentEnd, DamagedRecord> {
        let file = InMemory(bytes);
        let read = read_records(&mut Window::over(&file, until).unwrap(), &fixture.cipher, until, visit);
        read.map_err(|error| match error {
            ScanError::Damaged(damage) => damage,
            ScanError::Io(error) => panic!("{error}"),
        })
    }

    #[test]
    fn all_records_are_read_in_order() {
        let fixture = fixture(&[10, 2000, 0]);
        let mut seen = Vec::new();
        let end = read_until(&fixture, &fixture.bytes, Until::TheEnd, &mut |frame, record| {
            seen.push((frame.index, frame.offset as usize, record.sequence, record.parts.len()));
        });
        let at = &fixture.offsets;
        assert_eq!(seen, [(0, at[0], 10, 1), (1, at[1], 11, 1), (2, at[2], 12, 1)]);
        let offset = (fixture.bytes.len() - ZEROS_BEHIND) as u64;
        let synced = fixture.offsets[2] as u64;
        assert_eq!(end, Ok(SegmentEnd { records: 3, offset, synced, last_sequence: 12, ended: false }));
    }

    #[test]
    fn every_flipped_bit_is_damage_with_its_place_even_in_the_last_record() {
        let fixture = fixture(&[3, 700, 5]);
        let end = fixture.bytes.len() - ZEROS_BEHIND;
        for bit in FIRST_FRAME * 8..end * 8 {
            let mut damaged = fixture.bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let index = fixture.offsets.iter().rposition(|offset| *offset <= bit / 8).unwrap();
            let expected = fixture.damaged(index);
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
        assert_eq!(read(&fixture, &damaged), Err(fixture.damaged(1)));
    }

    #[test]
    fn a_whole_record_zeroed_in_the_middle_is_damage() {
        let fixture = fixture(&[100, 100, 100, 100]);
        let mut damaged = fixture.bytes.clone();
        damaged[fixture.offsets[1]..fixture.offsets[2]].fill(0);
        assert_eq!(read(&fixture, &damaged), Err(fixture.damaged(1)));
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
            let file = InMemory(&damaged);
            let mut window = Window::over(&file, Until::TheEnd).unwrap();
            let mut visit = |frame: FrameAt, found: Met<'_>| met.push((frame.index, found == Met::Damage));
            let end = survey(&mut window, cipher, Until::TheEnd, &mut visit).unwrap();
            assert_eq!(end, (fixture.bytes.len() - ZEROS_BEHIND) as u64);
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
        let read = |bytes: &[u8]| read_until(&fixture, bytes, until, &mut |_, _| {});
        assert_eq!(read(&fixture.bytes).map(|end| end.records), Ok(2));
        let mut damaged = fixture.bytes.clone();
        damaged[fixture.offsets[1]..].fill(0);
        assert!(read(&damaged).is_err());
    }
}
