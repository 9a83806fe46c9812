//! What version 1 of the formats wrote must open for ever.
//!
//! `fixtures/store-1` was written once, by `write_the_fixture`, and holds every kind of file: the file
//! `store`, log segments (of the last start and of the one before), a checkpoint, and for each of three keyspaces manifest, sorted files (some compressed
//! with LZ4, some with Zstandard) and parked parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::decode::{FileHeader, FileKind, file_headers};
use engine::local::{Compression, LocalEngine, Options};
use engine::{
    AsOf, CheckpointId, Commit, Engine, Key, KeyspaceId, Limit, Outcome, Partition, Segment, Token, Write,
};
use env::disk::{Disk, read_file};
use env::{Clock, Env, RealDisk, SystemClock};

const STORE_KEY: u8 = 0x51;
const ONE: KeyspaceId = KeyspaceId([1; 16]);
const TWO: KeyspaceId = KeyspaceId([2; 16]);
const THREE: KeyspaceId = KeyspaceId([3; 16]);
const TOKEN: Token = Token { id: [8; 32], request: [9; 32] };
const CHECKPOINT: CheckpointId = CheckpointId([0xc; 16]);

#[test]
fn the_fixture_opens_and_holds_what_was_written() {
    let copy = tempfile::tempdir().expect("a temporary folder");
    copy_store(&fixture(), copy.path());
    let engine = open(copy.path());
    wait(engine.open(ONE, key(0x1b))).expect("the first opens under the key it was switched to");
    wait(engine.open(TWO, key(0x02))).expect("the second opens");
    // In a sorted file, in a log segment of an earlier start, in the last one; 3 was removed.
    assert_eq!(numbers(&engine, ONE), [0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 20, 21, 30]);
    assert_eq!(numbers(&engine, TWO), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let remembered = wait(engine.recall(TOKEN.id)).expect("an answer").expect("the token is remembered");
    assert_eq!(remembered.request, TOKEN.request);
    wait(engine.verify(ONE)).expect("the digest is that of the manifest");
    wait(engine.open(THREE, key(0x03))).expect("the one that adopted a checkpoint opens");
    assert_eq!(numbers(&engine, THREE), [0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12]);
    let again = KeyspaceId([4; 16]);
    let adopted = engine.adopt((CHECKPOINT, key(0x0c)), AsOf::Checkpoint, again, key(0x04));
    wait(adopted).expect("the checkpoint opens");
    assert_eq!(numbers(&engine, again), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn the_fixture_has_every_kind_of_file_under_its_own_salt() {
    let headers = file_headers(&RealDisk, &fixture()).expect("a list");
    let all = [
        FileKind::Store,
        FileKind::Log,
        FileKind::Parked,
        FileKind::Manifest,
        FileKind::SortedFile,
        FileKind::Checkpoint,
    ];
    for kind in all {
        assert!(headers.iter().any(|(_, header)| header.kind == kind), "{kind:?}");
    }
    // A checkpoint and a keyspace may have the same file.
    let mut ids: Vec<_> = headers.iter().map(|(_, header)| (header.file_id, header.salt)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut salts: Vec<_> = ids.iter().map(|(_, salt)| *salt).collect();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), ids.len());
}

#[test]
#[ignore = "writes the fixture, which is done once for each version of the formats"]
fn write_the_fixture() {
    let store = fixture();
    assert!(!RealDisk.exists(&store).expect("an answer"), "a fixture is never written again");
    let engine = open(&store);
    wait(engine.create(ONE, key(0x01))).expect("created");
    wait(engine.create(TWO, key(0x02))).expect("created");
    wait(engine.set_compression(TWO, Compression::Zstd)).expect("set");
    (0..5).for_each(|number| put(&engine, &[ONE, TWO], number, Some(value(number))));
    wait(engine.flush()).expect("flushed");
    wait(engine.switch_table_key(ONE, key(0x1b))).expect("switched");
    (5..10).for_each(|number| put(&engine, &[ONE, TWO], number, Some(value(number))));
    put(&engine, &[ONE], 3, None);
    wait(engine.checkpoint(ONE, CHECKPOINT, key(0x0c))).expect("taken");
    wait(engine.adopt((CHECKPOINT, key(0x0c)), AsOf::Checkpoint, THREE, key(0x03))).expect("adopted");
    (11..13).for_each(|number| put(&engine, &[ONE, THREE], number, Some(value(number))));
    drop(engine);
    let engine = open(&store);
    wait(engine.open(ONE, key(0x1b))).expect("opened");
    park_the_others(&engine, &store);
    put(&engine, &[ONE], 12, Some(value(12)));
    drop(engine);
    let engine = open(&store);
    wait(engine.open(ONE, key(0x1b))).expect("opened");
    (20..22).for_each(|number| put(&engine, &[ONE], number, Some(value(number))));
    let key = Key { partition: Partition([7; 16]), sort: Bytes::from_static(&[b'k', 30]) };
    let writes = vec![Write { keyspace: ONE, key, value: Some(value(30)) }];
    wait(engine.commit_once(TOKEN, Commit { guards: Vec::new(), writes })).expect("applied");
}

/// Writes one item over and over, until what the log holds of the closed keyspaces is parked.
fn park_the_others(engine: &LocalEngine, store: &Path) {
    let is_parked = |(_, header): &(PathBuf, FileHeader)| header.kind == FileKind::Parked;
    while !file_headers(&RealDisk, store).expect("a list").iter().any(is_parked) {
        (0..100).for_each(|_| put(engine, &[ONE], 11, Some(value(11))));
        wait(engine.flush()).expect("flushed");
    }
    wait(engine.compact(ONE)).expect("one file");
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store-1")
}

fn open(store: &Path) -> Arc<LocalEngine> {
    let compression = Compression::Lz4;
    let (log_extent_bytes, log_segment_bytes) = (4 << 10, 8 << 10);
    let options = Options { log_extent_bytes, log_segment_bytes, compression, ..Options::default() };
    let env = Env { clock: Arc::new(MinuteOfTheFixture), ..Env::real() };
    LocalEngine::open(env, store, key(STORE_KEY), options).expect("the store opens")
}

/// Tokens are remembered for ten minutes only.
struct MinuteOfTheFixture;

impl Clock for MinuteOfTheFixture {
    fn now_ms(&self) -> u64 {
        1_800_000_000_000
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }
}

fn key(number: u8) -> SecretKey {
    SecretKey::take(&mut [number; 32])
}

fn value(number: u8) -> Bytes {
    vec![number; 100 + usize::from(number)].into()
}

fn put(engine: &LocalEngine, keyspaces: &[KeyspaceId], number: u8, value: Option<Bytes>) {
    let key = Key { partition: Partition([7; 16]), sort: Bytes::copy_from_slice(&[b'k', number]) };
    let write = |keyspace: &KeyspaceId| Write { keyspace: *keyspace, key: key.clone(), value: value.clone() };
    let commit = Commit { guards: Vec::new(), writes: keyspaces.iter().map(write).collect() };
    assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
}

/// The numbers of the entries there are, whose values are checked.
fn numbers(engine: &LocalEngine, keyspace: KeyspaceId) -> Vec<u8> {
    let limit = Limit { entries: usize::MAX, bytes: usize::MAX };
    let page = wait(engine.sweep(keyspace, Segment::WHOLE, None, limit)).expect("a page");
    let number = |entry: &engine::Entry| {
        let number = entry.key.sort[1];
        assert_eq!(entry.value, value(number));
        number
    };
    page.entries.iter().map(number).collect()
}

fn copy_store(from: &Path, to: &Path) {
    RealDisk.create_dir_all(to).expect("a folder");
    for path in RealDisk.list(from).expect("a list") {
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_store(&path, &copy);
        } else {
            let content = read_file(&RealDisk, &path, 1 << 20).expect("a file");
            RealDisk.create(&copy).expect("a file").write_all_at(&content, 0).expect("a copy");
        }
    }
}
