//! Random sequences of calls, compared with the engine in memory call by call.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use env::SeededRandom;

use crate::conformance::Make;
use crate::conformance::fixture::{
    Subject, checkpoint_id, depth, guard, key, keyspace, partition, put, removal, table_key, wait, writes,
};
use crate::{
    AsOf, Commit, Direction, Engine, EngineError, Guard, GuardedKey, Key, KeyspaceId, Limit, MemoryEngine,
    Outcome, Page, Result, Segment, SortRange, Version,
};

/// An engine answers random sequences of calls exactly as the model does.
pub fn model(make: Make<'_>) {
    for seed in 0..8 * depth() {
        let mut pair = Pair::new(seed, make());
        for step in 0..180 {
            pair.step(step);
        }
        pair.compare_everything();
    }
}

const KEYSPACES: u64 = 3;

/// The engine under test and the model, kept in step.
struct Pair {
    seed: u64,
    random: SeededRandom,
    subject: Box<dyn Subject>,
    model: MemoryEngine,
    /// The number of the table key of each keyspace there is.
    keys: BTreeMap<KeyspaceId, u8>,
}

impl Pair {
    fn new(seed: u64, subject: Box<dyn Subject>) -> Self {
        let model = MemoryEngine::new(&SeededRandom::new(seed));
        Self { seed, random: SeededRandom::new(seed), subject, model, keys: BTreeMap::new() }
    }

    fn step(&mut self, step: usize) {
        match self.random.below(38) {
            0..14 => self.commit(step),
            14..17 => self.get(step),
            17..20 => self.slice(step),
            20..23 => self.sweep(step),
            23 => wait(self.subject.engine().flush()).expect("a flush"),
            24 | 25 => self.create(step),
            26 => self.close(),
            27 | 28 => self.open(step),
            29 => self.switch(step),
            30 => self.drop_keyspace(step),
            31 => self.restart(),
            32 | 33 => self.take(step),
            34..37 => self.adopt(step),
            _ => self.drop_checkpoint(step),
        }
    }

    fn commit(&mut self, step: usize) {
        let guarded: Vec<_> =
            (0..self.random.below(3)).map(|_| (self.id(), self.key(), self.random.below(3))).collect();
        let mut commit = writes(Vec::new());
        for _ in 0..=self.random.below(6) {
            let (id, key) = (self.id(), self.key());
            if !commit.writes.iter().any(|write| (write.keyspace, &write.key) == (id, &key)) {
                let value = self.value();
                commit.writes.push(if self.one_in(4) { removal(id, &key) } else { put(id, &key, &value) });
            }
        }
        let on = |engine: &dyn Engine| {
            let guards =
                guarded.iter().map(|(id, key, kind)| chosen_guard(engine, *id, key, *kind)).collect();
            wait(engine.commit(Commit { guards, ..commit.clone() })).map(|outcome| match outcome {
                Outcome::Applied(_) => None,
                Outcome::GuardFailed(at) => Some(at),
                Outcome::MaybeApplied => panic!("a local engine knows"),
            })
        };
        self.same(step, "commit", on);
    }

    fn get(&mut self, step: usize) {
        let (id, key) = (self.id(), self.key());
        self.same(step, "get", |engine| Ok(wait(engine.get(id, &key))?.map(|entry| entry.value)));
    }

    fn slice(&mut self, step: usize) {
        let (id, partition) = (self.id(), partition(self.random.below(4) as u8 * 60));
        let range = SortRange { start: self.bound(), end: self.bound() };
        let direction = if self.one_in(2) { Direction::Forward } else { Direction::Backward };
        let limit = self.limit();
        self.same(step, "slice", |engine| {
            wait(engine.slice(id, partition, range.clone(), direction, limit)).map(without_versions)
        });
    }

    fn sweep(&mut self, step: usize) {
        let (id, total, limit) = (self.id(), self.random.below(4) as u32 + 1, self.limit());
        let segment = Segment { index: self.random.below(u64::from(total)) as u32, total };
        let after = self.one_in(2).then(|| self.key());
        self.same(step, "sweep", |engine| {
            wait(engine.sweep(id, segment, after.clone(), limit)).map(without_versions)
        });
    }

    fn create(&mut self, step: usize) {
        let (id, number) = (self.id(), self.random.below(3) as u8);
        if self.same(step, "create", |engine| wait(engine.create(id, table_key(number)))) {
            self.keys.insert(id, number);
        }
    }

    fn close(&mut self) {
        let id = self.id();
        self.subject.engine().close(id);
        self.model.close(id);
    }

    fn open(&mut self, step: usize) {
        let (id, guess) = (self.id(), self.random.below(3) as u8);
        let number = if self.one_in(3) { guess } else { self.keys.get(&id).copied().unwrap_or(guess) };
        self.same(step, "open", |engine| wait(engine.open(id, table_key(number))));
    }

    fn switch(&mut self, step: usize) {
        let (id, number) = (self.id(), self.random.below(3) as u8);
        if self.same(step, "switch", |engine| wait(engine.switch_table_key(id, table_key(number)))) {
            self.keys.insert(id, number);
        }
    }

    fn drop_keyspace(&mut self, step: usize) {
        let id = self.id();
        if self.same(step, "drop", |engine| wait(engine.drop_keyspace(id))) {
            self.keys.remove(&id);
        }
    }

    fn take(&mut self, step: usize) {
        let (id, number) = (self.id(), self.random.below(2) as u8);
        self.same(step, "checkpoint", |engine| {
            wait(engine.checkpoint(id, checkpoint_id(number), table_key(100 + number))).map(|_| ())
        });
    }

    fn adopt(&mut self, step: usize) {
        let (id, checkpoint, number) = (self.id(), self.random.below(2) as u8, self.random.below(3) as u8);
        let adopted = self.same(step, "adopt", |engine| {
            let from = (checkpoint_id(checkpoint), table_key(100 + checkpoint));
            wait(engine.adopt(from, AsOf::Checkpoint, id, table_key(number)))
        });
        if adopted {
            self.keys.insert(id, number);
        }
    }

    fn drop_checkpoint(&mut self, step: usize) {
        let number = self.random.below(2) as u8;
        self.same(step, "drop", |engine| wait(engine.drop_checkpoint(checkpoint_id(number))));
    }

    fn restart(&mut self) {
        if self.subject.restart() {
            self.keys.keys().for_each(|id| self.model.close(*id));
        }
    }

    fn compare_everything(&mut self) {
        self.same(usize::MAX, "keyspaces", |engine| wait(engine.keyspaces()));
        for (id, number) in self.keys.clone() {
            self.same(usize::MAX, "open", |engine| wait(engine.open(id, table_key(number))));
            self.same(usize::MAX, "sweep", |engine| {
                let whole = Limit { entries: usize::MAX, bytes: usize::MAX };
                wait(engine.sweep(id, Segment::WHOLE, None, whole)).map(without_versions)
            });
        }
    }

    /// Makes a call on both, which must answer the same, and tells whether it succeeded.
    fn same<T: PartialEq + std::fmt::Debug>(
        &self,
        step: usize,
        call: &str,
        on: impl Fn(&dyn Engine) -> Result<T>,
    ) -> bool {
        let answer = on(self.subject.engine()).map_err(|error| kind(&error));
        let expected = on(&self.model).map_err(|error| kind(&error));
        assert_eq!(answer, expected, "{call} in step {step} of seed {}", self.seed);
        answer.is_ok()
    }

    fn one_in(&self, bound: u64) -> bool {
        self.random.below(bound) == 0
    }

    fn id(&self) -> KeyspaceId {
        keyspace(self.random.below(KEYSPACES) as u8 + 1)
    }

    fn key(&self) -> Key {
        let partition = self.random.below(4) as u8 * 60;
        key(partition, &self.sort())
    }

    fn sort(&self) -> Vec<u8> {
        let len = self.random.below(3);
        (0..len).map(|_| [0, b'a', b'b', 0xFF][self.random.below(4) as usize]).collect()
    }

    fn value(&self) -> Vec<u8> {
        let len = if self.one_in(10) { self.random.below(20_000) } else { self.random.below(100) };
        vec![self.random.below(256) as u8; len as usize]
    }

    fn bound(&self) -> Bound<Bytes> {
        match self.random.below(3) {
            0 => Bound::Unbounded,
            1 => Bound::Included(self.sort().into()),
            _ => Bound::Excluded(self.sort().into()),
        }
    }

    fn limit(&self) -> Limit {
        let or_none = |number: u64| if self.one_in(2) { usize::MAX } else { number as usize };
        Limit { entries: or_none(self.random.below(6)), bytes: or_none(self.random.below(2000)) }
    }
}

/// A guard on what an engine holds now: absent, this version, or a version that is stale.
fn chosen_guard(engine: &dyn Engine, id: KeyspaceId, key: &Key, kind: u64) -> GuardedKey {
    let found = wait(engine.get(id, key)).ok().flatten().map(|entry| entry.version);
    match (kind, found) {
        (0, _) => guard(id, key, Guard::Absent),
        (1, Some(version)) => guard(id, key, Guard::Version(version)),
        _ => guard(id, key, Guard::Version(Version(0))),
    }
}

fn without_versions(page: Page) -> (Vec<(Key, Bytes)>, bool) {
    (page.entries.into_iter().map(|entry| (entry.key, entry.value)).collect(), page.more)
}

/// What a caller tells errors apart by.
fn kind(error: &EngineError) -> String {
    match error {
        EngineError::WrongKey(_) => "wrong key".to_owned(),
        other => other.to_string(),
    }
}
