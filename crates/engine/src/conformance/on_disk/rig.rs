//! An engine and the simulated disk below it.

use std::sync::Arc;

use env::{Clock, Env, SeededRandom, SimDisk, SystemClock};

use super::OnDisk;
use crate::conformance::wait;
use crate::{Engine, Result};

/// An engine, running or not, and its disk.
pub(super) struct Rig<'a> {
    on_disk: &'a dyn OnDisk,
    random: Arc<SeededRandom>,
    clock: Arc<dyn Clock>,
    /// Below the engine.
    pub disk: SimDisk,
    engine: Option<Arc<dyn Engine>>,
}

impl<'a> Rig<'a> {
    /// An empty disk; salts and ids follow from the seed.
    pub fn new(on_disk: &'a dyn OnDisk, seed: u64) -> Self {
        let (random, clock) = (Arc::new(SeededRandom::new(seed)), Arc::new(SystemClock));
        Self { on_disk, random, clock, disk: SimDisk::new(), engine: None }
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another rig on another disk, which draws on the same randomness: no two starts see the same bytes.
    pub fn on(&self, disk: SimDisk) -> Self {
        Self {
            on_disk: self.on_disk,
            random: self.random.clone(),
            clock: self.clock.clone(),
            disk,
            engine: None,
        }
    }

    /// The disk after a power cut, with nothing started on it.
    pub fn crashed(&self, seed: u64) -> Self {
        self.on(self.disk.crash(seed))
    }

    /// How the engine is made.
    pub fn on_disk(&self) -> &'a dyn OnDisk {
        self.on_disk
    }

    /// Starts the engine, after stopping the one that runs.
    pub fn start(&mut self) -> Result<()> {
        self.stop();
        let disk = Arc::new(self.disk.clone());
        let env = Env { clock: self.clock.clone(), random: self.random.clone(), disk };
        self.engine = Some(self.on_disk.start(env)?);
        Ok(())
    }

    /// Stops the engine without a flush.
    pub fn stop(&mut self) {
        self.engine = None;
    }

    /// Flushes and stops the engine, and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        wait(self.engine().flush())?;
        self.start()
    }

    /// Whether the engine runs.
    pub fn runs(&self) -> bool {
        self.engine.is_some()
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().expect("the engine runs")
    }
}

impl Drop for Rig<'_> {
    fn drop(&mut self) {
        // Whatever still goes on in the engine is not to meet a disk that somebody copies meanwhile.
        let _dead = self.disk.kill();
        self.stop();
    }
}
