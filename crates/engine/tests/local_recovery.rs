//! What a start does with the log it finds: it reads it, keeps it where it is, and knows it from then on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::{LocalEngine, Options};
use engine::{
    Commit, Engine, EngineError, Key, KeyspaceId, Limit, Outcome, Partition, Result, Segment, Write,
};
use env::sim_disk::Fault;
use env::{Disk, Env, SimDisk};

const STORE: &str = "/store";

fn start(disk: &SimDisk) -> Result<Arc<LocalEngine>> {
    start_with(disk, Options::default())
}

fn start_with(disk: &SimDisk, options: Options) -> Result<Arc<LocalEngine>> {
    let env = Env { disk: Arc::new(disk.clone()), ..Env::real() };
    // Nothing happens that is not asked for, so operations can be counted.
    LocalEngine::open_by_hand(env, Path::new(STORE), SecretKey::take(&mut [1; 32]), options)
}

fn table(number: u8) -> KeyspaceId {
    KeyspaceId([number; 16])
}

fn key_of(number: u8) -> SecretKey {
    SecretKey::take(&mut [number; 32])
}

fn put(engine: &LocalEngine, tables: &[u8], number: u8, len: usize) {
    let write = |table_number: &u8| Write {
        keyspace: table(*table_number),
        key: Key { partition: Partition([number; 16]), sort: Bytes::new() },
        value: Some(vec![number; len].into()),
    };
    let commit = Commit { guards: Vec::new(), writes: tables.iter().map(write).collect() };
    assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
}

fn numbers(engine: &LocalEngine, number: u8) -> Vec<u8> {
    let limit = Limit { entries: usize::MAX, bytes: usize::MAX };
    let page = wait(engine.sweep(table(number), Segment::WHOLE, None, limit)).expect("a page");
    page.entries.iter().map(|entry| entry.key.partition.0[0]).collect()
}

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let names = disk.files().into_iter().map(|(path, _)| path);
    names.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect()
}

/// A store whose process was killed when so many tables had an entry each of so many bytes, in one record each.
fn killed(tables: u8, len: usize) -> SimDisk {
    let disk = SimDisk::new();
    let engine = start(&disk).expect("an empty store");
    (1..=tables).for_each(|number| wait(engine.create(table(number), key_of(number))).expect("created"));
    (1..=tables).for_each(|number| put(&engine, &[number], number, len));
    disk.kill()
}

/// A store that was started again after two tables had three entries each.
fn started_again() -> (SimDisk, Arc<LocalEngine>) {
    let disk = SimDisk::new();
    let engine = start(&disk).expect("an empty store");
    [1, 2].iter().for_each(|number| wait(engine.create(table(*number), key_of(*number))).expect("created"));
    (1..=3).for_each(|number| put(&engine, &[1 + number % 2], number, 700));
    put(&engine, &[1, 2], 4, 700);
    let disk = disk.kill();
    let engine = start(&disk).expect("a start");
    (disk, engine)
}

fn damaged_place(answer: Result<impl Sized>) -> (String, String) {
    match answer {
        Err(EngineError::Damaged { file, place }) => (file, place),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("nobody noticed"),
    }
}

#[test]
fn what_a_start_writes_does_not_depend_on_what_it_finds() {
    let changes = |disk: SimDisk| {
        let _engine = start(&disk).expect("a start");
        disk.changes()
    };
    let few = changes(killed(1, 10));
    assert_eq!(changes(killed(40, 10_000)), few);
    assert!(few < 20, "{few} changes");
}

#[test]
fn a_table_that_is_opened_reads_its_own_records_only() {
    let reads = |disk: SimDisk| {
        let engine = start(&disk).expect("a start");
        let before = disk.reads();
        wait(engine.open(table(1), key_of(1))).expect("opened");
        assert_eq!(numbers(&engine, 1), [1]);
        disk.reads() - before
    };
    assert_eq!(reads(killed(40, 20_000)), reads(killed(1, 20_000)));
}

#[test]
fn starts_that_follow_each_other_leave_few_segments_and_lose_nothing() {
    let mut disk = SimDisk::new();
    let engine = start(&disk).expect("an empty store");
    [1, 2].iter().for_each(|number| wait(engine.create(table(*number), key_of(*number))).expect("created"));
    drop(engine);
    for round in 0..20 {
        disk = disk.kill();
        let engine = start(&disk).expect("a start");
        wait(engine.open(table(1), key_of(1))).expect("opened");
        assert_eq!(numbers(&engine, 1), (0..round).collect::<Vec<_>>());
        put(&engine, &[1], round, 100);
        if round == 0 {
            wait(engine.open(table(2), key_of(2))).expect("opened");
            put(&engine, &[2], 100, 100);
        }
    }
    assert!(segments(&disk).len() <= 10, "{:?}", segments(&disk));
    let engine = start(&disk.crash(1)).expect("a start");
    wait(engine.open(table(2), key_of(2))).expect("opened");
    assert_eq!(numbers(&engine, 2), [100], "what was parked meanwhile is there");
}

#[test]
fn a_start_after_which_nothing_was_written_leaves_no_segment() {
    let mut disk = killed(3, 100);
    for _ in 0..5 {
        drop(start(&disk).expect("a start"));
        disk = disk.kill();
    }
    // What the first process wrote, and where the log would go on.
    assert_eq!(segments(&disk).len(), 2);
}

#[test]
fn a_segment_goes_when_all_of_it_is_flushed() {
    let (disk, engine) = started_again();
    assert_eq!(segments(&disk).len(), 2);
    wait(engine.open(table(1), key_of(1))).expect("opened");
    wait(engine.flush()).expect("a flush");
    assert_eq!(segments(&disk).len(), 2, "the other table needs it");
    wait(engine.open(table(2), key_of(2))).expect("opened");
    wait(engine.flush()).expect("a flush");
    assert_eq!(segments(&disk).len(), 1);
    assert_eq!((numbers(&engine, 1), numbers(&engine, 2)), (vec![2, 4], vec![1, 3, 4]));
}

#[test]
fn a_segment_that_was_read_once_cannot_be_cut() {
    let (disk, engine) = started_again();
    drop(engine);
    let segment = segments(&disk).remove(0);
    // The last record lies over the sectors before the zeros.
    let content = disk.files().into_iter().find(|(path, _)| *path == segment).expect("it is there").1;
    let end = content.iter().rposition(|byte| *byte != 0).expect("there are records");
    let cut = disk.copy();
    let file = cut.open(&segment).expect("it is there");
    file.write_all_at(&vec![0; 1024], end as u64 - 1023).expect("cut");
    let (name, place) = damaged_place(start(&cut));
    assert!(name.ends_with("01.log") && place.starts_with("record 3"), "{name}, {place}");
    let shorter = disk.copy();
    shorter.open(&segment).and_then(|file| file.set_len(end as u64 - 600)).expect("cut");
    let (name, place) = damaged_place(start(&shorter));
    assert!(name.ends_with("01.log") && place.starts_with("record 3"), "{name}, {place}");
}

#[test]
fn a_bit_that_flips_between_start_and_opening_is_named_and_stops_one_table() {
    let (disk, engine) = started_again();
    let segment = segments(&disk).remove(0);
    // In the first record, which is the second table's.
    disk.flip(&segment, (512 + 300) * 8);
    let (name, place) = damaged_place(wait(engine.open(table(2), key_of(2))));
    assert!(name.ends_with("01.log") && place.starts_with("record 0"), "{name}, {place}");
    wait(engine.open(table(1), key_of(1))).expect("opened");
    assert_eq!(numbers(&engine, 1), [2, 4]);
}

#[test]
fn a_damaged_segment_stays_though_it_cannot_be_renamed() {
    let (disk, engine) = started_again();
    drop(engine);
    let segment = segments(&disk).remove(0);
    disk.flip(&segment, (512 + 300) * 8);
    for number in 1..100 {
        let failing = disk.copy();
        failing.fail_change(number, Fault::Io);
        let _started = start_with(&failing, Options { salvage_log: true, ..Options::default() });
        let is_there = |path: &Path| failing.exists(path).expect("an answer");
        assert!(is_there(&segment) || is_there(&segment.with_extension("damaged")), "change {number}");
        if failing.changes() < number {
            return;
        }
    }
    panic!("a start does not change the disk so often");
}

#[test]
fn what_is_left_of_a_kept_segment_is_salvaged() {
    let (disk, engine) = started_again();
    drop(engine);
    let segment = segments(&disk).remove(0);
    disk.flip(&segment, (512 + 300) * 8);
    assert!(start(&disk).is_err());
    drop(start_with(&disk, Options { salvage_log: true, ..Options::default() }).expect("a start"));
    assert!(disk.exists(&segment.with_extension("damaged")).expect("an answer"));
    let engine = start(&disk.crash(1)).expect("a start after it");
    [1, 2].iter().for_each(|number| wait(engine.open(table(*number), key_of(*number))).expect("opened"));
    assert_eq!((numbers(&engine, 1), numbers(&engine, 2)), (vec![2, 4], vec![3, 4]), "all but the first");
}
