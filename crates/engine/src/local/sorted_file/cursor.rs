//! Walking a sorted file, forward and backward.

use bytes::Bytes;

use super::block::BlockCursor;
use super::file::{Keeping, SortedFile};
use super::layout::{BlockHandle, Piece, Run, decode_data_handle};
use crate::Result;
use crate::local::reader::BadBytes;

/// A place in a sorted file: at an entry, or at none.
pub struct FileCursor<'a> {
    file: &'a SortedFile,
    keeping: Keeping,
    top_at: u64,
    top: BlockCursor,
    index: Option<Level>,
    data: Option<Level>,
}

/// A cursor in a block, and where the block is, for errors.
struct Level {
    piece: Piece,
    offset: u64,
    cursor: BlockCursor,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    First,
    Last,
    Next,
    Prev,
    Seek(&'a [u8], u64),
}

impl Step<'_> {
    fn take(self, cursor: &mut BlockCursor) -> std::result::Result<(), BadBytes> {
        match self {
            Step::First => cursor.first(),
            Step::Last => cursor.last(),
            Step::Next => cursor.next(),
            Step::Prev => cursor.prev(),
            Step::Seek(user_key, version) => cursor.seek(user_key, version),
        }
    }

    /// Where to enter the block behind, when this step left one.
    fn entry(self) -> Self {
        match self {
            Step::Last | Step::Prev => Step::Last,
            _ => Step::First,
        }
    }

    /// Where to go in the level above, when this step left its block.
    fn onward(self) -> Self {
        match self {
            Step::Last | Step::Prev => Step::Prev,
            _ => Step::Next,
        }
    }
}

impl<'a> FileCursor<'a> {
    pub(super) fn new(file: &'a SortedFile, keeping: Keeping, top_at: u64, top: BlockCursor) -> Self {
        Self { file, keeping, top_at, top, index: None, data: None }
    }

    /// The entry it is at: user key and version.
    pub fn entry(&self) -> Option<(&[u8], u64)> {
        self.data.as_ref()?.cursor.entry()
    }

    /// The value of the entry it is at; `None` where that is removed.
    pub fn value(&self) -> Option<Bytes> {
        self.data.as_ref()?.cursor.value()
    }

    /// Goes to the first entry.
    pub fn first(&mut self) -> Result<()> {
        self.enter(Step::First)
    }

    /// Goes to the last entry.
    pub fn last(&mut self) -> Result<()> {
        self.enter(Step::Last)
    }

    /// Goes to the first entry at or behind (user key, version).
    pub fn seek(&mut self, user_key: &[u8], version: u64) -> Result<()> {
        self.enter(Step::Seek(user_key, version))
    }

    /// Goes to the next entry; from the last to none.
    pub fn next(&mut self) -> Result<()> {
        self.step(Step::Next)
    }

    /// Goes to the entry before; from the first to none.
    pub fn prev(&mut self) -> Result<()> {
        self.step(Step::Prev)
    }

    /// Enters from the top, and in every level by the same step.
    fn enter(&mut self, step: Step<'_>) -> Result<()> {
        self.step_top(step)?;
        self.enter_index(step)?;
        self.enter_data(step)?;
        self.settle(step)
    }

    fn step(&mut self, step: Step<'_>) -> Result<()> {
        if let Some(data) = &mut self.data {
            data.step(self.file, step)?;
        }
        self.settle(step)
    }

    /// Goes on, the way the step goes, to an entry that counts.
    fn settle(&mut self, step: Step<'_>) -> Result<()> {
        self.reach_entry(step)?;
        while self.entry().is_some_and(|(_, version)| version > self.file.record.visible) {
            let onward = step.onward();
            if let Some(data) = &mut self.data {
                data.step(self.file, onward)?;
            }
            self.reach_entry(onward)?;
        }
        Ok(())
    }

    /// While the data block is left, goes on to the one beside it, until there is none.
    fn reach_entry(&mut self, step: Step<'_>) -> Result<()> {
        while self.data.as_ref().is_some_and(|data| data.cursor.entry().is_none()) {
            self.onward(step)?;
        }
        Ok(())
    }

    fn onward(&mut self, step: Step<'_>) -> Result<()> {
        if let Some(index) = &mut self.index {
            index.step(self.file, step.onward())?;
        }
        if self.index.as_ref().is_some_and(|index| index.cursor.entry().is_none()) {
            self.step_top(step.onward())?;
            self.enter_index(step.entry())?;
        }
        self.enter_data(step.entry())
    }

    fn step_top(&mut self, step: Step<'_>) -> Result<()> {
        self.file.sound(Piece::Top, self.top_at, step.take(&mut self.top))
    }

    fn enter_index(&mut self, step: Step<'_>) -> Result<()> {
        self.index = None;
        if self.top.entry().is_some() {
            let run = self.file.sound(Piece::Top, self.top_at, Run::decode(self.top.value_bytes()))?;
            self.index = Some(Level::enter((self.file, self.keeping), Piece::Index, run.index, step)?);
        }
        Ok(())
    }

    fn enter_data(&mut self, step: Step<'_>) -> Result<()> {
        self.data = None;
        if let Some(index) = self.index.as_ref().filter(|index| index.cursor.entry().is_some()) {
            let handle = decode_data_handle(index.cursor.value_bytes());
            let handle = self.file.sound(Piece::Index, index.offset, handle)?;
            self.data = Some(Level::enter((self.file, self.keeping), Piece::Data, handle, step)?);
        }
        Ok(())
    }
}

impl Level {
    fn enter(
        (file, keeping): (&SortedFile, Keeping),
        piece: Piece,
        handle: BlockHandle,
        step: Step<'_>,
    ) -> Result<Self> {
        let cursor = file.cursor_over(piece, handle, keeping)?;
        let mut level = Self { piece, offset: handle.offset, cursor };
        level.step(file, step)?;
        Ok(level)
    }

    fn step(&mut self, file: &SortedFile, step: Step<'_>) -> Result<()> {
        file.sound(self.piece, self.offset, step.take(&mut self.cursor))
    }
}
