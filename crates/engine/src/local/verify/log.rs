//! The segments of the log, record by record.

use std::io;
use std::ops::Range;

use super::{Finding, Place, Tell, Verify, unreadable};
use crate::Result;
use crate::local::header::{FileCipher, FileHeader};
use crate::local::log::scan::{FrameAt, Met, Until, segment_header, survey};
use crate::local::log::window::Window;
use crate::local::log::{FIRST_FRAME, segment_name, segment_number, segment_path};
use crate::local::reader::u64_of;
use crate::local::store_record::StoreRecord;

/// What of a segment decides about the one before it.
struct Walked {
    records: u64,
    ended: bool,
}

/// The header of a segment, and its cipher where the key is at hand.
enum Opened {
    Under(FileCipher),
    WithoutKey,
    Damaged,
}

impl Verify<'_> {
    /// Every segment the store's file names, in order; all there are where it cannot be read.
    pub(super) fn log(&self, record: Option<&StoreRecord>, tell: &mut Tell<'_>) -> Result<()> {
        let paths = self.list(&self.folder.join("log"))?;
        let needed: Vec<(u64, Until)> = match record {
            Some(record) => record.segments().collect(),
            None => paths.iter().filter_map(|path| Some((segment_number(path)?, Until::TheEnd))).collect(),
        };
        let is_needed = |number| needed.iter().any(|(at, _)| *at == number);
        for path in paths.iter().filter(|path| !segment_number(path).is_some_and(is_needed)) {
            self.leftover(path, None, tell);
        }
        let mut unended: Option<(u64, u64)> = None;
        for (number, until) in needed {
            let walked = self.segment(number, until, tell);
            if let Some((before, records)) = unended.filter(|_| walked.records > 0 && record.is_some()) {
                let missing = format!("after record {records}: the rest is missing");
                tell(place(before, &missing, 0..0, Finding::Damaged));
            }
            let may_go_on = until == Until::TheEnd && !walked.ended;
            unended = may_go_on.then_some((number, walked.records));
        }
        Ok(())
    }

    fn segment(&self, number: u64, until: Until, tell: &mut Tell<'_>) -> Walked {
        let mut walked = Walked { records: 0, ended: true };
        if let Err(error) = self.walk_segment((number, until), &mut walked, tell) {
            tell(place(number, &unreadable(&error), 0..0, Finding::Damaged));
        }
        walked
    }

    fn walk_segment(
        &self,
        (number, until): (u64, Until),
        walked: &mut Walked,
        tell: &mut Tell<'_>,
    ) -> io::Result<()> {
        let file = self.disk.open(&segment_path(self.folder, number))?;
        let (len, mut window) = (file.len()?, Window::over(&*file, until)?);
        let head = 0..u64_of(FIRST_FRAME).min(len);
        let opened = self.open_header(segment_header(window.bytes(0, FIRST_FRAME)?, number));
        let cipher = match &opened {
            Opened::Under(cipher) => Some(cipher),
            Opened::WithoutKey => None,
            Opened::Damaged => {
                tell(place(number, "header", head.clone(), Finding::Damaged));
                tell(place(number, "records", head.end..len, Finding::Unread));
                return Ok(());
            }
        };
        let proven = if cipher.is_some() { Finding::Authentic } else { Finding::Sound };
        tell(place(number, "header", head, proven));
        walked.ended = false;
        let end = survey(&mut window, cipher, until, &mut |frame, met| {
            walked.note(&met);
            tell(place_of(number, frame, &met, proven));
        })?;
        tell(place(number, "tail", end..len, Finding::Unwritten));
        Ok(())
    }

    fn open_header(&self, header: Option<FileHeader>) -> Opened {
        match (header, self.keys.store) {
            (Some(header), Some(key)) => header.cipher(key).map_or(Opened::Damaged, Opened::Under),
            (Some(_), None) => Opened::WithoutKey,
            (None, _) => Opened::Damaged,
        }
    }
}

impl Walked {
    fn note(&mut self, met: &Met<'_>) {
        self.records += u64::from(*met != Met::Damage);
        self.ended |= *met == Met::End;
    }
}

fn place_of(number: u64, frame: FrameAt, met: &Met<'_>, proven: Finding) -> Place {
    let finding = if *met == Met::Damage { Finding::Damaged } else { proven };
    let entries = u64::from(matches!(met, Met::Commit(_) | Met::Unopened));
    let name = frame.as_damaged().to_string();
    Place { entries, ..place(number, &name, frame.offset..frame.end(), finding) }
}

fn place(number: u64, name: &str, bytes: Range<u64>, finding: Finding) -> Place {
    let (file, name) = (segment_name(number), name.to_owned());
    Place { file, keyspace: None, name, bytes, finding, entries: 0 }
}
