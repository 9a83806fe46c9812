//! One keyspace's writes within a record, and the key they lie under.

use bytes::Bytes;
use crypto::{Cipher, Nonce, NotAuthentic, SecretKey, TAG_LEN};

use crate::local::header::FileHeader;
use crate::local::reader::{BadBytes, Reader, len_of, u32_of};
use crate::local::wiped::wiped;
use crate::{Entry, Key, KeyspaceId, Write};

/// Partition and sort bytes together, as everything below the seam orders them.
pub const MAX_USER_KEY_LEN: usize = 16 + Key::MAX_SORT_LEN;
const REMOVED: u8 = 0;
const PUT: u8 = 1;

/// A keyspace's key for one log segment: HKDF(DEK, salt of the segment, "log" ‖ keyspace ‖ log id). Each
/// part's nonce is the index of its record. It commits to nothing itself: what it encrypts lies inside a
/// record or parked file, whose key does.
pub struct LogKey {
    /// Whose.
    pub keyspace: KeyspaceId,
    /// Of the data encryption key it comes from.
    pub epoch: u32,
    log_id: [u8; 16],
    cipher: Cipher,
}

impl LogKey {
    /// The key of `keyspace` for the segment with this header.
    pub fn derive(dek: &SecretKey, epoch: u32, keyspace: KeyspaceId, segment: &LogId) -> Self {
        let key = dek.derive(&segment.salt, &[b"log", &keyspace.0, &segment.id]);
        Self { keyspace, epoch, log_id: segment.id, cipher: Cipher::new(&key) }
    }

    /// Encrypts a part where it stands.
    pub fn encrypt(&self, place: PartPlace, data: &mut [u8]) -> [u8; TAG_LEN] {
        self.cipher.seal_detached(Nonce::position(0, place.index), &self.associated(place), data)
    }

    /// Decrypts a part, tag and all.
    pub fn decrypt(&self, place: PartPlace, sealed: &[u8]) -> Result<Bytes, NotAuthentic> {
        let mut data = sealed.to_vec();
        let len =
            self.cipher.open(Nonce::position(0, place.index), &self.associated(place), &mut data)?.len();
        data.truncate(len);
        Ok(wiped(data))
    }

    fn associated(&self, place: PartPlace) -> [u8; 56] {
        let (version, kind, compression) = ([1], *b"part", [0]);
        let fields: [&[u8]; 8] = [
            &version,
            &kind,
            &compression,
            &[0, 0],
            &self.keyspace.0,
            &self.log_id,
            &place.index.to_le_bytes(),
            &place.sequence.to_le_bytes(),
        ];
        let mut bytes = [0; 56];
        bytes.iter_mut().zip(fields.iter().flat_map(|field| field.iter())).for_each(|(to, from)| *to = *from);
        bytes
    }
}

/// What of a segment's header goes into log keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogId {
    /// The segment's file id.
    pub id: [u8; 16],
    /// Its salt.
    pub salt: [u8; 32],
}

impl LogId {
    /// Of the segment with this header.
    pub fn of(header: &FileHeader) -> Self {
        Self { id: header.file_id, salt: header.salt }
    }
}

/// Which record of its segment a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlace {
    /// The record's index in its segment.
    pub index: u64,
    /// The commit's sequence number.
    pub sequence: u64,
}

/// A part as it was read, still encrypted, and what its key and place are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedPart<'a> {
    /// Its record in the segment.
    pub place: PartPlace,
    /// Of its data encryption key.
    pub epoch: u32,
    /// Ciphertext and tag.
    pub sealed: &'a [u8],
}

/// One write as the log holds it. Both are slices of the part's buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartWrite {
    /// Partition and sort bytes.
    pub user_key: Bytes,
    /// The new value; `None` removes the entry.
    pub value: Option<Bytes>,
}

/// Appends the plaintext of a part to `bytes`: for each write `u16` key length, key, `u8` (0 removed, 1 put) and, for a put,
/// `u32` value length, value.
pub fn encode_part<'a>(writes: impl Iterator<Item = &'a Write>, bytes: &mut Vec<u8>) {
    for write in writes {
        let key_len = u16::try_from(16 + write.key.sort.len()).expect("sort bytes are at most 4096");
        bytes.extend_from_slice(&key_len.to_le_bytes());
        bytes.extend_from_slice(&write.key.partition.0);
        bytes.extend_from_slice(&write.key.sort);
        put_value(bytes, write.value.as_ref());
    }
}

fn put_value(bytes: &mut Vec<u8>, value: Option<&Bytes>) {
    match value {
        None => bytes.push(REMOVED),
        Some(value) => {
            bytes.push(PUT);
            bytes.extend_from_slice(&u32_of(value.len()).to_le_bytes());
            bytes.extend_from_slice(value);
        }
    }
}

/// The bytes a write takes in a part.
pub fn encoded_len(write: &Write) -> usize {
    2 + 16 + write.key.sort.len() + 1 + write.value.as_ref().map_or(0, |value| 4 + value.len())
}

/// Reads the plaintext of a part; the writes share its memory.
pub fn decode_part(part: &Bytes) -> Result<Vec<PartWrite>, BadBytes> {
    let mut reader = Reader::new(part);
    let mut writes = Vec::new();
    while !reader.is_empty() {
        writes.push(decode_write(part, &mut reader)?);
    }
    Ok(writes)
}

fn decode_write(part: &Bytes, reader: &mut Reader<'_>) -> Result<PartWrite, BadBytes> {
    let key_len = usize::from(reader.u16()?);
    if !(16..=MAX_USER_KEY_LEN).contains(&key_len) {
        return Err(BadBytes);
    }
    let user_key = part.slice_ref(reader.bytes(key_len)?);
    let value = match reader.u8()? {
        REMOVED => None,
        PUT => {
            let len = len_of(reader.u32()?);
            if len > Entry::MAX_VALUE_LEN {
                return Err(BadBytes);
            }
            Some(part.slice_ref(reader.bytes(len)?))
        }
        _ => return Err(BadBytes),
    };
    Ok(PartWrite { user_key, value })
}

#[cfg(test)]
mod tests {
    use super::{LogId, LogKey, PartPlace, decode_part, encode_part};
    use crate::{Key, KeyspaceId, Partition, Write};
    use bytes::Bytes;
    use crypto::SecretKey;

    fn writes() -> Vec<Write> {
        let key = |byte, sort: &'static [u8]| Key {
            partition: Partition([byte; 16]),
            sort: Bytes::from_static(sort),
        };
        vec![
            Write {
                keyspace: KeyspaceId([1; 16]),
                key: key(1, b""),
                value: Some(Bytes::from_static(b"value")),
            },
            Write { keyspace: KeyspaceId([1; 16]), key: key(2, b"sort"), value: None },
        ]
    }

    fn encoded() -> Bytes {
        let mut bytes = Vec::new();
        encode_part(writes().iter(), &mut bytes);
        bytes.into()
    }

    #[test]
    fn a_part_reads_as_it_was_written() {
        let part = encoded();
        let read = decode_part(&part).unwrap();
        assert_eq!(read[0].value.as_deref(), Some(&b"value"[..]));
        assert_eq!(&read[1].user_key[..], [&[2; 16][..], b"sort"].concat());
        assert_eq!(read[1].value, None);
    }

    #[test]
    fn a_cut_part_is_refused() {
        let part = encoded();
        let first_write = 2 + 16 + 1 + 4 + 5;
        for len in (1..part.len()).filter(|len| *len != first_write) {
            assert!(decode_part(&part.slice(..len)).is_err(), "{len}");
        }
    }

    #[test]
    fn a_part_decrypts_at_its_place_only() {
        let dek = SecretKey::take(&mut [1; 32]);
        let key = |id| LogKey::derive(&dek, 1, KeyspaceId([2; 16]), &LogId { id, salt: [3; 32] });
        let place = PartPlace { index: 4, sequence: 5 };
        let mut sealed = b"writes".to_vec();
        let tag = key([9; 16]).encrypt(place, &mut sealed);
        sealed.extend_from_slice(&tag);
        assert_eq!(key([9; 16]).decrypt(place, &sealed).unwrap(), &b"writes"[..]);
        assert!(key([8; 16]).decrypt(place, &sealed).is_err());
        assert!(key([9; 16]).decrypt(PartPlace { index: 5, ..place }, &sealed).is_err());
        assert!(key([9; 16]).decrypt(PartPlace { sequence: 6, ..place }, &sealed).is_err());
    }
}
