//! Log segments are given back once nothing in them is needed: flushed, parked, or of a keyspace that is gone.

use std::sync::atomic::Ordering;

use super::keyspace::Keyspace;
use super::log::queue::LiveSegment;
use super::log::segment_path;
use super::parked::Gathered;
use super::store::Store;
use super::store_file::ParkedAnchor;
use super::{by_hand, flush, recovery};
use crate::{KeyspaceId, Result};

/// A segment is long from so many extents on.
const USED_EXTENTS: u64 = 4;

/// Gives back what can be. Where there are too many segments, makes sure that the oldest can be.
pub fn reclaim(store: &Store) -> Result<()> {
    let _reclaiming = store.reclaiming.lock();
    let live = store.log.live();
    for (live, next) in live.iter().zip(live.iter().skip(1)) {
        match settle(store, live, is_crowded(store))? {
            Some(parked) => give_back(store, live, next, &parked)?,
            // Those of earlier starts go in any order, the others from the oldest on.
            None if live.index.is_some() => {}
            None => return Ok(()),
        }
    }
    leave_used_up(store);
    Ok(())
}

/// A long segment of which nothing is needed is not kept only because it is the last: all of it may lie in sorted
/// files for days.
fn leave_used_up(store: &Store) {
    let live = store.log.live();
    let Some(last) =
        live.last().filter(|last| last.segment.durable() >= USED_EXTENTS * store.options.log_extent_bytes)
    else {
        return;
    };
    let is_needed = |(id, last): (&KeyspaceId, &u64)| {
        store.keyspace(*id).is_ok_and(|keyspace| keyspace.flushed.load(Ordering::Acquire) < *last)
    };
    if !last.touched.iter().any(is_needed) {
        store.log.set_used_up(last.segment.number());
    }
}

/// What earlier starts left does not count: how long the log may be is a matter of what is written now, and that
/// soon pushes out what is old.
fn is_crowded(store: &Store) -> bool {
    store.log.live().iter().filter(|live| live.index.is_none()).count() > store.options.log_segments
}

fn give_back(
    store: &Store,
    live: &LiveSegment,
    next: &LiveSegment,
    parked: &[(KeyspaceId, ParkedAnchor)],
) -> Result<()> {
    let number = live.segment.number();
    store.store_file.retired((number, next.segment.number()), store.log.order().last_sequence(), parked)?;
    store.log.retire(number);
    recovery::remove_leftover(&*store.env.disk, &segment_path(&store.folder, number));
    Ok(())
}

type Parked = Vec<(KeyspaceId, ParkedAnchor)>;

/// Sees that nothing in a segment is needed any more; returns what was parked of it, `None` where it must stay.
fn settle(store: &Store, live: &LiveSegment, crowded: bool) -> Result<Option<Parked>> {
    let mut parked = Parked::new();
    for (id, last) in &live.touched {
        let Ok(keyspace) = store.keyspace(*id) else { continue };
        let is_flushed = || keyspace.flushed.load(Ordering::Acquire) >= *last;
        if is_flushed() {
            continue;
        }
        if !crowded {
            return Ok(None);
        }
        flush::flush(store, &keyspace)?;
        if !is_flushed() {
            let Some(parts) = park_if_closed(store, &keyspace, live)? else { return Ok(None) };
            parked.extend(parts);
        }
    }
    Ok(Some(parked))
}

fn park_if_closed(store: &Store, keyspace: &Keyspace, live: &LiveSegment) -> Result<Option<Parked>> {
    let _lifecycle = keyspace.lifecycle.lock();
    if store.keyspace(keyspace.id).is_err() {
        return Ok(Some(Parked::new()));
    }
    if keyspace.opened().is_ok() {
        return Ok(None);
    }
    // A file that was parked by what failed to be told in the file `store` must not be replaced.
    store.store_file.settle()?;
    if live.index.is_none() {
        wait_for_order(store)?;
    }
    let (flushed, mut gathered) = (keyspace.flushed.load(Ordering::Acquire), Gathered::default());
    live.read(keyspace.id, &mut |part| {
        if part.place.sequence > flushed {
            gathered.take(part);
        }
    })?;
    if gathered.is_empty() {
        return Ok(Some(Parked::new()));
    }
    let place = (keyspace.id, &live.segment.header);
    let anchor = gathered.park(&store.env, &store.folder, &store.store_key, place)?;
    Ok(Some(vec![(keyspace.id, anchor)]))
}

/// Waits until everything ordered so far is in the log.
pub fn wait_for_order(store: &Store) -> Result<()> {
    let all_ordered = store.log.order().barrier();
    by_hand::write_log(store);
    all_ordered.wait()
}
