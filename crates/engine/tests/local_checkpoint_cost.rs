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

/// `cargo test -p engine --release --test local_checkpoint_cost -- --ignored --nocapture`
#[test]
#[ignore = "writes 1.1 GB; says how long checkpoint, adoption and key switch take"]
fn how_long_it_takes() {
    for values in [1_000_u32, 10_000] {
        let (env, folder) = (Env::real(), tempfile::tempdir().expect("a temporary folder"));
        let engine =
            LocalEngine::open(env.clone(), folder.path(), key(), Options::default()).expect("a store");
        wait(engine.create(ONE, key())).expect("created");
        for number in 0..values {
            let mut partition = [0; 16];
            partition[..4].copy_from_slice(&number.wrapping_mul(0x9E37_79B1).to_be_bytes());
            let key = Key { partition: Partition(partition), sort: Bytes::new() };
            let value = Some(vec![number as u8; 100_000].into());
            let commit = Commit { guards: Vec::new(), writes: vec![Write { keyspace: ONE, key, value }] };
            wait(engine.commit(commit)).expect("it applies");
        }
        wait(engine.flush()).expect("a flush");
        let timed = |what: &str, call: &dyn Fn(u8)| {
            let mut times: Vec<_> = (1..=9)
                .map(|round| {
                    let before = env.clock.instant();
                    call(round);
                    (env.clock.instant() - before).as_secs_f64() * 1000.0
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("{} MB: {what}: median {:.1} ms, longest {:.1} ms", values / 10, times[4], times[8]);
        };
        let id = |round| CheckpointId([round; 16]);
        let bare = env.disk.create(&folder.path().join("bare")).expect("a file");
        timed("one bare append and sync", &|round| {
            bare.write_all_at(&[round; 4096], u64::from(round) * 4096).expect("written");
            bare.sync().expect("synced");
        });
        timed("checkpoint", &|round| {
            wait(engine.checkpoint(ONE, id(round), key())).expect("taken");
        });
        timed("adoption", &|round| {
            let adopted = KeyspaceId([100 + round; 16]);
            wait(engine.adopt((id(round), key()), AsOf::Checkpoint, adopted, key())).expect("adopted");
        });
        timed("key switch", &|round| {
            wait(engine.switch_table_key(ONE, SecretKey::take(&mut [round; 32]))).expect("switched");
        });
    }
}
