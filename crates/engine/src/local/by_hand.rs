//! An engine without threads: whoever calls it does what its threads would do.
//!
//! So that a simulation decides when the background works, and everything happens in one order that follows from its
//! seed, to the last change of the disk. A call that waits for the log writes it; one that waits for memory or files
//! lets the background work; between calls, whoever made the engine does.

use parking_lot::Mutex;

use super::store::Store;
use super::{compaction, flush};

/// What works in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// What gathered is written to the log, and the log prepared for what comes.
    Log,
    /// Memtables become files, and log segments are given back.
    Flush,
    /// Files are merged, and rotations go on.
    Merge,
}

/// How often each was woken, as far as it was heeded.
#[derive(Default)]
pub struct ByHand {
    flush: Mutex<u64>,
    merge: Mutex<u64>,
}

/// Writes the log, where that has no thread. Called by whoever is about to wait for it.
pub fn write_log(store: &Store) {
    if store.by_hand.is_some() {
        store.writer.work();
    }
}

/// Lets a part of the background work, where that has no thread, if it was woken since it last did; whether it was.
pub fn work(store: &Store, part: Background) -> bool {
    let Some(by_hand) = &store.by_hand else { return false };
    let is_woken = match part {
        Background::Log => false,
        Background::Flush => store.flusher.is_woken(&mut by_hand.flush.lock()),
        Background::Merge => store.compactor.is_woken(&mut by_hand.merge.lock()),
    };
    match part {
        Background::Log => store.writer.work(),
        Background::Flush if is_woken => flush::work(store),
        Background::Merge if is_woken => compaction::work(store),
        Background::Flush | Background::Merge => {}
    }
    is_woken
}

/// Lets the background work until there is nothing to do.
pub fn work_until_done(store: &Store) {
    write_log(store);
    while work(store, Background::Flush) | work(store, Background::Merge) {
        write_log(store);
    }
}
