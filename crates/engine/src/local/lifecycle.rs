//! Keyspaces open, change their table key, and go.

use std::path::Path;
use std::sync::Arc;

use crypto::SecretKey;
use env::Disk;

use super::cache::CacheScope;
use super::compression::Compression;
use super::founding::open_files;
use super::keyspace::{CurrentManifest, Keyspace, OpenKeyspace, Secrets};
use super::log::queue::LiveSegment;
use super::manifest::{
    self, Manifest, ManifestFolder, Owner, StoredManifest, WrappedDek, encode_file, new_header,
};
use super::memtable::Memtable;
use super::parked;
use super::sorted_file::writer::file_name;
use super::store::{Store, keyspace_folder};
use super::store_file::Anchor;
use super::tree::Tree;
use super::{recovery, unflushed};
use crate::{EngineError, KeyspaceId, Result};

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
    store.store_file.settle()?;
    // The log first: what it gives back after this is parked, and the anchor names it.
    let live = store.log.live();
    let anchor = store.store_file.anchor(id).ok_or(EngineError::Absent(id))?;
    let manifests = ManifestFolder { disk: &*store.env.disk, folder: &keyspace.folder, keyspace: id };
    let stored = manifests.read(anchor.number, &anchor.digest, &table_key)?;
    let open = assemble(store, &keyspace, stored, (&anchor, &live), table_key)?;
    keyspace.set_open(Arc::new(open));
    store.flusher.wake();
    store.compactor.wake();
    Ok(())
}

fn assemble(
    store: &Store,
    keyspace: &Keyspace,
    stored: StoredManifest,
    (anchor, live): (&Anchor, &[LiveSegment]),
    table_key: SecretKey,
) -> Result<OpenKeyspace> {
    let StoredManifest { header, manifest: content, digest } = stored;
    tidy_folder(store, keyspace, anchor, &content)?;
    let secrets = unwrap_deks(store, keyspace, header.number, &content, table_key)?;
    let scope = CacheScope::new(&store.caches);
    let files = Arc::new(open_files(keyspace, &content.files, &secrets, &scope)?);
    let active = Arc::new(Memtable::new(&store.memory));
    unflushed::load(store, keyspace, (anchor, live), &secrets, &active)?;
    let tree = Tree { active, frozen: Vec::new(), files, floor: content.floor };
    let current = CurrentManifest { number: header.number, digest, content };
    Ok(OpenKeyspace::new(keyspace.id, scope, secrets, current, tree, &store.memory))
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
        let unwrapped = dek.unwrap(Owner::Keyspace(keyspace.id), &table_key);
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

/// Removes what a crash left: what neither the manifest nor the file `store` names.
fn tidy_folder(store: &Store, keyspace: &Keyspace, anchor: &Anchor, content: &Manifest) -> Result<()> {
    let disk = &*store.env.disk;
    let io = |source| EngineError::io(format!("listing keyspace {}", keyspace.id), source);
    let is_listed = |name: &str| content.files.iter().any(|file| file_name(&file.header) == name);
    let found = disk.list(&keyspace.folder).map_err(io)?;
    // Only now: a file that is parked meanwhile is not in the list, and one in the list counts or never will.
    let is_parked = |segment| store.store_file.needs_parked(keyspace.id, segment);
    for path in found {
        let named = path.file_name().and_then(|name| name.to_str()).is_some_and(is_listed);
        let needed = named
            || manifest::number_of(&path) == Some(anchor.number)
            || parked::number_of(&path).is_some_and(is_parked);
        if !needed {
            recovery::remove_leftover(disk, &path);
        }
    }
    Ok(())
}

/// [`crate::Engine::switch_table_key`].
pub fn switch_table_key(store: &Store, id: KeyspaceId, new_key: SecretKey) -> Result<()> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    let open = keyspace.opened()?;
    let (owner, random) = (Owner::Keyspace(id), &*store.env.random);
    let wrap = |secrets: &mut Secrets| WrappedDek::wrap_all(&secrets.deks, owner, &new_key, random);
    let deks = open.with_secrets(wrap)?;
    let content = Manifest { deks, ..open.manifest.lock().content.clone() };
    let flushed = keyspace.flushed.load(std::sync::atomic::Ordering::Acquire);
    install_manifest(store, &keyspace, &open, content, flushed, Some(&new_key))?;
    // Closed meanwhile: the switch is done all the same, and there is no key in memory to replace.
    let _closed = open.with_secrets(|secrets| secrets.table_key = new_key);
    Ok(())
}

/// Compresses the files that are written from here on as told.
pub fn set_compression(store: &Store, id: KeyspaceId, compression: Compression) -> Result<()> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    let open = keyspace.opened()?;
    let content = Manifest { compression, ..open.manifest.lock().content.clone() };
    let flushed = keyspace.flushed.load(std::sync::atomic::Ordering::Acquire);
    install_manifest(store, &keyspace, &open, content, flushed, None)
}

/// Makes `content` the manifest of a keyspace whose lifecycle lock is held, under `new_key` or the key it is
/// open under: it counts once the file `store` names it. After an error either may, and the next replaces both.
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
    manifests.write(number, &bytes)?;
    let digest = crypto::sha256(&bytes);
    store.store_file.install(keyspace.id, number, digest, flushed)?;
    current.digest = digest;
    open.rotate_to.store(content.rotate_to, std::sync::atomic::Ordering::Release);
    current.content = content;
    keyspace.flushed.store(flushed, std::sync::atomic::Ordering::Release);
    manifests.remove_below(number);
    Ok(())
}

/// [`crate::Engine::drop_keyspace`]. Until the file `store` durably names it no more, the keyspace stays among those
/// whose parts are kept, so that a drop that failed leaves it whole.
pub fn drop_keyspace(store: &Store, id: KeyspaceId) -> Result<()> {
    let _names = store.names.lock();
    drop_named(store, id)
}

/// Drops a keyspace, and removes what one that was never whole left; [`Store::names`] is held.
pub fn drop_named(store: &Store, id: KeyspaceId) -> Result<()> {
    let keyspace = store.keyspace(id).ok();
    let at_rest = keyspace.as_ref().map(|keyspace| {
        keyspace.set_dropped(&store.log);
        (keyspace.flushing.lock(), keyspace.compacting.lock(), keyspace.lifecycle.lock())
    });
    store.store_file.forget(id)?;
    store.keyspaces.write().remove(&id);
    drop(at_rest);
    remove_folder(&*store.env.disk, &keyspace_folder(&store.folder, id))
}

/// Removes a folder that the file `store` does not name any more, durably.
pub fn remove_folder(disk: &dyn Disk, folder: &Path) -> Result<()> {
    let io = |source| EngineError::io(format!("removing {}", folder.display()), source);
    if !disk.exists(folder).map_err(io)? {
        return Ok(());
    }
    disk.remove_dir_all(folder).map_err(io)?;
    disk.sync_dir(folder.parent().unwrap_or(folder)).map_err(io)
}
