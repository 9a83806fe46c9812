//! Reading untrusted bytes: every step is checked, nothing panics, nothing is allocated from a length that
//! was not compared with what is there.

use crypto::NotAuthentic;

/// Bytes that are not what their format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not of their format")]
pub struct BadBytes;

impl From<NotAuthentic> for BadBytes {
    fn from(_: NotAuthentic) -> Self {
        Self
    }
}

/// What is left to read. Numbers are little-endian.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// All of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes not read yet.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Whether everything is read.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], BadBytes> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(BadBytes)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], BadBytes> {
        let (head, tail) = self.0.split_first_chunk().ok_or(BadBytes)?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, BadBytes> {
        self.array::<1>().map(u8::from_le_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, BadBytes> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, BadBytes> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, BadBytes> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length of four bytes, as a count of things that take at least `each` bytes of what is left.
    pub fn count(&mut self, each: usize) -> Result<usize, BadBytes> {
        let count = len_of(self.u32()?);
        if count.saturating_mul(each.max(1)) > self.0.len() { Err(BadBytes) } else { Ok(count) }
    }

    /// A number in 7-bit groups, lowest first, at most ten bytes.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, BadBytes> {
        // Most are short.
        match self.0 {
            [byte, tail @ ..] if *byte < 0x80 => {
                self.0 = tail;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, BadBytes> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            let group = u64::from(byte & 0x7f);
            if shift == 63 && group > 1 {
                return Err(BadBytes);
            }
            number |= group << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(BadBytes)
    }

    /// A [`Reader::varint`] that counts bytes or things in memory.
    #[inline]
    pub fn varint_len(&mut self) -> Result<usize, BadBytes> {
        usize::try_from(self.varint()?).map_err(|_| BadBytes)
    }

    /// Nothing is left.
    pub fn end(self) -> Result<(), BadBytes> {
        if self.0.is_empty() { Ok(()) } else { Err(BadBytes) }
    }
}

/// Appends `number` as [`Reader::varint`] reads it.
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// A length read from four bytes.
pub fn len_of(len: u32) -> usize {
    usize::try_from(len).expect("a usize holds 32 bits on every platform this runs on")
}

/// A length in memory as the four bytes of a format whose limits keep it far below 4 GiB.
pub fn u32_of(len: usize) -> u32 {
    u32::try_from(len).expect("the limits on commits and blocks keep lengths below 4 GiB")
}

/// A length in memory as eight bytes.
pub fn u64_of(len: usize) -> u64 {
    u64::try_from(len).expect("a usize is at most 64 bits")
}

#[cfg(test)]
mod tests {
    use super::{BadBytes, Reader, put_varint};

    #[test]
    fn a_varint_reads_as_it_was_written() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            assert_eq!(Reader::new(&bytes).varint(), Ok(number));
        }
    }

    #[test]
    fn an_endless_or_oversized_varint_is_refused() {
        assert_eq!(Reader::new(&[0x80; 20]).varint(), Err(BadBytes));
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint(),
            Err(BadBytes)
        );
        assert_eq!(Reader::new(&[0x80]).varint(), Err(BadBytes));
    }

    #[test]
    fn a_count_cannot_promise_more_than_there_is() {
        assert_eq!(Reader::new(&[2, 0, 0, 0, 9, 9]).count(2), Err(BadBytes));
        assert_eq!(Reader::new(&[1, 0, 0, 0, 9, 9]).count(2), Ok(1));
    }
}
