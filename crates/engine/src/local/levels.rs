//! Sorted files by levels.
//!
//! Level 0 holds files as they were flushed, newest first; each deeper level is one sorted run, cut into files.
//! What holds of the files of a keyspace, and is checked when a manifest is read:
//! - in level 0, the sequence numbers of each file lie above those of the next, and all above those of every
//!   deeper level;
//! - in every other level, files are in the order of their keys, and no user key lies in two;
//! - of one user key, every version in a level is newer than every version in a deeper one. (No manifest could
//!   show this; flushes and compaction keep it.)
//!
//! So whatever is found first of a key, from level 0 downwards, is newest.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use bytes::Bytes;

use super::level_cursor::LevelCursor;
use super::manifest::FileRecord;
use super::merge::KeyRange;
use super::reader::BadBytes;
use super::sorted_file::file::{Keeping, SortedFile};
use crate::Result;

/// How many levels there may be.
pub const LEVELS: usize = 7;
/// The deepest level.
pub const LAST_LEVEL: u8 = 6;

/// The order of files in a manifest: by level; in level 0 newest first, else by keys.
pub fn by_place(one: &FileRecord, other: &FileRecord) -> Ordering {
    let newest_first = || Reverse(one.last_sequence).cmp(&Reverse(other.last_sequence));
    let within = || if one.level == 0 { newest_first() } else { one.first_key.cmp(&other.first_key) };
    one.level.cmp(&other.level).then_with(within)
}

/// Whether files are in order and may lie in their levels together.
pub fn check(files: &[FileRecord]) -> std::result::Result<(), BadBytes> {
    let newest_below = files.iter().filter(|file| file.level > 0).map(|file| file.last_sequence).max();
    let sound = |file: &FileRecord| {
        file.level <= LAST_LEVEL
            && file.first_key <= file.last_key
            && file.first_sequence <= file.last_sequence
            && (file.level > 0 || newest_below.is_none_or(|below| below < file.first_sequence))
    };
    let in_order = |pair: (&FileRecord, &FileRecord)| match pair {
        (one, next) if one.level != next.level => one.level < next.level,
        (one, next) if one.level == 0 => one.first_sequence > next.last_sequence,
        (one, next) => one.last_key < next.first_key,
    };
    let sound = files.iter().all(sound) && files.iter().zip(files.iter().skip(1)).all(in_order);
    if sound { Ok(()) } else { Err(BadBytes) }
}

/// The sorted files of an open keyspace.
#[derive(Default)]
pub struct Levels([Vec<Arc<SortedFile>>; LEVELS]);

impl Levels {
    /// Files in the order of a manifest, each with its level.
    pub fn new(files: impl IntoIterator<Item = (u8, Arc<SortedFile>)>) -> Self {
        let mut levels = Self::default();
        files.into_iter().for_each(|(level, file)| levels.push(level, file));
        levels
    }

    /// The files after some were removed, and some put into their levels.
    pub fn with(&self, removed: &[[u8; 16]], added: impl IntoIterator<Item = (u8, Arc<SortedFile>)>) -> Self {
        let stays = |file: &&Arc<SortedFile>| !removed.contains(&file.record.header.file_id);
        let stay = |files: &Vec<Arc<SortedFile>>| files.iter().filter(stays).cloned().collect();
        let mut levels = Self(self.0.each_ref().map(stay));
        added.into_iter().for_each(|(level, file)| levels.push(level, file));
        let [flushed, sorted @ ..] = &mut levels.0;
        flushed.sort_by_key(|file| Reverse(file.record.last_sequence));
        sorted.iter_mut().for_each(|files| files.sort_by(|one, other| first_key(one).cmp(first_key(other))));
        levels
    }

    fn push(&mut self, level: u8, file: Arc<SortedFile>) {
        if let Some(files) = self.0.get_mut(usize::from(level)) {
            files.push(file);
        }
    }

    /// The files of a level in their order; none for a level there is not.
    pub fn level(&self, level: usize) -> &[Arc<SortedFile>] {
        self.0.get(level).map_or(&[], |files| &files[..])
    }

    /// All files, newest level first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<SortedFile>> {
        self.0.iter().flatten()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The newest entry of `user_key` at or below `snapshot`.
    pub fn get(&self, user_key: &[u8], snapshot: u64) -> Result<Option<(u64, Option<Bytes>)>> {
        for file in self.that_span(user_key) {
            if let Some(found) = file.get(user_key, snapshot)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The files that may hold `user_key`, newest first: any number in level 0, one in each other level.
    fn that_span(&self, user_key: &[u8]) -> impl Iterator<Item = &Arc<SortedFile>> {
        let [flushed, sorted @ ..] = &self.0;
        let in_sorted = move |files: &'_ Vec<Arc<SortedFile>>| first_reaching(files, user_key);
        let sorted = sorted.iter().filter_map(move |files| files.get(in_sorted(files)));
        flushed.iter().chain(sorted).filter(move |file| file.spans(user_key))
    }

    /// Cursors over all that meets `range`: one for each file of level 0, one for each other level.
    pub fn cursors<'a>(&'a self, range: &KeyRange) -> Vec<LevelCursor<'a>> {
        let [flushed, sorted @ ..] = &self.0;
        let files = flushed.iter().map(std::slice::from_ref).chain(sorted.iter().map(|files| &files[..]));
        let meets = |file: &Arc<SortedFile>| range.meets(&file.record.first_key, &file.record.last_key);
        files
            .filter(|files| files.iter().any(meets))
            .map(|files| LevelCursor::new(files, Keeping::InCache))
            .collect()
    }
}

/// Where, in files in the order of their keys, the first is whose last key is not below `user_key`.
pub fn first_reaching(files: &[Arc<SortedFile>], user_key: &[u8]) -> usize {
    files.partition_point(|file| &file.record.last_key[..] < user_key)
}

fn first_key(file: &SortedFile) -> &[u8] {
    &file.record.first_key
}

#[cfg(test)]
mod tests {
    use super::{by_place, check};
    use crate::KeyspaceId;
    use crate::local::header::{FileHeader, FileKind};
    use crate::local::manifest::{Change, FileRecord, Manifest};
    use bytes::Bytes;
    use crypto::SecretKey;
    use env::SeededRandom;

    fn file(level: u8, keys: (&'static str, &'static str), sequences: (u64, u64)) -> FileRecord {
        let random = SeededRandom::new(sequences.0);
        let key = SecretKey::generate(&random);
        FileRecord {
            header: FileHeader::new(FileKind::SortedFile, KeyspaceId([1; 16]), &key, &random),
            len: 1,
            digest: [0; 32],
            level,
            puts: 1,
            removals: 0,
            value_bytes: 1,
            first_sequence: sequences.0,
            last_sequence: sequences.1,
            first_key: Bytes::from(keys.0),
            last_key: Bytes::from(keys.1),
            visible: u64::MAX,
        }
    }

    fn sound() -> Vec<FileRecord> {
        vec![
            file(0, ("a", "z"), (30, 39)),
            file(0, ("b", "c"), (20, 29)),
            file(1, ("a", "f"), (5, 19)),
            file(1, ("g", "m"), (4, 18)),
            file(6, ("c", "x"), (1, 9)),
        ]
    }

    #[test]
    fn levels_as_they_must_be_are_taken() {
        assert_eq!(check(&sound()), Ok(()));
        assert_eq!(check(&[]), Ok(()));
    }

    #[test]
    fn files_that_may_not_lie_together_are_refused() {
        let broken: [fn(&mut Vec<FileRecord>); 7] = [
            |files| files[1].last_sequence = 30,
            |files| files[1].first_sequence = 19,
            |files| files[3].first_key = Bytes::from("f"),
            |files| files[4].level = 7,
            |files| files.swap(2, 3),
            |files| files.swap(0, 4),
            |files| files[2].first_key = Bytes::from("ff"),
        ];
        for (number, break_it) in broken.iter().enumerate() {
            let mut files = sound();
            break_it(&mut files);
            assert!(check(&files).is_err(), "{number}");
        }
    }

    #[test]
    fn a_change_leaves_files_in_order() {
        let mut files = sound();
        files.reverse();
        files.sort_by(by_place);
        assert_eq!(files, sound());
        let merged = file(1, ("n", "o"), (2, 17));
        let change =
            Change { removed: vec![files[2].header.file_id], added: vec![merged.clone()], horizon: 0 };
        let after = Manifest { files, ..Manifest::default() }.with(&change).files;
        assert_eq!(after[3], merged);
        assert_eq!((after.len(), check(&after)), (5, Ok(())));
    }
}
