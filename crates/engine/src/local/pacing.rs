//! Writes slow down before they stop, and merges keep to a rate.
//!
//! Two things pile up where commits are faster than the background: memtables that wait to be written to files,
//! and files of level 0 that wait to be merged. From a first mark on, a commit is let through only as the
//! background gets on: for each byte that is written there, a number of bytes of commits, the smaller the nearer
//! the second mark is, where it is none. So what is let through settles at what the background can do, and no
//! clock is in it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use env::Clock;
use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::reader::u64_of;
use crate::{EngineMetrics, Result};

/// Progress that nobody waited for is remembered up to so many bytes.
const MOST_CREDIT: i64 = 4 << 20;
/// Pressure is in thousandths of the way between the marks.
const FULL: u64 = 1000;

/// What the background does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Memtables become files.
    Flush,
    /// Files are merged.
    Merge,
}

/// What holds commits back, and merges.
pub struct Pacing {
    /// Before memtables that wait to be written.
    pub memory: Valve,
    /// Before files of level 0 that wait to be merged.
    pub level0: Valve,
    /// Of what merges write.
    limit: RateLimit,
    clock: Arc<dyn Clock>,
    stalls: AtomicU64,
    stalled_us: AtomicU64,
    flushed_bytes: AtomicU64,
    merged_bytes: AtomicU64,
}

impl Pacing {
    /// Merges may write so many bytes a second; as many as they can where that is 0.
    pub fn new(merge_bytes_per_second: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            memory: Valve::default(),
            level0: Valve::default(),
            limit: RateLimit::new(merge_bytes_per_second),
            clock,
            stalls: AtomicU64::new(0),
            stalled_us: AtomicU64::new(0),
            flushed_bytes: AtomicU64::new(0),
            merged_bytes: AtomicU64::new(0),
        }
    }

    /// The background wrote so many bytes. Waits where merges are too fast.
    pub fn wrote(&self, work: Work, bytes: usize) {
        let (valve, written) = match work {
            Work::Flush => (&self.memory, &self.flushed_bytes),
            Work::Merge => (&self.level0, &self.merged_bytes),
        };
        written.fetch_add(u64_of(bytes), Ordering::Relaxed);
        valve.add(bytes);
        if work == Work::Merge {
            self.limit.wait(&*self.clock, bytes);
        }
    }

    /// Waits until a commit of so many bytes may pass a valve under `pressure`, which is looked at again
    /// whenever something changed. `wake` is called before waiting.
    pub async fn pass(
        &self,
        valve: &Valve,
        bytes: usize,
        pressure: impl Fn() -> Result<u64>,
        wake: impl Fn(),
    ) -> Result<()> {
        if pressure()? == 0 {
            return Ok(());
        }
        let start = self.clock.instant();
        let passed = valve.pass(bytes, pressure, wake).await;
        if passed.as_ref().is_ok_and(|waited| *waited) {
            let took = self.clock.instant().saturating_duration_since(start);
            self.stalls.fetch_add(1, Ordering::Relaxed);
            let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.stalled_us.fetch_add(us, Ordering::Relaxed);
        }
        passed.map(drop)
    }

    /// Lets merges end that wait for their rate.
    pub fn stop(&self) {
        self.limit.stop();
    }

    /// What was counted since the start, with what is in memory now.
    pub fn metrics(&self, memory: usize) -> EngineMetrics {
        EngineMetrics {
            memory_bytes: u64_of(memory),
            stalls: self.stalls.load(Ordering::Relaxed),
            stalled: Duration::from_micros(self.stalled_us.load(Ordering::Relaxed)),
            flushed_bytes: self.flushed_bytes.load(Ordering::Relaxed),
            merged_bytes: self.merged_bytes.load(Ordering::Relaxed),
        }
    }
}

/// How far `now` is from `slow` to `stop`, in thousandths: 0 before, 1000 and more behind.
pub fn pressure(now: usize, slow: usize, stop: usize) -> u64 {
    let way = u64_of(stop.saturating_sub(slow).max(1));
    u64_of(now.saturating_sub(slow)).saturating_mul(FULL) / way
}

/// Lets commits through as work gets done.
#[derive(Default)]
pub struct Valve {
    credit: AtomicI64,
    told: Notify,
}

impl Valve {
    /// Those who wait look again.
    pub fn tell(&self) {
        self.told.notify_waiters();
    }

    fn add(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let add = |credit: i64| Some(credit.saturating_add(bytes).min(MOST_CREDIT));
        let _ = self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        self.tell();
    }

    /// Whether it had to wait.
    async fn pass(&self, bytes: usize, pressure: impl Fn() -> Result<u64>, wake: impl Fn()) -> Result<bool> {
        let mut waited = false;
        loop {
            let mut told = pin!(self.told.notified());
            told.as_mut().enable();
            let pressure = pressure()?;
            if pressure == 0 || cost(bytes, pressure).is_some_and(|cost| self.take(cost)) {
                return Ok(waited);
            }
            wake();
            told.await;
            waited = true;
        }
    }

    /// Takes what there is and what will be: a commit of any size passes where any credit is left.
    fn take(&self, cost: i64) -> bool {
        let take = |credit: i64| (credit > 0).then(|| credit.saturating_sub(cost));
        self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// What a commit of so many bytes costs: half as much at the first mark, ever more towards the second, where no
/// credit is enough.
fn cost(bytes: usize, pressure: u64) -> Option<i64> {
    let share = FULL.checked_sub(pressure).filter(|share| *share > 0)?;
    i64::try_from(u64_of(bytes).saturating_mul(FULL) / (2 * share)).ok()
}

/// So many bytes a second, on average.
struct RateLimit {
    bytes_per_second: u64,
    /// Until when what was written takes.
    until: Mutex<Option<Instant>>,
    stopped: AtomicBool,
    stopping: Condvar,
}

impl RateLimit {
    fn new(bytes_per_second: u64) -> Self {
        let (until, stopped, stopping) = (Mutex::new(None), AtomicBool::new(false), Condvar::new());
        Self { bytes_per_second, until, stopped, stopping }
    }

    fn wait(&self, clock: &dyn Clock, bytes: usize) {
        if self.bytes_per_second == 0 {
            return;
        }
        let end = self.reserve(clock.instant(), bytes);
        let mut until = self.until.lock();
        while !self.stopped.load(Ordering::SeqCst) {
            let left = end.saturating_duration_since(clock.instant());
            if left.is_zero() {
                return;
            }
            self.stopping.wait_for(&mut until, left);
        }
    }

    /// When so many bytes, behind all before them, are through.
    fn reserve(&self, now: Instant, bytes: usize) -> Instant {
        let mut until = self.until.lock();
        let start = until.filter(|until| *until > now).unwrap_or(now);
        let us = u64_of(bytes).saturating_mul(1_000_000) / self.bytes_per_second.max(1);
        let end = start + Duration::from_micros(us);
        *until = Some(end);
        end
    }

    fn stop(&self) {
        let until = self.until.lock();
        self.stopped.store(true, Ordering::SeqCst);
        drop(until);
        self.stopping.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Pacing, RateLimit, Work, cost, pressure};
    use crate::EngineError;
    use env::{Clock, SystemClock};
    use futures::FutureExt;

    fn pacing() -> Pacing {
        Pacing::new(0, Arc::new(SystemClock))
    }

    #[test]
    fn pressure_grows_between_the_marks() {
        assert_eq!([0, 10, 15, 20, 30].map(|now| pressure(now, 10, 20)), [0, 0, 500, 1000, 2000]);
        assert_eq!(pressure(5, 5, 5), 0);
        assert_eq!([0, 500, 900, 1000].map(|at| cost(100, at)), [Some(50), Some(100), Some(500), None]);
    }

    #[test]
    fn a_commit_passes_as_the_background_gets_on() {
        let pacing = pacing();
        let pass = || pacing.pass(&pacing.memory, 100, || Ok(500), || {}).now_or_never().is_some();
        assert!(!pass(), "nothing was written yet");
        pacing.wrote(Work::Merge, 1000);
        assert!(!pass(), "what was written does not help");
        pacing.wrote(Work::Flush, 250);
        assert_eq!([pass(), pass(), pass(), pass()], [true, true, true, false]);
        assert_eq!(pacing.metrics(0).stalls, 0, "those that passed did not wait");
    }

    #[test]
    fn at_the_second_mark_nothing_passes_until_it_is_left() {
        let (pacing, now) = (pacing(), Cell::new(1000));
        pacing.wrote(Work::Flush, 1 << 20);
        let woken = Cell::new(0);
        let pass = pacing.pass(&pacing.memory, 1, || Ok(now.get()), || woken.set(woken.get() + 1));
        let mut pass = std::pin::pin!(pass);
        assert!(pass.as_mut().now_or_never().is_none());
        now.set(0);
        assert!(pass.as_mut().now_or_never().is_none(), "it was not told");
        pacing.memory.tell();
        assert!(matches!(pass.as_mut().now_or_never(), Some(Ok(()))));
        assert_eq!((pacing.metrics(0).stalls, woken.get()), (1, 1));
    }

    #[test]
    fn what_went_wrong_is_told_to_those_who_wait() {
        let pacing = pacing();
        let pass = pacing.pass(&pacing.memory, 1, || Err(EngineError::DiskFull), || {}).now_or_never();
        assert!(matches!(pass, Some(Err(EngineError::DiskFull))));
    }

    #[test]
    fn a_rate_is_kept_and_pauses_are_not_saved_up() {
        let limit = RateLimit::new(1000);
        let start = SystemClock.instant();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(limit.reserve(start, 500), after(500));
        assert_eq!(limit.reserve(after(100), 500), after(1000));
        assert_eq!(limit.reserve(after(5000), 500), after(5500));
        limit.stop();
        limit.wait(&SystemClock, usize::MAX);
    }
}
