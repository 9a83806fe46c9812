//! Files shared by links: whatever interrupts a checkpoint, an adoption or a release, no file is missing afterwards and
//! none is left that nothing names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::verify::{Finding, Keys, Verify};
use engine::local::{LocalEngine, Options};
use engine::{
    AsOf, CheckpointId, Commit, Engine, EngineError, Key, KeyspaceId, Limit, Outcome, Partition, Result,
    Segment, Write,
};
use env::sim_disk::Fault;
use env::{Env, SimDisk};

const STORE: &str = "/store";
const A: KeyspaceId = KeyspaceId([1; 16]);
const B: KeyspaceId = KeyspaceId([2; 16]);
const D: KeyspaceId = KeyspaceId([3; 16]);
const FIRST: CheckpointId = CheckpointId([0xa; 16]);
const SECOND: CheckpointId = CheckpointId([0xb; 16]);

fn key() -> SecretKey {
    SecretKey::take(&mut [7; 32])
}

fn start(disk: &SimDisk) -> Result<Arc<LocalEngine>> {
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    // Each change of the disk has its number.
    let (settle_after, level0_files, log_extent_bytes) = (Duration::ZERO, 100, 4 << 10);
    let options = Options { settle_after, level0_files, log_extent_bytes, ..Options::default() };
    LocalEngine::open_by_hand(env, Path::new(STORE), key(), options)
}

type Step = fn(&LocalEngine) -> Result<()>;

/// Files pass from a keyspace to a checkpoint to a keyspace, and each owner lets go in turn.
const STEPS: [Step; 14] = [
    |engine| wait(engine.create(A, key())),
    |engine| fill(engine, A, 1),
    |engine| fill(engine, A, 2),
    |engine| wait(engine.checkpoint(A, FIRST, key())).map(drop),
    |engine| wait(engine.adopt((FIRST, key()), AsOf::Checkpoint, B, key())),
    |engine| fill(engine, B, 3),
    |engine| wait(engine.compact(A)),
    |engine| wait(engine.drop_checkpoint(FIRST)),
    |engine| wait(engine.drop_keyspace(A)),
    |engine| wait(engine.checkpoint(B, SECOND, key())).map(drop),
    |engine| wait(engine.drop_keyspace(B)),
    |engine| wait(engine.adopt((SECOND, key()), AsOf::Checkpoint, D, key())),
    |engine| wait(engine.drop_checkpoint(SECOND)),
    |engine| wait(engine.compact(D)),
];

/// An entry of its own for each number, in a file of its own.
fn fill(engine: &LocalEngine, keyspace: KeyspaceId, number: u8) -> Result<()> {
    let at = Key { partition: Partition([number; 16]), sort: Bytes::new() };
    let write = Write { keyspace, key: at, value: Some(vec![number; 500].into()) };
    let done = wait(engine.commit(Commit { guards: Vec::new(), writes: vec![write] }))?;
    assert!(matches!(done, Outcome::Applied(_)));
    wait(engine.flush())
}

/// Everything there is can be read, and there is nothing else.
fn assert_tidy(disk: &SimDisk, context: &str) {
    let engine = start(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
    for id in wait(engine.keyspaces()).expect("a list") {
        wait(engine.open(id, key())).unwrap_or_else(|error| panic!("{context}: {id}: {error}"));
        let limit = Limit { entries: 100, bytes: usize::MAX };
        wait(engine.sweep(id, Segment::WHOLE, None, limit))
            .unwrap_or_else(|error| panic!("{context}: {id}: {error}"));
    }
    engine.settle();
    drop(engine);
    let (store_key, keys) = (key(), [key()]);
    let keys = Keys { store: Some(&store_key), table: &|_| &keys, checkpoint: &|_| &keys };
    let walk = Verify { disk: Arc::new(disk.copy()), folder: Path::new(STORE), keys };
    walk.run(&mut |place| {
        let expected = matches!(place.finding, Finding::Authentic | Finding::Unwritten);
        assert!(expected, "{context}: {place:?}");
    })
    .expect("every folder can be listed");
}

/// Which step failed, if one did.
fn perform(disk: &SimDisk) -> Option<usize> {
    let engine = start(disk).ok()?;
    STEPS.iter().position(|step| step(&engine).is_err())
}

#[test]
fn a_power_cut_between_any_two_operations_leaves_nothing_behind_and_takes_nothing() {
    for cut in 1.. {
        let disk = SimDisk::new();
        disk.cut_power_at_change(cut);
        let failed = perform(&disk);
        if !disk.is_off() {
            assert!(cut > 100 && failed.is_none(), "{cut}, {failed:?}");
            return;
        }
        assert_tidy(&disk.crash(cut), &format!("power cut at change {cut}, in step {failed:?}"));
        assert_tidy(&disk.kill(), &format!("killed at change {cut}, in step {failed:?}"));
    }
}

#[test]
fn a_failure_of_any_operation_leaves_nothing_behind_after_the_next_start() {
    for number in 1.. {
        let disk = SimDisk::new();
        disk.fail_change(number, [Fault::Io, Fault::NoSpace][usize::from(number % 2 == 0)]);
        let Ok(engine) = start(&disk) else { continue };
        let mut failed = None;
        for (at, step) in STEPS.iter().enumerate() {
            match step(&engine) {
                Ok(()) => {}
                // What failed once is asked for again, as a caller would.
                Err(EngineError::LogFailed(_)) => break,
                Err(_) => {
                    failed = Some(at);
                    let _again = step(&engine);
                }
            }
        }
        drop(engine);
        assert_tidy(&disk.kill(), &format!("failure at change {number}, in step {failed:?}"));
        if disk.changes() < number {
            return;
        }
    }
}
