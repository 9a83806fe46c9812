//! Reads: each from one snapshot, without waiting for writers.
//!
//! They run on the caller's thread: what they wait for is at most a few blocks from the disk, and handing
//! them to another thread would cost more than most of them take.

use super::merge::KeyRange;
use super::rotation;
use super::store::Store;
use super::tree::{Tree, key_of, range_of_partition, range_of_segment, user_key};
use crate::{
    Direction, Entry, Key, KeyspaceId, KeyspaceStats, Limit, Page, Partition, Result, Segment, SortRange,
    Version,
};

/// [`crate::Engine::get`].
pub fn get(store: &Store, keyspace: KeyspaceId, key: &Key) -> Result<Option<Entry>> {
    read(store, keyspace, |tree, snapshot| entry(tree, key, snapshot))
}

/// [`crate::Engine::slice`].
pub fn slice(
    store: &Store,
    keyspace: KeyspaceId,
    partition: Partition,
    range: &SortRange,
    direction: Direction,
    limit: Limit,
) -> Result<Page> {
    read(store, keyspace, |tree, snapshot| slice_of(tree, (partition, range), direction, limit, snapshot))
}

/// [`crate::Engine::sweep`].
pub fn sweep(
    store: &Store,
    keyspace: KeyspaceId,
    segment: Segment,
    after: Option<&Key>,
    limit: Limit,
) -> Result<Page> {
    read(store, keyspace, |tree, snapshot| sweep_of(tree, segment, after, limit, snapshot))
}

/// The entry at `key` that `snapshot` shows.
pub fn entry(tree: &Tree, key: &Key, snapshot: u64) -> Result<Option<Entry>> {
    let found = tree.get(&user_key(key), snapshot)?;
    let entry = |(version, value): (u64, Option<_>)| {
        value.map(|value| Entry { key: key.clone(), version: Version(version), value })
    };
    Ok(found.and_then(entry))
}

/// What `snapshot` shows of a range of a partition.
pub fn slice_of(
    tree: &Tree,
    (partition, range): (Partition, &SortRange),
    direction: Direction,
    limit: Limit,
    snapshot: u64,
) -> Result<Page> {
    page(tree, range_of_partition(partition, range), direction, limit, snapshot)
}

/// What `snapshot` shows of a segment behind an entry.
pub fn sweep_of(
    tree: &Tree,
    segment: Segment,
    after: Option<&Key>,
    limit: Limit,
    snapshot: u64,
) -> Result<Page> {
    match range_of_segment(segment, after) {
        Some(range) => page(tree, range, Direction::Forward, limit, snapshot),
        None => Ok(Page { entries: Vec::new(), more: false }),
    }
}

/// [`crate::Engine::stats`].
pub fn stats(store: &Store, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
    let open = store.opened(keyspace)?;
    let tree = open.tree();
    let mut stats = KeyspaceStats::default();
    let mut removals = 0;
    for file in tree.files.iter() {
        stats.entries += file.record.puts;
        removals += file.record.removals;
        stats.value_bytes += file.record.value_bytes;
        stats.disk_bytes += file.record.len;
    }
    for table in tree.memtables() {
        let in_memory = table.stats();
        stats.entries += in_memory.puts;
        removals += in_memory.removals;
        stats.value_bytes += in_memory.value_bytes;
    }
    stats.entries = stats.entries.saturating_sub(removals);
    stats.rotation = rotation::progress(&open);
    Ok(stats)
}

fn read<T>(store: &Store, keyspace: KeyspaceId, read: impl FnOnce(&Tree, u64) -> Result<T>) -> Result<T> {
    let open = store.opened(keyspace)?;
    let (tree, snapshot) = open.snapshot(&store.log);
    let result = read(&tree, snapshot);
    // What was read of a keyspace that was closed meanwhile may have been nothing.
    if open.scope.is_closed() { Err(open.why_closed()) } else { result }
}

fn page(tree: &Tree, range: KeyRange, direction: Direction, limit: Limit, snapshot: u64) -> Result<Page> {
    let mut visible = tree.visible(range, direction, snapshot)?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while let Some(entry) = visible.next()? {
        if !entries.is_empty() && limit.is_reached(entries.len(), bytes) {
            return Ok(Page { entries, more: true });
        }
        bytes += entry.value.len();
        let key = key_of(&entry.user_key);
        entries.push(Entry { key, version: Version(entry.version), value: entry.value });
    }
    Ok(Page { entries, more: false })
}
