//! Records and the frames they lie in.
//!
//! ```text
//! frame, at a multiple of 16 bytes:
//!   0  4  length of what follows the 16 bytes, a multiple of 16
//!   4  8  index of the record in its segment
//!  12  4  CRC-32 of the 12 bytes before
//!  16  .  ciphertext and tag of the record, under the store's key for this segment
//! record:
//!   0  8  durable through: every byte of the segment before this offset was synced when this was written
//!   8  8  sequence number of the commit
//!  16  8  second it counts into, since 1970
//!  24  1  kind: 1 commit, 2 end of the segment
//!  25  4  number of parts, then each:
//!            16 keyspace │ 4 epoch of its data encryption key │ 4 length │ ciphertext and tag
//!   .  .  zeros up to a multiple of 16
//! ```
//! All padding is inside the ciphertext: no byte of a frame escapes the tag, and no 16 of them are zero but
//! by a lost sector.

use std::sync::Arc;

use bytes::Bytes;
use crypto::TAG_LEN;

use super::part::{LogKey, PartPlace};
use crate::KeyspaceId;
use crate::local::header::FileCipher;
use crate::local::reader::{BadBytes, Reader, len_of, u32_of, u64_of};

/// Bytes before the ciphertext of a frame.
pub const FRAME_HEADER_LEN: usize = 16;
/// What frames are aligned to, so that no frame header straddles a sector.
pub const ALIGN: usize = 16;
/// No frame is longer: what a commit may hold, and what is added to it when it is all keys of different keyspaces.
const MAX_LEN: u32 = 256 << 20;
const HEAD_LEN: usize = 8 + 8 + 8 + 1 + 4;
const PART_HEAD_LEN: usize = 16 + 4 + 4;
const RECORD: u8 = 1;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// One commit.
    Commit = 1,
    /// Nothing follows in this segment; the log goes on in the next.
    End = 2,
}

/// The plaintext header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes that follow it.
    pub len: u32,
    /// Of the record, in its segment.
    pub index: u64,
}

impl FrameHeader {
    /// Its bytes.
    pub fn encode(self) -> [u8; FRAME_HEADER_LEN] {
        let mut bytes = Vec::with_capacity(FRAME_HEADER_LEN);
        bytes.extend_from_slice(&self.len.to_le_bytes());
        bytes.extend_from_slice(&self.index.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes.try_into().expect("4, 8 and 4 bytes are 16")
    }

    /// Reads it where its CRC and length are sound.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(bytes);
        let summed = reader.clone().bytes(12)?;
        let header = Self { len: reader.u32()?, index: reader.u64()? };
        let aligned = len_of(header.len).is_multiple_of(ALIGN) && header.len > 0;
        // The sum last: most of what is tried is zeros.
        let sound = aligned && header.len <= MAX_LEN && reader.u32()? == crc32fast::hash(summed);
        if sound { Ok(header) } else { Err(BadBytes) }
    }

    /// Whether the frame that begins at `offset` ends at `end` or before.
    pub fn is_within(self, offset: u64, end: u64) -> bool {
        let frame_end = offset.checked_add(u64_of(FRAME_HEADER_LEN) + u64::from(self.len));
        frame_end.is_some_and(|frame_end| frame_end <= end)
    }
}

/// One keyspace's part on its way into the log.
pub struct Part {
    /// What encrypts it.
    pub key: Arc<LogKey>,
    /// Its writes.
    pub plain: Bytes,
}

/// A record on its way into the log.
pub struct NewRecord<'a> {
    /// Commit or end.
    pub kind: RecordKind,
    /// Where it belongs.
    pub place: PartPlace,
    /// Known to be synced.
    pub durable_through: u64,
    /// When it was written, in seconds since 1970.
    pub second: u64,
    /// One for each keyspace.
    pub parts: &'a [Part],
}

impl NewRecord<'_> {
    /// Appends the encrypted frame to `out`.
    pub fn encode(&self, cipher: &FileCipher, out: &mut Vec<u8>) {
        let len = frame_len(self.parts.iter().map(|part| part.plain.len())) - FRAME_HEADER_LEN;
        out.reserve(FRAME_HEADER_LEN + len);
        out.extend_from_slice(&FrameHeader { len: u32_of(len), index: self.place.index }.encode());
        let body = out.len();
        self.encode_body(out);
        out.resize(body + len - TAG_LEN, 0);
        let (_, data) = out.split_at_mut(body);
        let tag = cipher.encrypt(RECORD, self.place.index, data);
        out.extend_from_slice(&tag);
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.durable_through.to_le_bytes());
        out.extend_from_slice(&self.place.sequence.to_le_bytes());
        out.extend_from_slice(&self.second.to_le_bytes());
        out.push(self.kind as u8);
        out.extend_from_slice(&u32_of(self.parts.len()).to_le_bytes());
        for part in self.parts {
            self.encode_part(part, out);
        }
    }

    fn encode_part(&self, part: &Part, out: &mut Vec<u8>) {
        out.extend_from_slice(&part.key.keyspace.0);
        out.extend_from_slice(&part.key.epoch.to_le_bytes());
        out.extend_from_slice(&u32_of(part.plain.len() + TAG_LEN).to_le_bytes());
        let start = out.len();
        out.extend_from_slice(&part.plain);
        let (_, data) = out.split_at_mut(start);
        let tag = part.key.encrypt(self.place, data);
        out.extend_from_slice(&tag);
    }
}

/// The length of the frame of a record whose parts have plaintexts of these lengths.
pub fn frame_len(parts: impl Iterator<Item = usize>) -> usize {
    let body = HEAD_LEN + parts.map(|len| PART_HEAD_LEN + len + TAG_LEN).sum::<usize>();
    FRAME_HEADER_LEN + body.next_multiple_of(ALIGN) + TAG_LEN
}

/// A record as read: still encrypted under its keyspaces' keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Known to be synced when it was written.
    pub durable_through: u64,
    /// Of the commit.
    pub sequence: u64,
    /// When it was written, in seconds since 1970.
    pub second: u64,
    /// Commit or end.
    pub kind: RecordKind,
    /// One for each keyspace.
    pub parts: Vec<EncryptedPart<'a>>,
}

/// One keyspace's part of a record, tag and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncryptedPart<'a> {
    /// Whose.
    pub keyspace: KeyspaceId,
    /// Of its data encryption key.
    pub epoch: u32,
    /// Ciphertext and tag.
    pub sealed: &'a [u8],
}

/// Decrypts a frame's ciphertext where it stands and reads the record.
pub fn decrypt_record<'a>(
    cipher: &FileCipher,
    index: u64,
    sealed: &'a mut [u8],
) -> Result<Record<'a>, BadBytes> {
    decode_record(cipher.decrypt(RECORD, index, sealed)?)
}

/// Reads the plaintext of a record.
pub fn decode_record(plain: &[u8]) -> Result<Record<'_>, BadBytes> {
    let mut reader = Reader::new(plain);
    let (durable_through, sequence, second) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let kind = match reader.u8()? {
        1 => RecordKind::Commit,
        2 => RecordKind::End,
        _ => return Err(BadBytes),
    };
    let count = reader.count(PART_HEAD_LEN)?;
    let parts = (0..count).map(|_| decode_encrypted_part(&mut reader)).collect::<Result<_, _>>()?;
    let padding = reader.rest();
    let sound = padding.len() < ALIGN && padding.iter().all(|byte| *byte == 0);
    if sound { Ok(Record { durable_through, sequence, second, kind, parts }) } else { Err(BadBytes) }
}

fn decode_encrypted_part<'a>(reader: &mut Reader<'a>) -> Result<EncryptedPart<'a>, BadBytes> {
    let keyspace = KeyspaceId(reader.array()?);
    let epoch = reader.u32()?;
    let len = len_of(reader.u32()?);
    Ok(EncryptedPart { keyspace, epoch, sealed: reader.bytes(len)? })
}

#[cfg(test)]
mod tests {
    use super::{FRAME_HEADER_LEN, FrameHeader, decode_record, frame_len};

    #[test]
    fn every_flipped_bit_of_a_frame_header_is_found() {
        let bytes = FrameHeader { len: 64, index: 7 }.encode();
        assert_eq!(FrameHeader::decode(&bytes), Ok(FrameHeader { len: 64, index: 7 }));
        for bit in 0..FRAME_HEADER_LEN * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHeader::decode(&damaged).is_err());
        }
    }

    #[test]
    fn zeros_are_no_frame_header() {
        assert!(FrameHeader::decode(&[0; 16]).is_err());
    }

    #[test]
    fn frames_stay_aligned() {
        for len in 0..100 {
            assert_eq!(frame_len([len, 3].into_iter()) % 16, 0);
        }
    }

    #[test]
    fn a_record_cannot_promise_more_parts_than_it_holds() {
        let mut plain = vec![0; 24];
        plain.extend_from_slice(&[1, 0xff, 0xff, 0xff, 0xff]);
        assert!(decode_record(&plain).is_err());
    }
}
