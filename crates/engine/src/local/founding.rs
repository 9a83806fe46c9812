//! A keyspace begins: empty, or with the files of a checkpoint.
//!
//! Its folder is made whole first; it exists once the file `store` names its manifest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::SecretKey;

use super::cache::CacheScope;
use super::keyspace::{CurrentManifest, Keyspace, OpenKeyspace, Secrets};
use super::levels::Levels;
use super::lifecycle::{drop_named, install_manifest};
use super::manifest::{FileRecord, Manifest, Owner, WrappedDek};
use super::memtable::Memtable;
use super::sorted_file::file::SortedFile;
use super::sorted_file::writer::file_name;
use super::store::{Store, keyspace_folder, keyspaces_folder};
use super::tree::Tree;
use super::{by_hand, checkpoint};
use crate::{AsOf, CheckpointId, EngineError, KeyspaceId, Result};

/// What a keyspace begins with.
pub struct Founding<'a> {
    /// Its first data encryption keys, oldest epoch first; the last is used for new files.
    pub deks: Vec<(u32, SecretKey)>,
    /// Its first files.
    pub files: Vec<FileRecord>,
    /// The folder they are linked from.
    pub linked_from: Option<&'a Path>,
}

/// [`crate::Engine::create`].
pub fn create(store: &Store, id: KeyspaceId, table_key: SecretKey) -> Result<()> {
    let _names = store.names.lock();
    make_way(store, id)?;
    let deks = vec![(1, SecretKey::generate(&*store.env.random))];
    found(store, id, table_key, Founding { deks, files: Vec::new(), linked_from: None })
}

/// [`crate::Engine::adopt`].
pub fn adopt(
    store: &Store,
    checkpoint: (CheckpointId, &SecretKey),
    as_of: AsOf,
    id: KeyspaceId,
    table_key: SecretKey,
) -> Result<()> {
    let _names = store.names.lock();
    make_way(store, id)?;
    let image = checkpoint::read(store, checkpoint)?;
    let (files, mut deks) = (image.files_as_of(as_of)?, image.deks);
    // What the new keyspace writes is under a key of its own from the first byte.
    let epoch = deks.last().map_or(1, |(epoch, _)| epoch.saturating_add(1));
    deks.push((epoch, SecretKey::generate(&*store.env.random)));
    found(store, id, table_key, Founding { deks, files, linked_from: Some(&image.folder) })
}

/// Sees that an id is free, and removes what is left of one that had it.
fn make_way(store: &Store, id: KeyspaceId) -> Result<()> {
    if store.keyspace(id).is_ok_and(|keyspace| !keyspace.is_dropped()) {
        return Err(EngineError::Exists(id));
    }
    drop_named(store, id)
}

fn found(store: &Store, id: KeyspaceId, table_key: SecretKey, founding: Founding<'_>) -> Result<()> {
    let founded = found_in_folder(store, id, table_key, founding);
    if founded.is_err()
        && let Err(error) = drop_named(store, id)
    {
        tracing::warn!(%error, keyspace = %id, "half a keyspace stays until the id is used again");
    }
    store.keyspaces.write().insert(id, Arc::new(founded?));
    Ok(())
}

fn found_in_folder(
    store: &Store,
    id: KeyspaceId,
    table_key: SecretKey,
    founding: Founding<'_>,
) -> Result<Keyspace> {
    let folder = make_folder(store, id, &founding)?;
    let born = durable_sequence(store)?;
    let deks = WrappedDek::wrap_all(&founding.deks, Owner::Keyspace(id), &table_key, &*store.env.random);
    let (compression, files) = (store.options.compression, founding.files);
    let content = Manifest { compression, deks, files, floor: born, ..Manifest::default() };
    let keyspace = Keyspace::closed(id, folder, born);
    let secrets = Secrets { table_key, deks: founding.deks };
    let (scope, active) = (CacheScope::new(&store.caches), Arc::new(Memtable::new(&store.memory)));
    let files = open_files(&keyspace, &content.files, &secrets, &scope)?;
    let tree = Tree { active, frozen: Vec::new(), files: Arc::new(files), floor: born };
    let none_yet = CurrentManifest { number: 0, digest: [0; 32], content: Manifest::default() };
    let open = Arc::new(OpenKeyspace::new(id, scope, secrets, none_yet, tree, &store.memory));
    // Makes the links durable as well.
    install_manifest(store, &keyspace, &open, content, born, None)?;
    keyspace.set_open(open);
    Ok(keyspace)
}

/// The folder of a keyspace, with the files it begins with, whose names are not durable yet.
fn make_folder(store: &Store, id: KeyspaceId, founding: &Founding<'_>) -> Result<PathBuf> {
    let io = |source| EngineError::io(format!("creating keyspace {id}"), source);
    let (disk, folder) = (&*store.env.disk, keyspace_folder(&store.folder, id));
    disk.create_dir_all(&folder).map_err(io)?;
    if let Some(from) = founding.linked_from {
        link_all(store, &founding.files, from, &folder)?;
    }
    disk.sync_dir(&keyspaces_folder(&store.folder)).map_err(io)?;
    Ok(folder)
}

/// What the log holds up to this sequence number under a new id was a dropped keyspace's. It is on disk: if
/// it could be lost, commits after a crash would get numbers that count as flushed already.
fn durable_sequence(store: &Store) -> Result<u64> {
    let mut order = store.log.order();
    let (last, durable) = (order.last_sequence(), order.barrier());
    drop(order);
    by_hand::write_log(store);
    durable.wait()?;
    Ok(last)
}

/// Gives files a second name in another folder, which is not synced yet.
pub fn link_all(store: &Store, files: &[FileRecord], from: &Path, to: &Path) -> Result<()> {
    for file in files {
        let name = file_name(&file.header);
        let linked = store.env.disk.link(&from.join(&name), &to.join(&name));
        linked.map_err(|source| EngineError::io(format!("linking {name}"), source))?;
    }
    Ok(())
}

/// The files of a manifest, ready to be read. None of them is looked at yet.
pub fn open_files(
    keyspace: &Keyspace,
    records: &[FileRecord],
    secrets: &Secrets,
    scope: &Arc<CacheScope>,
) -> Result<Levels> {
    let files = records.iter().map(|record| {
        let name = || format!("keyspaces/{}/{}", keyspace.id, file_name(&record.header));
        let dek = secrets.dek(record.header.epoch).ok_or_else(|| EngineError::damaged(name(), "header"))?;
        let file = SortedFile::new(record.clone(), &keyspace.folder, keyspace.id, dek, scope)?;
        Ok((record.level, Arc::new(file)))
    });
    Ok(Levels::new(files.collect::<Result<Vec<_>>>()?))
}
