//! What is read, of the newest state and of every other that is promised.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use super::history::{Entries, differences, entries_of, is_same};
use super::{Lived, World};
use crate::conformance::fixture::{UNLIMITED, keyspace, partition, wait};
use crate::{Direction, EngineError, Entry, Key, Limit, Segment, Snapshot, SortRange, Version};

/// A snapshot that is held while the life goes on, and what it must show of each keyspace.
pub(super) struct Held {
    snapshot: Box<dyn Snapshot>,
    pub states: BTreeMap<u8, Entries>,
}

impl World<'_> {
    pub(super) fn get(&mut self) -> Lived {
        let (number, key) = (self.some_keyspace(), self.some_key());
        if !self.open.contains(&number) {
            return Ok(());
        }
        let got = wait(self.rig.engine().get(keyspace(number), &key));
        let Some(got) = self.answered(got)? else { return Ok(()) };
        let got = got.map(|entry| (entry.version.0, entry.value));
        let expected = self.model.keyspaces[&number].history.get(&key, u64::MAX);
        let expected = expected.map(|(version, value)| (version, value.clone()));
        assert_eq!(got, expected, "{}: get {key:?} of {number}", self.context());
        Ok(())
    }

    pub(super) fn slice(&mut self) -> Lived {
        let number = self.some_keyspace();
        if !self.open.contains(&number) {
            return Ok(());
        }
        let at = partition(u8::try_from(self.fates.below(40)).unwrap_or(0));
        let from = Bytes::from(vec![u8::try_from(self.fates.below(6)).unwrap_or(0)]);
        let direction = if self.fates.below(2) == 0 { Direction::Backward } else { Direction::Forward };
        let limit =
            Limit { entries: 1 + usize::try_from(self.fates.below(6)).unwrap_or(0), bytes: usize::MAX };
        let range = SortRange { start: Bound::Included(from.clone()), end: Bound::Unbounded };
        let page = wait(self.rig.engine().slice(keyspace(number), at, range, direction, limit));
        let Some(page) = self.answered(page)? else { return Ok(()) };
        let state = self.model.keyspaces[&number].history.now();
        let mut expected: Vec<Key> =
            state.into_keys().filter(|key| key.partition == at && key.sort >= from).collect();
        if direction == Direction::Backward {
            expected.reverse();
        }
        let more = expected.len() > limit.entries;
        expected.truncate(limit.entries);
        let found = (page.more, keys_of(&page.entries));
        assert_eq!(found, (more, expected), "{}: a slice of {number}", self.context());
        Ok(())
    }

    pub(super) fn sweep(&mut self) -> Lived {
        let number = self.some_keyspace();
        if !self.open.contains(&number) {
            return Ok(());
        }
        let page = wait(self.rig.engine().sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
        let Some(page) = self.answered(page)? else { return Ok(()) };
        let expected = self.model.keyspaces[&number].history.now();
        self.assert_same(page.entries, &expected, &format!("a sweep of {number}"));
        Ok(())
    }

    /// Reads the state of some open keyspaces at a version: one that is promised must be there, any other is right
    /// where it is.
    pub(super) fn look_back(&mut self) -> Lived {
        let asked: Vec<u8> = self.open.iter().copied().filter(|_| self.fates.below(2) == 0).collect();
        let of = |number: &u8| &self.model.keyspaces[number];
        let last = self.model.last;
        let oldest = asked.iter().map(|number| of(number).history.oldest).max().unwrap_or(last);
        let promised = asked.iter().map(|number| of(number).promised(last)).max().unwrap_or(last);
        let at = oldest + self.fates.below(last.saturating_sub(oldest) + 1);
        let ids: Vec<_> = asked.iter().map(|number| keyspace(*number)).collect();
        let taken = self.rig.engine().snapshot(&ids, Some(Version(at)));
        if let Err(EngineError::NotKept(why)) = &taken {
            assert!(at < promised, "{}: version {at} of {asked:?}: {why}", self.context());
            return Ok(());
        }
        let Some(snapshot) = self.answered(taken)? else { return Ok(()) };
        self.meet(if at >= promised && at < last { "reads of kept versions" } else { "reads of versions" });
        for number in asked {
            let page = wait(snapshot.sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
            let Some(page) = self.answered(page)? else { return Ok(()) };
            let expected = self.model.keyspaces[&number].history.at(at);
            self.assert_same(page.entries, &expected, &format!("version {at} of {number}"));
        }
        Ok(())
    }

    /// Takes a snapshot of all that is open, reads one that was taken, or lets go of it.
    pub(super) fn hold(&mut self) -> Lived {
        match (&self.held, self.fates.below(5)) {
            (Some(_), 0) => self.held = None,
            (Some(_), _) => return self.read_held(),
            (None, _) => {
                let ids: Vec<_> = self.open.iter().map(|number| keyspace(*number)).collect();
                let taken = self.rig.engine().snapshot(&ids, None);
                let Some(snapshot) = self.answered(taken)? else { return Ok(()) };
                let state = |number: &u8| (*number, self.model.keyspaces[number].history.now());
                let states = self.open.iter().map(state).collect();
                self.held = Some(Held { snapshot, states });
            }
        }
        Ok(())
    }

    fn read_held(&mut self) -> Lived {
        let number = self.some_keyspace();
        let Some(held) = &self.held else { return Ok(()) };
        let page = wait(held.snapshot.sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
        let Some(expected) = held.states.get(&number) else {
            let is_gone = matches!(page, Err(EngineError::Closed(_) | EngineError::Absent(_)));
            assert!(is_gone, "{}: a snapshot outlives keyspace {number}: {page:?}", self.context());
            return Ok(());
        };
        let expected = expected.clone();
        let Some(page) = self.answered(page)? else { return Ok(()) };
        self.assert_same(page.entries, &expected, &format!("what is held of {number}"));
        self.meet("reads of a held snapshot");
        Ok(())
    }

    /// Where a rotation has nothing left to do, no file is there that it was to write anew.
    pub(super) fn look_at_rotations(&mut self) {
        for (number, stale) in std::mem::take(&mut self.rotating) {
            let stats = self.open.contains(&number).then(|| self.rig.engine().stats(keyspace(number)));
            let Some(Ok(stats)) = stats else {
                self.rotating.insert(number, stale);
                continue;
            };
            // What could not be removed stays until the next opening, and what a snapshot holds is removed later.
            if self.rig.disk.is_off() || self.rig.disk.faults() > 0 || self.held.is_some() {
                self.rotating.insert(number, stale);
                continue;
            }
            assert_eq!(stats.rotation, None, "{}: the rotation of {number} ends", self.context());
            let left: Vec<_> = self.files_of(number).intersection(&stale).cloned().collect();
            assert!(left.is_empty(), "{}: {left:?} outlived a rotation", self.context());
            self.meet("rotations that were seen to end");
        }
    }

    pub(super) fn assert_same(&self, found: Vec<Entry>, expected: &Entries, what: &str) {
        let found = entries_of(found);
        assert!(
            is_same(&found, expected),
            "{}: {what}: {:#?}",
            self.context(),
            differences(&found, expected)
        );
    }
}

fn keys_of(entries: &[Entry]) -> Vec<Key> {
    entries.iter().map(|entry| entry.key.clone()).collect()
}
