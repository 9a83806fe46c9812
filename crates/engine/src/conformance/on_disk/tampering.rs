//! Every flipped bit is found, or touches nothing.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use env::SeededRandom;

use super::OnDisk;
use super::rig::Rig;
use super::script::chain;
use crate::conformance::depth;
use crate::conformance::fixture::{Asking, UNLIMITED, key, partition, put, removal, table_key, wait, writes};
use crate::{Direction, Engine, EngineError, Key, KeyspaceId, Result, Segment, SortRange};

/// One bit is flipped, in every file, in bytes spread over it: starting, opening and reading then gives
/// exactly what was written, or an error that names the file. Only in zeros that nothing was written to yet
/// may a flip go unnoticed.
pub fn tampering(on_disk: &dyn OnDisk) {
    let store = small_store(on_disk);
    let expected = read_all(&store).expect("the store is sound before anything is flipped");
    let random = SeededRandom::new(1);
    for (path, content) in store.disk.files() {
        let mut unnoticed = Vec::new();
        for byte in bytes_to_flip(content.len()) {
            let tampered = store.on(store.disk.copy());
            tampered.disk.flip(&path, byte as u64 * 8 + random.below(8));
            match read_all(&tampered) {
                Ok(found) => {
                    assert!(
                        found == expected,
                        "wrong data after a flip in byte {byte} of {}",
                        path.display()
                    );
                    unnoticed.push(byte);
                }
                Err(error) => assert_names(&error, on_disk.store(), &path, byte),
            }
        }
        unnoticed.retain(|byte| !is_unwritten(&content, *byte));
        assert!(unnoticed.is_empty(), "flips in {} went unnoticed: {unnoticed:?}", path.display());
    }
}

type Found = BTreeMap<KeyspaceId, Vec<(Key, Bytes)>>;

/// Two keyspaces with entries in files, one of them closed before the last were flushed, and the log.
fn small_store(on_disk: &dyn OnDisk) -> Rig<'_> {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let (one, two) = (rig.engine().make(1), rig.engine().make(2));
    for round in 0..6_u8 {
        let entry = |id| put(id, &key(round, b"a"), &[round; 300]);
        rig.engine().apply(writes(vec![entry(one), entry(two)]));
        if round == 2 {
            wait(rig.engine().flush()).expect("a flush");
        }
    }
    rig.engine().remove(one, &key(0, b"a"));
    rig.engine().close(two);
    wait(rig.engine().flush()).expect("a flush");
    for round in 6..9_u8 {
        rig.engine().put(one, &key(round, b"a"), &[round; 300]);
    }
    let store = rig.on(rig.disk.kill());
    rig.stop();
    store
}

/// Starts the engine on a copy of the disk and reads everything in every way there is.
fn read_all(rig: &Rig<'_>) -> Result<Found> {
    let mut rig = rig.on(rig.disk.copy());
    rig.start()?;
    let mut found = Found::new();
    for id in wait(rig.engine().keyspaces())? {
        wait(rig.engine().open(id, table_key(id.0[0])))?;
        found.insert(id, read(rig.engine(), id)?);
    }
    Ok(found)
}

fn read(engine: &dyn Engine, id: KeyspaceId) -> Result<Vec<(Key, Bytes)>> {
    let swept = wait(engine.sweep(id, Segment::WHOLE, None, UNLIMITED))?.entries;
    for round in 0..10_u8 {
        let sliced =
            wait(engine.slice(id, partition(round), SortRange::ALL, Direction::Backward, UNLIMITED))?;
        let got = wait(engine.get(id, &key(round, b"a")))?;
        let swept = swept.iter().find(|entry| entry.key == key(round, b"a"));
        assert_eq!((sliced.entries.first(), got.as_ref()), (swept, swept), "reads agree or fail");
        assert_eq!(wait(engine.get(id, &key(round, b"never there")))?, None);
    }
    wait(engine.commit(writes(vec![removal(id, &key(100, b"a commit is taken, too"))])))?;
    wait(engine.flush())?;
    Ok(swept.into_iter().map(|entry| (entry.key, entry.value)).collect())
}

/// All bytes of the beginning and the end, and some in between.
fn bytes_to_flip(len: usize) -> Vec<usize> {
    let between = 250 * usize::try_from(depth()).unwrap_or(usize::MAX);
    let stride = (len / between).max(1);
    (0..len).filter(|byte| *byte < 140 || *byte + 40 > len || byte % stride == 0).collect()
}

fn assert_names(error: &EngineError, store: &Path, flipped: &Path, byte: usize) {
    let name = flipped.strip_prefix(store).unwrap_or(flipped).to_string_lossy().into_owned();
    let context = || format!("after a flip in byte {byte} of {name}: {}", chain(error));
    match error {
        EngineError::Damaged { file, place } => {
            assert!(*file == name && !place.is_empty(), "another file is blamed, {}", context());
        }
        other => panic!("{other:?} is no answer, {}", context()),
    }
}

/// Whether a byte lies in a run of zeros that is longer than chance makes them.
fn is_unwritten(content: &[u8], byte: usize) -> bool {
    let around = &content[byte.saturating_sub(8)..(byte + 8).min(content.len())];
    around.iter().filter(|byte| **byte != 0).count() == 0
}
