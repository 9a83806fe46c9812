//! The outside world at arm's length: clock, randomness and disk.
//!
//! Nothing else in the workspace reads a clock, draws randomness or opens a file. What a program is given
//! here decides whether it meets the real world or a simulated one that a seed reproduces.
//!
//! Map: [`clock`] · [`random`] · [`disk`] (the trait) · [`real_disk`] (the operating system's) ·
//! [`sim_disk`] (one in memory that fails as told) · [`overlay`] (one over another that it never changes).

pub mod clock;
pub mod disk;
pub mod overlay;
pub mod random;
pub mod real_disk;
pub mod sim_disk;

use std::sync::Arc;

pub use clock::{Clock, MovableClock, SystemClock};
pub use disk::{Disk, DiskFile};
pub use overlay::Overlay;
pub use random::{OsRandom, Random, SeededRandom};
pub use real_disk::RealDisk;
pub use sim_disk::SimDisk;

/// The three hands of the outside world, handed down from `server/src/wiring.rs` to every room.
#[derive(Clone)]
pub struct Env {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where unpredictable bytes come from.
    pub random: Arc<dyn Random>,
    /// Where files live.
    pub disk: Arc<dyn Disk>,
}

impl Env {
    /// The real world: the system's clock, the operating system's randomness, its file system.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(OsRandom), disk: Arc::new(RealDisk) }
    }
}
