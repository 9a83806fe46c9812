//! The header every file of a store begins with, and the cipher that follows from it.
//!
//! ```text
//!   0  8  "STRGROOM"
//!   8  1  format version: 1
//!   9  1  kind: 1 store, 2 log, 3 parked, 4 manifest, 5 sorted file, 6 checkpoint
//!  10  2  zero
//!  12  4  epoch of the data encryption key (sorted file), else 0
//!  16 16  origin: the keyspace that wrote the file; zero for store and log
//!  32 16  file id, random
//!  48  8  number: of the log segment (log, parked) or of the manifest, else 0
//!  56  8  sequence: flushed through (manifest), else 0
//!  64 32  salt, fresh for every file written
//!  96 32  commitment to the key
//! 128  4  CRC-32 of the 128 bytes before
//! ```
//! The CRC tells a damaged header from a wrong key; it protects nothing. What protects is that the first
//! 64 bytes are associated data of everything encrypted in the file, and that salt and file id are in the key.

use crypto::{COMMITMENT_LEN, Cipher, Nonce, NotAuthentic, SALT_LEN, SecretKey, TAG_LEN, constant_time_eq};
use env::Random;
use env::random::random_bytes;

use crate::KeyspaceId;
use crate::local::compression::Compression;
use crate::local::reader::{BadBytes, Reader};

/// Bytes in a header.
pub const HEADER_LEN: usize = 132;
const MAGIC: [u8; 8] = *b"STRGROOM";
const VERSION: u8 = 1;
/// The piece that is the body of a file which has no other.
const BODY: u8 = 1;
const BOUND_LEN: usize = 64;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FileKind {
    /// Which log segments there are, and the floor of sequence numbers.
    Store = 1,
    /// A segment of the log.
    Log = 2,
    /// Parts of the log kept for a closed keyspace.
    Parked = 3,
    /// A keyspace's wrapped keys and files.
    Manifest = 4,
    /// Sorted entries of a keyspace.
    SortedFile = 5,
    /// What a checkpoint of a keyspace holds.
    Checkpoint = 6,
}

impl FileKind {
    fn of(byte: u8) -> Option<Self> {
        let all = [Self::Store, Self::Log, Self::Parked, Self::Manifest, Self::SortedFile, Self::Checkpoint];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }

    fn purpose(self) -> &'static [u8] {
        match self {
            Self::Store => b"store",
            Self::Log => b"outer log",
            Self::Parked => b"parked",
            Self::Manifest => b"manifest",
            Self::SortedFile => b"file",
            Self::Checkpoint => b"checkpoint",
        }
    }
}

/// The plaintext header of a file. It names keys and places, never data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHeader {
    /// What the file is.
    pub kind: FileKind,
    /// Which data encryption key its key is derived from (sorted files), else 0.
    pub epoch: u32,
    /// The keyspace that wrote it; all zero for store and log.
    pub origin: KeyspaceId,
    /// Its random name.
    pub file_id: [u8; 16],
    /// Of the log segment or manifest, else 0.
    pub number: u64,
    /// A manifest's: everything up to it is in sorted files.
    pub sequence: u64,
    /// Fresh for every file written.
    pub salt: [u8; SALT_LEN],
    /// To the key the file's key is derived from.
    pub commitment: [u8; COMMITMENT_LEN],
}

impl FileHeader {
    /// The header of a new file under `key`, with a fresh salt and file id.
    pub fn new(kind: FileKind, origin: KeyspaceId, key: &SecretKey, random: &dyn Random) -> Self {
        Self::named(kind, origin, random_bytes(random), key, random)
    }

    /// As [`FileHeader::new`], for a file whose id was given from outside.
    pub fn named(
        kind: FileKind,
        origin: KeyspaceId,
        file_id: [u8; 16],
        key: &SecretKey,
        random: &dyn Random,
    ) -> Self {
        let salt = random_bytes(random);
        let mut header = Self {
            kind,
            epoch: 0,
            origin,
            file_id,
            number: 0,
            sequence: 0,
            salt,
            commitment: [0; COMMITMENT_LEN],
        };
        header.commitment = key.commitment(&salt, &header.info());
        header
    }

    /// The bytes of the header.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = Vec::with_capacity(HEADER_LEN);
        bytes.extend_from_slice(&self.bound());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.commitment);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes.try_into().expect("the fields add up to the length of a header")
    }

    /// Reads a header from the beginning of a file.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(bytes);
        let crc = crc32fast::hash(reader.clone().bytes(HEADER_LEN - 4)?);
        let (magic, version) = (reader.array::<8>()?, reader.u8()?);
        let kind = FileKind::of(reader.u8()?).ok_or(BadBytes)?;
        let zero = reader.u16()?;
        let header = Self {
            kind,
            epoch: reader.u32()?,
            origin: KeyspaceId(reader.array()?),
            file_id: reader.array()?,
            number: reader.u64()?,
            sequence: reader.u64()?,
            salt: reader.array()?,
            commitment: reader.array()?,
        };
        let sound = magic == MAGIC && version == VERSION && zero == 0 && reader.u32()? == crc;
        if sound { Ok(header) } else { Err(BadBytes) }
    }

    /// The cipher of the file, where `key` is the one it was written under.
    pub fn cipher(&self, key: &SecretKey) -> Result<FileCipher, NotAuthentic> {
        if !constant_time_eq(&self.commitment, &key.commitment(&self.salt, &self.info())) {
            return Err(NotAuthentic);
        }
        let cipher = Cipher::new(&key.derive(&self.salt, &self.info()));
        Ok(FileCipher { cipher, bound: self.bound() })
    }

    /// A file that is this header, then `open` as it stands, then one encrypted body.
    pub fn with_body(&self, key: &SecretKey, open: &[u8], body: &[&[u8]]) -> Result<Vec<u8>, NotAuthentic> {
        let cipher = self.cipher(key)?;
        let len = open.len() + body.iter().map(|part| part.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(HEADER_LEN + len + TAG_LEN);
        bytes.extend_from_slice(&self.encode());
        bytes.extend_from_slice(open);
        let body_at = bytes.len();
        body.iter().for_each(|part| bytes.extend_from_slice(part));
        let (_, data) = bytes.split_at_mut(body_at);
        let tag = cipher.encrypt(BODY, 0, data);
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    fn info(&self) -> [&[u8]; 3] {
        [self.kind.purpose(), &self.origin.0, &self.file_id]
    }

    fn bound(&self) -> [u8; BOUND_LEN] {
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &[VERSION, self.kind as u8],
            &[0; 2],
            &self.epoch.to_le_bytes(),
            &self.origin.0,
            &self.file_id,
            &self.number.to_le_bytes(),
            &self.sequence.to_le_bytes(),
        ];
        fields.concat().try_into().expect("the fields add up to 64 bytes")
    }
}

/// The key of one file, made ready. Nonce: piece and position; associated data: the bound part of the
/// header, piece, compression, position.
pub struct FileCipher {
    cipher: Cipher,
    bound: [u8; BOUND_LEN],
}

impl FileCipher {
    /// Encrypts `data` where it stands; the caller keeps the tag behind it. A (piece, position) is used once.
    pub fn encrypt(&self, piece: u8, position: u64, data: &mut [u8]) -> [u8; TAG_LEN] {
        self.encrypt_compressed(piece, position, Compression::None, data)
    }

    /// As [`FileCipher::encrypt`], of what was compressed.
    pub fn encrypt_compressed(
        &self,
        piece: u8,
        position: u64,
        compression: Compression,
        data: &mut [u8],
    ) -> [u8; TAG_LEN] {
        let nonce = Nonce::position(u32::from(piece), position);
        self.cipher.seal_detached(nonce, &self.associated(piece, position, compression), data)
    }

    /// Decrypts `sealed`, ciphertext and tag, where it stands.
    pub fn decrypt<'a>(
        &self,
        piece: u8,
        position: u64,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], NotAuthentic> {
        self.decrypt_compressed(piece, position, Compression::None, sealed)
    }

    /// As [`FileCipher::decrypt`], of what was compressed.
    pub fn decrypt_compressed<'a>(
        &self,
        piece: u8,
        position: u64,
        compression: Compression,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], NotAuthentic> {
        let nonce = Nonce::position(u32::from(piece), position);
        self.cipher.open(nonce, &self.associated(piece, position, compression), sealed)
    }

    /// The plaintext of the body of a file, which is `sealed`, ciphertext and tag.
    pub fn decrypt_body(&self, sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        let mut body = sealed.to_vec();
        let len = self.decrypt(BODY, 0, &mut body)?.len();
        body.truncate(len);
        Ok(body)
    }

    fn associated(&self, piece: u8, position: u64, compression: Compression) -> [u8; BOUND_LEN + 10] {
        let mut bytes = [0; BOUND_LEN + 10];
        let (bound, place) = bytes.split_at_mut(BOUND_LEN);
        bound.copy_from_slice(&self.bound);
        if let [at_piece, at_compression, at_position @ ..] = place {
            *at_piece = piece;
            *at_compression = compression as u8;
            at_position.copy_from_slice(&position.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::{Compression, FileHeader, FileKind, HEADER_LEN};
    use crate::KeyspaceId;
    use crypto::SecretKey;
    use env::SeededRandom;

    fn header() -> (FileHeader, SecretKey) {
        let random = SeededRandom::new(1);
        let key = SecretKey::generate(&random);
        (FileHeader::new(FileKind::SortedFile, KeyspaceId([3; 16]), &key, &random), key)
    }

    #[test]
    fn a_header_reads_as_it_was_written() {
        let (header, _) = header();
        assert_eq!(FileHeader::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let (header, _) = header();
        for bit in 0..HEADER_LEN * 8 {
            let mut damaged = header.encode();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(FileHeader::decode(&damaged).is_err(), "bit {bit}");
        }
        for len in 0..HEADER_LEN {
            assert!(FileHeader::decode(&header.encode()[..len]).is_err());
        }
    }

    #[test]
    fn a_piece_decrypts_at_its_place_in_its_file_only() {
        let (header, key) = header();
        let cipher = header.cipher(&key).unwrap();
        let mut data = b"a block".to_vec();
        let tag = cipher.encrypt(1, 500, &mut data);
        data.extend_from_slice(&tag);
        let decrypts = |header: &FileHeader, piece, position| {
            header.cipher(&key).unwrap().decrypt(piece, position, &mut data.clone()).is_ok()
        };
        assert!(decrypts(&header, 1, 500));
        assert!(!decrypts(&header, 2, 500));
        assert!(!decrypts(&header, 1, 501));
        let compressed = cipher.decrypt_compressed(1, 500, Compression::Lz4, &mut data.clone()).is_ok();
        assert!(!compressed);
        assert!(!decrypts(&FileHeader { number: 1, ..header.clone() }, 1, 500));
        assert!(!decrypts(&FileHeader { epoch: 1, ..header.clone() }, 1, 500));
    }

    #[test]
    fn another_key_is_told_by_the_commitment() {
        let (header, _) = header();
        assert!(header.cipher(&SecretKey::take(&mut [9; 32])).is_err());
    }
}
