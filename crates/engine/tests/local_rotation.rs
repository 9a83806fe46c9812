//! A deep rotation writes every file anew under a fresh data encryption key, whatever comes between.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::decode::{FileKind, file_headers};
use engine::local::{LocalEngine, Options};
use engine::{
    AsOf, CheckpointId, Commit, Engine, Key, KeyspaceId, Limit, Outcome, Partition, Segment, Write,
};
use env::{Env, RealDisk};

const ONE: KeyspaceId = KeyspaceId([1; 16]);
const TWO: KeyspaceId = KeyspaceId([2; 16]);
const CHECKPOINT: CheckpointId = CheckpointId([1; 16]);

fn key(number: u8) -> SecretKey {
    SecretKey::take(&mut [number; 32])
}

fn open(folder: &Path) -> Arc<LocalEngine> {
    let options = Options {
        memtable_bytes: 16 << 10,
        file_bytes: 8 << 10,
        level_bytes: 32 << 10,
        ..Options::default()
    };
    LocalEngine::open(Env::real(), folder, key(9), options).expect("the store opens")
}

fn fill(engine: &LocalEngine, id: KeyspaceId, round: u8) {
    let write = |number: u8| Write {
        keyspace: id,
        key: Key { partition: Partition([number; 16]), sort: Bytes::from(vec![round]) },
        value: Some(vec![round; 100].into()),
    };
    let commit = Commit { guards: Vec::new(), writes: (0..100).map(write).collect() };
    assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
}

fn count(engine: &LocalEngine, id: KeyspaceId) -> usize {
    let limit = Limit { entries: usize::MAX, bytes: usize::MAX };
    wait(engine.sweep(id, Segment::WHOLE, None, limit)).expect("open").entries.len()
}

/// The epochs of the data encryption keys that sorted files of a keyspace are under.
fn epochs(folder: &Path, id: KeyspaceId) -> Vec<u32> {
    let headers = file_headers(&RealDisk, folder).expect("a list");
    let of = |(path, header): (std::path::PathBuf, engine::local::decode::FileHeader)| {
        let is_of = path.starts_with(folder.join(format!("keyspaces/{id}")));
        (is_of && header.kind == FileKind::SortedFile).then_some(header.epoch)
    };
    headers.into_iter().filter_map(of).collect()
}

fn until_rotated(engine: &LocalEngine, id: KeyspaceId) {
    let is_done = |_| {
        thread::sleep(Duration::from_millis(10));
        let rotation = engine.stats(id).expect("open").rotation;
        assert!(rotation.is_none_or(|rotation| (0.0..=1.0).contains(&rotation.progress())));
        rotation.is_none()
    };
    assert!((0..6000).any(is_done), "a rotation ends");
}

#[test]
fn after_a_rotation_no_file_is_under_an_old_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = open(folder.path());
    wait(engine.create(ONE, key(1))).expect("created");
    for round in 0..12 {
        fill(&engine, ONE, round);
        wait(engine.flush()).expect("a flush");
    }
    fill(&engine, ONE, 12);
    wait(engine.rotate(ONE)).expect("begun");
    fill(&engine, ONE, 13);
    until_rotated(&engine, ONE);
    wait(engine.flush()).expect("a flush");
    assert_eq!(count(&engine, ONE), 1400);
    let found = epochs(folder.path(), ONE);
    assert!(!found.is_empty() && found.iter().all(|epoch| *epoch == 2), "{found:?}");
    drop(engine);
    let engine = open(folder.path());
    wait(engine.open(ONE, key(1))).expect("opens");
    assert_eq!(count(&engine, ONE), 1400);
    wait(engine.verify(ONE)).expect("all digests are right");
}

#[test]
fn a_rotation_goes_on_after_a_restart_and_beside_another() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = open(folder.path());
    wait(engine.create(ONE, key(1))).expect("created");
    for round in 0..12 {
        fill(&engine, ONE, round);
        wait(engine.flush()).expect("a flush");
    }
    wait(engine.rotate(ONE)).expect("begun");
    wait(engine.rotate(ONE)).expect("begun again");
    fill(&engine, ONE, 12);
    // No matter how far it came.
    drop(engine);
    let engine = open(folder.path());
    wait(engine.open(ONE, key(1))).expect("opens");
    until_rotated(&engine, ONE);
    wait(engine.switch_table_key(ONE, key(2))).expect("switched");
    assert_eq!(count(&engine, ONE), 1300);
    assert!(epochs(folder.path(), ONE).iter().all(|epoch| *epoch == 3));
}

#[test]
fn what_a_checkpoint_shares_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = open(folder.path());
    wait(engine.create(ONE, key(1))).expect("created");
    fill(&engine, ONE, 0);
    wait(engine.checkpoint(ONE, CHECKPOINT, key(7))).expect("taken");
    let adopt = |id| wait(engine.adopt((CHECKPOINT, key(7)), AsOf::Checkpoint, id, key(3)));
    adopt(TWO).expect("adopted");
    wait(engine.rotate(TWO)).expect("begun");
    until_rotated(&engine, TWO);
    assert!(epochs(folder.path(), TWO).iter().all(|epoch| *epoch == 3));
    assert!(epochs(folder.path(), ONE).iter().all(|epoch| *epoch == 1));
    assert_eq!((count(&engine, ONE), count(&engine, TWO)), (100, 100));
    adopt(KeyspaceId([3; 16])).expect("the checkpoint opens still");
}
