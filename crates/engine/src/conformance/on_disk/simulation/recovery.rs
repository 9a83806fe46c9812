//! The power is cut or the process killed, the store starts on what is left, and is in one of the possible states.

use std::collections::{BTreeMap, BTreeSet};

use env::sim_disk::Fault;

use super::World;
use super::call::RECEIVER;
use super::history::{Entries, UNKNOWN, differences, entries_of, is_same};
use super::model::{Age, Model};
use crate::conformance::fixture::{UNLIMITED, checkpoint_id, keyspace, table_key, wait};
use crate::conformance::on_disk::script::chain;
use crate::{EngineError, Segment};

/// A checkpoint is looked at through a keyspace with this number.
const SCRATCH: u8 = 250;

/// What is found in a store.
struct Found {
    /// Table key and state of each keyspace.
    keyspaces: BTreeMap<u8, (u8, Entries)>,
    checkpoints: BTreeSet<u8>,
    /// Request and version of each token that any possible model remembers.
    tokens: BTreeMap<u8, Option<(u8, u64)>>,
}

impl World<'_> {
    /// Cuts the power, or kills the process; starts on what is left, perhaps cut off again or refused by the disk;
    /// and finds one of the possible states.
    pub(super) fn cut_and_recover(&mut self) {
        self.held = None;
        loop {
            let kill = self.fates.below(4) == 0;
            let disk = if kill { self.rig.disk.kill() } else { self.rig.disk.crash(self.fates.next_u64()) };
            self.rig.stop();
            self.rig = self.rig.on(disk);
            self.trouble = super::Trouble::default();
            self.plan_for_start();
            match self.rig.start() {
                Ok(()) if !self.rest() => break,
                Err(error) if !self.rig.disk.is_off() => {
                    self.assert_honest(&error, "a start");
                    self.meet("starts that a fault refused");
                }
                _ => self.meet("cuts during a start"),
            }
        }
        // What was planned for the start would meet the looking.
        self.rig.disk.cut_power_at_change(0);
        self.all_is_well();
        self.find_model();
        self.open = self.model.keyspaces.keys().copied().collect();
        self.meet("recoveries");
        if self.rotating.keys().any(|number| self.is_rotating(*number)) {
            self.meet("rotations that a cut interrupted");
        }
        self.rotating.retain(|number, _| self.open.contains(number));
        let _on = self.look_back();
        self.rest();
    }

    fn plan_for_start(&self) {
        let (disk, fates) = (&self.rig.disk, &self.fates);
        match fates.below(12) {
            0..=2 => disk.cut_power_at_change(1 + fates.below(40)),
            3 => disk.fail_change(1 + fates.below(40), Fault::Io),
            4 => disk.fail_change(1 + fates.below(40), Fault::Short),
            5 => disk.fail_read(1 + fates.below(60)),
            6 => disk.set_full(true),
            _ => {}
        }
    }

    fn find_model(&mut self) {
        let mut possible = std::mem::take(&mut self.otherwise);
        possible.insert(0, std::mem::take(&mut self.model));
        let found = self.read_everything(&possible);
        if possible.len() > 1 {
            self.meet("recoveries of what was not answered");
        }
        let Some(at) = possible.iter().position(|model| found.fits(model, self.now())) else {
            let told: Vec<_> = possible.iter().map(|model| found.differences(model, self.now())).collect();
            panic!("{}: what is found differs from what is possible: {told:#?}", self.context());
        };
        self.model = possible.swap_remove(at);
        let snapshot = self.rig.engine().snapshot(&[], None).expect("a snapshot of nothing");
        let last = snapshot.version().0;
        assert!(last >= self.model.last, "{}: version {last} was given before", self.context());
        self.model.settle(last);
        // Whether or not it has begun, a rotation whose call was not answered is not waited for.
        for (number, (_, state)) in &found.keyspaces {
            let expected = self.model.keyspaces[number].history.now();
            assert!(is_same(state, &expected), "{}: {:#?}", self.context(), differences(state, &expected));
        }
        self.look_at_a_checkpoint();
    }

    fn is_rotating(&self, number: u8) -> bool {
        self.rig.engine().stats(keyspace(number)).is_ok_and(|stats| stats.rotation.is_some())
    }

    fn read_everything(&self, possible: &[Model]) -> Found {
        let engine = self.rig.engine();
        let listed = wait(engine.keyspaces()).expect("a list");
        let images = wait(engine.checkpoints()).expect("a list");
        let read = |number: u8| {
            let keys = possible.iter().filter_map(|model| Some(model.keyspaces.get(&number)?.table_key));
            (number, self.read_whole(number, &keys.collect()))
        };
        let used: BTreeSet<u8> = possible.iter().flat_map(|model| model.tokens.keys().copied()).collect();
        let recall = |token: u8| {
            let recalled = wait(engine.recall([token; 32])).expect("an answer");
            (token, recalled.map(|found| (found.request[0], found.version.0)))
        };
        Found {
            keyspaces: listed.iter().map(|id| read(id.0[0])).collect(),
            checkpoints: images.iter().map(|id| id.0[0]).collect(),
            tokens: used.into_iter().map(recall).collect(),
        }
    }

    fn read_whole(&self, number: u8, keys: &BTreeSet<u8>) -> (u8, Entries) {
        let engine = self.rig.engine();
        for with in keys {
            match wait(engine.open(keyspace(number), table_key(*with))) {
                Ok(()) => {
                    let page = wait(engine.sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
                    return (*with, entries_of(page.expect("what opened is read").entries));
                }
                Err(EngineError::WrongKey(_)) => {}
                Err(error) => panic!("{}: opening {number}: {}", self.context(), chain(&error)),
            }
        }
        panic!("{}: keyspace {number} opens under none of {keys:?}", self.context());
    }

    /// Whatever became of the keyspace it was taken of, a checkpoint holds what it held.
    fn look_at_a_checkpoint(&self) {
        let drawn = usize::try_from(self.fates.below(8)).unwrap_or(0);
        let Some(number) = self.model.checkpoints.keys().nth(drawn).copied() else { return };
        let (engine, image) = (self.rig.engine(), &self.model.checkpoints[&number]);
        let as_of = self.some_state_of(number);
        let from = (checkpoint_id(number), table_key(RECEIVER));
        match wait(engine.adopt(from, as_of, keyspace(SCRATCH), table_key(SCRATCH))) {
            Ok(()) => {}
            Err(EngineError::NotKept(_)) if !self.model.is_promised(image, as_of) => return,
            Err(error) => panic!("{}: {as_of:?} of checkpoint {number}: {}", self.context(), chain(&error)),
        }
        let page = wait(engine.sweep(keyspace(SCRATCH), Segment::WHOLE, None, UNLIMITED));
        let limit = self.model.limit(image, as_of).expect("what was asked for is known");
        let page = page.expect("what was adopted is read");
        self.assert_same(
            page.entries,
            &image.history.at(limit),
            &format!("{as_of:?} of checkpoint {number}"),
        );
        wait(engine.drop_keyspace(keyspace(SCRATCH))).expect("a drop");
        self.meet("checkpoints looked at after a cut");
    }
}

impl Found {
    fn fits(&self, model: &Model, now: u64) -> bool {
        self.differences(model, now).is_empty()
    }

    /// What is found otherwise, for people.
    fn differences(&self, model: &Model, now: u64) -> Vec<String> {
        let mut told = Vec::new();
        if !self.checkpoints.iter().eq(model.checkpoints.keys()) {
            told.push(format!("checkpoints {:?}, expected {:?}", self.checkpoints, model.checkpoints.keys()));
        }
        for number in self.keyspaces.keys().chain(model.keyspaces.keys()).collect::<BTreeSet<_>>() {
            match (self.keyspaces.get(number), model.keyspaces.get(number)) {
                (Some((with, _)), Some(expected)) if *with != expected.table_key => {
                    told.push(format!("keyspace {number} opens under another key"));
                }
                (Some((_, found)), Some(expected)) => {
                    let expected = expected.history.now();
                    told.extend(
                        differences(found, &expected).into_iter().map(|one| format!("{number} {one}")),
                    );
                }
                _ => told.push(format!("keyspace {number} is there or not")),
            }
        }
        for (token, found) in &self.tokens {
            let used = model.tokens.get(token);
            let expected = match used.map(|used| used.age(now)) {
                Some(Age::Between) => continue,
                Some(Age::Remembered) => used.map(|used| (used.request, used.version)),
                Some(Age::Forgotten) | None => None,
            };
            let is_same = match (found, expected) {
                (Some(found), Some((request, UNKNOWN))) => found.0 == request,
                (found, expected) => *found == expected,
            };
            if !is_same {
                told.push(format!("token {token}: {found:?}, expected {expected:?}"));
            }
        }
        told
    }
}
