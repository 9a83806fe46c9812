//! Time, as milliseconds since the Unix epoch, and as a monotonic count for measuring.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;

    /// A point for measuring durations; unaffected by moves of the clock.
    fn instant(&self) -> Instant;
}

/// The computer's clock.
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that runs with another one and can be moved forward, never back.
pub struct MovableClock {
    base: Arc<dyn Clock>,
    ahead_ms: AtomicU64,
}

impl MovableClock {
    /// A clock that shows what `base` shows until it is moved.
    #[must_use]
    pub fn over(base: Arc<dyn Clock>) -> Self {
        Self { base, ahead_ms: AtomicU64::new(0) }
    }

    /// Moves the clock forward by `ms` milliseconds.
    pub fn advance_ms(&self, ms: u64) {
        let add = |ahead: u64| Some(ahead.saturating_add(ms));
        let _ = self.ahead_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }
}

impl Clock for MovableClock {
    fn now_ms(&self) -> u64 {
        self.base.now_ms().saturating_add(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn instant(&self) -> Instant {
        self.base.instant()
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, MovableClock, SystemClock};
    use std::sync::Arc;

    #[test]
    fn a_moved_clock_is_ahead_by_at_least_what_it_was_moved() {
        let clock = MovableClock::over(Arc::new(SystemClock));
        let before = clock.now_ms();
        clock.advance_ms(7 * 86_400_000);
        assert!(clock.now_ms() >= before + 7 * 86_400_000);
    }

    #[test]
    fn moving_past_the_end_of_time_saturates() {
        let clock = MovableClock::over(Arc::new(SystemClock));
        clock.advance_ms(u64::MAX);
        clock.advance_ms(u64::MAX);
        assert_eq!(clock.now_ms(), u64::MAX);
    }
}
