//! Log segments are given back once nothing in them is needed: flushed, parked, or of a keyspace that is gone.

use std::sync::atomic::Ordering;

use super::keyspace::Keyspace;
use super::log::queue::LiveSegment;
use super::log::scan::{Until, read_records};
use super::log::{segment_name, segment_path};
use super::parked::Gathered;
use super::store::Store;
use super::{flush, recovery};
use crate::{EngineError, Result};

/// Gives back what can be. Where there are too many segments, makes sure that the oldest can be.
pub fn reclaim(store: &Store) -> Result<()> {
    let _reclaiming = store.reclaiming.lock();
    while let [oldest, next, ..] = &store.log.live()[..] {
        let crowded = store.log.live().len() > store.options.log_segments;
        if !settle(store, oldest, crowded)? {
            return Ok(());
        }
        let number = oldest.segment.number();
        store.store_file.retired(next.segment.number(), store.log.order().last_sequence())?;
        store.log.retire(number);
        recovery::remove_leftover(&*store.env.disk, &segment_path(&store.folder, number));
    }
    Ok(())
}

/// Whether nothing in a segment is needed any more.
fn settle(store: &Store, live: &LiveSegment, crowded: bool) -> Result<bool> {
    for (id, last) in &live.touched {
        let Ok(keyspace) = store.keyspace(*id) else { continue };
        let is_flushed = || keyspace.flushed.load(Ordering::Acquire) >= *last;
        if is_flushed() {
            continue;
        }
        if !crowded {
            return Ok(false);
        }
        flush::flush(store, &keyspace)?;
        if !is_flushed() && !park_if_closed(store, &keyspace, live)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn park_if_closed(store: &Store, keyspace: &Keyspace, live: &LiveSegment) -> Result<bool> {
    let _lifecycle = keyspace.lifecycle.lock();
    if store.keyspace(keyspace.id).is_err() {
        return Ok(true);
    }
    match keyspace.opened() {
        Ok(_) => Ok(false),
        Err(_) => park(store, keyspace, std::slice::from_ref(live)).map(|()| true),
    }
}

/// Parks what live segments hold of a closed keyspace whose lifecycle lock is held, so that it can be opened.
pub fn park_live(store: &Store, keyspace: &Keyspace) -> Result<()> {
    park(store, keyspace, &store.log.live())
}

fn park(store: &Store, keyspace: &Keyspace, segments: &[LiveSegment]) -> Result<()> {
    let flushed = keyspace.flushed.load(Ordering::Acquire);
    let needed = |live: &&LiveSegment| live.touched.get(&keyspace.id).is_some_and(|last| *last > flushed);
    let needed: Vec<_> = segments.iter().filter(needed).collect();
    if needed.is_empty() {
        return Ok(());
    }
    let all_ordered = store.log.order().barrier();
    all_ordered.wait()?;
    for live in needed {
        let segment = &live.segment;
        let end = segment.durable();
        let (bytes, mut gathered) = (segment.read(end)?, Gathered::default());
        let wanted = |id, sequence| id == keyspace.id && sequence > flushed;
        let read = read_records(&bytes, &segment.cipher, Until::Offset(end), &mut |index, record| {
            gathered.take(index, record, wanted);
        });
        read.map_err(|damage| EngineError::damaged(segment_name(segment.number()), damage.to_string()))?;
        gathered.park(&store.env, &store.folder, &store.store_key, &segment.header)?;
    }
    Ok(())
}
