//! A sequence of calls that meets every part of an engine, and what must be there after each.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::rig::Rig;
use crate::conformance::fixture::{
    Asking, UNLIMITED, checkpoint_id, key, keyspace, put, removal, table_key, wait, writes,
};
use crate::{AsOf, Engine, EngineError, Key, Outcome, Result, Segment, Version};

/// One call, about keyspaces and table keys by their numbers.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Create(u8, u8),
    Commit(Vec<(u8, Key, Option<Bytes>)>),
    Flush,
    Switch(u8, u8),
    Close(u8),
    Open(u8),
    Drop(u8),
    /// A checkpoint of a keyspace.
    Take(u8, u8),
    /// A keyspace made of a checkpoint, and its table key.
    Adopt(u8, u8, u8),
    DropCheckpoint(u8),
    /// A deep rotation of a keyspace is begun.
    Rotate(u8),
    /// Flush, stop, start, open what was open.
    Restart,
    /// Stop, start, open what was open.
    StopAndStart,
}

/// Everything that happens to a store in its life.
pub(super) fn a_whole_life() -> Vec<Step> {
    let mut steps =
        vec![Step::Create(1, 1), Step::Create(2, 2), over(&[1, 2], 0), over(&[1, 2], 1), over(&[2], 2)];
    steps.extend([
        Step::Flush,
        over(&[1, 2], 3),
        removals(&[1, 2], 1),
        big(1, 4),
        Step::Rotate(1),
        Step::Switch(1, 11),
    ]);
    for round in 5..9 {
        steps.extend([over(&[1, 2], round), Step::Flush]);
    }
    steps.extend([
        over(&[1, 2], 9),
        Step::Close(2),
        over(&[1], 10),
        Step::Flush,
        over(&[1], 11),
        Step::Open(2),
    ]);
    steps.extend([over(&[1, 2], 12), Step::Restart, over(&[1, 2], 13), big(2, 14), Step::StopAndStart]);
    steps.extend([over(&[1, 2], 15), Step::Close(2), Step::StopAndStart, over(&[1], 16), Step::Open(2)]);
    steps.extend([
        Step::Take(1, 1),
        over(&[2], 17),
        Step::Drop(1),
        Step::Create(3, 3),
        over(&[2, 3], 18),
        Step::Close(3),
    ]);
    steps.extend([Step::Drop(3), Step::Create(1, 4), over(&[1, 2], 19), Step::Switch(2, 12), Step::Flush]);
    steps.extend([over(&[1, 2], 20), Step::Adopt(1, 4, 5), over(&[4], 20), removals(&[1, 2], 20)]);
    steps
}

/// A table key switched twice, with data in memory and in files.
pub(super) fn a_switch() -> Vec<Step> {
    vec![
        Step::Create(1, 1),
        over(&[1], 0),
        Step::Flush,
        over(&[1], 1),
        Step::Switch(1, 2),
        over(&[1], 2),
        Step::Rotate(1),
        Step::Switch(1, 3),
        over(&[1], 3),
    ]
}

/// A keyspace dropped soon after it changed, and its id used again.
pub(super) fn a_drop() -> Vec<Step> {
    vec![
        Step::Create(1, 1),
        Step::Create(2, 2),
        over(&[1, 2], 0),
        Step::Flush,
        over(&[1, 2], 1),
        Step::Flush,
        Step::Switch(1, 3),
        over(&[1, 2], 2),
        Step::Drop(1),
        Step::Create(1, 4),
        over(&[1, 2], 3),
        Step::Close(2),
        Step::Drop(2),
    ]
}

/// Checkpoints taken, adopted and dropped, with data in memory and in files.
pub(super) fn an_adoption() -> Vec<Step> {
    vec![
        Step::Create(1, 1),
        over(&[1], 0),
        Step::Flush,
        over(&[1], 1),
        Step::Take(1, 1),
        over(&[1], 2),
        Step::Adopt(1, 2, 2),
        over(&[1, 2], 3),
        Step::Take(2, 2),
        Step::Drop(1),
        Step::Switch(2, 12),
        Step::DropCheckpoint(1),
        Step::Adopt(2, 3, 3),
        over(&[2, 3], 4),
        Step::Flush,
        Step::Take(3, 3),
        Step::Rotate(3),
        over(&[3], 5),
    ]
}

/// A commit of two entries to each keyspace: one of its round, and one that every round writes.
fn over(numbers: &[u8], round: u8) -> Step {
    let of = |number: &u8| {
        let value = Some(Bytes::from(vec![b'a' + round; 60 + usize::from(*number)]));
        [(*number, key(round * 9, &[*number, round]), value.clone()), (*number, key(1, b"every"), value)]
    };
    Step::Commit(numbers.iter().flat_map(of).collect())
}

/// Removes what [`over`] wrote in `round`.
fn removals(numbers: &[u8], round: u8) -> Step {
    let of = |number: &u8| (*number, key(round * 9, &[*number, round]), None);
    Step::Commit(numbers.iter().map(of).collect())
}

/// A commit of several sectors, as may be torn.
fn big(number: u8, round: u8) -> Step {
    Step::Commit(vec![(number, key(round * 9, b"big"), Some(Bytes::from(vec![round; 5000])))])
}

/// What must be in a store.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    keyspaces: BTreeMap<u8, Contents>,
    /// What each checkpoint holds.
    checkpoints: BTreeMap<u8, BTreeMap<Key, Bytes>>,
    /// The highest version acknowledged.
    last_version: Option<Version>,
}

/// What a keyspace holds: the number of its key, and its entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    table_key: u8,
    entries: BTreeMap<Key, Bytes>,
}

/// How far a script came: what was acknowledged and, where a step failed, what it would have led to.
pub(super) struct Progress {
    pub acknowledged: Expected,
    pub failed: Option<Failed>,
    open: BTreeSet<u8>,
}

/// A step that failed.
pub(super) struct Failed {
    pub step: Step,
    pub error: EngineError,
    pub otherwise: Expected,
}

/// Starts the engine and performs the script until a step fails.
pub(super) fn perform(rig: &mut Rig<'_>, script: &[Step]) -> Progress {
    let mut progress = Progress { acknowledged: Expected::default(), failed: None, open: BTreeSet::new() };
    for step in [Step::StopAndStart].iter().chain(script) {
        let otherwise = progress.acknowledged.after(step);
        match progress.perform(rig, step) {
            Ok(version) => {
                progress.acknowledged =
                    Expected { last_version: version.or(otherwise.last_version), ..otherwise };
            }
            Err(error) => {
                progress.failed = Some(Failed { step: step.clone(), error, otherwise });
                break;
            }
        }
    }
    progress
}

impl Progress {
    fn perform(&mut self, rig: &mut Rig<'_>, step: &Step) -> Result<Option<Version>> {
        match step {
            Step::Commit(entries) => return commit(rig.engine(), entries).map(Some),
            Step::Create(number, with) => wait(rig.engine().create(keyspace(*number), table_key(*with)))?,
            Step::Flush => wait(rig.engine().flush())?,
            Step::Switch(number, to) => {
                wait(rig.engine().switch_table_key(keyspace(*number), table_key(*to)))?
            }
            Step::Close(number) => rig.engine().close(keyspace(*number)),
            Step::Open(number) => self.open(rig.engine(), *number)?,
            Step::Drop(number) => wait(rig.engine().drop_keyspace(keyspace(*number)))?,
            Step::Take(number, at) => {
                let receiver = table_key(100 + *number);
                wait(rig.engine().checkpoint(keyspace(*at), checkpoint_id(*number), receiver))?;
            }
            Step::Adopt(from, number, with) => {
                let from = (checkpoint_id(*from), table_key(100 + *from));
                let (id, key) = (keyspace(*number), table_key(*with));
                wait(rig.engine().adopt(from, AsOf::Checkpoint, id, key))?;
            }
            Step::Rotate(number) => wait(rig.engine().rotate(keyspace(*number)))?,
            Step::DropCheckpoint(number) => wait(rig.engine().drop_checkpoint(checkpoint_id(*number)))?,
            Step::Restart => {
                rig.restart()?;
                self.open.iter().try_for_each(|number| self.open(rig.engine(), *number))?;
            }
            Step::StopAndStart => {
                rig.start()?;
                self.open.iter().try_for_each(|number| self.open(rig.engine(), *number))?;
            }
        }
        match step {
            Step::Create(number, _) | Step::Open(number) | Step::Adopt(_, number, _) => {
                self.open.insert(*number)
            }
            Step::Close(number) | Step::Drop(number) => self.open.remove(number),
            _ => false,
        };
        Ok(None)
    }

    fn open(&self, engine: &dyn Engine, number: u8) -> Result<()> {
        let with = self.acknowledged.keyspaces.get(&number).map_or(0, |contents| contents.table_key);
        wait(engine.open(keyspace(number), table_key(with)))
    }

    /// Every state the store may be in.
    pub fn possible(&self) -> Vec<&Expected> {
        [&self.acknowledged].into_iter().chain(self.failed.as_ref().map(|failed| &failed.otherwise)).collect()
    }

    /// Checks that the engine, if it runs after a failed step, still shows what was acknowledged.
    pub fn assert_still_shown(&self, rig: &Rig<'_>, context: &str) {
        let Some(failed) = &self.failed else { return };
        let restarting = matches!(failed.step, Step::Restart | Step::StopAndStart);
        for number in self.open.iter().filter(|_| rig.runs()) {
            let shown = match wait(rig.engine().sweep(keyspace(*number), Segment::WHOLE, None, UNLIMITED)) {
                Ok(page) => page.entries.into_iter().map(|entry| (entry.key, entry.value)).collect(),
                Err(EngineError::Absent(_)) if matches!(failed.step, Step::Drop(_)) => continue,
                Err(EngineError::Closed(_)) if restarting => continue,
                Err(error) => {
                    panic!("{context}: reading after a failed {:?}: {}", failed.step, chain(&error))
                }
            };
            let expected = self.acknowledged.keyspaces.get(number).map(|contents| &contents.entries);
            assert_eq!(Some(&shown), expected, "{context}: shown after a failed {:?}", failed.step);
        }
    }
}

fn commit(engine: &dyn Engine, entries: &[(u8, Key, Option<Bytes>)]) -> Result<Version> {
    let write = |(number, key, value): &(u8, Key, Option<Bytes>)| match value {
        Some(value) => put(keyspace(*number), key, value),
        None => removal(keyspace(*number), key),
    };
    match wait(engine.commit(writes(entries.iter().map(write).collect())))? {
        Outcome::Applied(version) => Ok(version),
        other => panic!("a commit without guards: {other:?}"),
    }
}

impl Expected {
    fn after(&self, step: &Step) -> Self {
        let mut after = self.clone();
        match step {
            Step::Create(number, with) => {
                after.keyspaces.insert(*number, Contents { table_key: *with, ..Contents::default() });
            }
            Step::Drop(number) => drop(after.keyspaces.remove(number)),
            Step::Switch(number, to) => after.of(*number).table_key = *to,
            Step::Commit(entries) => entries.iter().for_each(|entry| after.write(entry)),
            Step::Take(number, at) => {
                let entries = after.of(*at).entries.clone();
                after.checkpoints.insert(*number, entries);
            }
            Step::Adopt(from, number, with) => {
                let entries = after.checkpoints.get(from).cloned().expect("the script adopts what it took");
                after.keyspaces.insert(*number, Contents { table_key: *with, entries });
            }
            Step::DropCheckpoint(number) => drop(after.checkpoints.remove(number)),
            Step::Rotate(_)
            | Step::Flush
            | Step::Close(_)
            | Step::Open(_)
            | Step::Restart
            | Step::StopAndStart => {}
        }
        after
    }

    fn of(&mut self, number: u8) -> &mut Contents {
        self.keyspaces.get_mut(&number).expect("the script uses what it created")
    }

    fn write(&mut self, (number, key, value): &(u8, Key, Option<Bytes>)) {
        let entries = &mut self.of(*number).entries;
        match value {
            Some(value) => entries.insert(key.clone(), value.clone()),
            None => entries.remove(key),
        };
    }
}

/// Starts the engine on what a failure left, and checks that it is one of the possible states, whole; that
/// what was shown once stays, whatever a power cut with this seed does; and that the store goes on working.
pub(super) fn assert_recovers(mut rig: Rig<'_>, possible: &[&Expected], seed: u64, context: &str) {
    rig.start().unwrap_or_else(|error| panic!("{context}: the store starts: {}", chain(&error)));
    let shown = observe(&rig, possible, context);
    let images = images(&rig, context);
    let is_right = |expected: &Expected| expected.keyspaces == shown && expected.checkpoints == images;
    let right = possible.iter().any(|expected| is_right(expected));
    assert!(
        right,
        "{context}: found {shown:#?} and checkpoints {images:#?}\nbut possible were {possible:#?}"
    );
    let mut again = rig.crashed(seed);
    again.start().unwrap_or_else(|error| panic!("{context}: it starts again: {}", chain(&error)));
    assert_eq!(observe(&again, possible, context), shown, "{context}: what was shown once stays");
    assert_goes_on(again, shown, possible, seed, context);
}

/// Commits to every keyspace, cuts the power, and finds all of it.
fn assert_goes_on(
    rig: Rig<'_>,
    mut shown: BTreeMap<u8, Contents>,
    possible: &[&Expected],
    seed: u64,
    context: &str,
) {
    let last = possible.iter().filter_map(|expected| expected.last_version).max();
    for (number, contents) in &mut shown {
        let version = rig.engine().put(keyspace(*number), &key(200, b"after"), b"the failure");
        assert!(Some(version) > last, "{context}: {version:?} comes after {last:?}");
        contents.entries.insert(key(200, b"after"), Bytes::from_static(b"the failure"));
    }
    let mut again = rig.crashed(seed + 1);
    again.start().unwrap_or_else(|error| panic!("{context}: it starts a third time: {}", chain(&error)));
    assert_eq!(observe(&again, possible, context), shown, "{context}: what came after the failure stays");
}

/// Opens and reads everything there is.
fn observe(rig: &Rig<'_>, possible: &[&Expected], context: &str) -> BTreeMap<u8, Contents> {
    let engine = rig.engine();
    let ids = wait(engine.keyspaces()).unwrap_or_else(|error| panic!("{context}: a list: {}", chain(&error)));
    let numbers = ids.iter().map(|id| id.0[0]);
    numbers.map(|number| (number, contents(engine, number, possible, context))).collect()
}

/// What every checkpoint there is holds, adopted by a keyspace that is dropped again.
fn images(rig: &Rig<'_>, context: &str) -> BTreeMap<u8, BTreeMap<Key, Bytes>> {
    let engine = rig.engine();
    let listed = wait(engine.checkpoints());
    let ids = listed.unwrap_or_else(|error| panic!("{context}: checkpoints: {}", chain(&error)));
    let image = |number: u8| {
        let (from, scratch) = ((checkpoint_id(number), table_key(100 + number)), keyspace(250));
        let adopted = wait(engine.adopt(from, AsOf::Checkpoint, scratch, table_key(250)));
        adopted.unwrap_or_else(|error| panic!("{context}: adopting {number}: {}", chain(&error)));
        let entries = engine.everything(scratch).into_iter().collect();
        let dropped = wait(engine.drop_keyspace(scratch));
        dropped.unwrap_or_else(|error| panic!("{context}: dropping a keyspace: {}", chain(&error)));
        (number, entries)
    };
    ids.iter().map(|id| image(id.0[0])).collect()
}

fn contents(engine: &dyn Engine, number: u8, possible: &[&Expected], context: &str) -> Contents {
    let of = possible.iter().filter_map(|expected| expected.keyspaces.get(&number));
    let keys: BTreeSet<u8> = of.clone().map(|contents| contents.table_key).collect();
    let opens = |with: &u8| {
        engine.close(keyspace(number));
        match wait(engine.open(keyspace(number), table_key(*with))) {
            Ok(()) => true,
            Err(EngineError::WrongKey(_)) => false,
            Err(error) => panic!("{context}: opening keyspace {number}: {}", chain(&error)),
        }
    };
    let opening: Vec<u8> = keys.into_iter().filter(opens).collect();
    let [table_key] = opening[..] else { panic!("{context}: keyspace {number} opens under {opening:?}") };
    assert!(opens(&table_key));
    let entries: BTreeMap<_, _> = engine.everything(keyspace(number)).into_iter().collect();
    for key in of.flat_map(|contents| contents.entries.keys()).chain(entries.keys()) {
        assert_eq!(
            engine.value(keyspace(number), key).as_ref(),
            entries.get(key),
            "{context}: get and sweep agree"
        );
    }
    Contents { table_key, entries }
}

/// An error with its causes.
pub(super) fn chain(error: &EngineError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
