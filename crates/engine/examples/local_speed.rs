//! How fast the embedded engine starts, commits and reads: a rough look, not a benchmark.
//!
//! `cargo run --release -p engine --example local_speed -- <an empty folder>`

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use crypto::SecretKey;
use engine::local::{LocalEngine, Options};
use engine::{
    Commit, Direction, Engine, Guard, GuardedKey, Key, KeyspaceId, Limit, Partition, SortRange, Write,
};
use env::Env;

const KEYSPACE: KeyspaceId = KeyspaceId([1; 16]);
const WRITERS: u64 = 64;

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the name of an empty folder"));
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let env = Env::real();
    let timed = |what: &str, count: u64, run: &mut dyn FnMut()| {
        let start = env.clock.instant();
        run();
        let seconds = (env.clock.instant() - start).as_secs_f64();
        println!("{what:32} {:>10.0}/s {:>10.3} ms in all", count as f64 / seconds, seconds * 1000.0);
    };
    let mut engine = None;
    timed("start on an empty folder", 1, &mut || {
        let key = SecretKey::take(&mut [7; 32]);
        engine = Some(LocalEngine::open(env.clone(), &folder, key, Options::default()).expect("a store"));
    });
    let engine = engine.expect("it started");
    timed("create", 1, &mut || {
        runtime.block_on(engine.create(KEYSPACE, SecretKey::take(&mut [8; 32]))).expect("created");
    });
    timed("put, one writer", 2000, &mut || {
        (0..2000).for_each(|n| runtime.block_on(put(&engine, n)));
    });
    let many = 100_000;
    timed("put, 64 writers", many, &mut || runtime.block_on(put_many(&engine, many)));
    timed("get, warm or not", 50_000, &mut || {
        for n in 0..50_000 {
            let key = key(n * 7919 % many);
            assert!(runtime.block_on(engine.get(KEYSPACE, &key)).expect("open").is_some());
        }
    });
    let all = Limit { entries: 100, bytes: 1 << 20 };
    timed("slice of up to 100", 5_000, &mut || {
        for n in 0..5_000 {
            let page = engine.slice(KEYSPACE, key(n).partition, SortRange::ALL, Direction::Forward, all);
            assert!(!runtime.block_on(page).expect("open").entries.is_empty());
        }
    });
    timed("stop", 1, &mut || drop(Arc::clone(&engine)));
}

async fn put_many(engine: &Arc<LocalEngine>, count: u64) {
    let writer = |writer: u64| {
        let engine = engine.clone();
        tokio::spawn(async move {
            for n in (writer..count).step_by(usize::try_from(WRITERS).expect("64")) {
                put(&engine, n).await;
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(writer).collect();
    for writer in writers {
        writer.await.expect("no writer panics");
    }
}

async fn put(engine: &LocalEngine, number: u64) {
    let key = key(number);
    let found = engine.get(KEYSPACE, &key).await.expect("open");
    let guard = found.map_or(Guard::Absent, |entry| Guard::Version(entry.version));
    let value = Some(Bytes::from(vec![number.to_le_bytes()[0]; 1000]));
    let commit = Commit {
        guards: vec![GuardedKey { keyspace: KEYSPACE, key: key.clone(), guard }],
        writes: vec![Write { keyspace: KEYSPACE, key, value }],
    };
    engine.commit(commit).await.expect("applied");
}

/// Partitions of a hundred, spread as hashes are.
fn key(number: u64) -> Key {
    let hash = (number / 100).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut partition = [0; 16];
    partition[..8].copy_from_slice(&hash.to_be_bytes());
    Key { partition: Partition(partition), sort: Bytes::copy_from_slice(&number.to_be_bytes()) }
}
