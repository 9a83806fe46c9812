//! Not faster than asked.

use std::num::NonZero;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often permits are given, at most.
const TICKS_PER_SECOND: u32 = 100;

/// Gives so many permits in a second, evenly; what was not taken in time is lost.
pub struct Pace(Option<Mutex<(Interval, Permits)>>);

impl Pace {
    pub fn new(per_second: Option<NonZero<u32>>) -> Self {
        Self(per_second.map(|rate| {
            let mut ticks = interval(Duration::from_secs(1) / TICKS_PER_SECOND);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new((ticks, Permits { rate: rate.get(), ready: 0 }))
        }))
    }

    /// Waits for a permit.
    pub async fn permit(&self) {
        let Some(paced) = &self.0 else { return };
        let (ticks, permits) = &mut *paced.lock().await;
        while !permits.take() {
            ticks.tick().await;
            permits.tick();
        }
    }
}

/// Permits in units of which [`TICKS_PER_SECOND`] make one.
struct Permits {
    rate: u32,
    ready: u32,
}

impl Permits {
    fn tick(&mut self) {
        self.ready = self.ready.saturating_add(self.rate);
    }

    fn take(&mut self) -> bool {
        let left = self.ready.checked_sub(TICKS_PER_SECOND);
        self.ready = left.unwrap_or(self.ready);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Permits, TICKS_PER_SECOND};

    #[test]
    fn as_many_are_given_as_asked_for() {
        for rate in [1, 7, 100, 1501] {
            let mut permits = Permits { rate, ready: 0 };
            let mut given = 0;
            for _ in 0..4 * TICKS_PER_SECOND {
                permits.tick();
                while permits.take() {
                    given += 1;
                }
            }
            assert_eq!(given, 4 * rate);
        }
    }
}
