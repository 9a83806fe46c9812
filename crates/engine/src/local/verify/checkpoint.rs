//! What lies in the folder of a checkpoint. Its receiver's key is not at hand; the file `store` proves the
//! descriptor all the same.

use std::path::Path;

use super::{Finding, SmallFile, Tell, Verify, is_named, unreadable};
use crate::local::header::{FileHeader, FileKind, HEADER_LEN};
use crate::local::reader::u64_of;
use crate::local::recovery::id_of;
use crate::local::store_record::StoreRecord;
use crate::{CheckpointId, Result};

const DESCRIPTOR: &str = "descriptor";

impl Verify<'_> {
    pub(super) fn checkpoint(
        &self,
        folder: &Path,
        record: Option<&StoreRecord>,
        tell: &mut Tell<'_>,
    ) -> Result<()> {
        let digest = record.map(|record| {
            let id = id_of(folder).map(CheckpointId);
            id.and_then(|id| record.checkpoints.get(&id).copied())
        });
        let paths = self.list(folder)?;
        if digest == Some(None) {
            paths.iter().for_each(|path| self.leftover(path, None, tell));
            return Ok(());
        }
        for path in &paths {
            if path.ends_with(DESCRIPTOR) {
                self.descriptor(path, digest.flatten(), tell);
            } else {
                self.closed_file(path, None, tell);
            }
        }
        if !paths.iter().any(|path| path.ends_with(DESCRIPTOR)) {
            let name = self.name(&folder.join(DESCRIPTOR));
            let file = SmallFile { name, keyspace: None, is_right: &|_| true };
            tell(file.place("the file is missing", 0..0, Finding::Damaged));
        }
        Ok(())
    }

    fn descriptor(&self, path: &Path, digest: Option<[u8; 32]>, tell: &mut Tell<'_>) {
        let file = SmallFile { name: self.name(path), keyspace: None, is_right: &|_| true };
        let mut bytes = [0; HEADER_LEN];
        let len = self.disk.open(path).and_then(|file| {
            file.read_exact_at(&mut bytes, 0)?;
            file.len()
        });
        let len = match len {
            Ok(len) => len,
            Err(error) => return tell(file.place(&unreadable(&error), 0..0, Finding::Damaged)),
        };
        let sound = FileHeader::decode(&bytes).is_ok_and(|header| header.kind == FileKind::Checkpoint);
        let (header, body) = match digest.map(|digest| is_named(&*self.disk, path, &digest)) {
            _ if !sound => (Finding::Damaged, Finding::Unread),
            Some(true) => (Finding::Authentic, Finding::Authentic),
            Some(false) => (Finding::Sound, Finding::Damaged),
            None => (Finding::Sound, Finding::Unread),
        };
        tell(file.place("header", 0..u64_of(HEADER_LEN), header));
        tell(file.place("body", u64_of(HEADER_LEN)..len, body));
    }
}
