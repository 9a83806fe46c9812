//! What is done without being asked: unfinished work gone on with, idle tables closed, sizes recorded.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use ::service::ApiError;
use tokio::runtime::Handle;

use crate::DynamoDb;
use crate::error::internal;
use crate::table::descriptor::Stage;
use crate::table::size::Sizes;

/// How long after its lease an unused keyspace stays open: calls under way may go on.
const CLOSING_GRACE_MS: u64 = 10_000;
/// Between attempts at unfinished work.
const RESUME_INTERVAL_MS: u64 = 10_000;
/// Between records of sizes.
const SIZES_INTERVAL_MS: u64 = 300_000;

/// When periodic work was last done, in milliseconds since the epoch.
#[derive(Default)]
pub(crate) struct LastDone {
    resumed_ms: AtomicU64,
    sizes_ms: AtomicU64,
}

impl DynamoDb {
    /// Goes on with what a crash, or a failure, left unfinished. Call it after a start, once everybody who
    /// keeps secrets is known to the [`envelope::Shredder`], before the first call is served.
    pub async fn resume(&self) {
        for table in self.catalog.select(|table| table.descriptor().stage == Stage::Creating) {
            self.undo_creation(&table).await;
        }
        self.check_keys().await;
        self.resume_deletions().await;
        self.resume_switches().await;
    }

    /// A round of periodic work; to be called about every second.
    pub async fn tick(&self) {
        self.close_idle().await;
        let now_ms = self.env.clock.now_ms();
        if is_due(&self.last_done.resumed_ms, RESUME_INTERVAL_MS, now_ms) {
            self.resume_deletions().await;
            self.resume_switches().await;
        }
        if is_due(&self.last_done.sizes_ms, SIZES_INTERVAL_MS, now_ms) {
            self.record_sizes(self.open_sizes(|_| true)).await;
        }
    }

    /// The last work before a clean stop.
    pub async fn before_stop(&self) {
        self.record_sizes(self.open_sizes(|_| true)).await;
    }

    /// Goes on with changes of keys in the background.
    pub(crate) fn resume_switches_later(&self) {
        if let Ok(room) = self.shared() {
            in_background(async move { room.resume_switches().await });
        }
    }

    async fn close_idle(&self) {
        let mut sizes = Sizes::new();
        let note = |keyspace| {
            sizes.extend(self.open_size(keyspace).map(|size| (keyspace, size)));
        };
        self.table_keys.close_expired(CLOSING_GRACE_MS, note).await;
        self.record_sizes(sizes).await;
    }

    async fn resume_deletions(&self) {
        for table in self.catalog.select(|table| table.descriptor().stage == Stage::Deleting) {
            told("a deletion", table.name(), self.finish_deletion(&table).await);
        }
        told("shredding", "deleted tables", self.shred_forgotten().await);
    }

    async fn resume_switches(&self) {
        for table in self.catalog.select(|table| table.descriptor().encryption.pending.is_some()) {
            told("a change of key", table.name(), self.finish_switch(&table).await);
        }
    }
}

/// Runs work that nobody waits for; where nobody runs it, it is found unfinished by the next round.
pub(crate) fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}

/// Runs work that must not stop half-way because its caller went away.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn(work).await.unwrap_or_else(|error| Err(internal(&error))),
        // Without a runtime there is nobody who could go away.
        Err(_) => work.await,
    }
}

/// Logs work that did not come to its end.
pub(crate) fn told(what: &str, of: &str, result: Result<(), ApiError>) {
    if let Err(error) = result {
        tracing::warn!(what, of, code = ?error.code, reason = ?error.message, "unfinished work waits for another try");
    }
}

fn is_due(last_ms: &AtomicU64, interval_ms: u64, now_ms: u64) -> bool {
    let due = now_ms.saturating_sub(last_ms.load(Ordering::Relaxed)) >= interval_ms;
    if due {
        last_ms.store(now_ms, Ordering::Relaxed);
    }
    due
}
