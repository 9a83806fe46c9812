//! No byte is encrypted twice under one key and place, whatever happens to the process and the disk.

use std::collections::HashMap;

use env::SeededRandom;

use super::OnDisk;
use super::rig::Rig;
use crate::conformance::depth;
use crate::conformance::fixture::{key, keyspace, put, table_key, wait, writes};
use crate::{AsOf, CheckpointId, Engine, EngineError, Result};

/// Through a history of crashes, kills and restarts, two contents under one salt never differ in a byte that
/// both have written: a salt belongs to one file, and a place in it is written once. (A file's key follows
/// from its salt and nonces are places, so a repeated pair would show.)
pub fn nonces(on_disk: &dyn OnDisk) {
    for seed in 0..4 * depth() {
        let fates = SeededRandom::new(seed);
        let mut seen = Seen::default();
        let mut rig = Rig::new(on_disk, seed);
        for round in 0..12 {
            let context = format!("seed {seed}, round {round}");
            rig.disk.cut_power_at_change(fates.below(250) + 1);
            // Where the power goes decides how far it comes.
            let _interrupted = go_on(&mut rig, round);
            seen.look_at(&rig, &context);
            rig = if fates.below(3) == 0 { rig.on(rig.disk.kill()) } else { rig.crashed(fates.next_u64()) };
            seen.look_at(&rig, &context);
        }
        assert!(seen.salted.len() > 30, "the history was long enough to prove something");
    }
}

/// Starts and uses the store as far as it comes.
fn go_on(rig: &mut Rig<'_>, round: u8) -> Result<()> {
    rig.start()?;
    for number in [1, 2] {
        open_or_create(rig.engine(), number)?;
    }
    for step in 0..12_u8 {
        let entry = |number| put(keyspace(number), &key(step, &[round]), &[step; 200]);
        wait(rig.engine().commit(writes(vec![entry(1), entry(2)])))?;
        match step {
            3 | 7 | 9 => wait(rig.engine().flush())?,
            4 => wait(rig.engine().switch_table_key(keyspace(1), table_key(1)))?,
            5 => {
                rig.engine().close(keyspace(2));
                wait(rig.engine().flush())?;
                open_or_create(rig.engine(), 2)?;
            }
            6 if round % 3 == 1 => clone(rig.engine(), round)?,
            8 => {
                rig.start()?;
                open_or_create(rig.engine(), 1)?;
                open_or_create(rig.engine(), 2)?;
            }
            10 if round % 4 == 3 => wait(rig.engine().drop_keyspace(keyspace(1)))?,
            _ => {}
        }
        if step == 10 {
            open_or_create(rig.engine(), 1)?;
        }
    }
    Ok(())
}

/// Two keyspaces that share files and keys, both of which write on.
fn clone(engine: &dyn Engine, round: u8) -> Result<()> {
    wait(engine.drop_checkpoint(CheckpointId([1; 16])))?;
    wait(engine.checkpoint(keyspace(1), CheckpointId([1; 16]), table_key(9)))?;
    for number in [3, 4] {
        wait(engine.drop_keyspace(keyspace(number)))?;
        let from = (CheckpointId([1; 16]), table_key(9));
        wait(engine.adopt(from, AsOf::Checkpoint, keyspace(number), table_key(number)))?;
        let entry = put(keyspace(number), &key(number, &[round]), &[number; 200]);
        wait(engine.commit(writes(vec![entry])))?;
    }
    wait(engine.flush())
}

fn open_or_create(engine: &dyn Engine, number: u8) -> Result<()> {
    match wait(engine.open(keyspace(number), table_key(number))) {
        Err(EngineError::Absent(id)) => wait(engine.create(id, table_key(number))),
        answer => answer,
    }
}

/// What was seen under each salt: zero bytes are places not written yet.
#[derive(Default)]
struct Seen {
    salted: HashMap<Vec<u8>, Vec<u8>>,
}

impl Seen {
    fn look_at(&mut self, rig: &Rig<'_>, context: &str) {
        for (path, content) in rig.disk.all_contents() {
            let Some(salt) = rig.on_disk().salt(&content) else { continue };
            let before = self.salted.entry(salt).or_default();
            if let Some(at) = merge(before, &content) {
                panic!("{context}: byte {at} of {} was written twice under one salt", path.display());
            }
        }
    }
}

/// Adds what is new; the first place where both have written different bytes.
fn merge(before: &mut Vec<u8>, now: &[u8]) -> Option<usize> {
    if before.len() < now.len() {
        before.resize(now.len(), 0);
    }
    for (at, (before, now)) in before.iter_mut().zip(now).enumerate() {
        if *before == 0 {
            *before = *now;
        } else if *now != 0 && *before != *now {
            return Some(at);
        }
    }
    None
}
