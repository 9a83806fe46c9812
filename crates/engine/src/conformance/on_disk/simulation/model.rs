//! What must be there.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::call::{Answer, Call, Changes};
use super::history::{Entries, History, UNKNOWN};
use crate::{AsOf, CheckpointInfo, Keep, Token};

/// So many seconds with commits are known exactly; the engine promises an hour of them.
const SECONDS: usize = 3000;
/// Of a keyspace that keeps no versions, the states of so many versions are still asked for.
const LATELY: u64 = 30;

/// Everything that a store holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub keyspaces: BTreeMap<u8, Contents>,
    pub checkpoints: BTreeMap<u8, Rc<Image>>,
    /// By the number of the token.
    pub tokens: BTreeMap<u8, Used>,
    /// Seconds in which something was committed, with the last version of each.
    pub seconds: VecDeque<(u64, u64)>,
    /// The highest version given.
    pub last: u64,
}

/// A keyspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub table_key: u8,
    pub history: History,
    /// States from this version on are promised; without one, the newest only.
    pub kept: Option<u64>,
}

/// A checkpoint.
#[derive(Debug)]
pub(super) struct Image {
    pub history: History,
    /// The version whose state it is.
    pub newest: u64,
    /// States from this version on are promised.
    pub kept: u64,
    /// As it was answered; whoever was not answered can ask for the state of the checkpoint only.
    pub info: Option<CheckpointInfo>,
}

/// A token under which something was committed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub request: u8,
    pub version: u64,
    pub second: u64,
}

/// What a token is at some second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Remembered,
    Forgotten,
    /// So near to the end of its ten minutes that it may be either.
    Between,
}

impl Used {
    pub fn age(&self, now: u64) -> Age {
        match now.saturating_sub(self.second) {
            0..598 => Age::Remembered,
            age if age > Token::REMEMBERED_S + 2 => Age::Forgotten,
            _ => Age::Between,
        }
    }
}

impl Contents {
    /// The oldest version whose state is promised.
    pub fn promised(&self, last: u64) -> u64 {
        self.kept.unwrap_or(last)
    }
}

impl Model {
    /// What must be there after a call was answered, at a second.
    pub fn apply(&mut self, call: &Call, answer: &Answer, now: u64) {
        match (call, answer) {
            (Call::Commit(changes), Answer::Applied(version)) => self.commit(changes, *version, now),
            (Call::Once(token, request, changes), Answer::Applied(version)) => {
                self.commit(changes, *version, now);
                self.tokens.insert(*token, Used { request: *request, version: *version, second: now });
            }
            (Call::Create(number, with), _) => self.found(*number, *with, Entries::new()),
            (Call::Switch(number, to), _) => self.change(*number, |contents| contents.table_key = *to),
            (Call::Drop(number), _) => drop(self.keyspaces.remove(number)),
            (Call::Take(number, of), _) => self.take(*number, *of, answer),
            (Call::DropCheckpoint(number), _) => drop(self.checkpoints.remove(number)),
            (Call::Adopt { from, as_of, number, with }, Answer::Done) => {
                let image = self.checkpoints.get(from).cloned();
                let state = image.and_then(|image| Some(image.history.at(self.limit(&image, *as_of)?)));
                self.found(*number, *with, state.unwrap_or_default());
            }
            (Call::Keep(number, keep), Answer::Kept(version)) => {
                let kept = (*keep != Keep::Newest).then_some(*version);
                self.change(*number, |contents| contents.kept = kept);
            }
            // Not answered: what is promised is what both promise.
            (Call::Keep(number, _), Answer::Done) => self.change(*number, |contents| contents.kept = None),
            _ => {}
        }
    }

    fn commit(&mut self, changes: &Changes, version: u64, now: u64) {
        for (number, key, value) in &changes.writes {
            self.change(*number, |contents| contents.history.write(key, version, value.as_ref()));
        }
        match self.seconds.back_mut() {
            Some((second, last)) if *second == now => *last = version,
            _ => self.seconds.push_back((now, version)),
        }
        if self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
        if version != UNKNOWN {
            self.last = version;
            self.forget();
        }
    }

    /// What nobody asks for any more.
    fn forget(&mut self) {
        if self.last.is_multiple_of(64) {
            let lately = self.last.saturating_sub(LATELY);
            let all = self.keyspaces.values_mut();
            all.for_each(|contents| contents.history.forget_before(contents.kept.unwrap_or(lately)));
        }
    }

    fn found(&mut self, number: u8, with: u8, entries: Entries) {
        let history = History::beginning_with(entries, self.last);
        self.keyspaces.insert(number, Contents { table_key: with, history, kept: None });
    }

    fn take(&mut self, number: u8, of: u8, answer: &Answer) {
        let Some(contents) = self.keyspaces.get(&of) else { return };
        let info = if let Answer::Taken(info) = answer { Some(*info) } else { None };
        let newest = info.map_or(self.last, |info| info.version.0);
        let (history, kept) = (contents.history.clone(), contents.promised(self.last));
        self.checkpoints.insert(number, Rc::new(Image { history, newest, kept, info }));
    }

    /// The version whose state is asked of a checkpoint; `None` where the model does not know.
    pub fn limit(&self, image: &Image, as_of: AsOf) -> Option<u64> {
        match as_of {
            AsOf::Checkpoint => Some(image.newest),
            AsOf::Version(version) => Some(version.0),
            AsOf::Second(second) => self.last_of(second),
        }
    }

    /// The last version given by the end of a second.
    fn last_of(&self, second: u64) -> Option<u64> {
        let behind = self.seconds.partition_point(|(at, _)| *at <= second);
        self.seconds.get(behind.checked_sub(1)?).map(|(_, version)| *version)
    }

    /// Whether a checkpoint has to have the state asked for.
    pub fn is_promised(&self, image: &Image, as_of: AsOf) -> bool {
        let Some(limit) = self.limit(image, as_of) else { return false };
        let is_kept = (image.kept..=image.newest).contains(&limit);
        match (as_of, image.info) {
            (AsOf::Checkpoint, _) => true,
            (AsOf::Version(_), Some(info)) => (info.oldest.0..=info.version.0).contains(&limit),
            (AsOf::Second(second), Some(info)) => is_kept && second < info.second,
            (_, None) => false,
        }
    }

    /// Whatever was not acknowledged and is there got this version, the last one there is.
    pub fn settle(&mut self, last: u64) {
        self.keyspaces.values_mut().for_each(|contents| contents.history.found(last));
        let tokens = self.tokens.values_mut().map(|used| &mut used.version);
        let seconds = self.seconds.iter_mut().map(|(_, version)| version);
        for version in tokens.chain(seconds).filter(|version| **version == UNKNOWN) {
            *version = last;
        }
        self.last = last;
    }

    fn change(&mut self, number: u8, change: impl FnOnce(&mut Contents)) {
        if let Some(contents) = self.keyspaces.get_mut(&number) {
            change(contents);
        }
    }
}
