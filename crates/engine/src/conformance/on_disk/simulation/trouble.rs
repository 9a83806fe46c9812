//! The disk fails, or is full, for a while: calls say so, nothing acknowledged is lost, and afterwards all goes on.

use env::sim_disk::Fault;

use super::call::{Answer, Call};
use super::{Lived, Off, World};
use crate::conformance::fixture::{UNLIMITED, keyspace, wait};
use crate::conformance::on_disk::script::chain;
use crate::{EngineError, Result, Segment};

/// How often a store that is sound may refuse before it goes on.
const PATIENCE: u64 = 20;

/// What is wrong with the disk.
#[derive(Default)]
pub(super) struct Trouble {
    /// Operations that failed by the time all was well the last time.
    known: u64,
    /// Calls until the disk has space again.
    full_for: u64,
}

impl World<'_> {
    /// Plans a fault that is met soon, or later: an error at a change or a read, or a disk that is full for a while.
    pub(super) fn make_trouble(&mut self) -> Lived {
        let (disk, fates) = (&self.rig.disk, &self.fates);
        match fates.below(6) {
            0 | 1 => disk.fail_change(disk.changes() + 1 + fates.below(40), Fault::Io),
            2 => disk.fail_change(disk.changes() + 1 + fates.below(40), Fault::NoSpace),
            3 => disk.fail_change(disk.changes() + 1 + fates.below(40), Fault::Short),
            4 => disk.fail_read(disk.reads() + 1 + fates.below(100)),
            _ => {
                disk.set_full(true);
                self.trouble.full_for = 1 + fates.below(40);
            }
        }
        Ok(())
    }

    /// Gives the disk its space back when its time has come; from then on, nothing is refused for long.
    pub(super) fn meet_trouble(&mut self) -> Lived {
        if self.trouble.full_for == 0 {
            return Ok(());
        }
        self.trouble.full_for -= 1;
        if self.trouble.full_for > 0 {
            return Ok(());
        }
        self.rig.disk.set_full(false);
        self.meet("disks that were full for a while");
        self.assert_goes_on()
    }

    /// Whether an operation failed, or might, since all was well.
    pub(super) fn is_troubled(&self) -> bool {
        self.rig.disk.faults() > self.trouble.known
    }

    /// All is well: what failed does so no more, and is forgotten.
    pub(super) fn all_is_well(&mut self) {
        self.rig.disk.heal();
        self.trouble = Trouble { known: self.rig.disk.faults(), full_for: 0 };
    }

    /// The answer to a read or the like; `None` where a fault refused it.
    pub(super) fn answered<T>(&self, answer: Result<T>) -> Lived<Option<T>> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if self.rig.disk.is_off() => Err(Off),
            Err(error) => {
                self.assert_honest(&error, "a read or a start");
                Ok(None)
            }
        }
    }

    /// A call was refused: what it would have led to may be found later.
    pub(super) fn refused(&mut self, call: &Call, error: &EngineError) -> Lived {
        let is_off = self.rig.disk.is_off();
        if !is_off {
            self.assert_honest(error, &format!("{call:?}"));
        }
        let is_sound = !is_off && self.rig.engine().check_sound().is_ok();
        match call {
            Call::Flush => {}
            Call::Rotate(number) => drop(self.rotating.remove(number)),
            Call::Keep(..) => {
                self.meet("watermarks that a cut interrupted");
                let models = std::iter::once(&mut self.model).chain(&mut self.otherwise);
                models.for_each(|model| model.apply(call, &Answer::Done, 0));
            }
            // A log that goes on did not take it.
            _ if call.is_commit() && is_sound => {}
            _ => self.note_otherwise(call),
        }
        if let Call::Drop(number) = call {
            self.gone(*number);
        }
        if is_off {
            return Err(Off);
        }
        self.assert_still_shown()?;
        self.meet("calls that a fault refused");
        if !is_sound {
            self.meet("logs that failed");
            return self.assert_takes_nothing();
        }
        if self.fates.below(2) == 0 { self.assert_goes_on() } else { Ok(()) }
    }

    fn note_otherwise(&mut self, call: &Call) {
        let now = self.now();
        let mut after: Vec<_> = std::iter::once(&self.model).chain(&self.otherwise).cloned().collect();
        after.iter_mut().for_each(|model| model.apply(call, &call.presumed(), now));
        self.otherwise.append(&mut after);
    }

    /// An error that names what the disk did; without any, there is none.
    pub(super) fn assert_honest(&self, error: &EngineError, what: &str) {
        let is_named =
            matches!(error, EngineError::Io { .. } | EngineError::DiskFull | EngineError::LogFailed(_));
        let is_honest = is_named && self.is_troubled();
        assert!(is_honest, "{}: {what} answered {}", self.context(), chain(error));
    }

    /// A refused call changes nothing that is shown.
    fn assert_still_shown(&mut self) -> Lived {
        let Some(number) = self.open.iter().next().copied() else { return Ok(()) };
        for _ in 0..PATIENCE {
            let page = wait(self.rig.engine().sweep(keyspace(number), Segment::WHOLE, None, UNLIMITED));
            if let Some(page) = self.answered(page)? {
                let expected = self.model.keyspaces[&number].history.now();
                self.assert_same(page.entries, &expected, &format!("keyspace {number} after a refusal"));
                return Ok(());
            }
        }
        panic!("{}: reads do not go on", self.context());
    }

    /// A log that failed takes no commit any more, however well the disk is.
    fn assert_takes_nothing(&mut self) -> Lived {
        self.rig.disk.heal();
        if let Some(changes) = self.some_changes() {
            let answer = self.perform(&Call::Commit(super::call::Changes { guards: Vec::new(), ..changes }));
            let refuses = matches!(answer, Err(EngineError::LogFailed(_)));
            assert!(refuses, "{}: a log that failed answered {answer:?}", self.context());
        }
        self.assert_still_shown()?;
        Err(Off)
    }

    /// Where nothing fails any more, a sound store soon takes commits and flushes, by itself.
    fn assert_goes_on(&mut self) -> Lived {
        self.rig.disk.heal();
        self.trouble.full_for = 0;
        let Some(changes) = self.some_changes() else {
            self.all_is_well();
            return Ok(());
        };
        let calls = [Call::Commit(super::call::Changes { guards: Vec::new(), ..changes }), Call::Flush];
        for call in calls {
            self.assert_is_taken(&call)?;
        }
        self.all_is_well();
        Ok(())
    }

    fn assert_is_taken(&mut self, call: &Call) -> Lived {
        let mut refusal = String::new();
        for _ in 0..PATIENCE {
            self.rig.on_disk().settle();
            match self.perform(call) {
                Ok(answer) => {
                    let now = self.now();
                    let models = std::iter::once(&mut self.model).chain(&mut self.otherwise);
                    models.for_each(|model| model.apply(call, &answer, now));
                    return Ok(());
                }
                Err(_) if self.rig.disk.is_off() => {
                    self.note_otherwise(call);
                    return Err(Off);
                }
                Err(error) => {
                    self.assert_honest(&error, call.name());
                    refusal = chain(&error);
                }
            }
        }
        panic!("{}: {} are refused though all is well: {refusal}", self.context(), call.name());
    }
}
