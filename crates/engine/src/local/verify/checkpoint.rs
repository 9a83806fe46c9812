//! What lies in the folder of a checkpoint.
//!
//! The file `store` proves the descriptor, which lists the files for everybody. Their blocks are authenticated where
//! a key is at hand: the receiver's, which opens the descriptor, or the data encryption key of a keyspace that has the
//! same files or had them. Where none is, each file must be there, with the header and the length that are listed.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crypto::SecretKey;

use super::{Deks, Finding, SmallFile, Tell, Verify, tell_met, unreadable};
use crate::local::cache::{CacheScope, Caches};
use crate::local::checkpoint::descriptor::{DescriptorFile, Listed, NAME};
use crate::local::header::HEADER_LEN;
use crate::local::manifest::FileRecord;
use crate::local::reader::u64_of;
use crate::local::recovery::id_of;
use crate::local::sorted_file::file::SortedFile;
use crate::local::sorted_file::writer::file_name;
use crate::local::store_record::StoreRecord;
use crate::{CheckpointId, EngineError, Result};

/// What a descriptor tells of the files.
struct Known {
    files: Vec<Listed>,
    /// Of the list: [`Finding::Authentic`], or [`Finding::Sound`].
    proven: Finding,
    /// What only its receiver can read.
    opened: Option<Opened>,
}

/// The files of a checkpoint, and their keys.
struct Opened {
    records: Vec<FileRecord>,
    deks: Deks,
}

impl Verify<'_> {
    pub(super) fn checkpoint(
        &self,
        folder: &Path,
        record: Option<&StoreRecord>,
        deks: &Deks,
        tell: &mut Tell<'_>,
    ) -> Result<()> {
        let paths = self.list(folder)?;
        let id = id_of(folder).map(CheckpointId);
        let digest = record.map(|record| id.and_then(|id| record.checkpoints.get(&id)));
        let Some(id) = id.filter(|_| digest != Some(None)) else {
            paths.iter().for_each(|path| self.leftover(path, None, tell));
            return Ok(());
        };
        let known = self.descriptor(folder, id, digest.flatten(), tell);
        for path in paths.iter().filter(|path| !path.ends_with(NAME)) {
            match &known {
                Some(known) if known.lists(path) => {}
                Some(_) => self.leftover(path, None, tell),
                None => self.closed_file(path, None, tell),
            }
        }
        let files = known.iter().flat_map(|known| known.files.iter().map(move |file| (known, file)));
        files.for_each(|(known, file)| self.checkpoint_file(folder, known, file, deks, tell));
        Ok(())
    }

    fn descriptor(
        &self,
        folder: &Path,
        id: CheckpointId,
        digest: Option<&[u8; 32]>,
        tell: &mut Tell<'_>,
    ) -> Option<Known> {
        let named = SmallFile { name: self.name(&folder.join(NAME)), keyspace: None, is_right: &|_| true };
        let len = || self.disk.open(&folder.join(NAME)).and_then(|file| file.len()).unwrap_or(0);
        let (file, opened) = match self.open_descriptor(folder, id, digest) {
            Ok(read) => read,
            Err(error) => {
                tell(named.place(&place_of(&error), 0..len(), Finding::Damaged));
                return None;
            }
        };
        let (proven, content) = match (&opened, digest.map(|digest| file.is(digest))) {
            (Some(_), _) | (None, Some(true)) => (Finding::Authentic, Finding::Authentic),
            (None, Some(false)) => (Finding::Sound, Finding::Damaged),
            (None, None) => (Finding::Sound, Finding::Unread),
        };
        let body_at = u64_of(file.body_at);
        tell(named.place("header and files", 0..body_at, proven));
        tell(named.place("body", body_at..u64_of(file.len), content));
        let is_right = content != Finding::Damaged;
        is_right.then_some(Known { files: file.files, proven, opened })
    }

    /// A descriptor, and what its receiver reads in it, where that one's key is at hand.
    fn open_descriptor(
        &self,
        folder: &Path,
        id: CheckpointId,
        digest: Option<&[u8; 32]>,
    ) -> Result<(DescriptorFile, Option<Opened>)> {
        let file = DescriptorFile::read(&*self.disk, folder, id)?;
        for receiver in (self.keys.checkpoint)(id) {
            let descriptor = match file.open(receiver, digest) {
                Err(EngineError::WrongKey(_)) => continue,
                opened => opened?,
            };
            let mut deks = Deks::default();
            deks.add(descriptor.unwrap_deks(id, receiver)?);
            return Ok((file, Some(Opened { records: descriptor.image.files, deks })));
        }
        Ok((file, None))
    }

    fn checkpoint_file(
        &self,
        folder: &Path,
        known: &Known,
        listed: &Listed,
        deks: &Deks,
        tell: &mut Tell<'_>,
    ) {
        let path = folder.join(file_name(&listed.header));
        let file = SmallFile { name: self.name(&path), keyspace: None, is_right: &|_| true };
        let scope = CacheScope::new(&Arc::new(Caches::new(self.disk.clone(), 0, 1)));
        let sorted = |record: FileRecord, dek: &SecretKey| {
            SortedFile::at(record, (file.name.clone(), path.clone()), dek, &scope).ok()
        };
        if let Some(opened) = &known.opened {
            let record = opened.records.iter().find(|record| record.header == listed.header).cloned();
            match record.zip(opened.deks.of(&listed.header)).and_then(|(record, dek)| sorted(record, dek)) {
                Some(sorted) => sorted.walk(&mut |met| tell_met(&file, met, tell)),
                None => tell(file.place("header", 0..listed.len, Finding::Damaged)),
            }
            return;
        }
        let bare = FileRecord::bare(listed.header.clone(), listed.len, listed.digest);
        match deks.of(&listed.header).and_then(|dek| sorted(bare, dek)) {
            Some(sorted) => sorted.walk_alone(&mut |met| tell_met(&file, met, tell)),
            None => self.listed_file(&path, &file, (listed, known.proven), tell),
        }
    }

    /// A file under a key that is not at hand.
    fn listed_file(
        &self,
        path: &Path,
        file: &SmallFile<'_>,
        (listed, proven): (&Listed, Finding),
        tell: &mut Tell<'_>,
    ) {
        let mut header = [0; HEADER_LEN];
        let read = self.disk.open(path).and_then(|file| {
            let len = file.len()?;
            file.read_exact_at(&mut header, 0).map(|()| len)
        });
        let (head, blocks) = (0..u64_of(HEADER_LEN), u64_of(HEADER_LEN)..listed.len);
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tell(file.place("length", 0..0, Finding::Damaged));
            }
            Err(error) => tell(file.place(&unreadable(&error), 0..0, Finding::Damaged)),
            Ok(len) if len != listed.len => tell(file.place("length", 0..len, Finding::Damaged)),
            Ok(_) => {
                let same = header == listed.header.encode();
                tell(file.place("header", head, if same { proven } else { Finding::Damaged }));
                tell(file.place("blocks", blocks, Finding::Unread));
            }
        }
    }
}

impl Known {
    fn lists(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        self.files.iter().any(|file| Some(&*file_name(&file.header)) == name)
    }
}

fn place_of(error: &EngineError) -> String {
    match error {
        EngineError::Damaged { place, .. } => place.clone(),
        other => other.to_string(),
    }
}
