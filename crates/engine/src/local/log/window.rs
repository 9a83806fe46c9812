//! A segment's file as a scan sees it: read in large pieces, each byte once, decrypted where it lies. What it
//! takes in memory is bounded, however long the file is.

use std::io;

use env::DiskFile;

use super::record::{ALIGN, FRAME_HEADER_LEN, FrameHeader};
use super::scan::Until;
use crate::local::reader::{len_of, u64_of};

/// Read at once: as much as stays in the cache of a processor until it is decrypted.
pub const READ_LEN: u64 = 512 << 10;
/// Looked through at once for the header of a frame.
const SEARCH_LEN: usize = 64 << 10;

/// The part of a file that is in memory.
pub struct Window<'a> {
    file: &'a dyn DiskFile,
    /// Nothing is read from here on.
    end: u64,
    /// What is read at once, if no more is asked for.
    ahead: u64,
    /// Where in the file `bytes` begin.
    base: u64,
    /// How many of `bytes` were read.
    filled: usize,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// Over a file, as far as it is to be read and is there.
    pub fn over(file: &'a dyn DiskFile, until: Until) -> io::Result<Self> {
        let len = file.len()?;
        Ok(match until {
            Until::TheEnd => Self::until(file, len),
            Until::Offset(end) => Self::until(file, end.min(len)),
        })
    }

    /// Over what lies before `end`, where the file is as long.
    pub fn until(file: &'a dyn DiskFile, end: u64) -> Self {
        Self { file, end, ahead: READ_LEN, base: 0, filled: 0, bytes: Vec::new() }
    }

    /// Over what lies before `end`; no more of it is read than is asked for.
    pub fn exact(file: &'a dyn DiskFile, end: u64) -> Self {
        Self { ahead: 0, ..Self::until(file, end) }
    }

    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The bytes from `offset` on: `len` of them, or those there are before the end.
    pub fn bytes(&mut self, offset: u64, len: usize) -> io::Result<&mut [u8]> {
        let end = offset.saturating_add(u64_of(len)).min(self.end);
        let start = offset.min(end);
        if start < self.base || end > self.base + u64_of(self.filled) {
            self.read(start, end)?;
        }
        let (from, to) = (in_memory(start - self.base)?, in_memory(end - self.base)?);
        Ok(self.bytes.get_mut(from..to).unwrap_or_default())
    }

    fn read(&mut self, start: u64, end: u64) -> io::Result<()> {
        let len = in_memory(end.max(start.saturating_add(self.ahead).min(self.end)) - start)?;
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        (self.base, self.filled) = (start, 0);
        self.file.read_exact_at(self.bytes.get_mut(..len).unwrap_or_default(), start)?;
        self.filled = len;
        Ok(())
    }

    /// What was decrypted, or tried to be, is read again when it is next asked for.
    pub fn forget(&mut self) {
        self.filled = 0;
    }

    /// The header at `offset`, where it is sound and the frame does not run over the end.
    pub fn frame_header(&mut self, offset: u64) -> io::Result<Option<FrameHeader>> {
        let header = FrameHeader::decode(self.bytes(offset, FRAME_HEADER_LEN)?).ok();
        Ok(header.filter(|header| header.is_within(offset, self.end)))
    }

    /// Ciphertext and tag of the frame at `offset` that has this header.
    pub fn sealed(&mut self, offset: u64, header: FrameHeader) -> io::Result<&mut [u8]> {
        self.bytes(offset.saturating_add(u64_of(FRAME_HEADER_LEN)), len_of(header.len))
    }

    /// The first sound header at `offset` or behind it, and where it is.
    pub fn next_header(&mut self, offset: u64) -> io::Result<Option<(u64, FrameHeader)>> {
        let (mut at, end) = (offset, self.end);
        loop {
            let bytes = self.bytes(at, SEARCH_LEN)?;
            let found = bytes.chunks_exact(ALIGN).enumerate().find_map(|(nth, place)| {
                let place_at = at + u64_of(nth * ALIGN);
                let header = FrameHeader::decode(place).ok()?;
                header.is_within(place_at, end).then_some((place_at, header))
            });
            if found.is_some() || bytes.len() < SEARCH_LEN {
                return Ok(found);
            }
            at += u64_of(SEARCH_LEN);
        }
    }
}

fn in_memory(len: u64) -> io::Result<usize> {
    usize::try_from(len).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::{READ_LEN, Until, Window};
    use env::{Disk, DiskFile, SimDisk};
    use std::path::Path;

    fn file(len: u64) -> Box<dyn DiskFile> {
        let file = SimDisk::new().create(Path::new("/file")).unwrap();
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        file.write_all_at(&bytes, 0).unwrap();
        file
    }

    #[test]
    fn it_shows_what_lies_in_the_file_in_any_order() {
        let file = file(3 * READ_LEN);
        let mut window = Window::over(&*file, Until::TheEnd).unwrap();
        for offset in [0, READ_LEN - 3, 2 * READ_LEN, 7, 3 * READ_LEN - 10, 3 * READ_LEN, 9 * READ_LEN] {
            let seen = window.bytes(offset, 20).unwrap().to_vec();
            let expected: Vec<u8> = (offset..offset + 20)
                .take_while(|at| *at < 3 * READ_LEN)
                .map(|at| (at % 251) as u8)
                .collect();
            assert_eq!(seen, expected, "{offset}");
        }
    }

    #[test]
    fn what_is_changed_in_it_is_seen_until_it_is_forgotten() {
        let file = file(100);
        let mut window = Window::over(&*file, Until::TheEnd).unwrap();
        window.bytes(0, 100).unwrap()[10..15].fill(0);
        assert_eq!(window.bytes(9, 3).unwrap(), [9, 0, 0]);
        window.forget();
        assert_eq!(window.bytes(9, 3).unwrap(), [9, 10, 11]);
    }
}
