//! Every flipped bit is found, by the engine that reads it and by the walk over a store at rest.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use env::SeededRandom;

use super::rig::Rig;
use super::script::chain;
use super::{OnDisk, Place, State};
use crate::conformance::depth;
use crate::conformance::fixture::{
    Asking, UNLIMITED, key, keyspace, partition, put, removal, table_key, wait, writes,
};
use crate::{AsOf, Direction, Engine, EngineError, Key, KeyspaceId, Result, Segment, SortRange};

/// Every field of every header, every record and every block of a small store is flipped in turn, one bit each
/// (with more depth: one of every byte). Starting, opening and reading then gives an error that names the
/// file and the place, and so does the walk. Only in zeros that nothing was written to yet may a flip go
/// unnoticed.
pub fn tampering(on_disk: &dyn OnDisk) {
    let store = small_store(on_disk);
    let expected = read_all(&store).expect("the store is sound before anything is flipped");
    let places = on_disk.places(&store.disk);
    assert_covers_everything(&store, &places);
    assert_has_every_kind(on_disk, &places);
    let random = SeededRandom::new(1);
    for place in &places {
        assert!(place.state != State::Damaged, "damage before anything is flipped: {place:?}");
        for byte in place.fields.iter().flat_map(|field| bytes_to_flip(field, &random)) {
            let tampered = store.on(store.disk.copy());
            tampered.disk.flip(&on_disk.store().join(&place.file), byte * 8 + random.below(8));
            match place.state {
                State::Unwritten => assert_harmless(&tampered, &expected, place, byte),
                _ => assert_found(&tampered, place, byte),
            }
        }
    }
}

pub(super) type Found = BTreeMap<KeyspaceId, Vec<(Key, Bytes)>>;

/// Two keyspaces with entries in files, one of them with so many that its file has every kind of block more than once;
/// the other closed, its last entries parked; and records in the log, of this start and of the one before.
fn small_store(on_disk: &dyn OnDisk) -> Rig<'_> {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let (one, two) = (rig.engine().make(1), rig.engine().make(2));
    // Long keys that share nothing make a large index.
    let entries = (0..90_u8).map(|number| put(one, &key(number, &[number; 120]), &[number; 400]));
    rig.engine().apply(writes(entries.collect()));
    for round in 0..3_u8 {
        let entry = |id| put(id, &key(round, b"a"), &[round; 300]);
        rig.engine().apply(writes(vec![entry(one), entry(two)]));
    }
    wait(rig.engine().flush()).expect("a flush");
    rig.engine().put(two, &key(3, b"a"), &[3; 300]);
    rig.start().expect("a start, which keeps what is in the log");
    rig.engine().reopen(1);
    write_until_parked(&rig, one);
    rig.engine().put(one, &key(4, b"a"), &[4; 300]);
    rig.start().expect("another start");
    rig.engine().reopen(1);
    rig.engine().remove(one, &key(0, b"a"));
    for round in 6..9_u8 {
        rig.engine().put(one, &key(round, b"a"), &[round; 300]);
    }
    let store = rig.on(rig.disk.kill());
    rig.stop();
    store
}

/// Writes entries that take little room in files, until the log is so long that what it holds of a closed keyspace is parked.
fn write_until_parked(rig: &Rig<'_>, open: KeyspaceId) {
    let is_parked = || rig.on_disk().places(&rig.disk).iter().any(|place| place.file.contains("parked"));
    for round in 0..200_u8 {
        rig.engine().put(open, &key(5, &[b'b', round]), &[round; 5000]);
        if round.is_multiple_of(4) {
            wait(rig.engine().flush()).expect("a flush");
            if is_parked() {
                return;
            }
        }
    }
}

/// One bit of a checkpoint, or of a keyspace that adopted one and has rotated its keys since, is flipped, in bytes
/// spread over every file of both: adopting it or reading then fails, and says that something is damaged.
pub fn tampered_checkpoints(on_disk: &dyn OnDisk) {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let one = rig.engine().make(1);
    let entries = (0..90_u8).map(|number| put(one, &key(number, b"a"), &[number; 200]));
    rig.engine().apply(writes(entries.collect()));
    rig.engine().take(1, 1);
    let two = rig.engine().adopt_as(1, 2);
    rig.engine().rotate_all(2);
    rig.engine().put(two, &key(45, b"b"), &[45; 200]);
    wait(rig.engine().flush()).expect("a flush");
    rig.start().expect("a start");
    // Removes what nothing names.
    rig.engine().reopen(2);
    wait(rig.engine().drop_keyspace(one)).expect("dropped");
    let store = rig.on(rig.disk.kill());
    rig.stop();
    assert_eq!(read_all(&store).expect("it is sound before anything is flipped")[&keyspace(101)].len(), 90);
    let random = SeededRandom::new(1);
    let folders = ["checkpoints", "keyspaces"].map(|folder| on_disk.store().join(folder));
    let is_in = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
    for (path, content) in store.disk.files().into_iter().filter(|(path, _)| is_in(path)) {
        let fields = (0..content.len() as u64).step_by(content.len() / 60 + 1);
        for byte in fields.flat_map(|at| bytes_to_flip(&(at..at + 1), &random)) {
            let tampered = store.on(store.disk.copy());
            tampered.disk.flip(&path, byte * 8 + random.below(8));
            let context = format!("after a flip in byte {byte} of {}", path.display());
            match read_all(&tampered) {
                Err(EngineError::Damaged { .. }) => {}
                Err(error) => panic!("{}, {context}", chain(&error)),
                Ok(_) => panic!("nobody noticed, {context}"),
            }
        }
    }
}

/// Every byte of every file lies in exactly one place.
fn assert_covers_everything(store: &Rig<'_>, places: &[Place]) {
    for (path, content) in store.disk.files() {
        let name = path.strip_prefix(store.on_disk().store()).expect("all lies in the store");
        let mut fields: Vec<&Range<u64>> = places
            .iter()
            .filter(|place| Path::new(&place.file) == name)
            .flat_map(|place| &place.fields)
            .collect();
        fields.sort_by_key(|field| field.start);
        let end = fields.iter().fold(0, |end, field| {
            assert_eq!(field.start, end, "what lies in {} before byte {}", name.display(), field.start);
            field.end
        });
        assert_eq!(end, content.len() as u64, "all of {} is named", name.display());
    }
}

fn assert_has_every_kind(on_disk: &dyn OnDisk, places: &[Place]) {
    for (file, name, at_least) in on_disk.kinds() {
        let is_one = |place: &&Place| place.file.contains(file) && place.name.starts_with(name);
        let found = places.iter().filter(is_one).count();
        assert!(found >= *at_least, "{found} {name} in {file}, of {at_least}");
    }
}

fn bytes_to_flip(field: &Range<u64>, random: &SeededRandom) -> Vec<u64> {
    let field = field.clone();
    match field.end - field.start {
        0 => Vec::new(),
        _ if depth() > 1 => field.collect(),
        len => vec![field.start + random.below(len)],
    }
}

fn assert_found(tampered: &Rig<'_>, place: &Place, byte: u64) {
    let context = format!("after a flip in byte {byte} of {}, {}", place.file, place.name);
    let error = match read_all(tampered) {
        Ok(_) => panic!("nobody noticed, {context}"),
        Err(error) => error,
    };
    let named = matches!(&error, EngineError::Damaged { file, place: at } if *file == place.file && *at == place.name);
    assert!(named, "{}, {context}", chain(&error));
    let places = tampered.on_disk().places(&tampered.disk);
    let damaged: Vec<_> = places.iter().filter(|found| found.state == State::Damaged).collect();
    let [found] = damaged[..] else { panic!("the walk finds {damaged:?}, {context}") };
    assert_eq!((&found.file, &found.name), (&place.file, &place.name), "{context}");
}

fn assert_harmless(tampered: &Rig<'_>, expected: &Found, place: &Place, byte: u64) {
    match read_all(tampered) {
        Ok(found) => assert!(found == *expected, "wrong data after a flip in byte {byte} of {}", place.file),
        Err(EngineError::Damaged { file, .. }) if file == place.file => {}
        Err(error) => panic!("{} after a flip in byte {byte} of {}", chain(&error), place.file),
    }
}

/// Starts the engine on a copy of the disk and reads everything in every way there is.
pub(super) fn read_all(rig: &Rig<'_>) -> Result<Found> {
    let mut rig = rig.on(rig.disk.copy());
    rig.start()?;
    let mut found = Found::new();
    for id in wait(rig.engine().checkpoints())? {
        let (number, adopted) = (id.0[0], keyspace(100 + id.0[0]));
        let from = (id, table_key(100 + number));
        wait(rig.engine().adopt(from, AsOf::Checkpoint, adopted, table_key(adopted.0[0])))?;
    }
    for id in wait(rig.engine().keyspaces())? {
        wait(rig.engine().open(id, table_key(id.0[0])))?;
        found.insert(id, read(rig.engine(), id)?);
    }
    Ok(found)
}

fn read(engine: &dyn Engine, id: KeyspaceId) -> Result<Vec<(Key, Bytes)>> {
    let swept = wait(engine.sweep(id, Segment::WHOLE, None, UNLIMITED))?.entries;
    for number in 0..90_u8 {
        let sliced =
            wait(engine.slice(id, partition(number), SortRange::ALL, Direction::Backward, UNLIMITED))?;
        for entry in &sliced.entries {
            assert_eq!(wait(engine.get(id, &entry.key))?.as_ref(), Some(entry), "reads agree or fail");
        }
        let swept = swept.iter().filter(|entry| entry.key.partition == partition(number)).rev();
        assert!(sliced.entries.iter().eq(swept), "reads agree or fail");
        assert_eq!(wait(engine.get(id, &key(number, b"never there")))?, None);
    }
    wait(engine.commit(writes(vec![removal(id, &key(100, b"a commit is taken, too"))])))?;
    wait(engine.flush())?;
    Ok(swept.into_iter().map(|entry| (entry.key, entry.value)).collect())
}
