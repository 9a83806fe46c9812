//! Sorted files become fewer: neighbours in age of about the same size are merged.

use std::sync::Arc;

use super::flush::{finish_file, new_writer};
use super::keyspace::{Keyspace, OpenKeyspace};
use super::lifecycle::install_manifest;
use super::manifest::Manifest;
use super::merge::{Everything, Source};
use super::retention::Retention;
use super::sorted_file::file::SortedFile;
use super::sorted_file::writer::file_name;
use super::store::Store;
use super::tree::Tree;
use crate::{EngineError, Result};

/// So many neighbours of about the same size are merged.
const FAN_IN: usize = 4;
/// With more files than this, the newest are merged whatever their sizes.
const MOST_FILES: usize = 12;

/// The thread that merges files.
pub fn run(store: &Store) {
    loop {
        store.compactor.wait();
        for keyspace in store.all() {
            if store.is_stopping() {
                return;
            }
            if let Err(error) = compact_while_worth_it(store, &keyspace) {
                tracing::warn!(%error, keyspace = %keyspace.id, "files could not be merged; reads go on");
            }
        }
        if store.is_stopping() {
            return;
        }
    }
}

fn compact_while_worth_it(store: &Store, keyspace: &Keyspace) -> Result<()> {
    let _compacting = keyspace.compacting.lock();
    while let Ok(open) = keyspace.opened() {
        let files = open.tree().files.clone();
        let lens: Vec<u64> = files.iter().map(|file| file.record.len).collect();
        let Some(run) = choose(&lens) else { return Ok(()) };
        if !merge_unless_closed(store, keyspace, &open, files.get(run).unwrap_or_default())? {
            return Ok(());
        }
    }
    Ok(())
}

/// Merges all files of a keyspace into one, and drops all that no reader can see.
pub fn compact_all(store: &Store, keyspace: &Keyspace) -> Result<()> {
    let _compacting = keyspace.compacting.lock();
    let open = keyspace.opened()?;
    let files = open.tree().files.clone();
    merge_unless_closed(store, keyspace, &open, &files).map(drop)
}

/// Which of the files with these lengths, newest first, to merge.
fn choose(lens: &[u64]) -> Option<std::ops::Range<usize>> {
    let run_from = |start: usize| {
        let mut sum = 0_u64;
        let alike = |len: &&u64| {
            let fits = sum == 0 || **len <= sum.saturating_mul(2);
            sum = sum.saturating_add(**len);
            fits
        };
        start..start + lens.iter().skip(start).take_while(alike).count()
    };
    let run = (0..lens.len()).map(run_from).find(|run| run.len() >= FAN_IN);
    run.or_else(|| (lens.len() > MOST_FILES).then_some(0..FAN_IN))
}

fn merge_unless_closed(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    run: &[Arc<SortedFile>],
) -> Result<bool> {
    match merge(store, keyspace, open, run) {
        Err(EngineError::Closed(_) | EngineError::Absent(_)) => Ok(false),
        Err(_) if open.scope.is_closed() => Ok(false),
        done => done,
    }
}

/// Replaces neighbouring files by one; `false` where it was told to stop.
fn merge(store: &Store, keyspace: &Keyspace, open: &OpenKeyspace, run: &[Arc<SortedFile>]) -> Result<bool> {
    let horizon = store.log.published();
    let oldest = open.tree().files.last().zip(run.last()).is_some_and(|(one, other)| Arc::ptr_eq(one, other));
    let mut writer = new_writer(store, keyspace, open)?;
    let sources = run.iter().map(|file| Ok(Source::File(Box::new(file.cursor()?)))).collect::<Result<_>>()?;
    let stop = || open.scope.is_closed() || store.is_stopping();
    if !Retention::new(horizon, oldest).write(Everything::new(sources)?, &mut writer, stop)? {
        return Ok(false);
    }
    let merged = finish_file(writer, keyspace, open)?;
    install(store, keyspace, open, run, merged, horizon).map(|()| true)
}

fn install(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    run: &[Arc<SortedFile>],
    merged: Option<Arc<SortedFile>>,
    horizon: u64,
) -> Result<()> {
    let _lifecycle = keyspace.lifecycle.lock();
    let before = open.manifest.lock().content.clone();
    let record = merged.as_ref().map(|file| file.record.clone());
    let in_run = |name: &str| run.iter().any(|file| file_name(&file.record.header) == name);
    let files = replace(&before.files, |record| in_run(&file_name(&record.header)), record);
    let content = Manifest { files, ..before };
    let flushed = keyspace.flushed.load(std::sync::atomic::Ordering::Acquire);
    let installed = install_manifest(store, keyspace, open, content, flushed, None);
    if let (Err(EngineError::Closed(_) | EngineError::Absent(_)), Some(file)) = (&installed, &merged) {
        file.set_obsolete();
    }
    installed?;
    open.change_tree(|tree| {
        if open.scope.is_closed() {
            return tree.clone();
        }
        let files = replace(&tree.files, |file| run.iter().any(|one| Arc::ptr_eq(one, file)), merged);
        Tree { files: Arc::new(files), floor: horizon.max(tree.floor), ..tree.clone() }
    });
    run.iter().for_each(|file| file.set_obsolete());
    Ok(())
}

/// `all`, with `by` in the place of those of which `replaced` holds.
fn replace<T: Clone>(all: &[T], replaced: impl Fn(&T) -> bool, by: Option<T>) -> Vec<T> {
    let place = all.iter().position(&replaced).unwrap_or(all.len());
    let (before, from) = all.split_at(place);
    before.iter().cloned().chain(by).chain(from.iter().filter(|one| !replaced(one)).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{choose, replace};

    #[test]
    fn neighbours_of_a_size_are_merged() {
        assert_eq!(choose(&[10, 11, 9, 10]), Some(0..4));
        assert_eq!(choose(&[10, 11, 9]), None);
        assert_eq!(choose(&[10, 11, 9, 500]), None);
        assert_eq!(choose(&[10, 500, 500, 510, 490, 9000]), Some(1..5));
        assert_eq!(choose(&[1, 4, 16, 64, 256, 1024]), None);
    }

    #[test]
    fn files_never_become_too_many() {
        let growing: Vec<u64> = (0..13).map(|power| 4_u64.pow(power)).collect();
        assert_eq!(choose(&growing), Some(0..4));
        assert_eq!(choose(&growing[..12]), None);
    }

    #[test]
    fn the_merged_file_takes_the_place_of_its_sources() {
        assert_eq!(replace(&[5, 4, 3, 2, 1], |n| [3, 2].contains(n), Some(9)), [5, 4, 9, 1]);
        assert_eq!(replace(&[5, 4, 3], |n| [4, 3].contains(n), None), [5]);
    }
}
