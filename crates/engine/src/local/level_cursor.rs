//! Walking files that follow each other in the order of their keys as if they were one.

use std::sync::Arc;

use bytes::Bytes;

use super::levels::first_reaching;
use super::sorted_file::cursor::FileCursor;
use super::sorted_file::file::{Keeping, SortedFile};
use crate::Result;

/// A place in such files: at an entry, or at none. A file is not read before the cursor is in it.
pub struct LevelCursor<'a> {
    files: &'a [Arc<SortedFile>],
    keeping: Keeping,
    /// Meaningful while `cursor` is there.
    at: usize,
    cursor: Option<FileCursor<'a>>,
}

impl<'a> LevelCursor<'a> {
    /// At no entry yet.
    pub fn new(files: &'a [Arc<SortedFile>], keeping: Keeping) -> Self {
        Self { files, keeping, at: 0, cursor: None }
    }

    /// The entry it is at: user key and version.
    pub fn entry(&self) -> Option<(&[u8], u64)> {
        self.cursor.as_ref()?.entry()
    }

    /// The value of the entry it is at; `None` where that is removed.
    pub fn value(&self) -> Option<Bytes> {
        self.cursor.as_ref()?.value()
    }

    /// Goes to the first entry.
    pub fn first(&mut self) -> Result<()> {
        self.enter(Some(0), FileCursor::first)
    }

    /// Goes to the last entry.
    pub fn last(&mut self) -> Result<()> {
        self.enter(self.files.len().checked_sub(1), FileCursor::last)
    }

    /// Goes to the first entry at or behind (user key, version).
    pub fn seek(&mut self, user_key: &[u8], version: u64) -> Result<()> {
        self.enter(Some(first_reaching(self.files, user_key)), |cursor| cursor.seek(user_key, version))?;
        self.settle_forward()
    }

    /// Goes to the next entry; from the last to none.
    pub fn next(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.cursor {
            cursor.next()?;
        }
        self.settle_forward()
    }

    /// Goes to the entry before; from the first to none.
    pub fn prev(&mut self) -> Result<()> {
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        cursor.prev()?;
        if cursor.entry().is_none() {
            self.enter(self.at.checked_sub(1), FileCursor::last)?;
        }
        Ok(())
    }

    /// Behind the last entry of a file comes the first of the next.
    fn settle_forward(&mut self) -> Result<()> {
        match &self.cursor {
            Some(cursor) if cursor.entry().is_none() => self.enter(Some(self.at + 1), FileCursor::first),
            _ => Ok(()),
        }
    }

    /// Goes into the file at `at`, if there is one, and makes a step there.
    fn enter(
        &mut self,
        at: Option<usize>,
        step: impl FnOnce(&mut FileCursor<'a>) -> Result<()>,
    ) -> Result<()> {
        if self.cursor.is_none() || at != Some(self.at) {
            let file = at.and_then(|at| self.files.get(at));
            self.cursor = file.map(|file| file.cursor(self.keeping)).transpose()?;
            self.at = at.unwrap_or_default();
        }
        self.cursor.as_mut().map_or(Ok(()), step)
    }
}
