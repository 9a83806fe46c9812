//! Reading all of a sorted file, block by block, past what is damaged.

use std::ops::Range;

use super::block::BlockCursor;
use super::file::SortedFile;
use super::layout::{BlockHandle, Footer, Piece, Run, decode_data_handle};
use crate::local::header::HEADER_LEN;
use crate::local::reader::u64_of;
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
        match self.present() {
            Ok(()) => visit(met("header", 0..u64_of(HEADER_LEN), 0)),
            Err(error) => return visit(damage(&error, 0..u64_of(HEADER_LEN))),
        }
        let Some(footer) = self.walk_footer(visit) else { return };
        let (mut all_there, mut entries) = (true, 0);
        let mut counting = |met: Met| {
            all_there &= met.is_sound;
            entries += met.entries;
            visit(met);
        };
        self.walk_runs(footer.top, &mut counting);
        self.walk_properties(footer.properties, &mut |met| {
            all_there &= met.is_sound;
            visit(met);
        });
        if all_there && entries != self.record.puts + self.record.removals {
            visit(Met { is_sound: false, ..met("number of entries", 0..0, 0) });
        }
        if all_there && let Err(error) = self.verify() {
            visit(damage(&error, 0..0));
        }
    }

    fn walk_footer(&self, visit: &mut Visit<'_>) -> Option<Footer> {
        match self.footer() {
            Ok((at, footer)) => {
                visit(met(&place(Piece::Footer, at), at.offset..end(at), 0));
                Some(footer)
            }
            Err(error) => {
                visit(damage(&error, self.record.len.saturating_sub(u64_of(Footer::LEN))..self.record.len));
                None
            }
        }
    }

    fn walk_properties(&self, at: BlockHandle, visit: &mut Visit<'_>) {
        match self.check_properties(at) {
            Ok(()) => visit(met(&place(Piece::Properties, at), at.offset..end(at), 0)),
            Err(error) => visit(damage(&error, at.offset..end(at))),
        }
    }

    fn walk_runs(&self, top: BlockHandle, visit: &mut Visit<'_>) {
        let runs = self
            .walk_block(Piece::Top, top, visit, |cursor| Run::decode(cursor.value_bytes()).map_err(|_| ()));
        for run in runs {
            self.walk_filter(run.filter, visit);
            let handle = |cursor: &BlockCursor| decode_data_handle(cursor.value_bytes()).map_err(|_| ());
            for data in self.walk_block(Piece::Index, run.index, visit, handle) {
                self.walk_block(Piece::Data, data, visit, |_| Ok(()));
            }
        }
    }

    fn walk_filter(&self, at: BlockHandle, visit: &mut Visit<'_>) {
        match self.read_block(Piece::Filter, at) {
            Ok(_) => visit(met(&place(Piece::Filter, at), at.offset..end(at), 0)),
            Err(error) => visit(damage(&error, at.offset..end(at))),
        }
    }

    /// What `read` makes of the entries of a block; of none of them where one is not right.
    fn walk_block<T>(
        &self,
        piece: Piece,
        at: BlockHandle,
        visit: &mut Visit<'_>,
        read: impl Fn(&BlockCursor) -> std::result::Result<T, ()>,
    ) -> Vec<T> {
        match self.entries_of(piece, at, read) {
            Ok(entries) => {
                let count = if piece == Piece::Data { u64_of(entries.len()) } else { 0 };
                visit(met(&place(piece, at), at.offset..end(at), count));
                entries
            }
            Err(error) => {
                visit(damage(&error, at.offset..end(at)));
                Vec::new()
            }
        }
    }

    fn entries_of<T>(
        &self,
        piece: Piece,
        at: BlockHandle,
        read: impl Fn(&BlockCursor) -> std::result::Result<T, ()>,
    ) -> Result<Vec<T>> {
        let bad = || EngineError::damaged("", place(piece, at));
        let mut cursor = BlockCursor::new(wiped(self.read_block(piece, at)?)).map_err(|_| bad())?;
        let mut entries = Vec::new();
        cursor.first().map_err(|_| bad())?;
        while cursor.entry().is_some() {
            entries.push(read(&cursor).map_err(|()| bad())?);
            cursor.next().map_err(|_| bad())?;
        }
        Ok(entries)
    }
}

/// A block, as errors name it.
fn place(piece: Piece, at: BlockHandle) -> String {
    format!("{} at byte {}", piece.name(), at.offset)
}

fn end(at: BlockHandle) -> u64 {
    at.offset.saturating_add(u64::from(at.len))
}

fn met(name: &str, bytes: Range<u64>, entries: u64) -> Met {
    Met { name: name.to_owned(), bytes, is_sound: true, entries }
}

fn damage(error: &EngineError, bytes: Range<u64>) -> Met {
    let name = match error {
        EngineError::Damaged { place, .. } => place.clone(),
        other => other.to_string(),
    };
    Met { name, bytes, is_sound: false, entries: 0 }
}
