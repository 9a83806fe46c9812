//! Items per second on one core, beside the bare cipher calls on as many bytes.
//!
//! Both run in short turns, so that what else the machine does falls on both alike, and are measured in the
//! time this thread had a processor, where the system tells it; the ratio is told of the sums.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement takes time and tells"
)]

mod bare;
mod sample;

use std::hint::black_box;
use std::time::{Duration, Instant};

use item_encryption_format::Suite;

const ROUNDS: usize = 12;
const TURN: Duration = Duration::from_millis(40);

fn main() {
    let key = sample::key();
    for (name, suite) in [("0x6700", Suite::NoEcdsa), ("0x6701", Suite::Ecdsa)] {
        let (table, item) = (sample::table(suite), sample::item());
        let stored = sample::sealed(item.clone(), &table, &key);
        assert_eq!(sample::opened(stored.clone(), &table, &key), item);
        let mut bare = bare::Bare::of(&stored, &table, suite);
        compare(
            &format!("{name} encrypt"),
            || timed(|| item.clone(), |item| black_box(sample::sealed(item, &table, &key))),
            |bare| bare.encrypt(),
            &mut bare,
        );
        compare(
            &format!("{name} decrypt"),
            || timed(|| stored.clone(), |item| black_box(sample::opened(item, &table, &key))),
            |bare| bare.decrypt(),
            &mut bare,
        );
    }
}

/// Runs both in turns and tells their rates.
fn compare(
    name: &str,
    mut ours: impl FnMut() -> Rate,
    theirs: impl Fn(&mut bare::Bare),
    bare: &mut bare::Bare,
) {
    let (mut own, mut other) = (Rate::default(), Rate::default());
    for _ in 0..ROUNDS {
        own.add(&ours());
        other.add(&timed(|| (), |()| theirs(bare)));
    }
    let (own, other) = (own.per_second(), other.per_second());
    println!("{name}: {own:>8.0} items/s, bare {other:>8.0}, ratio {:.3}", own / other);
}

/// Runs for a turn; what `make` takes is not counted.
fn timed<I, O>(make: impl Fn() -> I, mut run: impl FnMut(I) -> O) -> Rate {
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

#[derive(Default)]
struct Rate {
    count: usize,
    time: Duration,
}

impl Rate {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.time += other.time;
    }

    #[allow(clippy::cast_precision_loss, reason = "a count of items")]
    fn per_second(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }
}
