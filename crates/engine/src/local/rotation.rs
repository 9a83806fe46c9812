//! Deep rotation: every file of a keyspace anew, under a fresh data encryption key.
//!
//! A rotation begins with a manifest that holds a key of the next epoch and says that files under older ones are to
//! be written anew. From then on everything is written under the new key; compaction does what the manifest asks for
//! when nothing is more urgent, one file or a few at a time, at the rate that merges keep to. When no file is left
//! under an older key and what the log held under one is flushed, a last manifest drops the older keys. Interrupted
//! anywhere, it goes on when the keyspace is next opened: the manifest says how far it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crypto::SecretKey;

use super::flush;
use super::keyspace::{Keyspace, OpenKeyspace};
use super::lifecycle::install_manifest;
use super::manifest::{Manifest, Owner, WrappedDek};
use super::store::Store;
use crate::{EngineError, KeyspaceId, Result, Rotation};

/// [`crate::Engine::rotate`].
pub fn rotate(store: &Store, id: KeyspaceId) -> Result<()> {
    let keyspace = store.keyspace(id)?;
    let _lifecycle = keyspace.lifecycle.lock();
    let open = keyspace.opened()?;
    let mut content = open.manifest.lock().content.clone();
    let last = content.deks.last().map_or(0, |dek| dek.epoch);
    let epoch = last.checked_add(1).ok_or(EngineError::Invalid("a keyspace has had its last rotation"))?;
    let (dek, random) = (SecretKey::generate(&*store.env.random), &*store.env.random);
    let wrap = |key: &SecretKey| WrappedDek::wrap((epoch, &dek), Owner::Keyspace(id), key, random);
    content.deks.push(open.with_secrets(|secrets| wrap(&secrets.table_key))?);
    content.rotate_to = epoch;
    let flushed = keyspace.flushed.load(Ordering::Acquire);
    install_manifest(store, &keyspace, &open, content, flushed, None)?;
    // Under the order, so that every commit from here on is under the new key. Closed meanwhile: it is in the manifest.
    let _order = store.log.order();
    let _closed = open.add_dek(epoch, dek);
    store.compactor.wake();
    Ok(())
}

/// How far a rotation is; `None` where there is none.
pub fn progress(open: &OpenKeyspace) -> Option<Rotation> {
    let rotate_to = Some(open.rotate_to.load(Ordering::Acquire)).filter(|epoch| *epoch > 0)?;
    let mut rotation = Rotation { done_bytes: 0, total_bytes: 0 };
    for record in open.tree().files.iter().map(|file| &file.record) {
        rotation.total_bytes += record.len;
        rotation.done_bytes += if record.header.epoch >= rotate_to { record.len } else { 0 };
    }
    Some(rotation)
}

/// The epoch below which files are to be written anew, where a keyspace that is open is rotating.
pub fn rotates_to(keyspace: &Keyspace) -> Option<u32> {
    let rotate_to = keyspace.opened().ok()?.rotate_to.load(Ordering::Acquire);
    Some(rotate_to).filter(|epoch| *epoch > 0)
}

/// Drops the older keys where nothing is under them any more; `false` where something is.
pub fn finish(store: &Store, keyspace: &Keyspace) -> Result<bool> {
    let is_done = |content: &Manifest| {
        content.rotate_to > 0 && content.files.iter().all(|file| file.header.epoch >= content.rotate_to)
    };
    let open = {
        // Whoever began the rotation holds it until the new key is in use.
        let _lifecycle = keyspace.lifecycle.lock();
        keyspace.opened()?
    };
    if !is_done(&open.manifest.lock().content) {
        return Ok(false);
    }
    // What the log holds under an older key is ordered by now.
    flush::flush(store, keyspace)?;
    // Nobody writes a file any more that was begun under an older key.
    let _at_rest = (keyspace.flushing.lock(), keyspace.compacting.lock(), keyspace.lifecycle.lock());
    let now = keyspace.opened()?;
    let mut content = open.manifest.lock().content.clone();
    if !Arc::ptr_eq(&now, &open) || !is_done(&content) {
        return Ok(false);
    }
    let rotated_to = std::mem::take(&mut content.rotate_to);
    content.deks.retain(|dek| dek.epoch >= rotated_to);
    let flushed = keyspace.flushed.load(Ordering::Acquire);
    install_manifest(store, keyspace, &open, content, flushed, None)?;
    open.with_secrets(|secrets| secrets.deks.retain(|(epoch, _)| *epoch >= rotated_to))?;
    Ok(true)
}

/// Finishes the rotation of a keyspace if it can be; what fails is tried again with the next waking.
pub fn try_finish(store: &Store, id: KeyspaceId) {
    let finished = store.keyspace(id).and_then(|keyspace| finish(store, &keyspace));
    match finished {
        Ok(_) | Err(EngineError::Closed(_) | EngineError::Absent(_)) => {}
        Err(error) => tracing::warn!(%error, keyspace = %id, "a rotation could not be finished yet"),
    }
}
