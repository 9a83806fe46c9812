//! How often something runs in a second.

use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_millis(40);
/// So few that a batch is over before another program has its turn, and that the allocator keeps its memory for the
/// next, as it does for a program that runs on.
const BATCH: u32 = 8;

/// Runs for a turn; what `make` takes is not counted.
pub fn timed<I, O>(make: impl Fn() -> I, mut run: impl FnMut(I) -> O) -> Rate {
    let (mut rate, begun) = (Rate::default(), Instant::now());
    while begun.elapsed() < TURN {
        let inputs: Vec<I> = (0..BATCH).map(|_| make()).collect();
        let mut outputs = Vec::with_capacity(inputs.len());
        let started = Instant::now();
        outputs.extend(inputs.into_iter().map(&mut run));
        rate.each.push(started.elapsed() / BATCH);
    }
    rate
}

/// What one run took, by batches.
#[derive(Default)]
pub struct Rate {
    each: Vec<Duration>,
}

impl Rate {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.each.extend_from_slice(&other.each);
    }

    /// Runs in a second, by the batch that is slower than a tenth of them: those that nothing interrupted.
    pub fn per_second(&self) -> f64 {
        let mut each = self.each.clone();
        each.sort_unstable();
        each.get(each.len() / 10).map_or(0.0, |quick| 1.0 / quick.as_secs_f64())
    }
}
