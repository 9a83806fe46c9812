//! What a checkpoint and its adoption cost depends on the number of files, not on what is in them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::{LocalEngine, Options};
use engine::{AsOf, CheckpointId, Commit, Engine, Key, KeyspaceId, Outcome, Partition, Write};
use env::{Env, SimDisk};

const ONE: KeyspaceId = KeyspaceId([1; 16]);

fn key() -> SecretKey {
    SecretKey::take(&mut [1; 32])
}

/// How often the disk was changed, and read, to checkpoint and adopt a keyspace of one file with this many values.
fn cost(values: u8) -> (u64, u64) {
    let disk = SimDisk::new();
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    let engine = LocalEngine::open(env, Path::new("/store"), key(), Options::default()).expect("a store");
    wait(engine.create(ONE, key())).expect("created");
    let write = |number| Write {
        keyspace: ONE,
        key: Key { partition: Partition([number; 16]), sort: Bytes::new() },
        value: Some(vec![number; 100_000].into()),
    };
    let commit = Commit { guards: Vec::new(), writes: (0..values).map(write).collect() };
    assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
    wait(engine.compact(ONE)).expect("one file");
    let (changes, reads) = (disk.changes(), disk.reads());
    wait(engine.checkpoint(ONE, CheckpointId([1; 16]), key())).expect("taken");
    wait(engine.adopt((CheckpointId([1; 16]), key()), AsOf::Checkpoint, KeyspaceId([2; 16]), key()))
        .expect("adopted");
    (disk.changes() - changes, disk.reads() - reads)
}

#[test]
fn a_large_keyspace_costs_what_a_small_one_does() {
    let small = cost(1);
    assert_eq!(cost(100), small);
    assert!(small.0 < 40 && small.1 < 40, "{small:?}");
}
