//! The files a merge makes.

use std::sync::Arc;

use crate::Result;
use crate::local::flush::{finish_file, new_writer};
use crate::local::keyspace::{Keyspace, OpenKeyspace};
use crate::local::pacing::Work;
use crate::local::sorted_file::file::SortedFile;
use crate::local::sorted_file::writer::SortedFileWriter;
use crate::local::store::Store;

/// Sorted files in the making, one after the other. Those of a merge that comes to nothing are removed.
pub struct Outputs<'a> {
    store: &'a Store,
    keyspace: &'a Keyspace,
    open: &'a OpenKeyspace,
    current: Option<SortedFileWriter>,
    finished: Vec<Arc<SortedFile>>,
}

impl<'a> Outputs<'a> {
    /// None yet.
    pub fn new(store: &'a Store, keyspace: &'a Keyspace, open: &'a OpenKeyspace) -> Self {
        Self { store, keyspace, open, current: None, finished: Vec::new() }
    }

    /// Adds the next entry; to a new file where the one there is long enough and the user key another.
    pub fn add(&mut self, user_key: &[u8], version: u64, value: Option<&[u8]>) -> Result<()> {
        let is_full = |writer: &SortedFileWriter| {
            writer.len() >= self.store.options.file_bytes && writer.last_key() != Some(user_key)
        };
        if self.current.as_ref().is_some_and(is_full) {
            self.end_file()?;
        }
        let writer = match &mut self.current {
            Some(writer) => writer,
            none => none.insert(new_writer(self.store, self.keyspace, self.open, Work::Merge)?),
        };
        writer.add(user_key, version, value)
    }

    fn end_file(&mut self) -> Result<()> {
        if let Some(writer) = self.current.take() {
            self.finished.extend(finish_file(writer, self.keyspace, self.open)?);
        }
        Ok(())
    }

    /// The files, all durable.
    pub fn finish(mut self) -> Result<Vec<Arc<SortedFile>>> {
        self.end_file()?;
        Ok(std::mem::take(&mut self.finished))
    }
}

impl Drop for Outputs<'_> {
    fn drop(&mut self) {
        self.finished.iter().for_each(|file| file.set_obsolete());
    }
}
