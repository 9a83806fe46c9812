//! A long life that a seed decides: calls of every kind, and power cuts and kills at any moment, compared with a
//! model in memory.
//!
//! One thread calls; after each call the engine's own threads come to rest, the clock is told what time it is, and
//! all randomness follows from the seed. So a seed gives the same life again, to the same change of the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use env::{Clock, MovableClock, SeededRandom, SystemClock};

use super::OnDisk;
use super::rig::Rig;
use super::script::chain;
use crate::conformance::fixture::{
    UNLIMITED, checkpoint_id, guard, key, keyspace, partition, put, removal, table_key, wait,
};
use crate::{
    AsOf, Commit, Direction, EngineError, Entry, Guard, Key, Limit, Outcome, Result, Segment, SortRange,
    Version,
};

/// How many keyspaces and checkpoints there are at once.
const KEYSPACES: u64 = 5;
const CHECKPOINTS: u64 = 3;
/// On average the power is cut after so many calls.
const CALLS_BETWEEN_CUTS: u64 = 80;
/// A checkpoint is looked at through a keyspace with this number.
const SCRATCH: u8 = 250;

/// Lives `steps` calls; returns a digest of what happened on the disk, the same for the same seed.
pub fn simulation(on_disk: &dyn OnDisk, seed: u64, steps: u64) -> u64 {
    let _told = TellSeed { seed, steps };
    let mut world = World::new(on_disk, seed);
    world.begin();
    while world.step < steps {
        world.live_until_cut(steps);
        world.cut_and_recover();
    }
    world.digest
}

/// Says, where a life ends in a panic, how to live it again.
struct TellSeed {
    seed: u64,
    steps: u64,
}

impl Drop for TellSeed {
    #[expect(clippy::print_stderr, reason = "a failed simulation is told with its seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to see it again: cargo xtask sim --seed {} --steps {}", self.seed, self.steps);
        }
    }
}

struct World<'a> {
    rig: Rig<'a>,
    clock: Arc<MovableClock>,
    fates: SeededRandom,
    model: Model,
    open: BTreeSet<u8>,
    step: u64,
    digest: u64,
    /// Where the power was cut during a call, what that call would have led to.
    otherwise: Option<Model>,
}

/// What must be there.
#[derive(Debug, Clone, Default)]
struct Model {
    keyspaces: BTreeMap<u8, Contents>,
    checkpoints: BTreeMap<u8, Entries>,
    last: u64,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    table_key: u8,
    entries: Entries,
}

/// The version is unknown of what a commit wrote that was never answered.
type Entries = BTreeMap<Key, (Option<Version>, Bytes)>;

/// A call that changes something, and nothing else.
#[derive(Debug, Clone)]
enum Call {
    Create(u8, u8),
    Commit(Vec<(u8, Key, Guard)>, Vec<(u8, Key, Option<Bytes>)>),
    Flush,
    Switch(u8, u8),
    Drop(u8),
    Take(u8, u8),
    Adopt(u8, u8, u8),
    DropCheckpoint(u8),
}

impl<'a> World<'a> {
    fn new(on_disk: &'a dyn OnDisk, seed: u64) -> Self {
        let clock = Arc::new(MovableClock::over(Arc::new(StandingClock)));
        let rig = Rig::new(on_disk, seed).with_clock(clock.clone());
        let fates = SeededRandom::new(seed ^ 0x5eed);
        let (model, open) = (Model::default(), BTreeSet::new());
        Self { rig, clock, fates, model, open, step: 0, digest: 0, otherwise: None }
    }

    fn begin(&mut self) {
        self.rig.start().expect("a store on an empty disk");
        self.rest();
    }

    fn live_until_cut(&mut self, steps: u64) {
        let calls = 1 + self.fates.below(2 * CALLS_BETWEEN_CUTS);
        for call in 0.. {
            // What is planned late may meet a change in the background, after the last call.
            if call == calls {
                self.rig.disk.cut_power_at_change(self.rig.disk.changes() + 1 + self.fates.below(30));
            }
            self.step += 1;
            if self.live_a_step().is_err() || self.rest() || self.step >= steps {
                return;
            }
        }
    }

    /// Everything comes to rest; whether the power is off.
    fn rest(&mut self) -> bool {
        self.rig.on_disk().settle();
        self.clock.advance_ms(250);
        self.digest = self.digest.rotate_left(7) ^ self.rig.disk.changes() ^ self.step.rotate_left(32);
        self.rig.disk.is_off()
    }

    fn context(&self) -> String {
        format!("step {}", self.step)
    }

    /// An error is one of the power's being cut.
    fn live_a_step(&mut self) -> std::result::Result<(), Off> {
        match self.fates.below(100) {
            0..=54 => self.commit(),
            55..=66 => self.get(),
            67..=72 => self.slice(),
            73..=74 => self.sweep(),
            75..=79 => self.call(Call::Flush),
            80..=82 => {
                self.close();
                Ok(())
            }
            83..=88 => self.open(),
            89 => self.stop_and_start(),
            _ => self.something_rare(),
        }
    }

    fn something_rare(&mut self) -> std::result::Result<(), Off> {
        let (number, with) = (self.number(KEYSPACES), self.number(200));
        let checkpoint = self.number(CHECKPOINTS);
        let is_there = self.model.keyspaces.contains_key(&number);
        let is_open = self.open.contains(&number);
        match self.fates.below(8) {
            0..=1 if !is_there => self.call(Call::Create(number, with)),
            2 if is_open => self.call(Call::Switch(number, with)),
            3 if is_there && self.fates.below(2) == 0 => self.call(Call::Drop(number)),
            4..=5 if is_open && !self.model.checkpoints.contains_key(&checkpoint) => {
                self.call(Call::Take(checkpoint, number))
            }
            6 if !is_there && self.model.checkpoints.contains_key(&checkpoint) => {
                self.call(Call::Adopt(checkpoint, number, with))
            }
            7 => self.call(Call::DropCheckpoint(checkpoint)),
            _ if self.model.keyspaces.is_empty() => self.call(Call::Create(number, with)),
            _ => self.commit(),
        }
    }

    fn number(&self, most: u64) -> u8 {
        u8::try_from(1 + self.fates.below(most)).unwrap_or(1)
    }

    fn commit(&mut self) -> std::result::Result<(), Off> {
        let open: Vec<u8> = self.open.iter().copied().collect();
        if open.is_empty() {
            return self.open();
        }
        let pick = |fates: &SeededRandom| open[usize::try_from(fates.below(open.len() as u64)).unwrap_or(0)];
        let mut writes = BTreeMap::new();
        for _ in 0..=self.fates.below(4) {
            let at = (pick(&self.fates), self.some_key());
            writes.insert(at, self.some_value());
        }
        let guards = (0..self.fates.below(6).saturating_sub(3)).map(|_| {
            let (number, key) = (pick(&self.fates), self.some_key());
            let version = self.model.keyspaces[&number].entries.get(&key).map(|(version, _)| *version);
            let right = match version {
                None | Some(None) => Guard::Absent,
                Some(Some(version)) => Guard::Version(version),
            };
            (number, key, if self.fates.below(5) == 0 { Guard::Version(Version(u64::MAX)) } else { right })
        });
        let guards = guards.collect();
        let writes = writes.into_iter().map(|((number, key), value)| (number, key, value)).collect();
        self.call(Call::Commit(guards, writes))
    }

    fn some_key(&self) -> Key {
        let sort = [u8::try_from(self.fates.below(6)).unwrap_or(0)];
        key(u8::try_from(self.fates.below(40)).unwrap_or(0), &sort)
    }

    fn some_value(&self) -> Option<Bytes> {
        let len = match self.fates.below(20) {
            0..=2 => return None,
            3 => 3000 + self.fates.below(6000),
            _ => self.fates.below(300),
        };
        Some(Bytes::from(vec![self.fates.below(256).to_le_bytes()[0]; usize::try_from(len).unwrap_or(0)]))
    }

    fn call(&mut self, call: Call) -> std::result::Result<(), Off> {
        match self.perform(&call) {
            Ok(after) => {
                self.model = after;
                match call {
                    Call::Create(number, _) | Call::Adopt(_, number, _) => drop(self.open.insert(number)),
                    Call::Drop(number) => drop(self.open.remove(&number)),
                    _ => {}
                }
                Ok(())
            }
            Err(error) => {
                assert!(self.rig.disk.is_off(), "{}: {call:?} answered {}", self.context(), chain(&error));
                self.otherwise = Some(self.model.after(&call, None));
                Err(Off)
            }
        }
    }

    /// Makes a call; returns what must be there then.
    fn perform(&self, call: &Call) -> Result<Model> {
        let engine = self.rig.engine();
        match call {
            Call::Create(number, with) => wait(engine.create(keyspace(*number), table_key(*with)))?,
            Call::Flush => wait(engine.flush())?,
            Call::Switch(number, to) => wait(engine.switch_table_key(keyspace(*number), table_key(*to)))?,
            Call::Drop(number) => wait(engine.drop_keyspace(keyspace(*number)))?,
            Call::Take(number, of) => {
                let taken = wait(engine.checkpoint(keyspace(*of), checkpoint_id(*number), table_key(100)));
                if matches!(taken, Err(EngineError::Unsupported(_))) {
                    return Ok(self.model.clone());
                }
                taken?;
            }
            Call::Adopt(from, number, with) => {
                let from = (checkpoint_id(*from), table_key(100));
                wait(engine.adopt(from, AsOf::Checkpoint, keyspace(*number), table_key(*with)))?;
            }
            Call::DropCheckpoint(number) => wait(engine.drop_checkpoint(checkpoint_id(*number)))?,
            Call::Commit(guards, writes) => return self.perform_commit(call, guards, writes),
        }
        Ok(self.model.after(call, None))
    }

    fn perform_commit(
        &self,
        call: &Call,
        guards: &[(u8, Key, Guard)],
        writes: &[(u8, Key, Option<Bytes>)],
    ) -> Result<Model> {
        let holds = |(number, key, guard): &(u8, Key, Guard)| {
            let found = self.model.keyspaces[number].entries.get(key).map(|(version, _)| *version);
            guard.holds(found.map(|version| version.unwrap_or(Version(0))))
        };
        let failing = guards.iter().position(|guard| !holds(guard));
        let commit = Commit {
            guards: guards.iter().map(|(number, key, kind)| guard(keyspace(*number), key, *kind)).collect(),
            writes: writes
                .iter()
                .map(|(number, key, value)| match value {
                    Some(value) => put(keyspace(*number), key, value),
                    None => removal(keyspace(*number), key),
                })
                .collect(),
        };
        match (wait(self.rig.engine().commit(commit))?, failing) {
            (Outcome::Applied(version), None) => {
                assert!(version.0 > self.model.last, "{}: versions grow", self.context());
                Ok(self.model.after(call, Some(version)))
            }
            (Outcome::GuardFailed(at), Some(failing)) if at == failing => Ok(self.model.clone()),
            (found, failing) => panic!("{}: {found:?}, but guard {failing:?} fails", self.context()),
        }
    }

    fn get(&mut self) -> std::result::Result<(), Off> {
        let (number, key) = (self.number(KEYSPACES), self.some_key());
        let Some(expected) = self.shown(number) else { return Ok(()) };
        let expected = expected.get(&key).cloned();
        let got = wait(self.rig.engine().get(keyspace(number), &key));
        let got = self.read(got)?.map(|entry| (Some(entry.version), entry.value));
        assert!(
            is_same(got.as_ref(), expected.as_ref()),
            "{}: get {key:?} of {number}: {got:?}, expected {expected:?}",
            self.context()
        );
        Ok(())
    }

    fn slice(&mut self) -> std::result::Result<(), Off> {
        let number = self.number(KEYSPACES);
        let Some(entries) = self.shown(number) else { return Ok(()) };
        let at = partition(u8::try_from(self.fates.below(40)).unwrap_or(0));
        let from = Bytes::from(vec![u8::try_from(self.fates.below(6)).unwrap_or(0)]);
        let backward = self.fates.below(2) == 0;
        let limit =
            Limit { entries: 1 + usize::try_from(self.fates.below(6)).unwrap_or(0), bytes: usize::MAX };
        let mut expected: Vec<Key> =
            entries.keys().filter(|key| key.partition == at && key.sort >= from).cloned().collect();
        let range = SortRange { start: Bound::Included(from), end: Bound::Unbounded };
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let page = wait(self.rig.engine().slice(keyspace(number), at, range, direction, limit));
        let page = self.read(page)?;
        if backward {
            expected.reverse();
        }
        let more = expected.len() > limit.entries;
        expected.truncate(limit.entries);
        assert_eq!(
            (page.more, keys_of(&page.entries)),
            (more, expected),
            "{}: a slice of {number}",
            self.context()
        );
        Ok(())
    }

    fn sweep(&mut self) -> std::result::Result<(), Off> {
        let number = self.number(KEYSPACES);
        if self.shown(number).is_none() {
            return Ok(());
        }
        let page = wait(self.rig.engine().sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
        let found = entries_of(self.read(page)?.entries);
        let expected = self.shown(number).cloned().unwrap_or_default();
        assert!(
            all_same(&found, &expected),
            "{}: a sweep of {number}: {found:#?}, expected {expected:#?}",
            self.context()
        );
        Ok(())
    }

    /// What an open keyspace must show.
    fn shown(&self, number: u8) -> Option<&Entries> {
        self.open.contains(&number).then(|| &self.model.keyspaces[&number].entries)
    }

    fn read<T>(&self, answer: Result<T>) -> std::result::Result<T, Off> {
        answer.map_err(|error| {
            assert!(self.rig.disk.is_off(), "{}: a read answered {}", self.context(), chain(&error));
            Off
        })
    }

    fn close(&mut self) {
        if let Some(number) = self.open.iter().next_back().copied() {
            self.rig.engine().close(keyspace(number));
            self.open.remove(&number);
        }
    }

    fn open(&mut self) -> std::result::Result<(), Off> {
        let closed = self.model.keyspaces.iter().find(|(number, _)| !self.open.contains(number));
        let Some((number, contents)) = closed.map(|(number, contents)| (*number, contents.table_key)) else {
            return Ok(());
        };
        let opened = wait(self.rig.engine().open(keyspace(number), table_key(contents)));
        self.read(opened)?;
        self.open.insert(number);
        Ok(())
    }

    fn stop_and_start(&mut self) -> std::result::Result<(), Off> {
        self.open.clear();
        let started = self.rig.start();
        self.read(started)
    }

    /// Cuts the power, or kills the process; starts on what is left, perhaps cut off again; and finds one of the
    /// possible states.
    fn cut_and_recover(&mut self) {
        let otherwise = self.otherwise.take();
        loop {
            let (kill, cut_again) = (self.fates.below(4) == 0, self.fates.below(4) == 0);
            let disk = if kill { self.rig.disk.kill() } else { self.rig.disk.crash(self.fates.next_u64()) };
            self.rig.stop();
            self.rig = self.rig.on(disk);
            if cut_again {
                self.rig.disk.cut_power_at_change(1 + self.fates.below(40));
            }
            match self.rig.start() {
                Ok(()) if !self.rest() => break,
                Ok(()) => {}
                Err(error) => {
                    assert!(
                        self.rig.disk.is_off(),
                        "{}: it does not start: {}",
                        self.context(),
                        chain(&error)
                    );
                }
            }
        }
        // A cut that was planned for later would meet the looking.
        self.rig.disk.cut_power_at_change(0);
        self.model = self.find_model(otherwise);
        self.open = self.model.keyspaces.keys().copied().collect();
        self.rest();
    }

    fn find_model(&self, otherwise: Option<Model>) -> Model {
        let engine = self.rig.engine();
        let possible: Vec<&Model> = [&self.model].into_iter().chain(&otherwise).collect();
        let found: BTreeSet<u8> =
            wait(engine.keyspaces()).expect("a list").iter().map(|id| id.0[0]).collect();
        let images: BTreeSet<u8> =
            wait(engine.checkpoints()).expect("a list").iter().map(|id| id.0[0]).collect();
        let mut read = BTreeMap::new();
        for number in &found {
            let keys = possible.iter().filter_map(|model| Some(model.keyspaces.get(number)?.table_key));
            read.insert(*number, self.read_whole(*number, &keys.collect()));
        }
        let fits = |model: &&&Model| {
            let same = |(number, found): (&u8, &Contents)| {
                let expected = model.keyspaces.get(number);
                expected.is_some_and(|expected| {
                    expected.table_key == found.table_key && all_same(&found.entries, &expected.entries)
                })
            };
            model.keyspaces.len() == read.len()
                && read.iter().all(same)
                && model.checkpoints.keys().eq(&images)
        };
        let Some(model) = possible.iter().find(fits) else {
            let differences: Vec<_> =
                possible.iter().map(|model| model.differences(&read, &images)).collect();
            panic!("{}: what is found differs from what is possible: {differences:#?}", self.context());
        };
        self.look_at_a_checkpoint(model);
        let last =
            read.values().flat_map(|contents| contents.entries.values()).filter_map(|(version, _)| *version);
        let last = last.map(|version| version.0).max().unwrap_or(0).max(model.last);
        Model { keyspaces: read, checkpoints: model.checkpoints.clone(), last }
    }

    fn read_whole(&self, number: u8, keys: &BTreeSet<u8>) -> Contents {
        let engine = self.rig.engine();
        for with in keys {
            match wait(engine.open(keyspace(number), table_key(*with))) {
                Ok(()) => {
                    let page = wait(engine.sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
                    let entries = entries_of(page.expect("what opened is read").entries);
                    return Contents { table_key: *with, entries };
                }
                Err(EngineError::WrongKey(_)) => {}
                Err(error) => panic!("{}: opening {number}: {}", self.context(), chain(&error)),
            }
        }
        panic!("{}: keyspace {number} opens under none of {keys:?}", self.context());
    }

    fn look_at_a_checkpoint(&self, model: &Model) {
        let engine = self.rig.engine();
        let Some((number, expected)) = model.checkpoints.iter().next().filter(|_| self.fates.below(3) == 0)
        else {
            return;
        };
        let from = (checkpoint_id(*number), table_key(100));
        let adopted = wait(engine.adopt(from, AsOf::Checkpoint, keyspace(SCRATCH), table_key(SCRATCH)));
        adopted.unwrap_or_else(|error| panic!("{}: adopting {number}: {}", self.context(), chain(&error)));
        let page = wait(engine.sweep(keyspace(SCRATCH), Segment::WHOLE, None, UNLIMITED));
        let found = entries_of(page.expect("what was adopted is read").entries);
        assert!(all_same(&found, expected), "{}: checkpoint {number} holds {found:#?}", self.context());
        wait(engine.drop_keyspace(keyspace(SCRATCH))).expect("a drop");
    }
}

/// The power is off.
struct Off;

impl Model {
    fn after(&self, call: &Call, version: Option<Version>) -> Self {
        let mut after = self.clone();
        match call {
            Call::Create(number, with) => {
                after.keyspaces.insert(*number, Contents { table_key: *with, entries: Entries::new() });
            }
            Call::Commit(_, writes) => {
                after.last = version.map_or(after.last, |version| version.0);
                for (number, key, value) in writes {
                    let entries = &mut after.of(*number).entries;
                    match value {
                        Some(value) => drop(entries.insert(key.clone(), (version, value.clone()))),
                        None => drop(entries.remove(key)),
                    }
                }
            }
            Call::Flush => {}
            Call::Switch(number, to) => after.of(*number).table_key = *to,
            Call::Drop(number) => drop(after.keyspaces.remove(number)),
            Call::Take(number, of) => {
                let entries = after.of(*of).entries.clone();
                after.checkpoints.insert(*number, entries);
            }
            Call::Adopt(from, number, with) => {
                let entries = after.checkpoints.get(from).cloned().unwrap_or_default();
                after.keyspaces.insert(*number, Contents { table_key: *with, entries });
            }
            Call::DropCheckpoint(number) => drop(after.checkpoints.remove(number)),
        }
        after
    }

    /// What is found otherwise, for people.
    fn differences(&self, found: &BTreeMap<u8, Contents>, images: &BTreeSet<u8>) -> Vec<String> {
        let mut told = Vec::new();
        let checkpoints: Vec<&u8> = self.checkpoints.keys().collect();
        if !images.iter().eq(checkpoints.iter().copied()) {
            told.push(format!("checkpoints {images:?}, expected {checkpoints:?}"));
        }
        for number in self.keyspaces.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
            let (Some(found), Some(expected)) = (found.get(number), self.keyspaces.get(number)) else {
                told.push(format!("keyspace {number} is there or not"));
                continue;
            };
            if found.table_key != expected.table_key {
                told.push(format!("keyspace {number} opens under another key"));
            }
            for key in found.entries.keys().chain(expected.entries.keys()).collect::<BTreeSet<_>>() {
                let (found, expected) = (found.entries.get(key), expected.entries.get(key));
                let brief = |entry: Option<&(Option<Version>, Bytes)>| {
                    entry.map(|(version, value)| (*version, value.len(), value.first().copied()))
                };
                if !is_same(found, expected) {
                    let (found, expected) = (brief(found), brief(expected));
                    told.push(format!("{number} {key:?}: {found:?}, expected {expected:?}"));
                }
            }
        }
        told
    }

    fn of(&mut self, number: u8) -> &mut Contents {
        self.keyspaces.get_mut(&number).expect("only what is there is called upon")
    }
}

fn keys_of(entries: &[Entry]) -> Vec<Key> {
    entries.iter().map(|entry| entry.key.clone()).collect()
}

fn entries_of(entries: Vec<Entry>) -> Entries {
    entries.into_iter().map(|entry| (entry.key, (Some(entry.version), entry.value))).collect()
}

fn is_same(found: Option<&(Option<Version>, Bytes)>, expected: Option<&(Option<Version>, Bytes)>) -> bool {
    match (found, expected) {
        (None, None) => true,
        (Some(found), Some(expected)) => {
            found.1 == expected.1 && (expected.0.is_none() || found.0 == expected.0)
        }
        _ => false,
    }
}

fn all_same(found: &Entries, expected: &Entries) -> bool {
    found.len() == expected.len() && found.iter().all(|(key, value)| is_same(Some(value), expected.get(key)))
}

/// A clock that moves when it is told to.
struct StandingClock;

impl Clock for StandingClock {
    fn now_ms(&self) -> u64 {
        1_800_000_000_000
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }
}
