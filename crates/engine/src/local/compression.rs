//! Data blocks made shorter before they are encrypted.
//!
//! ```text
//! 4 B length before │ LZ4 block or Zstandard frame
//! ```
//! Which of both, if any, lies encrypted beside the block's place, and is associated data of the block.

use crate::local::reader::{BadBytes, Reader, len_of, u32_of};
use crate::local::wiped::wiped;

/// How the data blocks of a keyspace's new files are compressed. What is compressed tells by its length how
/// much of it repeats: see `docs/encryption-at-rest.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Compression {
    /// Not at all.
    #[default]
    None = 0,
    /// LZ4: fast.
    Lz4 = 1,
    /// Zstandard: shorter.
    Zstd = 2,
}

/// No block was longer before it was compressed.
const MAX_PLAIN_LEN: usize = 64 << 20;
/// What does not become shorter by so many parts in a hundred stays as it is: it would cost each reader time.
const LEAST_GAIN: usize = 6;
const ZSTD_LEVEL: i32 = 3;
const PREFIX: usize = 4;

impl Compression {
    /// By its number in formats.
    pub fn of(number: u8) -> Result<Self, BadBytes> {
        let known = [Self::None, Self::Lz4, Self::Zstd];
        known.into_iter().find(|compression| *compression as u8 == number).ok_or(BadBytes)
    }

    /// What [`Compressor::compress`] was given, or `bytes` themselves. They are wiped where they are not the
    /// answer.
    pub fn decompress(self, bytes: Vec<u8>) -> Result<Vec<u8>, BadBytes> {
        if self == Self::None {
            return Ok(bytes);
        }
        let bytes = wiped(bytes);
        let mut reader = Reader::new(&bytes);
        let len = len_of(reader.u32()?);
        let longest = if self == Self::Lz4 { reader.rest().len().saturating_mul(255) } else { MAX_PLAIN_LEN };
        if len > longest.min(MAX_PLAIN_LEN) {
            return Err(BadBytes);
        }
        let mut plain = vec![0; len];
        let written = match self {
            Self::Zstd => {
                zstd::bulk::decompress_to_buffer(reader.rest(), &mut plain[..]).map_err(|_| BadBytes)?
            }
            _ => lz4_flex::block::decompress_into(reader.rest(), &mut plain).map_err(|_| BadBytes)?,
        };
        if written == len { Ok(plain) } else { Err(BadBytes) }
    }
}

/// Compresses the blocks of one file, one after the other.
pub struct Compressor {
    compression: Compression,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl Compressor {
    /// One that compresses as told.
    pub fn new(compression: Compression) -> Self {
        let zstd = || zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        Self { compression, zstd: (compression == Compression::Zstd).then(zstd).flatten() }
    }

    /// How it compresses.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// `plain` made shorter; `None` where that is not worth it.
    pub fn compress(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut out = u32_of(plain.len()).to_le_bytes().to_vec();
        match self.compression {
            Compression::None => return None,
            Compression::Lz4 => {
                out.resize(PREFIX + lz4_flex::block::get_maximum_output_size(plain.len()), 0);
                let len = lz4_flex::block::compress_into(plain, out.get_mut(PREFIX..)?).ok()?;
                out.truncate(PREFIX + len);
            }
            Compression::Zstd => out.extend_from_slice(&self.zstd.as_mut()?.compress(plain).ok()?),
        }
        let gain = plain.len().saturating_sub(out.len());
        (gain * 100 >= plain.len() * LEAST_GAIN && gain > 0).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Compression, Compressor};
    use env::{Random, SeededRandom};

    const BOTH: [Compression; 2] = [Compression::Lz4, Compression::Zstd];

    #[test]
    fn what_repeats_becomes_shorter_and_comes_back() {
        let plain = b"attribute name, attribute value; ".repeat(100);
        for compression in BOTH {
            let short = Compressor::new(compression).compress(&plain).expect("it repeats");
            assert!(short.len() < plain.len() / 4, "{compression:?}: {}", short.len());
            assert_eq!(compression.decompress(short), Ok(plain.clone()));
        }
    }

    #[test]
    fn what_does_not_become_shorter_stays() {
        let mut noise = vec![0; 5000];
        SeededRandom::new(1).fill(&mut noise);
        for compression in BOTH {
            assert_eq!(Compressor::new(compression).compress(&noise), None);
            assert_eq!(Compressor::new(compression).compress(&[]), None);
        }
        assert_eq!(Compressor::new(Compression::None).compress(&[0; 1000]), None);
        assert_eq!(Compression::None.decompress(noise.clone()), Ok(noise));
    }

    #[test]
    fn no_bytes_make_it_panic_or_take_memory_without_end() {
        let random = SeededRandom::new(2);
        for compression in BOTH {
            let sound =
                Compressor::new(compression).compress(&b"over and over ".repeat(50)).expect("it repeats");
            for len in 0..sound.len() {
                assert!(compression.decompress(sound[..len].to_vec()).is_err());
            }
            for _ in 0..2000 {
                let mut bytes = sound.clone();
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] = random.below(256) as u8;
                let _plain_or_not = compression.decompress(bytes);
            }
            assert!(compression.decompress(vec![255; 20]).is_err());
        }
        assert!(Compression::of(3).is_err());
    }

    #[test]
    fn each_has_its_number() {
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            assert_eq!(Compression::of(compression as u8), Ok(compression));
        }
    }
}
