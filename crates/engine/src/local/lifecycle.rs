//! Keyspaces come, open, change their table key, and go.

use std::path::Path;
use std::sync::Arc;

use crypto::SecretKey;

use super::cache::CacheScope;
use super::keyspace::{CurrentManifest, Keyspace, OpenKeyspace, Secrets};
use super::levels::Levels;
use super::log::part::{LogKey, decode_part};
use super::manifest::{self, Manifest, ManifestFolder, StoredManifest, WrappedDek, encode_file, new_header};
use super::memtable::Memtable;
use super::parked::{self, ParkedFile};
use super::sorted_file::file::SortedFile;
use super::sorted_file::writer::file_name;
use super::store::{Store, keyspace_folder, keyspaces_folder};
use super::tree::Tree;
use super::{reclaim, recovery};
use crate::{EngineError, KeyspaceId, Result};

const FIRST_EPOCH: u32 = 1;

/// [`crate::Engine::create`].
pub fn create(store: &Store, id: KeyspaceId, table_key: SecretKey) -> Result<()> {
    let _names = store.names.lock();
    if store.keyspace(id).is_ok_and(|keyspace| !keyspace.is_dropped()) {
        return Err(EngineError::Exists(id));
    }
    drop_named(store, id)?;
    let created = create_folder(store, id, table_key);
    if created.is_err()
        && let Err(error) = drop_named(store, id)
    {
        tracing::warn!(%error, keyspace = %id, "half a keyspace stays until the id is used again");
    }
    store.keyspaces.write().insert(id, Arc::new(created?));
    Ok(())
}

fn create_folder(store: &Store, id: KeyspaceId, table_key: SecretKey) -> Result<Keyspace> {
    let io = |source| EngineError::io(format!("creating keyspace {id}"), source);
    let (disk, folder) = (&*store.env.disk, keyspace_folder(&store.folder, id));
    disk.create_dir_all(&folder).map_err(io)?;
    let dek = SecretKey::generate(&*store.env.random);
    let wrapped = WrappedDek::wrap(&dek, FIRST_EPOCH, id, &table_key, &*store.env.random);
    let content = Manifest { deks: vec![wrapped], ..Manifest::default() };
    let born = durable_sequence(store)?;
    let keyspace = Keyspace::closed(id, folder, born);
    let (scope, memory) = (CacheScope::new(&store.caches), Arc::new(Memtable::new(&store.memory)));
    let tree = Tree { active: memory, frozen: Vec::new(), files: Arc::default(), floor: born };
    let secrets = Secrets { table_key, deks: vec![(FIRST_EPOCH, dek)] };
    let none_yet = CurrentManifest { number: 0, digest: [0; 32], content: Manifest::default() };
    let open = Arc::new(OpenKeyspace::new(id, scope, secrets, none_yet, tree, &store.memory));
    install_manifest(store, &keyspace, &open, content, born, None)?;
    disk.sync_dir(&keyspaces_folder(&store.folder)).map_err(io)?;
    keyspace.set_open(open);
    Ok(keyspace)
}

/// What the log holds up to this sequence number under a new id was a dropped keyspace's. It is on disk: if
/// it could be lost, commits after a crash would get numbers that count as flushed already.
fn durable_sequence(store: &Store) -> Result<u64> {
    let mut order = store.log.order();
    let (last, durable) = (order.last_sequence(), order.barrier());
    drop(order);
    durable.wait()?;
    Ok(last)
}

/// [`crate::Engine::open`].
pub fn open(store: &Store, id: KeyspaceId, table_key: SecretKey) -> Result<()> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    match keyspace.opened() {
        Ok(open) => match open.is_under(&table_key) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(EngineError::WrongKey(format!("keyspace {id}"))),
            // It is just being closed.
            Err(_) => {}
        },
        Err(EngineError::Closed(_)) => {}
        Err(other) => return Err(other),
    }
    // A manifest whose installing failed half-way counts if it is there, and must then stay.
    let io = |source| EngineError::io(format!("opening keyspace {id}"), source);
    store.env.disk.sync_dir(&keyspace.folder).map_err(io)?;
    let manifests = ManifestFolder { disk: &*store.env.disk, folder: &keyspace.folder, keyspace: id };
    let missing = || EngineError::damaged(format!("keyspaces/{id}"), "the manifest is missing");
    let stored = manifests.current(&table_key)?.ok_or_else(missing)?;
    reclaim::park_live(store, &keyspace)?;
    let open = assemble(store, &keyspace, stored, table_key)?;
    keyspace.set_open(Arc::new(open));
    store.flusher.wake();
    store.compactor.wake();
    Ok(())
}

fn assemble(
    store: &Store,
    keyspace: &Keyspace,
    stored: StoredManifest,
    table_key: SecretKey,
) -> Result<OpenKeyspace> {
    let StoredManifest { header, manifest: content, digest } = stored;
    tidy_folder(store, keyspace, header.number, &content)?;
    let secrets = unwrap_deks(store, keyspace, header.number, &content, table_key)?;
    let scope = CacheScope::new(&store.caches);
    let files = content.files.iter().map(|record| {
        let name = || format!("keyspaces/{}/{}", keyspace.id, file_name(&record.header));
        let dek = secrets.dek(record.header.epoch).ok_or_else(|| EngineError::damaged(name(), "header"))?;
        let file = SortedFile::new(record.clone(), &keyspace.folder, keyspace.id, dek, &scope)?;
        Ok((record.level, Arc::new(file)))
    });
    let files = Arc::new(Levels::new(files.collect::<Result<Vec<_>>>()?));
    let active = Arc::new(Memtable::new(&store.memory));
    let parked = load_parked(store, keyspace, header.sequence, &secrets, &active)?;
    let tree = Tree { active, frozen: Vec::new(), files, floor: store.log.published() };
    let current = CurrentManifest { number: header.number, digest, content };
    let open = OpenKeyspace::new(keyspace.id, scope, secrets, current, tree, &store.memory);
    *open.parked.lock() = parked;
    Ok(open)
}

fn unwrap_deks(
    store: &Store,
    keyspace: &Keyspace,
    number: u64,
    content: &Manifest,
    table_key: SecretKey,
) -> Result<Secrets> {
    let manifests =
        ManifestFolder { disk: &*store.env.disk, folder: &keyspace.folder, keyspace: keyspace.id };
    let unwrap = |dek: &WrappedDek| {
        let unwrapped = dek.unwrap(keyspace.id, &table_key);
        unwrapped.map(|key| (dek.epoch, key)).map_err(|_| {
            EngineError::damaged(
                manifests.name(number),
                format!("data encryption key of epoch {}", dek.epoch),
            )
        })
    };
    let deks = content.deks.iter().map(unwrap).collect::<Result<Vec<_>>>()?;
    Ok(Secrets { table_key, deks })
}

/// Removes what a crash left and no manifest names.
fn tidy_folder(store: &Store, keyspace: &Keyspace, number: u64, content: &Manifest) -> Result<()> {
    let disk = &*store.env.disk;
    let io = |source| EngineError::io(format!("listing keyspace {}", keyspace.id), source);
    let is_listed = |name: &str| content.files.iter().any(|file| file_name(&file.header) == name);
    for path in disk.list(&keyspace.folder).map_err(io)? {
        let named = path.file_name().and_then(|name| name.to_str()).is_some_and(is_listed);
        let needed =
            named || manifest::number_of(&path) == Some(number) || parked::number_of(&path).is_some();
        if !needed {
            recovery::remove_leftover(disk, &path);
        }
    }
    Ok(())
}

/// Puts what is parked and not flushed into `active`; returns the segment numbers of the files that are
/// needed still, with the highest sequence number in each.
fn load_parked(
    store: &Store,
    keyspace: &Keyspace,
    flushed: u64,
    secrets: &Secrets,
    active: &Memtable,
) -> Result<Vec<(u64, u64)>> {
    let disk = &*store.env.disk;
    let io = |source| EngineError::io(format!("listing keyspace {}", keyspace.id), source);
    let paths = disk.list(&keyspace.folder).map_err(io)?;
    let mut needed = Vec::new();
    for (path, number) in paths.iter().filter_map(|path| Some((path, parked::number_of(path)?))) {
        let file = ParkedFile::read(disk, &store.folder, keyspace.id, number, &store.store_key)?;
        let last = load_parts(&file, keyspace.id, flushed, secrets, active)?;
        if last > flushed {
            needed.push((number, last));
        } else {
            recovery::remove_leftover(disk, path);
        }
    }
    Ok(needed)
}

fn load_parts(
    file: &ParkedFile,
    id: KeyspaceId,
    flushed: u64,
    secrets: &Secrets,
    active: &Memtable,
) -> Result<u64> {
    let (mut last, mut key): (u64, Option<LogKey>) = (0, None);
    for part in file.parts()?.into_iter().filter(|part| part.place.sequence > flushed) {
        let damaged = || file.damaged(part.place);
        let log_key = match key.take().filter(|key| key.epoch == part.epoch) {
            Some(key) => key,
            None => {
                LogKey::derive(secrets.dek(part.epoch).ok_or_else(damaged)?, part.epoch, id, &file.log_id)
            }
        };
        let plain = log_key.decrypt(part.place, part.sealed).map_err(|_| damaged())?;
        let writes = decode_part(&plain).map_err(|_| damaged())?;
        writes.into_iter().for_each(|write| active.insert(write, part.place.sequence));
        last = last.max(part.place.sequence);
        key = Some(log_key);
    }
    Ok(last)
}

/// [`crate::Engine::switch_table_key`].
pub fn switch_table_key(store: &Store, id: KeyspaceId, new_key: SecretKey) -> Result<()> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    let open = keyspace.opened()?;
    let random = &*store.env.random;
    let wrap = |(epoch, dek): &(u32, SecretKey)| WrappedDek::wrap(dek, *epoch, id, &new_key, random);
    let deks = open.with_secrets(|secrets| secrets.deks.iter().map(wrap).collect())?;
    let content = Manifest { deks, ..open.manifest.lock().content.clone() };
    let flushed = keyspace.flushed.load(std::sync::atomic::Ordering::Acquire);
    install_manifest(store, &keyspace, &open, content, flushed, Some(&new_key))?;
    // Closed meanwhile: the switch is done all the same, and there is no key in memory to replace.
    let _closed = open.with_secrets(|secrets| secrets.table_key = new_key);
    Ok(())
}

/// Makes `content` the manifest of a keyspace whose lifecycle lock is held, under `new_key` or the key it is
/// open under. After an error either manifest may be current; the next one replaces both.
pub fn install_manifest(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    content: Manifest,
    flushed: u64,
    new_key: Option<&SecretKey>,
) -> Result<()> {
    let mut current = open.manifest.lock();
    current.number += 1;
    let number = current.number;
    let content = Manifest { previous_digest: current.digest, ..content };
    let encode = |key: &SecretKey| {
        encode_file(&new_header(keyspace.id, number, flushed, key, &*store.env.random), key, &content)
    };
    let bytes = match new_key {
        Some(key) => encode(key),
        None => open.with_secrets(|secrets| encode(&secrets.table_key))?,
    };
    let bytes = bytes.map_err(|_| EngineError::WrongKey(format!("keyspace {}", keyspace.id)))?;
    let manifests =
        ManifestFolder { disk: &*store.env.disk, folder: &keyspace.folder, keyspace: keyspace.id };
    manifests.prepare(number, &bytes)?;
    manifests.install(number)?;
    current.digest = crypto::sha256(&bytes);
    current.content = content;
    keyspace.flushed.store(flushed, std::sync::atomic::Ordering::Release);
    manifests.remove_below(number);
    Ok(())
}

/// [`crate::Engine::drop_keyspace`]. Until its manifest is durably gone, the keyspace stays among those whose
/// parts are kept, so that a drop that failed leaves it whole.
pub fn drop_keyspace(store: &Store, id: KeyspaceId) -> Result<()> {
    let _names = store.names.lock();
    drop_named(store, id)
}

fn drop_named(store: &Store, id: KeyspaceId) -> Result<()> {
    let (disk, keyspace) = (&*store.env.disk, store.keyspace(id).ok());
    if let Some(keyspace) = &keyspace {
        keyspace.set_dropped(&store.log);
        let _at_rest = (keyspace.flushing.lock(), keyspace.compacting.lock(), keyspace.lifecycle.lock());
        remove_manifests(disk, &store.folder, id)?;
        store.keyspaces.write().remove(&id);
    }
    remove_keyspace_folder(disk, &store.folder, id)
}

/// Removes a keyspace on disk.
pub fn remove_keyspace_folder(disk: &dyn env::Disk, store: &Path, id: KeyspaceId) -> Result<()> {
    let io = |source| EngineError::io(format!("removing keyspace {id}"), source);
    let folder = keyspace_folder(store, id);
    if !disk.exists(&folder).map_err(io)? {
        return Ok(());
    }
    remove_manifests(disk, store, id)?;
    disk.remove_dir_all(&folder).map_err(io)?;
    disk.sync_dir(&keyspaces_folder(store)).map_err(io)
}

/// Without a manifest there is no keyspace. The current one goes last, and durably after the others: none of
/// them may come back alone.
fn remove_manifests(disk: &dyn env::Disk, store: &Path, id: KeyspaceId) -> Result<()> {
    let io = |source| EngineError::io(format!("removing keyspace {id}"), source);
    let folder = keyspace_folder(store, id);
    if !disk.exists(&folder).map_err(io)? {
        return Ok(());
    }
    disk.sync_dir(&folder).map_err(io)?;
    for path in disk.list(&folder).map_err(io)?.iter().filter(|path| manifest::number_of(path).is_some()) {
        disk.remove_file(path).and_then(|()| disk.sync_dir(&folder)).map_err(io)?;
    }
    Ok(())
}
