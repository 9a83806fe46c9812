//! Memtables become sorted files.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::keyspace::{Keyspace, OpenKeyspace};
use super::lifecycle::install_manifest;
use super::manifest::Change;
use super::memtable::Memtable;
use super::merge::{Everything, Source};
use super::pacing::Work;
use super::retention::Retention;
use super::sorted_file::file::SortedFile;
use super::sorted_file::writer::{Form, SortedFileWriter};
use super::store::{FlushFailure, Store};
use super::tree::Tree;
use super::{by_hand, parked, reclaim, recovery};
use crate::{EngineError, Result};

/// When nothing was committed for so long, memory that is kept for commits goes.
const IDLE: Duration = Duration::from_secs(2);

/// The thread that keeps memtables small and the log short.
pub fn run(store: &Store) {
    let mut wakings = 0;
    while !store.is_stopping() {
        let published = store.log.published();
        let idle = store.buffers.holds_any().then_some(IDLE);
        if store.flusher.wait_for(&mut wakings, idle) {
            if !store.is_stopping() {
                work(store);
            }
        } else if store.log.published() == published {
            store.buffers.release();
        }
    }
}

/// Writes to files what is too large for memory, and gives back log segments.
pub fn work(store: &Store) {
    let done = flush_large(store).and_then(|()| reclaim::reclaim(store));
    if let Err(error) = &done {
        tracing::warn!(%error, "memtables could not be written to files, or log segments not given back");
    }
    *store.flush_failure.lock() = done.as_ref().err().map(FlushFailure::of);
    store.pacing.memory.tell();
    store.compactor.wake();
}

/// Writes everything that is in memory to files; [`crate::Engine::flush`].
pub fn flush_all(store: &Store) -> Result<()> {
    let done = store.all().iter().map(|keyspace| flush(store, keyspace)).fold(Ok(()), Result::and);
    store.pacing.memory.tell();
    let done = done.and_then(|()| reclaim::reclaim(store));
    store.compactor.wake();
    done
}

fn flush_large(store: &Store) -> Result<()> {
    while let Some(keyspace) = largest_to_flush(store).filter(|_| !store.is_stopping()) {
        flush(store, &keyspace)?;
        store.pacing.memory.tell();
    }
    Ok(())
}

/// The keyspace with the largest memtable, where that or all together are too large.
fn largest_to_flush(store: &Store) -> Option<Arc<Keyspace>> {
    let sizes = store.all().into_iter().filter_map(|keyspace| {
        let (active, all) = keyspace.opened().ok()?.memory();
        Some((keyspace, active, all))
    });
    let (keyspace, active, all) = sizes.max_by_key(|(_, _, all)| *all)?;
    let too_large = active > store.options.memtable_bytes
        || store.memory.load(Ordering::Relaxed) > store.options.memtables_bytes
        || all > active;
    (too_large && all > 0).then_some(keyspace)
}

/// Writes what a keyspace has in memory to a file. One that is not open has nothing.
pub fn flush(store: &Store, keyspace: &Keyspace) -> Result<()> {
    let _flushing = keyspace.flushing.lock();
    let Ok(open) = keyspace.opened() else { return Ok(()) };
    match flush_open(store, keyspace, &open) {
        Err(EngineError::Closed(_) | EngineError::Absent(_)) => Ok(()),
        Err(_) if open.scope.is_closed() => Ok(()),
        done => done,
    }
}

fn flush_open(store: &Store, keyspace: &Keyspace, open: &OpenKeyspace) -> Result<()> {
    while !flush_once(store, keyspace, open)? {}
    Ok(())
}

/// `false` where it has to be done again, because more versions are to be kept than it kept.
fn flush_once(store: &Store, keyspace: &Keyspace, open: &OpenKeyspace) -> Result<bool> {
    let Some(tree) = freeze(store, open)? else { return Ok(true) };
    let horizon = open.horizon(&store.log);
    let written = write_file(store, keyspace, open, &tree, horizon)?;
    let flushed = OpenKeyspace::flushed_with(&tree.frozen, &keyspace.flushed);

    let _lifecycle = keyspace.lifecycle.lock();
    if horizon > open.horizon(&store.log) {
        written.iter().for_each(|file| file.set_obsolete());
        return Ok(false);
    }
    let parked_before = store.store_file.anchor(keyspace.id).map(|anchor| anchor.parked).unwrap_or_default();
    let before = open.manifest.lock().content.clone();
    let added = written.iter().map(|file| file.record.clone()).collect();
    let content = before.with(&Change { added, horizon, ..Change::default() });
    let installed = install_manifest(store, keyspace, open, content, flushed, None);
    if let (Err(EngineError::Closed(_) | EngineError::Absent(_)), Some(file)) = (&installed, &written) {
        file.set_obsolete();
    }
    installed?;
    take_over(open, &tree.frozen, written, horizon);
    parked_before.iter().filter(|parked| parked.last <= flushed).for_each(|parked| {
        recovery::remove_leftover(&*store.env.disk, &parked::path(&keyspace.folder, parked.segment));
    });
    Ok(true)
}

/// Freezes the active memtable; the tree whose frozen ones, all of them durable, are to be written.
fn freeze(store: &Store, open: &OpenKeyspace) -> Result<Option<Arc<Tree>>> {
    let mut order = store.log.order();
    open.freeze();
    let tree = open.tree();
    if tree.frozen.is_empty() {
        return Ok(None);
    }
    let durable = order.barrier();
    drop(order);
    by_hand::write_log(store);
    durable.wait()?;
    Ok(Some(tree))
}

fn write_file(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    tree: &Tree,
    horizon: u64,
) -> Result<Option<Arc<SortedFile>>> {
    let mut writer = new_writer(store, keyspace, open, Work::Flush)?;
    let sources = tree.frozen.iter().map(|table| Source::Memory(table.cursor())).collect();
    let everything = Everything::new(sources)?;
    let retention = Retention::new(horizon, tree.files.is_empty());
    let add = |user_key: &_, version, value: Option<&_>| writer.add(user_key, version, value);
    if !retention.write(everything, add, || open.scope.is_closed())? {
        return Err(EngineError::Closed(keyspace.id));
    }
    finish_file(writer, keyspace, open)
}

/// A writer under the keyspace's current data encryption key.
pub fn new_writer(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    work: Work,
) -> Result<SortedFileWriter> {
    let pacing = store.pacing.clone();
    let form = Form {
        block_len: store.options.block_bytes,
        compression: open.manifest.lock().content.compression,
        pace: Box::new(move |bytes| pacing.wrote(work, bytes)),
    };
    open.with_secrets(|secrets| {
        let dek = secrets.current_dek().ok_or(EngineError::Closed(keyspace.id))?;
        SortedFileWriter::create(&store.env, &keyspace.folder, keyspace.id, dek, form)
    })?
}

/// The finished file; `None` where nothing was written.
pub fn finish_file(
    writer: SortedFileWriter,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
) -> Result<Option<Arc<SortedFile>>> {
    let Some(record) = writer.finish()? else { return Ok(None) };
    let file = open.with_secrets(|secrets| {
        let dek = secrets.dek(record.header.epoch).ok_or(EngineError::Closed(keyspace.id))?;
        SortedFile::new(record, &keyspace.folder, keyspace.id, dek, &open.scope)
    })?;
    file.map(|file| Some(Arc::new(file)))
}

/// The file takes the place of the memtables it was made of.
fn take_over(open: &OpenKeyspace, frozen: &[Arc<Memtable>], written: Option<Arc<SortedFile>>, horizon: u64) {
    open.change_tree(|tree| {
        if open.scope.is_closed() {
            return tree.clone();
        }
        let is_written = |table: &&Arc<Memtable>| !frozen.iter().any(|one| Arc::ptr_eq(one, table));
        let files = tree.files.with(&[], written.map(|file| (0, file)));
        Tree {
            active: tree.active.clone(),
            frozen: tree.frozen.iter().filter(is_written).cloned().collect(),
            files: Arc::new(files),
            floor: horizon.max(tree.floor),
        }
    });
    frozen.iter().for_each(|table| table.set_flushed());
}
