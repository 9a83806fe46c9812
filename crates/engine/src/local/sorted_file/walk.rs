//! Reading all of a sorted file, block by block, past what is damaged.

use std::ops::Range;

use crypto::TAG_LEN;

use super::block::BlockCursor;
use super::digest::TagDigest;
use super::file::SortedFile;
use super::layout::{BlockHandle, Footer, Piece, Properties, Run, decode_data_handle};
use crate::local::header::HEADER_LEN;
use crate::local::reader::{BadBytes, u64_of};
use crate::local::wiped::wiped;
use crate::{EngineError, Result};

/// A part of a file.
pub struct Met {
    /// As errors name it.
    pub name: String,
    /// Where.
    pub bytes: Range<u64>,
    /// Whether it is what was written.
    pub is_sound: bool,
    /// Entries in a data block.
    pub entries: u64,
}

type Visit<'a> = dyn FnMut(Met) + 'a;

impl SortedFile {
    /// Reads everything, telling every part in no particular order. Behind a damaged index or top, what only that
    /// leads to is left out.
    pub fn walk(&self, visit: &mut Visit<'_>) {
        Walk::new(self, visit).all();
    }

    /// As [`SortedFile::walk`], where of the record no more is known than header, length and digest: what the file
    /// says of its content is taken for it.
    pub fn walk_alone(mut self, visit: &mut Visit<'_>) {
        // What cannot be read is met again by the walk.
        if let Ok(properties) = self.own_properties() {
            self.record.set_properties(properties);
        }
        self.walk(visit);
    }

    fn own_properties(&self) -> Result<Properties> {
        let at = self.read_footer()?.properties;
        let plain = self.read_block(Piece::Properties, at)?;
        self.sound(Piece::Properties, at.offset, Properties::decode(&plain))
    }

    /// Reads everything: every byte must be what the manifest's digest stands for.
    pub fn verify(&self) -> Result<()> {
        let mut ignore = |_| {};
        let mut walk = Walk::new(self, &mut ignore);
        walk.all();
        walk.first_error.map_or(Ok(()), Err)
    }
}

struct Walk<'a> {
    file: &'a SortedFile,
    visit: &'a mut Visit<'a>,
    blocks: Vec<Sealed>,
    entries: u64,
    first_error: Option<EngineError>,
}

/// A block that is authentic.
struct Sealed {
    bytes: Range<u64>,
    tag: [u8; TAG_LEN],
}

impl<'a> Walk<'a> {
    fn new(file: &'a SortedFile, visit: &'a mut Visit<'a>) -> Self {
        Self { file, visit, blocks: Vec::new(), entries: 0, first_error: None }
    }

    fn all(&mut self) {
        let header = self.file.present();
        if self.tell("header", 0..u64_of(HEADER_LEN), 0, header).is_none() {
            return;
        }
        let Some(footer) = self.footer() else { return };
        self.runs(footer.top);
        self.properties(footer.properties);
        if self.first_error.is_none() {
            self.whole();
        }
    }

    fn footer(&mut self) -> Option<Footer> {
        let len = self.file.record.len;
        let read = self.file.footer_at().and_then(|at| {
            let footer = Footer::decode(&self.read(Piece::Footer, at)?);
            self.file.sound(Piece::Footer, at.offset, footer)
        });
        let at = len.saturating_sub(u64_of(Footer::LEN));
        self.tell(&place(Piece::Footer, at), at..len, 0, read)
    }

    fn properties(&mut self, at: BlockHandle) {
        let read = self.read(Piece::Properties, at);
        let checked = read.and_then(|plain| self.file.check_properties(at, &plain));
        self.tell(&place(Piece::Properties, at.offset), bytes_of(at), 0, checked);
    }

    fn runs(&mut self, top: BlockHandle) {
        for run in self.block(Piece::Top, top, |cursor| Run::decode(cursor.value_bytes())) {
            let filter = self.read(Piece::Filter, run.filter);
            self.tell(&place(Piece::Filter, run.filter.offset), bytes_of(run.filter), 0, filter);
            for data in self.block(Piece::Index, run.index, |cursor| decode_data_handle(cursor.value_bytes()))
            {
                self.block(Piece::Data, data, |_| Ok(()));
            }
        }
    }

    /// What `read` makes of the entries of a block; of none of them where one is not right.
    fn block<T>(
        &mut self,
        piece: Piece,
        at: BlockHandle,
        read: impl Fn(&BlockCursor) -> std::result::Result<T, BadBytes>,
    ) -> Vec<T> {
        let plain = self.read(piece, at);
        let read = plain.and_then(|plain| self.file.sound(piece, at.offset, entries_of(plain, read)));
        let entries = read.as_ref().map_or(0, |entries| u64_of(entries.len()));
        let entries = if piece == Piece::Data { entries } else { 0 };
        self.tell(&place(piece, at.offset), bytes_of(at), entries, read).unwrap_or_default()
    }

    /// What a block holds, whose tag is noted.
    fn read(&mut self, piece: Piece, at: BlockHandle) -> Result<Vec<u8>> {
        let sealed = self.file.read_sealed(piece, at)?;
        let tag = sealed.last_chunk::<TAG_LEN>().copied();
        let plain = self.file.open_block(piece, at, sealed)?;
        let tag = self.file.sound(piece, at.offset, tag.ok_or(BadBytes))?;
        self.blocks.push(Sealed { bytes: bytes_of(at), tag });
        Ok(plain)
    }

    /// Whether all parts together are all there is, and what the manifest knows.
    fn whole(&mut self) {
        if self.entries != self.file.record.puts + self.file.record.removals {
            let wrong = Err(self.file.damaged("number of entries"));
            self.tell::<()>("number of entries", 0..0, 0, wrong);
        } else if self.digest() != Some(self.file.record.digest) {
            let wrong = Err(self.file.damaged("digest"));
            self.tell::<()>("digest", 0..0, 0, wrong);
        }
    }

    /// `None` where the blocks do not lie one behind the other, from the header to the end.
    fn digest(&mut self) -> Option<[u8; 32]> {
        self.blocks.sort_unstable_by_key(|block| block.bytes.start);
        let mut digest = TagDigest::new(&self.file.record.header);
        let mut end = u64_of(HEADER_LEN);
        for block in &self.blocks {
            if block.bytes.start != end {
                return None;
            }
            end = block.bytes.end;
            digest.add(&block.tag);
        }
        (end == self.file.record.len).then(|| digest.finish())
    }

    fn tell<T>(&mut self, name: &str, bytes: Range<u64>, entries: u64, read: Result<T>) -> Option<T> {
        let (name, is_sound, entries) = match &read {
            Ok(_) => (name.to_owned(), true, entries),
            Err(EngineError::Damaged { place, .. }) => (place.clone(), false, 0),
            Err(other) => (other.to_string(), false, 0),
        };
        self.entries += entries;
        (self.visit)(Met { name, bytes, is_sound, entries });
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                self.first_error.get_or_insert(error);
                None
            }
        }
    }
}

fn entries_of<T>(
    plain: Vec<u8>,
    read: impl Fn(&BlockCursor) -> std::result::Result<T, BadBytes>,
) -> std::result::Result<Vec<T>, BadBytes> {
    let mut cursor = BlockCursor::new(wiped(plain))?;
    let mut entries = Vec::new();
    cursor.first()?;
    while cursor.entry().is_some() {
        entries.push(read(&cursor)?);
        cursor.next()?;
    }
    Ok(entries)
}

/// A block, as errors name it.
fn place(piece: Piece, offset: u64) -> String {
    format!("{} at byte {offset}", piece.name())
}

fn bytes_of(at: BlockHandle) -> Range<u64> {
    at.offset..at.offset.saturating_add(u64::from(at.len))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crypto::SecretKey;
    use env::{Disk, Env, RealDisk};

    use super::super::file::SortedFile;
    use super::super::writer::{Form, SortedFileWriter};
    use crate::local::cache::{CacheScope, Caches};
    use crate::local::compression::Compression;
    use crate::local::manifest::FileRecord;
    use crate::{EngineError, KeyspaceId};

    const KEYSPACE: KeyspaceId = KeyspaceId([5; 16]);

    fn dek() -> SecretKey {
        SecretKey::take(&mut [1; 32])
    }

    /// A file of several runs.
    fn written(folder: &Path) -> FileRecord {
        let form = Form { block_len: 64, compression: Compression::Lz4, pace: Box::new(|_| {}) };
        let mut writer = SortedFileWriter::create(&Env::real(), folder, KEYSPACE, (1, &dek()), form).unwrap();
        for number in 0..900_u64 {
            let value = (number % 7 != 0).then_some(&[7; 60][..]);
            writer.add(&[&number.to_be_bytes()[..], &[1; 20]].concat(), number + 1, value).unwrap();
        }
        writer.finish().unwrap().unwrap()
    }

    fn file(record: FileRecord, folder: &Path) -> SortedFile {
        let scope = CacheScope::new(&Arc::new(Caches::new(Arc::new(RealDisk), 0, 1)));
        SortedFile::new(record, folder, KEYSPACE, &dek(), &scope).unwrap()
    }

    fn place_of(error: EngineError) -> String {
        let EngineError::Damaged { place, .. } = error else { panic!("{error}") };
        place
    }

    #[test]
    fn every_part_of_a_file_is_in_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let record = written(folder.path());
        let (sound, mut blocks) = (file(record.clone(), folder.path()), Vec::new());
        sound.verify().unwrap();
        sound.walk(&mut |met| blocks.push(met.bytes));
        blocks.sort_by_key(|bytes| bytes.start);
        assert!(blocks.len() > 400, "{}", blocks.len());
        assert_eq!(
            blocks.iter().fold(0, |end, bytes| if bytes.start == end { bytes.end } else { 0 }),
            record.len
        );
    }

    #[test]
    fn another_file_than_the_manifest_means_is_found_though_all_of_it_is_authentic() {
        let folder = tempfile::tempdir().unwrap();
        let record = written(folder.path());
        let mut digest = record.digest;
        digest[31] ^= 1;
        let other = FileRecord { digest, ..record.clone() };
        assert_eq!(place_of(file(other, folder.path()).verify().unwrap_err()), "digest");
        let other = FileRecord { puts: record.puts - 1, removals: record.removals + 1, ..record };
        assert_eq!(place_of(file(other, folder.path()).verify().unwrap_err()), "properties");
    }

    #[test]
    fn two_blocks_exchanged_are_both_found() {
        let folder = tempfile::tempdir().unwrap();
        let record = written(folder.path());
        let (mut blocks, mut damaged) = (Vec::new(), 0);
        file(record.clone(), folder.path()).walk(&mut |met| {
            blocks.extend(Some(met.bytes).filter(|_| met.name.starts_with("data block")));
        });
        let len_of = |at: usize| blocks[at].end - blocks[at].start;
        let (one, other) = (10, (11..blocks.len()).find(|at| len_of(*at) == len_of(10)).unwrap());
        let path = RealDisk.list(folder.path()).unwrap().remove(0);
        let disk_file = RealDisk.open(&path).unwrap();
        let read = |at: usize| {
            let mut bytes = vec![0; usize::try_from(len_of(at)).unwrap()];
            disk_file.read_exact_at(&mut bytes, blocks[at].start).unwrap();
            bytes
        };
        let (first, second) = (read(one), read(other));
        disk_file.write_all_at(&second, blocks[one].start).unwrap();
        disk_file.write_all_at(&first, blocks[other].start).unwrap();
        file(record, folder.path()).walk(&mut |met| damaged += u32::from(!met.is_sound));
        assert_eq!(damaged, 2);
    }
}
