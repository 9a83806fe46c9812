//! How often something runs in a second of a processor's time.

use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_millis(40);

/// Runs for a turn; what `make` takes is not counted.
pub fn timed<I, O>(make: impl Fn() -> I, mut run: impl FnMut(I) -> O) -> Rate {
    const BATCH: usize = 256;
    let mut rate = Rate::default();
    while rate.time < TURN {
        let inputs: Vec<I> = (0..BATCH).map(|_| make()).collect();
        let mut outputs = Vec::with_capacity(BATCH);
        let started = Stopwatch::start();
        outputs.extend(inputs.into_iter().map(&mut run));
        rate.time += started.elapsed();
        rate.count += BATCH;
    }
    rate
}

/// Nanoseconds that this thread has run, as Linux tells them.
fn ran() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}

struct Stopwatch {
    ran: Option<u64>,
    started: Instant,
}

impl Stopwatch {
    fn start() -> Self {
        Self { ran: ran(), started: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        match (self.ran, ran()) {
            (Some(before), Some(now)) if now > before => Duration::from_nanos(now - before),
            _ => self.started.elapsed(),
        }
    }
}

/// Runs, and the time they took.
#[derive(Default)]
pub struct Rate {
    count: usize,
    time: Duration,
}

impl Rate {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.time += other.time;
    }

    /// Runs in a second.
    #[allow(clippy::cast_precision_loss, reason = "a count of items")]
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }
}
