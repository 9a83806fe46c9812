//! What comes next.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::call::{Call, Changes};
use super::model::Age;
use super::{Lived, World};
use crate::conformance::fixture::{key, keyspace, table_key, wait};
use crate::{AsOf, Guard, Keep, Key, Version};

/// How many keyspaces, checkpoints and tokens there are at once.
const KEYSPACES: u64 = 5;
const CHECKPOINTS: u64 = 4;
const TOKENS: u64 = 16;

impl World<'_> {
    pub(super) fn live_a_step(&mut self) -> Lived {
        self.meet_trouble()?;
        match self.fates.below(100) {
            0..=45 => self.commit(),
            46..=54 => self.get(),
            55..=59 => self.slice(),
            60..=61 => self.sweep(),
            62..=66 => self.look_back(),
            67..=69 => self.hold(),
            70..=73 => self.call(Call::Flush),
            // Until it is known what is there, nothing is opened or begun.
            74..=99 if !self.otherwise.is_empty() => self.commit(),
            74..=76 => self.close(),
            77..=82 => self.open(),
            83 => self.stop_and_start(),
            84..=85 => self.let_time_pass(),
            86..=87 => self.make_trouble(),
            _ => self.something_rare(),
        }
    }

    fn something_rare(&mut self) -> Lived {
        let (number, with) = (self.number(KEYSPACES), self.number(200));
        let checkpoint = self.number(CHECKPOINTS);
        let is_there = self.model.keyspaces.contains_key(&number);
        let is_open = self.open.contains(&number);
        let is_taken = self.model.checkpoints.contains_key(&checkpoint);
        if self.fates.below(6) == 0 {
            self.rig.disk.cut_power_at_change(self.rig.disk.changes() + 1 + self.fates.below(16));
        }
        match self.fates.below(12) {
            0..=1 if !is_there => self.call(Call::Create(number, with)),
            2 if is_open => self.call(Call::Switch(number, with)),
            3 if is_there && self.fates.below(2) == 0 => self.call(Call::Drop(number)),
            4..=5 if is_open && !is_taken => self.call(Call::Take(checkpoint, number)),
            6..=7 if is_taken => self.adopt(checkpoint, with),
            8 if self.fates.below(3) == 0 => self.call(Call::DropCheckpoint(checkpoint)),
            9..=10 if is_open => self.keep(number),
            11 if is_open => self.call(Call::Rotate(number)),
            _ if self.model.keyspaces.is_empty() => self.call(Call::Create(number, with)),
            _ => self.commit(),
        }
    }

    pub(super) fn commit(&mut self) -> Lived {
        let Some(changes) = self.some_changes() else { return self.open() };
        if self.fates.below(5) > 0 {
            return self.call(Call::Commit(changes));
        }
        let (token, request) = (self.number(TOKENS), self.number(6).min(2));
        let age = self.model.tokens.get(&token).map(|used| used.age(self.now()));
        if age == Some(Age::Between) {
            return Ok(());
        }
        self.call(Call::Once(token, request, changes))
    }

    /// Of one or several keyspaces, with guards that hold and guards that do not.
    pub(super) fn some_changes(&self) -> Option<Changes> {
        let open: Vec<u8> = self.open.iter().copied().collect();
        let pick = || open[usize::try_from(self.fates.below(open.len() as u64)).unwrap_or(0)];
        if open.is_empty() {
            return None;
        }
        let mut writes = BTreeMap::new();
        for _ in 0..=self.fates.below(4) {
            writes.insert((pick(), self.some_key()), self.some_value());
        }
        let guard = |_| {
            let (number, key) = (pick(), self.some_key());
            let found = self.model.keyspaces[&number].history.get(&key, u64::MAX);
            let right = found.map_or(Guard::Absent, |(version, _)| Guard::Version(Version(version)));
            (number, key, if self.fates.below(5) == 0 { Guard::Version(Version(u64::MAX)) } else { right })
        };
        let guards = (0..self.fates.below(6).saturating_sub(3)).map(guard).collect();
        let writes = writes.into_iter().map(|((number, key), value)| (number, key, value)).collect();
        Some(Changes { guards, writes })
    }

    pub(super) fn some_key(&self) -> Key {
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

    pub(super) fn number(&self, most: u64) -> u8 {
        u8::try_from(1 + self.fates.below(most)).unwrap_or(1)
    }

    pub(super) fn some_keyspace(&self) -> u8 {
        self.number(KEYSPACES)
    }

    /// Adopts a checkpoint, where there is a keyspace too few.
    fn adopt(&mut self, from: u8, with: u8) -> Lived {
        let absent = (1..=KEYSPACES as u8).find(|number| !self.model.keyspaces.contains_key(number));
        let Some(number) = absent else { return self.call(Call::Drop(self.some_keyspace())) };
        let as_of = self.some_state_of(from);
        self.call(Call::Adopt { from, as_of, number, with })
    }

    /// A state of a checkpoint: the one it was taken at, a version or a second, kept or not.
    pub(super) fn some_state_of(&self, checkpoint: u8) -> AsOf {
        let image = &self.model.checkpoints[&checkpoint];
        let (oldest, newest) = (image.history.oldest, image.newest);
        match self.fates.below(3) {
            0 => AsOf::Version(Version(oldest + self.fates.below(newest.saturating_sub(oldest) + 2))),
            1 => self.some_second(oldest, newest).map_or(AsOf::Checkpoint, AsOf::Second),
            _ => AsOf::Checkpoint,
        }
    }

    /// A second at which some version between the two was the last.
    fn some_second(&self, oldest: u64, newest: u64) -> Option<u64> {
        let within = |(_, version): &&(u64, u64)| (oldest..=newest).contains(version);
        let seconds: Vec<u64> = self.model.seconds.iter().filter(within).map(|(second, _)| *second).collect();
        let drawn = usize::try_from(self.fates.below(seconds.len() as u64)).unwrap_or(0);
        Some(seconds.get(drawn)? + self.fates.below(3))
    }

    fn keep(&mut self, number: u8) -> Lived {
        let (contents, last) = (&self.model.keyspaces[&number], self.model.last);
        let keep = match (self.fates.below(6), contents.kept) {
            (0, _) => Keep::Newest,
            (1, _) | (_, None) => Keep::FromNow,
            (2, Some(_)) => Keep::From(Version(contents.history.oldest.min(last))),
            (_, Some(kept)) => Keep::From(Version(kept + self.fates.below(last.saturating_sub(kept) + 1))),
        };
        self.call(Call::Keep(number, keep))
    }

    fn close(&mut self) -> Lived {
        if let Some(number) = self.open.iter().next_back().copied() {
            self.rig.engine().close(keyspace(number));
            self.open.remove(&number);
            if let Some(held) = &mut self.held {
                held.states.remove(&number);
            }
        }
        Ok(())
    }

    pub(super) fn open(&mut self) -> Lived {
        if !self.otherwise.is_empty() {
            return Ok(());
        }
        let closed = self.model.keyspaces.iter().find(|(number, _)| !self.open.contains(number));
        let Some((number, with)) = closed.map(|(number, contents)| (*number, contents.table_key)) else {
            return Ok(());
        };
        let opened = wait(self.rig.engine().open(keyspace(number), table_key(with)));
        if self.answered(opened)?.is_some() {
            self.open.insert(number);
        }
        Ok(())
    }

    pub(super) fn stop_and_start(&mut self) -> Lived {
        self.held = None;
        self.open.clear();
        let started = self.rig.start();
        if self.answered(started)?.is_some() {
            return Ok(());
        }
        // Whatever was wrong is over; the answer is the engine's, or the power's being cut.
        self.rig.disk.heal();
        let started = self.rig.start();
        assert!(started.is_ok() || self.rig.disk.is_off(), "{}: it starts: {started:?}", self.context());
        self.answered(started).map(drop)
    }

    /// A moment, some minutes, or so much that tokens are forgotten.
    fn let_time_pass(&mut self) -> Lived {
        let seconds = [5, 5, 60, 700][usize::try_from(self.fates.below(4)).unwrap_or(0)];
        self.clock.advance_ms(1000 * (1 + self.fates.below(seconds)));
        Ok(())
    }
}
