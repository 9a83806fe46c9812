//! A long life that a seed decides: calls of every kind, disk faults, power cuts and kills at any moment, compared
//! with a model in memory.
//!
//! One thread does everything, the engine's background included, the clock is told what time it is, and all
//! randomness follows from the seed. So a seed gives the same life again, to the same change of the disk.
//!
//! Map: `model` and `history` (what must be there) · `call` (what is called, and answered) · `schedule` (what comes
//! next) · `scripted` (a fixed life, interrupted everywhere) · `reads` (what is read, at every state that is promised) ·
//! `trouble` (faults, and how they are met) · `recovery` (power cuts, and what is found).

mod call;
mod history;
mod model;
mod reads;
mod recovery;
mod schedule;
mod scripted;
mod trouble;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use env::{Clock, MovableClock, SeededRandom, SystemClock};

use self::call::Call;
use self::model::Model;
use self::reads::Held;
pub use self::scripted::interrupted_everywhere;
use self::trouble::Trouble;
use super::OnDisk;
use super::rig::Rig;

/// On average the power is cut after so many calls.
const CALLS_BETWEEN_CUTS: u64 = 80;

/// How a life went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Of what happened on the disk: the same for the same seed.
    pub digest: u64,
    /// How often each thing happened that a life should meet.
    pub met: BTreeMap<&'static str, u64>,
}

/// Lives `steps` calls.
pub fn simulation(on_disk: &dyn OnDisk, seed: u64, steps: u64) -> Life {
    let mut told = TellSeed { seed, step: 0 };
    let mut world = World::new(on_disk, seed);
    world.begin();
    while world.step < steps {
        world.live_until_cut(steps, &mut told);
        world.cut_and_recover();
    }
    Life { digest: world.digest, met: world.met.into_inner() }
}

/// Says, where a life ends in a panic, how to live it again.
struct TellSeed {
    seed: u64,
    step: u64,
}

impl Drop for TellSeed {
    #[expect(clippy::print_stderr, reason = "a failed simulation is told with its seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to see it again: cargo xtask sim --seed {} --steps {}", self.seed, self.step);
        }
    }
}

struct World<'a> {
    rig: Rig<'a>,
    clock: Arc<MovableClock>,
    fates: SeededRandom,
    model: Model,
    /// What else may be found at the next start, where a call was not answered.
    otherwise: Vec<Model>,
    open: BTreeSet<u8>,
    held: Option<Held>,
    /// Files that a deep rotation is to write anew, by keyspace.
    rotating: BTreeMap<u8, BTreeSet<PathBuf>>,
    trouble: Trouble,
    step: u64,
    digest: u64,
    met: RefCell<BTreeMap<&'static str, u64>>,
}

/// The engine is of no more use: the power is off, or its log failed.
struct Off;

/// What a step of a life comes to.
type Lived<T = ()> = Result<T, Off>;

impl<'a> World<'a> {
    fn new(on_disk: &'a dyn OnDisk, seed: u64) -> Self {
        let clock = Arc::new(MovableClock::over(Arc::new(StandingClock)));
        Self {
            rig: Rig::new(on_disk, seed).with_clock(clock.clone()),
            clock,
            fates: SeededRandom::new(seed ^ 0x5eed),
            model: Model::default(),
            otherwise: Vec::new(),
            open: BTreeSet::new(),
            held: None,
            rotating: BTreeMap::new(),
            trouble: Trouble::default(),
            step: 0,
            digest: 0,
            met: RefCell::default(),
        }
    }

    fn begin(&mut self) {
        self.rig.start().expect("a store on an empty disk");
        self.rest();
    }

    fn live_until_cut(&mut self, steps: u64, told: &mut TellSeed) {
        let mut left = 1 + self.fates.below(2 * CALLS_BETWEEN_CUTS);
        loop {
            left = left.saturating_sub(1);
            if !self.otherwise.is_empty() {
                left = left.min(self.fates.below(8));
            }
            // What is planned late may meet a change in the background, after the last call.
            if left == 0 {
                self.rig.disk.cut_power_at_change(self.rig.disk.changes() + 1 + self.fates.below(30));
            }
            self.step += 1;
            told.step = self.step;
            if self.live_a_step().is_err() || self.rest() || self.step >= steps {
                return;
            }
        }
    }

    /// The background works, mostly until it has nothing to do; whether the power is off.
    fn rest(&mut self) -> bool {
        match self.fates.below(8) {
            0 => {}
            1..=2 => self.rig.on_disk().work(self.fates.below(3)),
            _ => {
                self.rig.on_disk().settle();
                self.look_at_rotations();
            }
        }
        self.clock.advance_ms(250);
        let (changes, reads) = (self.rig.disk.changes(), self.rig.disk.reads());
        self.digest =
            self.digest.rotate_left(7) ^ changes ^ reads.rotate_left(40) ^ self.step.rotate_left(20);
        self.rig.disk.is_off()
    }

    /// Makes a call, of which the model is told.
    fn call(&mut self, call: Call) -> Lived {
        let files = if let Call::Rotate(number) = call { self.files_of(number) } else { BTreeSet::new() };
        match self.perform(&call) {
            Ok(answer) => {
                let now = self.now();
                let models = std::iter::once(&mut self.model).chain(&mut self.otherwise);
                models.for_each(|model| model.apply(&call, &answer, now));
                self.meet(call.name());
                self.note(&call, files);
                Ok(())
            }
            Err(error) => self.refused(&call, &error),
        }
    }

    /// What follows from a call that was answered, beyond the model.
    fn note(&mut self, call: &Call, files: BTreeSet<PathBuf>) {
        match call {
            // An adoption may be refused as not kept.
            Call::Create(number, _) | Call::Adopt { number, .. }
                if self.model.keyspaces.contains_key(number) =>
            {
                self.open.insert(*number);
            }
            Call::Drop(number) => self.gone(*number),
            Call::Rotate(number) => self.rotating.entry(*number).or_default().extend(files),
            _ => {}
        }
    }

    /// A keyspace is not open any more, and what was expected of it neither.
    fn gone(&mut self, number: u8) {
        self.open.remove(&number);
        self.rotating.remove(&number);
        if let Some(held) = &mut self.held {
            held.states.remove(&number);
        }
    }

    /// The second it is.
    fn now(&self) -> u64 {
        self.clock.now_ms() / 1000
    }

    fn meet(&self, what: &'static str) {
        *self.met.borrow_mut().entry(what).or_default() += 1;
    }

    fn context(&self) -> String {
        format!("step {}", self.step)
    }

    fn files_of(&self, number: u8) -> BTreeSet<PathBuf> {
        self.rig.on_disk().files_of(&self.rig.disk, crate::conformance::fixture::keyspace(number))
    }
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
