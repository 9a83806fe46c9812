//! Calls that change something, what they answer, and whether that is what the model says.

use bytes::Bytes;

use super::World;
use super::model::Age;
use crate::conformance::fixture::{checkpoint_id, guard, keyspace, put, removal, table_key, wait};
use crate::{AsOf, CheckpointInfo, Commit, EngineError, Guard, Keep, Key, Outcome, Result, Token, Version};

/// All checkpoints lie under this key.
pub(super) const RECEIVER: u8 = 100;

/// A call that changes something, and nothing else; about keyspaces, checkpoints, tokens and keys by their numbers.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Create(u8, u8),
    Commit(Changes),
    /// Under a token, with what is asked for.
    Once(u8, u8, Changes),
    Flush,
    Switch(u8, u8),
    Drop(u8),
    Take(u8, u8),
    Adopt {
        from: u8,
        as_of: AsOf,
        number: u8,
        with: u8,
    },
    DropCheckpoint(u8),
    Keep(u8, Keep),
    Rotate(u8),
}

/// What a commit asks for.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    pub guards: Vec<(u8, Key, Guard)>,
    pub writes: Vec<(u8, Key, Option<Bytes>)>,
}

/// What a call answered, as far as the model depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Applied(u64),
    Taken(CheckpointInfo),
    Kept(u64),
    /// Nothing is changed, as had to be.
    Nothing,
}

impl Call {
    /// What it is counted as.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(..) => "creates",
            Self::Commit(changes) if changes.is_over_several() => "commits over several keyspaces",
            Self::Commit(_) => "commits",
            Self::Once(..) => "commits under tokens",
            Self::Flush => "flushes",
            Self::Switch(..) => "key switches",
            Self::Drop(_) => "drops",
            Self::Take(..) => "checkpoints",
            Self::Adopt { as_of: AsOf::Checkpoint, .. } => "adoptions",
            Self::Adopt { as_of: AsOf::Version(_), .. } => "adoptions of versions",
            Self::Adopt { as_of: AsOf::Second(_), .. } => "adoptions of seconds",
            Self::DropCheckpoint(_) => "drops of checkpoints",
            Self::Keep(..) => "watermarks",
            Self::Rotate(_) => "rotations",
        }
    }

    /// What a call that was not answered would have answered.
    pub fn presumed(&self) -> Answer {
        match self {
            Self::Commit(_) | Self::Once(..) => Answer::Applied(super::history::UNKNOWN),
            _ => Answer::Done,
        }
    }

    /// Whether it is ordered in the log and nothing else: refused by a log that goes on, it never was.
    pub fn is_commit(&self) -> bool {
        matches!(self, Self::Commit(_) | Self::Once(..))
    }
}

impl World<'_> {
    /// Makes a call.
    ///
    /// # Panics
    /// Where the answer is not what the model says.
    pub(super) fn perform(&self, call: &Call) -> Result<Answer> {
        let engine = self.rig.engine();
        match call {
            Call::Create(number, with) => wait(engine.create(keyspace(*number), table_key(*with)))?,
            Call::Flush => wait(engine.flush())?,
            Call::Switch(number, to) => wait(engine.switch_table_key(keyspace(*number), table_key(*to)))?,
            Call::Drop(number) => wait(engine.drop_keyspace(keyspace(*number)))?,
            Call::Take(number, of) => {
                let taken = engine.checkpoint(keyspace(*of), checkpoint_id(*number), table_key(RECEIVER));
                let info = wait(taken)?;
                assert!(info.version.0 >= self.model.last, "{}: {info:?} has all", self.context());
                return Ok(Answer::Taken(info));
            }
            Call::Adopt { from, as_of, number, with } => {
                return self.perform_adopt((*from, *as_of), *number, *with);
            }
            Call::DropCheckpoint(number) => wait(engine.drop_checkpoint(checkpoint_id(*number)))?,
            Call::Keep(number, keep) => return self.perform_keep(*number, *keep),
            Call::Rotate(number) => wait(engine.rotate(keyspace(*number)))?,
            Call::Commit(changes) => {
                let outcome = wait(engine.commit(changes.commit()))?;
                return Ok(self.judge(changes, outcome));
            }
            Call::Once(token, request, changes) => return self.perform_once(*token, *request, changes),
        }
        Ok(Answer::Done)
    }

    fn judge(&self, changes: &Changes, outcome: Outcome) -> Answer {
        let failing = changes.guards.iter().position(|(number, key, guard)| {
            let found = self.model.keyspaces[number].history.get(key, u64::MAX);
            !guard.holds(found.map(|(version, _)| Version(version)))
        });
        match (outcome, failing) {
            (Outcome::Applied(version), None) => {
                assert!(version.0 > self.model.last, "{}: versions grow", self.context());
                Answer::Applied(version.0)
            }
            (Outcome::GuardFailed(at), Some(failing)) if at == failing => {
                self.meet("guards that failed");
                Answer::Nothing
            }
            (found, failing) => panic!("{}: {found:?}, but guard {failing:?} fails", self.context()),
        }
    }

    /// The same token again within ten minutes answers as remembered; later it is another.
    fn perform_once(&self, number: u8, request: u8, changes: &Changes) -> Result<Answer> {
        let token = Token { id: [number; 32], request: [request; 32] };
        let answer = wait(self.rig.engine().commit_once(token, changes.commit()));
        let used = self.model.tokens.get(&number).filter(|used| used.age(self.now()) == Age::Remembered);
        match (answer, used) {
            (Err(EngineError::TokenReused), Some(used)) if used.request != request => Ok(Answer::Nothing),
            (Ok(outcome), Some(used)) if used.request == request => {
                let remembered = Outcome::Applied(Version(used.version));
                assert_eq!(outcome, remembered, "{}: token {number} is remembered", self.context());
                self.meet("tokens that were remembered");
                Ok(Answer::Nothing)
            }
            (Ok(outcome), None) => {
                if self.model.tokens.contains_key(&number) {
                    self.meet("tokens that were forgotten");
                }
                Ok(self.judge(changes, outcome))
            }
            (Err(error), _) if !matches!(error, EngineError::TokenReused) => Err(error),
            (answer, used) => panic!("{}: token {number}: {answer:?}, but {used:?}", self.context()),
        }
    }

    fn perform_adopt(&self, (from, as_of): (u8, AsOf), number: u8, with: u8) -> Result<Answer> {
        let source = (checkpoint_id(from), table_key(RECEIVER));
        let adopted = wait(self.rig.engine().adopt(source, as_of, keyspace(number), table_key(with)));
        match adopted {
            Err(EngineError::NotKept(why)) => {
                let is_promised = self.model.is_promised(&self.model.checkpoints[&from], as_of);
                assert!(!is_promised, "{}: {as_of:?} of checkpoint {from}: {why}", self.context());
                Ok(Answer::Nothing)
            }
            Ok(()) => {
                let image = &self.model.checkpoints[&from];
                let is_in_it = self.model.limit(image, as_of).is_some_and(|limit| limit <= image.newest);
                let is_over = |second| image.info.is_some_and(|info| second >= info.second);
                let is_later = matches!(as_of, AsOf::Second(second) if is_over(second));
                assert!(is_in_it && !is_later, "{}: {as_of:?} is not in {from}", self.context());
                Ok(Answer::Done)
            }
            Err(error) => Err(error),
        }
    }

    fn perform_keep(&self, number: u8, keep: Keep) -> Result<Answer> {
        let promised = self.model.keyspaces[&number].promised(self.model.last);
        match (wait(self.rig.engine().keep_versions(keyspace(number), keep)), keep) {
            (Ok(version), Keep::From(asked)) => {
                assert_eq!(version, asked, "{}: what was asked for", self.context());
                Ok(Answer::Kept(version.0))
            }
            (Ok(version), _) => {
                assert!(version.0 >= self.model.last, "{}: {version:?} is now", self.context());
                Ok(Answer::Kept(version.0))
            }
            (Err(EngineError::NotKept(why)), Keep::From(asked)) => {
                assert!(asked.0 < promised, "{}: {asked:?} of {number}: {why}", self.context());
                Ok(Answer::Nothing)
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl Changes {
    fn is_over_several(&self) -> bool {
        let mut written = self.writes.iter().map(|(number, ..)| number);
        let first = written.next();
        written.any(|number| Some(number) != first)
    }

    fn commit(&self) -> Commit {
        let guarded = |(number, key, kind): &(u8, Key, Guard)| guard(keyspace(*number), key, *kind);
        let write = |(number, key, value): &(u8, Key, Option<Bytes>)| match value {
            Some(value) => put(keyspace(*number), key, value),
            None => removal(keyspace(*number), key),
        };
        Commit {
            guards: self.guards.iter().map(guarded).collect(),
            writes: self.writes.iter().map(write).collect(),
        }
    }
}
