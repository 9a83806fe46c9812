//! What the embedded engine once did wrong, found by lives that a seed decided.

mod simulated;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::LocalEngine;
use engine::{Commit, Engine, EngineError, Key, KeyspaceId, Outcome, Partition, Result, Write};
use env::{Env, SimDisk, sim_disk::Fault};

const ONE: KeyspaceId = KeyspaceId([1; 16]);

fn open(disk: &SimDisk) -> Result<Arc<LocalEngine>> {
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    LocalEngine::open_by_hand(env, Path::new("/store"), SecretKey::take(&mut [9; 32]), simulated::small())
}

fn key() -> SecretKey {
    SecretKey::take(&mut [1; 32])
}

/// Commits one entry, with a value of this length, for each number.
fn put(engine: &LocalEngine, numbers: impl Iterator<Item = u8>, len: usize) -> Result<Outcome> {
    let write = |number| {
        let key = Key { partition: Partition([number; 16]), sort: Bytes::new() };
        Write { keyspace: ONE, key, value: Some(Bytes::from(vec![number; len])) }
    };
    wait(engine.commit(Commit { guards: Vec::new(), writes: numbers.map(write).collect() }))
}

/// With memtables far too large and no flush that succeeded, every commit was refused for the flush that failed, and
/// none made it be tried again.
#[test]
fn commits_that_are_refused_for_memory_go_on_when_the_disk_has_space_again() {
    let disk = SimDisk::new();
    let engine = open(&disk).unwrap();
    wait(engine.create(ONE, key())).unwrap();
    assert!(matches!(put(&engine, 0..5, 9000), Ok(Outcome::Applied(_))));
    disk.set_full(true);
    engine.settle();
    assert!(matches!(put(&engine, 6..7, 1), Err(EngineError::DiskFull)));
    disk.set_full(false);
    engine.settle();
    assert!(matches!(put(&engine, 6..7, 1), Ok(Outcome::Applied(_))));
}

/// The zeros in front of the log were written again after a sync of them had failed, and synced; but that the file
/// had grown was not, so a power cut left records that run over its end, and the store did not start.
#[test]
fn a_log_that_could_not_grow_at_first_is_whole_after_a_power_cut() {
    for change in 1..12 {
        let disk = SimDisk::new();
        let engine = open(&disk).unwrap();
        wait(engine.create(ONE, key())).unwrap();
        disk.fail_change(disk.changes() + change, Fault::Io);
        let mut written = 0;
        for number in 0..2 {
            written += u64::from(put(&engine, number..number + 1, 14_000).is_ok());
            for seed in 0..8 {
                let found = open(&disk.copy().crash(seed));
                let found = found.unwrap_or_else(|error| panic!("change {change}, seed {seed}: {error:?}"));
                wait(found.open(ONE, key())).unwrap();
                assert!(found.stats(ONE).unwrap().entries >= written, "change {change}, seed {seed}");
            }
        }
    }
}

/// Memtables that were flushed still counted while a snapshot held them, and commits waited for memory that only the
/// snapshot's holder could give back.
#[test]
fn commits_do_not_wait_for_whoever_holds_a_snapshot() {
    let engine = open(&SimDisk::new()).unwrap();
    wait(engine.create(ONE, key())).unwrap();
    let mut held = Vec::new();
    for round in 0..20 {
        assert!(matches!(put(&engine, 5 * round..5 * round + 5, 3000), Ok(Outcome::Applied(_))));
        held.push(engine.snapshot(&[ONE], None).unwrap());
    }
    assert!(engine.metrics().memory_bytes < 64 << 10);
}

/// Naming a new log segment failed after the file `store` had been replaced; the segment was then made anew, and a
/// crash in the middle of it left a store that names half a segment and did not start.
#[test]
fn a_segment_that_could_not_be_named_at_first_is_whole_after_a_crash() {
    for (change, later) in (1..40).flat_map(|change| (1..10).map(move |later| (change, later))) {
        let disk = SimDisk::new();
        let engine = open(&disk).unwrap();
        wait(engine.create(ONE, key())).unwrap();
        disk.fail_change(disk.changes() + change, Fault::Io);
        disk.cut_power_at_change(disk.changes() + change + later);
        let written = (0..4).filter(|number| put(&engine, *number..number + 1, 9000).is_ok()).count();
        let found = open(&disk.kill());
        let found = found.unwrap_or_else(|error| panic!("change {change}, then {later}: {error:?}"));
        wait(found.open(ONE, key())).unwrap();
        assert!(found.stats(ONE).unwrap().entries >= written as u64, "change {change}, then {later}");
    }
}
