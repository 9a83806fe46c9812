//! What every engine must pass: the documentation of [`Engine`](crate::Engine), as tests.
//!
//! An engine's own tests say how it is made ([`Subject`]) and call one function here per group:
//! [`keyspaces`] · [`reads`] · [`sweeps`] · [`commits`] · [`isolation`] ·
//! [`checkpoints`] · [`versions`] · [`seconds`] and [`tokens`] (with a clock that moves) · [`model`] (random sequences
//! compared with [`MemoryEngine`](crate::MemoryEngine)). An engine that keeps its data on an
//! [`env::Disk`] passes [`on_disk`] besides: power cuts, faults, tampering, and that nothing is readable.
//!
//! Every check panics where the engine breaks its word. `STRONGROOM_TEST_DEPTH` (default 1) multiplies how
//! many power cuts, faults, flipped bits and random sequences are tried.

mod checkpoints;
mod commits;
mod fixture;
mod isolation;
mod keyspaces;
mod model;
pub mod on_disk;
mod reads;
mod sweeps;
mod tokens;
mod versions;

pub use checkpoints::checkpoints;
pub use commits::commits;
pub use fixture::{Subject, depth, wait};
pub use isolation::isolation;
pub use keyspaces::keyspaces;
pub use model::model;
pub use reads::reads;
pub use sweeps::sweeps;
pub use tokens::tokens;
pub use versions::{MakeWithClock, seconds, versions};

/// Makes a new, empty engine.
pub type Make<'a> = &'a dyn Fn() -> Box<dyn Subject>;

type Check = fn(&mut dyn Subject);

/// Runs each check on an engine of its own.
fn run(make: Make<'_>, checks: &[Check]) {
    checks.iter().for_each(|check| check(&mut *make()));
}
