//! What a sorted file is made of, and where.

use crypto::TAG_LEN;

use crate::local::compression::Compression;
use crate::local::reader::{BadBytes, Reader, len_of, put_varint, u32_of};

/// A kind of block; its number is in the nonce and the associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Piece {
    /// Entries.
    Data = 1,
    /// The filter of a run.
    Filter = 2,
    /// The last keys of the data blocks of a run.
    Index = 3,
    /// The last keys of the runs.
    Top = 4,
    /// Counts, first and last key.
    Properties = 5,
    /// Where top and properties are; the end of the file.
    Footer = 6,
}

impl Piece {
    /// As errors name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data block",
            Self::Filter => "filter",
            Self::Index => "index block",
            Self::Top => "top block",
            Self::Properties => "properties",
            Self::Footer => "footer",
        }
    }
}

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHandle {
    /// In the file; also the block's nonce.
    pub offset: u64,
    /// Of ciphertext and tag.
    pub len: u32,
    /// Of data blocks; others are not compressed.
    pub compression: Compression,
}

impl BlockHandle {
    /// No block is longer, and none is read that claims to be.
    pub const MAX_LEN: u32 = 64 << 20;

    /// A block that is not compressed.
    pub fn plain(offset: u64, len: u32) -> Self {
        Self { offset, len, compression: Compression::None }
    }

    /// Appends it, with its compression, as three varints: the value of an entry of an index block.
    pub fn encode_data(self, out: &mut Vec<u8>) {
        self.encode(out);
        put_varint(out, u64::from(self.compression as u8));
    }

    /// Appends it as two varints.
    pub fn encode(self, out: &mut Vec<u8>) {
        put_varint(out, self.offset);
        put_varint(out, u64::from(self.len));
    }

    /// Reads it.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, BadBytes> {
        let (offset, len) = (reader.varint()?, u32::try_from(reader.varint()?).map_err(|_| BadBytes)?);
        if len > Self::MAX_LEN { Err(BadBytes) } else { Ok(Self::plain(offset, len)) }
    }
}

/// Where a run's filter and index lie: the value of an entry of the top block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Of its user keys.
    pub filter: BlockHandle,
    /// Of its data blocks.
    pub index: BlockHandle,
}

impl Run {
    /// As a value.
    pub fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.filter.encode(&mut out);
        self.index.encode(&mut out);
        out
    }

    /// Reads it.
    pub fn decode(value: Option<&[u8]>) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(value.ok_or(BadBytes)?);
        let run =
            Self { filter: BlockHandle::decode(&mut reader)?, index: BlockHandle::decode(&mut reader)? };
        reader.end().map(|()| run)
    }
}

/// The data block an entry of an index block points to.
pub fn decode_data_handle(value: Option<&[u8]>) -> Result<BlockHandle, BadBytes> {
    let mut reader = Reader::new(value.ok_or(BadBytes)?);
    let handle = BlockHandle::decode(&mut reader)?;
    let compression = Compression::of(u8::try_from(reader.varint()?).map_err(|_| BadBytes)?)?;
    reader.end().map(|()| BlockHandle { compression, ..handle })
}

/// The end of a file: two handles of 12 bytes, encrypted at its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footer {
    /// The block that finds runs.
    pub top: BlockHandle,
    /// Counts, first and last key.
    pub properties: BlockHandle,
}

impl Footer {
    /// Bytes of ciphertext and tag.
    pub const LEN: usize = 24 + TAG_LEN;

    /// Its plaintext.
    pub fn encode(self) -> Vec<u8> {
        let fields =
            |handle: BlockHandle| [&handle.offset.to_le_bytes()[..], &handle.len.to_le_bytes()].concat();
        [fields(self.top), fields(self.properties)].concat()
    }

    /// Reads its plaintext.
    pub fn decode(plain: &[u8]) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(plain);
        let mut handle = || Ok::<_, BadBytes>(BlockHandle::plain(reader.u64()?, reader.u32()?));
        let footer = Self { top: handle()?, properties: handle()? };
        reader.end()?;
        let longest = footer.top.len.max(footer.properties.len);
        if longest > BlockHandle::MAX_LEN { Err(BadBytes) } else { Ok(footer) }
    }
}

/// What is known of a file as a whole; lies encrypted in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// Entries that put a value.
    pub puts: u64,
    /// Entries that remove.
    pub removals: u64,
    /// Bytes of values.
    pub value_bytes: u64,
    /// The lowest sequence number.
    pub first_sequence: u64,
    /// The highest.
    pub last_sequence: u64,
    /// The first user key.
    pub first_key: Vec<u8>,
    /// The last.
    pub last_key: Vec<u8>,
}

impl Properties {
    /// Their plaintext.
    pub fn encode(&self) -> Vec<u8> {
        let numbers = [self.puts, self.removals, self.value_bytes, self.first_sequence, self.last_sequence];
        let mut out: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        for key in [&self.first_key, &self.last_key] {
            out.extend_from_slice(&u32_of(key.len()).to_le_bytes());
            out.extend_from_slice(key);
        }
        out
    }

    /// Reads their plaintext.
    pub fn decode(plain: &[u8]) -> Result<Self, BadBytes> {
        let mut reader = Reader::new(plain);
        let properties = Self {
            puts: reader.u64()?,
            removals: reader.u64()?,
            value_bytes: reader.u64()?,
            first_sequence: reader.u64()?,
            last_sequence: reader.u64()?,
            first_key: decode_key(&mut reader)?,
            last_key: decode_key(&mut reader)?,
        };
        reader.end().map(|()| properties)
    }
}

fn decode_key(reader: &mut Reader<'_>) -> Result<Vec<u8>, BadBytes> {
    let len = len_of(reader.u32()?);
    Ok(reader.bytes(len)?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{BlockHandle, Compression, Footer, Properties, Run, decode_data_handle};

    #[test]
    fn what_is_written_is_read() {
        let (top, properties) = (BlockHandle::plain(1, 2), BlockHandle::plain(3 << 40, 4));
        let footer = Footer { top, properties };
        assert_eq!(Footer::decode(&footer.encode()), Ok(footer));
        let run = Run { filter: top, index: properties };
        assert_eq!(Run::decode(Some(&run.encode())), Ok(run));
        let data = BlockHandle { compression: Compression::Zstd, ..top };
        let mut value = Vec::new();
        data.encode_data(&mut value);
        assert_eq!(decode_data_handle(Some(&value)), Ok(data));
        let properties =
            Properties { puts: 1, first_key: vec![1], last_key: vec![2, 3], ..Properties::default() };
        assert_eq!(Properties::decode(&properties.encode()), Ok(properties));
    }

    #[test]
    fn a_block_of_an_absurd_length_is_refused() {
        let huge = BlockHandle::plain(0, u32::MAX);
        assert!(Footer::decode(&Footer { top: huge, properties: huge }.encode()).is_err());
        assert!(Run::decode(Some(&Run { filter: huge, index: huge }.encode())).is_err());
    }
}
