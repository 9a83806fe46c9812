//! Log segments are given back once nothing in them is needed: flushed, parked, or of a keyspace that is gone.

use std::sync::atomic::Ordering;

use super::keyspace::Keyspace;
use super::log::queue::LiveSegment;
use super::log::scan::{Until, read_records};
use super::log::{segment_name, segment_path};
use super::parked::{Gathered, ParkedFile};
use super::store::Store;
use super::store_file::ParkedAnchor;
use super::{flush, recovery};
use crate::{EngineError, KeyspaceId, Result};

/// Gives back what can be. Where there are too many segments, makes sure that the oldest can be.
pub fn reclaim(store: &Store) -> Result<()> {
    let _reclaiming = store.reclaiming.lock();
    while let [oldest, next, ..] = &store.log.live()[..] {
        let crowded = store.log.live().len() > store.options.log_segments;
        let Some(parked) = settle(store, oldest, crowded)? else { return Ok(()) };
        let number = oldest.segment.number();
        store.store_file.retired(next.segment.number(), store.log.order().last_sequence(), &parked)?;
        store.log.retire(number);
        recovery::remove_leftover(&*store.env.disk, &segment_path(&store.folder, number));
    }
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
    wait_for_order(store)?;
    let gathered = gather_segment(keyspace, live)?;
    gathered.park(&store.env, &store.folder, &store.store_key, &live.segment.header).map(Some)
}

/// What live segments hold of a closed keyspace whose lifecycle lock is held, so that it can be opened.
pub fn gather(store: &Store, keyspace: &Keyspace, segments: &[LiveSegment]) -> Result<Vec<ParkedFile>> {
    let flushed = keyspace.flushed.load(Ordering::Acquire);
    let needed = |live: &&LiveSegment| live.touched.get(&keyspace.id).is_some_and(|last| *last > flushed);
    let needed: Vec<_> = segments.iter().filter(needed).collect();
    if !needed.is_empty() {
        wait_for_order(store)?;
    }
    let parts =
        |live: &&LiveSegment| Ok(gather_segment(keyspace, live)?.of(keyspace.id, &live.segment.header));
    needed.iter().filter_map(|live| parts(live).transpose()).collect()
}

/// Waits until everything ordered so far is in the log.
fn wait_for_order(store: &Store) -> Result<()> {
    let all_ordered = store.log.order().barrier();
    all_ordered.wait()
}

fn gather_segment(keyspace: &Keyspace, live: &LiveSegment) -> Result<Gathered> {
    let (segment, flushed) = (&live.segment, keyspace.flushed.load(Ordering::Acquire));
    let end = segment.durable();
    let (bytes, mut gathered) = (segment.read(end)?, Gathered::default());
    let wanted = |id, sequence| id == keyspace.id && sequence > flushed;
    let read = read_records(&bytes, &segment.cipher, Until::Offset(end), &mut |index, record| {
        gathered.take(index, record, wanted);
    });
    read.map_err(|damage| EngineError::damaged(segment_name(segment.number()), damage.to_string()))?;
    Ok(gathered)
}
