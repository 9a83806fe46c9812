//! The segments of the log, record by record.

use std::path::Path;

use env::disk::read_file;

use super::{Finding, MAX_LEN, Place, Tell, Verify, unreadable};
use crate::Result;
use crate::local::header::FileCipher;
use crate::local::log::scan::{Met, segment_header, survey};
use crate::local::log::{FIRST_FRAME, segment_name, segment_number, segment_path};
use crate::local::reader::u64_of;
use crate::local::store_record::StoreRecord;

/// What of a segment decides about the one before it.
struct Walked {
    records: u64,
    ended: bool,
}

impl Verify<'_> {
    /// Every segment the store's file names, in order; all there are where it cannot be read.
    pub(super) fn log(&self, record: Option<&StoreRecord>, tell: &mut Tell<'_>) -> Result<()> {
        let paths = self.list(&self.folder.join("log"))?;
        let mut needed: Vec<u64> = match record {
            Some(record) => (record.oldest..=record.newest).collect(),
            None => paths.iter().filter_map(|path| segment_number(path)).collect(),
        };
        needed.sort_unstable();
        for path in paths.iter().filter(|path| segment_number(path).is_none_or(|at| !needed.contains(&at))) {
            self.leftover(path, None, tell);
        }
        let mut unended: Option<(u64, u64)> = None;
        for number in needed {
            let walked = self.segment(number, tell);
            if let Some((before, records)) = unended.filter(|_| walked.records > 0) {
                tell(place(
                    before,
                    &format!("after record {records}: the rest is missing"),
                    0..0,
                    Finding::Damaged,
                ));
            }
            unended = if walked.ended { None } else { Some((number, walked.records)) };
        }
        Ok(())
    }

    fn segment(&self, number: u64, tell: &mut Tell<'_>) -> Walked {
        let mut walked = Walked { records: 0, ended: true };
        let path = segment_path(self.folder, number);
        let bytes = match self.read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                tell(place(number, &unreadable(&error), 0..0, Finding::Damaged));
                return walked;
            }
        };
        let head = 0..u64_of(FIRST_FRAME.min(bytes.len()));
        let header = segment_header(&bytes, number);
        let cipher = header.as_ref().map(|header| self.keys.store.map(|key| header.cipher(key)));
        let cipher = match cipher {
            Some(Some(Ok(cipher))) => Some(cipher),
            Some(None) => None,
            None | Some(Some(Err(_))) => {
                tell(place(number, "header", head.clone(), Finding::Damaged));
                tell(place(number, "records", head.end..u64_of(bytes.len()), Finding::Unread));
                return walked;
            }
        };
        let proven = if cipher.is_some() { Finding::Authentic } else { Finding::Sound };
        tell(place(number, "header", head, proven));
        walked.ended = false;
        records(number, &bytes, cipher.as_ref(), &mut walked, tell);
        walked
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        read_file(&*self.disk, path, MAX_LEN)
    }
}

fn records(number: u64, bytes: &[u8], cipher: Option<&FileCipher>, walked: &mut Walked, tell: &mut Tell<'_>) {
    let proven = if cipher.is_some() { Finding::Authentic } else { Finding::Sound };
    let end = survey(bytes, cipher, &mut |frame, met| {
        let bytes = u64_of(frame.offset)..u64_of(frame.offset + frame.len);
        let finding = if matches!(met, Met::Damage) { Finding::Damaged } else { proven };
        let entries = u64::from(matches!(met, Met::Commit(_) | Met::Unopened));
        walked.records += u64::from(!matches!(met, Met::Damage));
        walked.ended |= matches!(met, Met::End);
        tell(Place { entries, ..place(number, &frame.as_damaged().to_string(), bytes, finding) });
    });
    tell(place(number, "tail", u64_of(end)..u64_of(bytes.len()), Finding::Unwritten));
}

fn place(number: u64, name: &str, bytes: std::ops::Range<u64>, finding: Finding) -> Place {
    let (file, name) = (segment_name(number), name.to_owned());
    Place { file, keyspace: None, name, bytes, finding, entries: 0 }
}
