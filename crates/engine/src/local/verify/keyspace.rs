//! What lies in the folder of a keyspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;

use super::{Deks, Finding, Opened, SmallFile, Tell, Verify, is_named, tell_met, unreadable};
use crate::local::cache::{CacheScope, Caches};
use crate::local::header::{FileHeader, FileKind, HEADER_LEN};
use crate::local::log::part::{LogId, LogKey, PlacedPart};
use crate::local::manifest::{self, FileRecord, Manifest, Owner, WrappedDek};
use crate::local::parked;
use crate::local::reader::u64_of;
use crate::local::recovery::id_of;
use crate::local::sorted_file::file::SortedFile;
use crate::local::sorted_file::walk::Met;
use crate::local::sorted_file::writer::file_name;
use crate::local::store_record::{Anchor, StoreRecord};
use crate::local::tokens;
use crate::{KeyspaceId, Result};

/// Of a keyspace whose manifest was read.
struct Known {
    manifest: Manifest,
    flushed: u64,
    deks: Vec<(u32, SecretKey)>,
}

impl Verify<'_> {
    pub(super) fn keyspace(
        &self,
        folder: &Path,
        record: Option<&StoreRecord>,
        deks: &mut Deks,
        tell: &mut Tell<'_>,
    ) -> Result<()> {
        let paths = self.list(folder)?;
        let id = id_of(folder).map(KeyspaceId);
        let anchor = record.map(|record| id.and_then(|id| record.keyspaces.get(&id)));
        let Some(id) = id.filter(|_| anchor != Some(None)) else {
            paths.iter().for_each(|path| self.leftover(path, None, tell));
            return Ok(());
        };
        let anchor = anchor.flatten();
        let highest = || paths.iter().filter_map(|path| manifest::number_of(path)).max();
        let current = anchor.map(|anchor| anchor.number).or_else(highest);
        let known = current.and_then(|number| self.manifest(id, number, anchor, tell));
        anchor.iter().for_each(|anchor| self.missing_parked(id, anchor, &paths, tell));
        let is_other = |path: &&PathBuf| manifest::number_of(path).is_none_or(|at| Some(at) != current);
        for path in paths.iter().filter(is_other) {
            match parked::number_of(path) {
                Some(segment) => self.parked(path, id, (segment, anchor), known.as_ref(), tell),
                None => self.other(path, id, known.as_ref(), tell),
            }
        }
        if let Some(known) = known {
            self.sorted_files(folder, id, &known, tell);
            deks.add(known.deks);
        }
        Ok(())
    }

    fn missing_parked(&self, id: KeyspaceId, anchor: &Anchor, paths: &[PathBuf], tell: &mut Tell<'_>) {
        let is_there = |segment| paths.iter().any(|path| parked::number_of(path) == Some(segment));
        for parked in anchor.parked.iter().filter(|parked| !is_there(parked.segment)) {
            let name = parked::name(id, parked.segment);
            let file = SmallFile { name, keyspace: Some(id), is_right: &|_| true };
            tell(file.place("the file is missing", 0..0, Finding::Damaged));
        }
    }

    fn manifest(
        &self,
        id: KeyspaceId,
        number: u64,
        anchor: Option<&Anchor>,
        tell: &mut Tell<'_>,
    ) -> Option<Known> {
        let is_right = |header: &FileHeader| {
            header.kind == FileKind::Manifest && header.origin == id && header.number == number
        };
        let name = manifest::name(id, number);
        let flushed = std::cell::Cell::new(0);
        let noting = |header: &FileHeader| {
            flushed.set(header.sequence);
            is_right(header)
        };
        let file = SmallFile { name, keyspace: Some(id), is_right: &noting };
        let ours = self.keys.store.filter(|_| tokens::is_ours(id)).map(|key| tokens::table_key(id, key));
        let table_keys = ours.as_ref().map_or_else(|| (self.keys.table)(id), std::slice::from_ref);
        let Opened::Body(body) = self.small_file(&file, table_keys, tell) else { return None };
        let Ok(manifest) = manifest::decode(&body) else {
            tell(file.place("body", 0..0, Finding::Damaged));
            return None;
        };
        let path = self.folder.join(&file.name);
        if anchor.is_some_and(|anchor| !is_named(&*self.disk, &path, &anchor.digest)) {
            tell(file.place(manifest::NOT_THE_LAST, 0..0, Finding::Damaged));
        }
        let deks = unwrap_deks(&file, &manifest.deks, (id, table_keys), tell);
        Some(Known { manifest, flushed: flushed.get(), deks })
    }

    fn parked(
        &self,
        path: &Path,
        id: KeyspaceId,
        (segment, anchor): (u64, Option<&Anchor>),
        known: Option<&Known>,
        tell: &mut Tell<'_>,
    ) {
        let named = anchor.map(|anchor| anchor.parked_of(segment));
        if named == Some(None) {
            return self.leftover(path, Some(id), tell);
        }
        let is_right = |header: &FileHeader| {
            header.kind == FileKind::Parked && header.origin == id && header.number == segment
        };
        let file = SmallFile { name: self.name(path), keyspace: Some(id), is_right: &is_right };
        let Opened::Body(body) = self.small_file(&file, self.keys.store.as_slice(), tell) else { return };
        let (Ok(log_id), Ok(parts)) = (parked::decode_log_id(&body), parked::decode(&body)) else {
            tell(file.place("body", 0..0, Finding::Damaged));
            return;
        };
        if named.flatten().is_some_and(|anchor| !is_named(&*self.disk, path, &anchor.digest)) {
            tell(file.place("it is not what was parked", 0..0, Finding::Damaged));
        }
        let Some(known) = known else { return };
        for part in parts.into_iter().filter(|part| !known.opens(part, (id, &log_id))) {
            tell(file.place(&format!("record {}", part.place.index), 0..0, Finding::Damaged));
        }
    }

    /// A file that is neither the manifest nor parked: a sorted file, if one says so.
    fn other(&self, path: &Path, id: KeyspaceId, known: Option<&Known>, tell: &mut Tell<'_>) {
        let is_sorted_file = path.extension().is_some_and(|extension| extension == "sst");
        match known {
            Some(known) if known.names(path) => {}
            None if is_sorted_file => self.closed_file(path, Some(id), tell),
            _ => self.leftover(path, Some(id), tell),
        }
    }

    /// A sorted file of which only the header can be read.
    pub(super) fn closed_file(&self, path: &Path, keyspace: Option<KeyspaceId>, tell: &mut Tell<'_>) {
        let file = SmallFile { name: self.name(path), keyspace, is_right: &|_| true };
        let mut bytes = [0; HEADER_LEN];
        let len = self.disk.open(path).and_then(|file| {
            file.read_exact_at(&mut bytes, 0)?;
            file.len()
        });
        let named = |header: &FileHeader| {
            header.kind == FileKind::SortedFile
                && path.file_name().is_some_and(|name| *name == *file_name(header))
        };
        match len {
            Ok(len) => {
                let sound = FileHeader::decode(&bytes).is_ok_and(|header| named(&header));
                let finding = if sound { Finding::Sound } else { Finding::Damaged };
                tell(file.place("header", 0..u64_of(HEADER_LEN), finding));
                tell(file.place("blocks", u64_of(HEADER_LEN)..len, Finding::Unread));
            }
            Err(error) => tell(file.place(&unreadable(&error), 0..0, Finding::Damaged)),
        }
    }

    fn sorted_files(&self, folder: &Path, id: KeyspaceId, known: &Known, tell: &mut Tell<'_>) {
        let scope = CacheScope::new(&Arc::new(Caches::new(self.disk.clone(), 0, 1)));
        for record in &known.manifest.files {
            let file = SmallFile { name: manifest_name(id, record), keyspace: Some(id), is_right: &|_| true };
            let opened = known.dek(record.header.epoch);
            let opened = opened.and_then(|dek| SortedFile::new(record.clone(), folder, id, dek, &scope).ok());
            let Some(sorted) = opened else {
                tell(file.place("header", 0..record.len, Finding::Damaged));
                continue;
            };
            sorted.walk(&mut |met: Met| tell_met(&file, met, tell));
        }
    }
}

/// Those that unwrap.
fn unwrap_deks(
    file: &SmallFile<'_>,
    wrapped: &[WrappedDek],
    (id, table_keys): (KeyspaceId, &[SecretKey]),
    tell: &mut Tell<'_>,
) -> Vec<(u32, SecretKey)> {
    let mut deks = Vec::new();
    for dek in wrapped {
        match table_keys.iter().find_map(|key| dek.unwrap(Owner::Keyspace(id), key).ok()) {
            Some(key) => deks.push((dek.epoch, key)),
            None => {
                let name = format!("data encryption key of epoch {}", dek.epoch);
                tell(file.place(&name, 0..0, Finding::Damaged));
            }
        }
    }
    deks
}

impl Known {
    /// Whether a part decrypts, unless it is flushed and so not needed any more.
    fn opens(&self, part: &PlacedPart<'_>, (id, log_id): (KeyspaceId, &LogId)) -> bool {
        let opens =
            |dek| LogKey::derive(dek, part.epoch, id, log_id).decrypt(part.place, part.sealed).is_ok();
        part.place.sequence <= self.flushed || self.dek(part.epoch).is_some_and(opens)
    }

    fn dek(&self, epoch: u32) -> Option<&SecretKey> {
        self.deks.iter().find(|(at, _)| *at == epoch).map(|(_, key)| key)
    }

    fn names(&self, path: &Path) -> bool {
        let names: BTreeSet<String> =
            self.manifest.files.iter().map(|file| file_name(&file.header)).collect();
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| names.contains(name))
    }
}

fn manifest_name(id: KeyspaceId, record: &FileRecord) -> String {
    format!("keyspaces/{id}/{}", file_name(&record.header))
}
