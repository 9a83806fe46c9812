//! The power is cut while many threads use the store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use env::SeededRandom;
use futures::FutureExt;

use super::OnDisk;
use super::rig::Rig;
use super::script::chain;
use crate::conformance::depth;
use crate::conformance::fixture::{
    Asking, UNLIMITED, checkpoint_id, key, keyspace, put, table_key, wait, writes,
};
use crate::{AsOf, Engine, EngineError, Key, KeyspaceId, Outcome, Result, Segment};

/// Three threads commit over two keyspaces, a fourth switches, closes, flushes, creates and drops, until the
/// power goes. Afterwards every acknowledged commit and creation is there, each commit in both keyspaces or in
/// none, and what is committed then stays.
pub fn under_load(on_disk: &dyn OnDisk) {
    for seed in 0..100 * depth() {
        let random = SeededRandom::new(seed);
        let mut rig = Rig::new(on_disk, seed);
        rig.start().expect("a store on an empty disk");
        for number in [1, 2] {
            rig.engine().make(number);
        }
        if seed % 2 == 1 {
            rig.disk.set_slow(seed);
        }
        rig.disk.cut_power_at_change(rig.disk.changes() + 1 + random.below(250));
        let acknowledged = use_until_the_end(rig.engine());
        let mut found = rig.crashed(seed);
        found.start().unwrap_or_else(|error| panic!("seed {seed}: the store starts: {}", chain(&error)));
        assert_all_there(found.engine(), &acknowledged, &format!("seed {seed}"));
        assert_goes_on(&found, &acknowledged, seed);
    }
}

/// Stopped at any moment, while it writes memtables to files, the engine does stop, and loses nothing.
pub fn stopped_under_load(on_disk: &dyn OnDisk) {
    let mut rig = Rig::new(on_disk, 1);
    rig.start().expect("a store on an empty disk");
    let one = rig.engine().make(1);
    rig.disk.set_slow(1);
    let rounds = 60 * depth();
    for round in 0..rounds {
        for sort in 0..=round % 40 {
            let key = key(1, &[round.to_be_bytes(), sort.to_be_bytes()].concat());
            rig.engine().put(one, &key, &[1; 500]);
        }
        if round.is_multiple_of(4) {
            wait(async { rig.engine().flush().now_or_never() });
        }
        rig.start().expect("a start after a stop");
        rig.engine().reopen(1);
    }
    let written: u64 = (0..rounds).map(|round| round % 40 + 1).sum();
    assert_eq!(rig.engine().everything(one).len() as u64, written);
}

/// What was acknowledged before the power went.
struct Acknowledged {
    /// Committed to keyspaces 1 and 2.
    keys: Vec<Key>,
    /// Table keys keyspace 1 may be under: of the last switch, and of one interrupted.
    table_keys: Vec<u8>,
    /// Created besides, and not dropped.
    created: Vec<u8>,
}

const BESIDES: u8 = 10;
const ADOPTED: u8 = 220;

fn use_until_the_end(engine: &dyn Engine) -> Acknowledged {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = |thread| {
            scope.spawn({
                let stop = &stop;
                move || write_until(stop, engine, thread)
            })
        };
        let writers: Vec<_> = (0..3).map(write).collect();
        let (table_keys, created) = manage_until_the_end(engine);
        stop.store(true, Ordering::SeqCst);
        let keys =
            writers.into_iter().flat_map(|writer| writer.join().expect("an error is no panic")).collect();
        Acknowledged { keys, table_keys, created }
    })
}

fn write_until(stop: &AtomicBool, engine: &dyn Engine, thread: u8) -> Vec<Key> {
    let mut acknowledged = Vec::new();
    for number in 0_u32.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let key = key(thread, &number.to_be_bytes());
        let both =
            writes(vec![put(keyspace(1), &key, &[thread; 150]), put(keyspace(2), &key, &[thread; 150])]);
        match wait(engine.commit(both)) {
            Ok(Outcome::Applied(_)) => acknowledged.push(key),
            Ok(other) => panic!("a commit without guards: {other:?}"),
            Err(EngineError::Closed(_)) => thread::yield_now(),
            Err(_) => break,
        }
    }
    acknowledged
}

/// The table keys keyspace 1 may be under, and the keyspaces created besides.
fn manage_until_the_end(engine: &dyn Engine) -> (Vec<u8>, Vec<u8>) {
    let (mut table_keys, mut created) = (vec![1], Vec::new());
    for number in BESIDES..200 {
        table_keys.push(number);
        let besides = keyspace(number);
        let step = || {
            wait(engine.switch_table_key(keyspace(1), table_key(number)))?;
            wait(engine.create(besides, table_key(number)))
        };
        if step().is_err() {
            break;
        }
        table_keys.drain(..table_keys.len() - 1);
        created.push(number);
        let step = || {
            wait(engine.commit(writes(vec![put(besides, &key(1, b"a"), b"x")])))?;
            engine.close(keyspace(2));
            wait(engine.flush())?;
            wait(engine.open(keyspace(2), table_key(2)))
        };
        if step().is_err() {
            break;
        }
        if look_at_states(engine).is_err() {
            break;
        }
        if number % 3 == 0 {
            created.pop();
            if wait(engine.drop_keyspace(besides)).is_err() {
                break;
            }
        }
    }
    (table_keys, created)
}

/// Takes a snapshot of both keyspaces and a checkpoint of one: the one shows whole commits, the other holds at least
/// what the first showed.
fn look_at_states(engine: &dyn Engine) -> Result<()> {
    let snapshot = match engine.snapshot(&[keyspace(1), keyspace(2)], None) {
        Err(EngineError::Unsupported(_)) => return Ok(()),
        snapshot => snapshot?,
    };
    let keys = |number| -> Result<Vec<Key>> {
        let page = wait(snapshot.sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED))?;
        Ok(page.entries.into_iter().map(|entry| entry.key).collect())
    };
    let seen = keys(1)?;
    assert_eq!(seen, keys(2)?, "a snapshot shows whole commits");
    let (id, adopted) = (checkpoint_id(1), keyspace(ADOPTED));
    wait(engine.drop_checkpoint(id))?;
    wait(engine.drop_keyspace(adopted))?;
    wait(engine.checkpoint(keyspace(1), id, table_key(0)))?;
    wait(engine.adopt((id, table_key(0)), AsOf::Checkpoint, adopted, table_key(ADOPTED)))?;
    for key in &seen {
        assert!(
            wait(engine.get(adopted, key))?.is_some(),
            "a checkpoint holds what was acknowledged before it"
        );
    }
    Ok(())
}

fn assert_all_there(engine: &dyn Engine, acknowledged: &Acknowledged, context: &str) {
    let under = |number: &u8| match wait(engine.open(keyspace(1), table_key(*number))) {
        Ok(()) => true,
        Err(EngineError::WrongKey(_)) => false,
        Err(error) => panic!("{context}: opening keyspace 1: {}", chain(&error)),
    };
    assert!(
        acknowledged.table_keys.iter().any(under),
        "{context}: keyspace 1 opens under a key it was given"
    );
    engine.reopen(2);
    let one: BTreeMap<_, _> = engine.everything(keyspace(1)).into_iter().collect();
    let two: BTreeMap<_, _> = engine.everything(keyspace(2)).into_iter().collect();
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        two.keys().collect::<Vec<_>>(),
        "{context}: no commit is in one only"
    );
    for key in &acknowledged.keys {
        assert!(one.contains_key(key), "{context}: {key:?} was acknowledged");
    }
    for number in &acknowledged.created {
        let opened = wait(engine.open(keyspace(*number), table_key(*number)));
        opened.unwrap_or_else(|error| panic!("{context}: keyspace {number} was created: {}", chain(&error)));
    }
}

/// Commits to every keyspace there is, cuts the power, and finds it all.
fn assert_goes_on(rig: &Rig<'_>, acknowledged: &Acknowledged, seed: u64) {
    let (later, mut all) = (key(200, b"later"), wait(rig.engine().keyspaces()).expect("a list"));
    // The youngest first: its commit gets the first sequence number after the power cut.
    all.reverse();
    for id in &all {
        open_besides(rig.engine(), *id);
        rig.engine().put(*id, &later, b"x");
    }
    let mut again = rig.crashed(seed + 1);
    again.start().unwrap_or_else(|error| panic!("seed {seed}: it starts again: {}", chain(&error)));
    assert_all_there(again.engine(), acknowledged, &format!("seed {seed}, again"));
    for id in all {
        open_besides(again.engine(), id);
        assert!(
            again.engine().value(id, &later).is_some(),
            "seed {seed}: a commit after the power cut stays"
        );
    }
}

/// Opens a keyspace that was created besides; the first two are open.
fn open_besides(engine: &dyn Engine, id: KeyspaceId) {
    if id.0[0] >= BESIDES {
        engine.reopen(id.0[0]);
    }
}
