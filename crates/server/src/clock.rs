//! The test clock: an API of one operation that moves the server's clock forward.
//!
//! `X-Amz-Target: Strongroom_20261101.AdvanceClock`, body `{"Seconds": n}`, signed like a call of
//! DynamoDB, so that whoever can sign one can move the clock.
//! Before it answers, every room has done what the new time asks of it. Signatures are verified by the
//! computer's own clock all the same: clients sign by theirs, which nobody moved.

use std::sync::Arc;

use env::{Clock, MovableClock};
use futures::future::BoxFuture;
use serde::Serialize;
use service::pipeline::Room;
use service::wire::{Protocol, Wire};
use service::{ApiError, CallContext, Fields, Operation, OperationKind, Route};

/// The service in the scope of a signature.
pub const SIGNING_NAME: &str = "dynamodb";
/// The value of `X-Amz-Target`.
pub const ADVANCE_CLOCK: &str = "Strongroom_20261101.AdvanceClock";
/// The furthest move of one call, in seconds: a hundred years.
const MAX_SECONDS: i64 = 100 * 365 * 86_400;

/// A room that has work of its own to do as time passes.
pub trait Worker: Send + Sync {
    /// Does what is due by now. Failures are the room's to log, and to try again at the next call.
    fn tick(&self) -> BoxFuture<'_, ()>;
}

/// The room of the clock.
pub struct TestClock {
    /// `None` where the server runs without `--test-clock`.
    pub clock: Option<Arc<MovableClock>>,
    /// Whoever must catch up with a moved clock, in this order.
    pub workers: Arc<[Arc<dyn Worker>]>,
}

/// The API of the clock.
#[must_use]
pub fn room(test_clock: TestClock) -> Room<TestClock> {
    const ROUTES: &[Route<TestClock>] = &[Route::to::<AdvanceClock>()];
    let wire = Wire {
        protocol: Protocol::Json10,
        target: "Strongroom_20261101",
        signing_name: SIGNING_NAME,
        event_source: "strongroom",
    };
    Room { room: Arc::new(test_clock), routes: ROUTES, not_yet: &[], wire }
}

struct AdvanceClock;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Advanced {
    now: f64,
}

impl Operation<TestClock> for AdvanceClock {
    const NAME: &'static str = "AdvanceClock";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = u64;
    type Output = Advanced;

    fn parse(mut fields: Fields<'_>) -> Result<u64, ApiError> {
        let seconds = fields.integer("Seconds").range(0..=MAX_SECONDS).required();
        fields.finish()?;
        Ok(seconds.unsigned_abs())
    }

    async fn run(room: &TestClock, _context: &CallContext, seconds: u64) -> Result<Advanced, ApiError> {
        let clock = room.clock.as_ref().ok_or_else(not_a_test)?;
        clock.advance_ms(seconds.saturating_mul(1000));
        for worker in room.workers.iter() {
            worker.tick().await;
        }
        Ok(Advanced { now: std::time::Duration::from_millis(clock.now_ms()).as_secs_f64() })
    }
}

fn not_a_test() -> ApiError {
    let text = "The clock of this server cannot be moved. Start it with --test-clock to allow that.";
    ApiError::service("AccessDeniedException", text)
}
