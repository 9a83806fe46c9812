//! An engine whose power goes out: from the n-th change on, nothing works until it is switched on again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crypto::SecretKey;
use engine::{
    Commit, Direction, Engine, EngineError, Entry, Key, KeyspaceId, KeyspaceStats, Limit, MemoryEngine,
    Outcome, Page, Partition, Remembered, Result, Segment, Snapshot, SortRange, Token, Version,
};
use futures::FutureExt;
use futures::future::BoxFuture;

/// When the power goes out: before the change at which it does, or after it, before it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Before,
    After,
}

pub struct Powered {
    pub inner: Arc<MemoryEngine>,
    changes_left: AtomicI64,
    cut: parking_lot::Mutex<Cut>,
}

impl Powered {
    pub fn over(inner: Arc<MemoryEngine>) -> Self {
        Self { inner, changes_left: AtomicI64::new(i64::MAX), cut: parking_lot::Mutex::new(Cut::Before) }
    }

    /// Lets `changes` more changes pass; the next one meets the cut.
    pub fn cut_after(&self, changes: i64, cut: Cut) {
        *self.cut.lock() = cut;
        self.changes_left.store(changes, Ordering::SeqCst);
    }

    pub fn is_out(&self) -> bool {
        self.changes_left.load(Ordering::SeqCst) < 0
    }

    async fn change<T>(&self, change: BoxFuture<'_, Result<T>>) -> Result<T> {
        match self.changes_left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => change.await,
            0 if *self.cut.lock() == Cut::After => {
                change.await?;
                Err(out())
            }
            _ => Err(out()),
        }
    }

    fn check(&self) -> Result<()> {
        if self.is_out() { Err(out()) } else { Ok(()) }
    }
}

fn out() -> EngineError {
    EngineError::Io { doing: "work without power".into(), source: io::Error::other("no power") }
}

impl Engine for Powered {
    fn create(&self, keyspace: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.change(self.inner.create(keyspace, key)).boxed()
    }

    fn open(&self, keyspace: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        async move {
            self.check()?;
            self.inner.open(keyspace, key).await
        }
        .boxed()
    }

    fn close(&self, keyspace: KeyspaceId) {
        self.inner.close(keyspace);
    }

    fn switch_table_key(&self, keyspace: KeyspaceId, key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.change(self.inner.switch_table_key(keyspace, key)).boxed()
    }

    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        self.change(self.inner.drop_keyspace(keyspace)).boxed()
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        self.inner.keyspaces()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        self.inner.get(keyspace, key)
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        self.inner.slice(keyspace, partition, range, direction, limit)
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        self.inner.sweep(keyspace, segment, after, limit)
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.change(self.inner.commit(commit)).boxed()
    }

    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.change(self.inner.commit_once(token, commit)).boxed()
    }

    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        self.inner.recall(token)
    }

    fn snapshot(&self, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<Box<dyn Snapshot>> {
        self.inner.snapshot(keyspaces, at)
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        self.inner.stats(keyspace)
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.flush()
    }
}

impl Powered {
    /// How many keyspaces there are, the catalog's among them.
    pub async fn inner_keyspaces(&self) -> usize {
        self.inner.keyspaces().await.unwrap().len()
    }
}
