//! Sorted files go from level to level, so that reads look into few of them and old versions take little room.
//!
//! [`pick`] chooses what to merge; here it is done: inputs are merged in order, what no reader can see is left
//! out ([`Retention`]), the rest becomes files of about [`super::options::Options::file_bytes`], cut between user
//! keys. Inputs and outputs change places in one manifest; a crash before leaves files that no manifest names. A
//! file that overlaps nothing only changes its level.

mod outputs;
mod pick;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use self::outputs::Outputs;
use self::pick::{Job, Shape, Sizes, Span};
use super::keyspace::{Keyspace, OpenKeyspace};
use super::level_cursor::LevelCursor;
use super::levels::{LEVELS, Levels};
use super::lifecycle::install_manifest;
use super::manifest::{Change, FileRecord};
use super::merge::{Everything, Source};
use super::retention::Retention;
use super::rotation;
use super::sorted_file::file::{Keeping, SortedFile};
use super::store::Store;
use super::tree::Tree;
use crate::{EngineError, KeyspaceId, Result};

/// A thread that merges files: each time the most urgent job of all keyspaces, until there is none. Several
/// threads work on several keyspaces. Where nothing is committed for a while, what lies in level 0 is merged
/// though it is not full, so that reads look into fewer files.
pub fn run(store: &Store) {
    let mut wakings = 0;
    while !store.is_stopping() {
        let (next, published) = (to_settle(store), store.log.published());
        let woken =
            store.compactor.wait_for(&mut wakings, next.is_some().then_some(store.options.settle_after));
        if woken {
            work(store);
        } else if let Some(keyspace) = next.filter(|_| store.log.published() == published) {
            try_job(store, &keyspace, settling);
        }
        store.pacing.level0.tell();
    }
}

/// Merges what is to be merged, and goes on with rotations.
pub fn work(store: &Store) {
    work_until_done(store);
    store.all().iter().for_each(|keyspace| rotate(store, keyspace));
    store.pacing.level0.tell();
}

/// Those whose merge failed are left in peace until the next waking.
fn work_until_done(store: &Store) {
    let mut given_up = BTreeSet::new();
    while let Some(keyspace) = most_urgent(store, &given_up).filter(|_| !store.is_stopping()) {
        if !try_job(store, &keyspace, urgent) {
            given_up.insert(keyspace.id);
        }
        store.pacing.level0.tell();
    }
}

/// Goes on with the rotation of a keyspace, if it has one, while nothing is more urgent.
fn rotate(store: &Store, keyspace: &Keyspace) {
    while let Some(epoch) = rotation::rotates_to(keyspace).filter(|_| !store.is_stopping()) {
        if !try_job(store, keyspace, |store, levels| rotating(store, levels, epoch)) {
            return rotation::try_finish(store, keyspace.id);
        }
        work_until_done(store);
    }
}

/// A job that writes a file anew that is under a key of an epoch before this one.
fn rotating(store: &Store, levels: &Levels, epoch: u32) -> Option<Job> {
    let is_stale = |file: &Arc<SortedFile>| file.record.header.epoch < epoch;
    if levels.level(0).iter().any(is_stale) {
        // Several files of one level 0 file would overlap; below, they do not.
        return settling(store, levels).or_else(|| pick::everything(&shape(levels)));
    }
    let stale = (1..LEVELS).find_map(|level| Some((level, levels.level(level).iter().position(is_stale)?)));
    stale.map(|(level, at)| Job { inputs: vec![(level, at..at + 1)], to: level, oldest: false, moves: false })
}

fn most_urgent(store: &Store, given_up: &BTreeSet<KeyspaceId>) -> Option<Arc<Keyspace>> {
    let all = store.all().into_iter().filter(|keyspace| !given_up.contains(&keyspace.id));
    let urgent = all.filter_map(|keyspace| {
        let tree = at_rest(&keyspace)?.tree();
        let (urgency, _) = pick::pick(&shape(&tree.files), &sizes(store))?;
        Some((urgency, keyspace))
    });
    urgent.max_by_key(|(urgency, _)| *urgency).map(|(_, keyspace)| keyspace)
}

/// A keyspace with something to merge when there is time for it.
fn to_settle(store: &Store) -> Option<Arc<Keyspace>> {
    let has_work = |keyspace: &Arc<Keyspace>| {
        let open = at_rest(keyspace).filter(|open| !open.merge_failed.load(Ordering::Relaxed));
        open.is_some_and(|open| settling(store, &open.tree().files).is_some())
    };
    store.all().into_iter().filter(|_| !store.options.settle_after.is_zero()).find(has_work)
}

/// Open, and no thread merges its files.
fn at_rest(keyspace: &Keyspace) -> Option<Arc<OpenKeyspace>> {
    if keyspace.compacting.is_locked() { None } else { keyspace.opened().ok() }
}

fn urgent(store: &Store, levels: &Levels) -> Option<Job> {
    pick::pick(&shape(levels), &sizes(store)).map(|(_, job)| job)
}

fn settling(store: &Store, levels: &Levels) -> Option<Job> {
    pick::settle(&shape(levels), &sizes(store))
}

/// Does a job of a keyspace; `false` where it failed, there is none, another thread is at it, or the keyspace was
/// closed meanwhile.
fn try_job(store: &Store, keyspace: &Keyspace, choose: impl FnOnce(&Store, &Levels) -> Option<Job>) -> bool {
    let Some(_compacting) = keyspace.compacting.try_lock() else { return false };
    let Ok(open) = keyspace.opened() else { return false };
    let levels = open.tree().files.clone();
    let Some(job) = choose(store, &levels) else { return false };
    let done = do_unless_closed(store, keyspace, &open, &levels, &job);
    open.merge_failed.store(done.is_err(), Ordering::Relaxed);
    if let Err(error) = &done {
        tracing::warn!(%error, keyspace = %keyspace.id, "files could not be merged; reads go on");
    }
    done.unwrap_or(false)
}

/// Merges all files of a keyspace into the last level, and drops all that no reader can see.
pub fn compact_all(store: &Store, keyspace: &Keyspace) -> Result<()> {
    let _compacting = keyspace.compacting.lock();
    let open = keyspace.opened()?;
    let levels = open.tree().files.clone();
    let Some(job) = pick::everything(&shape(&levels)) else { return Ok(()) };
    do_unless_closed(store, keyspace, &open, &levels, &job).map(drop)
}

fn sizes(store: &Store) -> Sizes {
    let options = &store.options;
    Sizes {
        level0_files: options.level0_files.max(1),
        level_bytes: options.level_bytes,
        level_growth: options.level_growth,
    }
}

fn shape(levels: &Levels) -> Shape<'_> {
    std::array::from_fn(|level| levels.level(level).iter().map(|file| span(&file.record)).collect())
}

fn span(record: &FileRecord) -> Span<'_> {
    let FileRecord { len, removals, first_key, last_key, .. } = record;
    Span { len: *len, removals: *removals, first: first_key, last: last_key }
}

fn do_unless_closed(
    store: &Store,
    keyspace: &Keyspace,
    open: &OpenKeyspace,
    levels: &Levels,
    job: &Job,
) -> Result<bool> {
    let merge = Merge { store, keyspace, open };
    let done = if job.moves { merge.move_file(levels, job) } else { merge.merge(levels, job) };
    match done {
        Err(EngineError::Closed(_) | EngineError::Absent(_)) => Ok(false),
        Err(_) if open.scope.is_closed() => Ok(false),
        done => done,
    }
}

/// What a job works with.
struct Merge<'a> {
    store: &'a Store,
    keyspace: &'a Keyspace,
    open: &'a OpenKeyspace,
}

impl Merge<'_> {
    /// Gives files another level.
    fn move_file(&self, levels: &Levels, job: &Job) -> Result<bool> {
        let to = level_of(job.to);
        let moved: Vec<_> = inputs(levels, job).flatten().map(|file| (to, file.clone())).collect();
        self.install(levels, job, moved, 0).map(|()| true)
    }

    /// Replaces files by what they hold together; `false` where it was told to stop.
    fn merge(&self, levels: &Levels, job: &Job) -> Result<bool> {
        let horizon = self.open.horizon(&self.store.log);
        let mut outputs = Outputs::new(self.store, self.keyspace, self.open);
        let stop = || self.open.scope.is_closed() || self.store.is_stopping();
        let add = |user_key: &_, version, value: Option<&_>| outputs.add(user_key, version, value);
        let everything = Everything::new(sources(levels, job))?;
        if !Retention::new(horizon, job.oldest).write(everything, add, stop)? {
            return Ok(false);
        }
        let to = level_of(job.to);
        let merged = outputs.finish()?.into_iter().map(|file| (to, file)).collect();
        self.install(levels, job, merged, horizon).map(|()| true)
    }

    /// Puts files in the place of those of a job, in the manifest and then in the tree.
    fn install(
        &self,
        levels: &Levels,
        job: &Job,
        added: Vec<(u8, Arc<SortedFile>)>,
        horizon: u64,
    ) -> Result<()> {
        let _lifecycle = self.keyspace.lifecycle.lock();
        if !job.moves && horizon > self.open.horizon(&self.store.log) {
            // More versions are to be kept than were: the job is done again.
            added.iter().for_each(|(_, file)| file.set_obsolete());
            return Ok(());
        }
        let replaced: Vec<_> = inputs(levels, job).flatten().collect();
        let removed: Vec<_> = replaced.iter().map(|file| file.record.header.file_id).collect();
        let record =
            |(level, file): &(u8, Arc<SortedFile>)| FileRecord { level: *level, ..file.record.clone() };
        let change = Change { removed, added: added.iter().map(record).collect(), horizon };
        let content = self.open.manifest.lock().content.clone().with(&change);
        let flushed = self.keyspace.flushed.load(Ordering::Acquire);
        let installed = install_manifest(self.store, self.keyspace, self.open, content, flushed, None);
        if let Err(EngineError::Closed(_) | EngineError::Absent(_)) = &installed
            && !job.moves
        {
            added.iter().for_each(|(_, file)| file.set_obsolete());
        }
        installed?;
        self.open.change_tree(|tree| {
            if self.open.scope.is_closed() {
                return tree.clone();
            }
            let files = Arc::new(tree.files.with(&change.removed, added));
            Tree { files, floor: horizon.max(tree.floor), ..tree.clone() }
        });
        replaced.iter().filter(|_| !job.moves).for_each(|file| file.set_obsolete());
        Ok(())
    }
}

/// The files of each part of a job.
fn inputs<'a>(levels: &'a Levels, job: &Job) -> impl Iterator<Item = &'a [Arc<SortedFile>]> {
    let files =
        |(level, range): &(usize, Range<usize>)| levels.level(*level).get(range.clone()).unwrap_or_default();
    job.inputs.iter().map(files).collect::<Vec<_>>().into_iter()
}

/// Cursors over a job's files: one for each of level 0, one for all of another level.
fn sources<'a>(levels: &'a Levels, job: &Job) -> Vec<Source<'a>> {
    let runs = job.inputs.iter().zip(inputs(levels, job)).flat_map(|((level, _), files)| {
        let each = if *level == 0 { 1 } else { files.len() };
        files.chunks(each.max(1))
    });
    runs.map(|files| Source::Files(Box::new(LevelCursor::new(files, Keeping::Nothing)))).collect()
}

fn level_of(level: usize) -> u8 {
    u8::try_from(level).unwrap_or(super::levels::LAST_LEVEL)
}
