//! What a walk proves of checkpoints, by the keys it has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::verify::{Finding, Keys, Place, Verify};
use engine::local::{LocalEngine, Options};
use engine::{CheckpointId, Commit, Engine, Key, KeyspaceId, Outcome, Partition, Write};
use env::{Disk, Env, SimDisk};

const STORE: &str = "/store";
const ONE: KeyspaceId = KeyspaceId([1; 16]);
const TAKEN: CheckpointId = CheckpointId([0xc; 16]);
const RECEIVER: u8 = 9;

/// Which keys are at hand, besides the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtHand {
    Receiver,
    Table,
    Neither,
}

fn key(number: u8) -> SecretKey {
    SecretKey::take(&mut [number; 32])
}

fn put_all(engine: &LocalEngine, value: u8) {
    let write = |number: u8| Write {
        keyspace: ONE,
        key: Key { partition: Partition([number; 16]), sort: Bytes::new() },
        value: Some(vec![value; 300].into()),
    };
    let commit = Commit { guards: Vec::new(), writes: (0..20).map(write).collect() };
    assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
    wait(engine.compact(ONE)).expect("one file");
}

/// A store with a checkpoint whose file no keyspace has any more.
fn store() -> SimDisk {
    let disk = SimDisk::new();
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    let options = Options { block_bytes: 512, log_extent_bytes: 16 << 10, ..Options::default() };
    let engine = LocalEngine::open(env, Path::new(STORE), key(1), options).expect("a store");
    wait(engine.create(ONE, key(2))).expect("created");
    put_all(&engine, 1);
    wait(engine.checkpoint(ONE, TAKEN, key(RECEIVER))).expect("taken");
    put_all(&engine, 2);
    drop(engine);
    disk.kill()
}

fn walk(disk: &SimDisk, at_hand: AtHand) -> Vec<Place> {
    let (store_key, table_key, receiver) = (key(1), [key(2)], [key(RECEIVER)]);
    let table = |_| if at_hand == AtHand::Table { &table_key[..] } else { &[] };
    let checkpoint = |_| if at_hand == AtHand::Receiver { &receiver[..] } else { &[] };
    let keys = Keys { store: Some(&store_key), table: &table, checkpoint: &checkpoint };
    let mut places = Vec::new();
    let verify = Verify { disk: Arc::new(disk.copy()), folder: Path::new(STORE), keys };
    verify.run(&mut |place| places.push(place)).expect("every folder can be listed");
    places
}

fn of_checkpoint(places: Vec<Place>) -> Vec<Place> {
    places.into_iter().filter(|place| place.file.starts_with("checkpoints/")).collect()
}

fn damaged(disk: &SimDisk, at_hand: AtHand) -> Vec<(String, String)> {
    let damaged = walk(disk, at_hand).into_iter().filter(|place| place.finding == Finding::Damaged);
    damaged.map(|place| (place.file, place.name)).collect()
}

fn sorted_file(disk: &SimDisk) -> PathBuf {
    let folder = Path::new(STORE).join(format!("checkpoints/{TAKEN}"));
    let paths = disk.list(&folder).expect("a list").into_iter();
    let mut files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "sst"));
    let file = files.next().expect("a sorted file");
    let name = file.file_name().expect("a name");
    let elsewhere = disk.files().into_iter().filter(|(path, _)| path.file_name() == Some(name)).count();
    assert_eq!((files.next(), elsewhere), (None, 1), "only the checkpoint has it");
    file
}

#[test]
fn a_flipped_bit_of_a_file_that_only_a_checkpoint_has_is_named_by_file_and_block() {
    let disk = store();
    for at_hand in [AtHand::Receiver, AtHand::Table] {
        let places = of_checkpoint(walk(&disk, at_hand));
        let blocks = places.iter().filter(|place| place.name.starts_with("data block")).count();
        assert!(blocks >= 10, "{places:?}");
        assert!(places.iter().all(|place| place.finding == Finding::Authentic), "{places:?}");
        for place in places.iter().filter(|place| place.file.ends_with(".sst")) {
            for byte in [place.bytes.start, place.bytes.end - 1] {
                let tampered = disk.copy();
                tampered.flip(&Path::new(STORE).join(&place.file), byte * 8 + 3);
                let found = damaged(&tampered, at_hand);
                assert_eq!(found, [(place.file.clone(), place.name.clone())], "byte {byte}, {at_hand:?}");
            }
        }
    }
}

#[test]
fn every_byte_of_a_checkpoint_lies_in_one_place_and_every_entry_is_counted() {
    let disk = store();
    for at_hand in [AtHand::Receiver, AtHand::Table, AtHand::Neither] {
        let places = of_checkpoint(walk(&disk, at_hand));
        for (path, content) in disk.files() {
            let Ok(name) = path.strip_prefix(STORE) else { continue };
            let mut ours: Vec<_> = places.iter().filter(|place| Path::new(&place.file) == name).collect();
            ours.sort_by_key(|place| place.bytes.start);
            let end = ours.iter().fold(0, |end, place| {
                assert_eq!(place.bytes.start, end, "{place:?}");
                place.bytes.end
            });
            assert!(ours.is_empty() || end == content.len() as u64, "{at_hand:?}, {name:?}");
        }
        let entries: u64 = places.iter().map(|place| place.entries).sum();
        assert_eq!(entries, if at_hand == AtHand::Neither { 0 } else { 20 });
    }
}

#[test]
fn every_flipped_byte_of_a_descriptor_is_found_with_and_without_its_key() {
    let disk = store();
    let descriptor = Path::new(STORE).join(format!("checkpoints/{TAKEN}/descriptor"));
    let len = disk.open(&descriptor).and_then(|file| file.len()).expect("a length");
    for byte in (0..len).step_by(7) {
        let tampered = disk.copy();
        tampered.flip(&descriptor, byte * 8 + byte % 8);
        for at_hand in [AtHand::Receiver, AtHand::Neither] {
            let found = damaged(&tampered, at_hand);
            assert!(found.iter().any(|(file, _)| file.ends_with("descriptor")), "byte {byte}: {found:?}");
        }
    }
}

#[test]
fn without_any_key_a_file_must_be_there_with_its_header_and_length() {
    let disk = store();
    let path = sorted_file(&disk);
    let name = path.strip_prefix(STORE).expect("in the store").to_string_lossy().into_owned();
    let places = walk(&disk, AtHand::Neither);
    let said = |place: &str| {
        let is_it = |found: &&Place| found.file == name && found.name == place;
        places.iter().find(is_it).map(|found| found.finding)
    };
    assert_eq!((said("header"), said("blocks")), (Some(Finding::Authentic), Some(Finding::Unread)));
    assert_eq!(damaged(&disk, AtHand::Neither), []);

    let tampered = |tamper: &dyn Fn(&SimDisk)| {
        let tampered = disk.copy();
        tamper(&tampered);
        damaged(&tampered, AtHand::Neither)
    };
    let found = |place: &str| vec![(name.clone(), place.to_owned())];
    assert_eq!(tampered(&|disk| disk.remove_file(&path).expect("removed")), found("the file is missing"));
    let cut = |disk: &SimDisk| disk.open(&path).and_then(|file| file.set_len(1000)).expect("cut");
    assert_eq!(tampered(&cut), found("length"));
    let emptied = |disk: &SimDisk| disk.open(&path).and_then(|file| file.set_len(7)).expect("cut");
    assert_eq!(tampered(&emptied), found("length"));
    assert_eq!(tampered(&|disk| disk.flip(&path, 70 * 8)), found("header"));
    assert_eq!(tampered(&|disk| disk.flip(&path, 400 * 8)), [], "nobody could tell");
}

#[test]
fn a_dropped_keyspace_takes_no_proof_from_its_checkpoint() {
    let disk = store();
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    let engine = LocalEngine::open(env, Path::new(STORE), key(1), Options::default()).expect("a store");
    wait(engine.drop_keyspace(ONE)).expect("dropped");
    drop(engine);
    let places = of_checkpoint(walk(&disk, AtHand::Receiver));
    assert!(places.iter().all(|place| place.finding == Finding::Authentic), "{places:?}");
    let places = of_checkpoint(walk(&disk, AtHand::Table));
    assert!(places.iter().any(|place| place.finding == Finding::Unread), "its keys went with it");
}

#[test]
fn a_file_that_a_checkpoint_does_not_list_is_a_leftover() {
    let disk = store();
    let path = sorted_file(&disk).with_file_name("00000000000000000000000000000000.sst");
    disk.create(&path).and_then(|file| file.write_all_at(b"whatever", 0)).expect("written");
    let places = of_checkpoint(walk(&disk, AtHand::Neither));
    let found = places.iter().find(|place| place.file.ends_with("0000.sst")).expect("it is told");
    assert_eq!(found.finding, Finding::Leftover);
}
