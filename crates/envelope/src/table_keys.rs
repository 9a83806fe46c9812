//! Leases: how long an unwrapped table key may be used without asking the KMS.
//!
//! The table key itself lies in the engine, in the open keyspace. A [`Lease`] says until when it may stay
//! in use; when it has run out, the KMS is asked again, under the recorded context, and where it refuses the
//! keyspace is closed.
//!
//! ```text
//!   runs ── time ──> expired ── KMS says yes ──> runs
//!     │                 ├────── KMS says no  ──> closed
//!     │                 └────── nobody came  ──> closed          (close_expired)
//!     └── a KMS key it hangs on becomes unusable ──> closed      (key_changed, before that call returns)
//! ```
//! The one race that matters: the KMS hands out a key, the KMS key is disabled, and only then the keyspace
//! would be opened. Every key handed out carries the number of changes its KMS keys had seen before the KMS
//! was asked, and is of no use once that number has grown: an opening and a closing exclude each other, at
//! the lease's *door*. The KMS is never asked while a door is held, so that it may wait for [`KeyWatcher`]s.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::SecretKey;
use engine::{Engine, EngineError, KeyspaceId};
use env::Clock;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    EncryptionContext, KeyChange, KeyService, KeyServiceError, KeyState, KeyWatcher, OnBehalfOf, WrappedKey,
};

/// AWS's own lease, in milliseconds.
pub const DEFAULT_LEASE_MS: u64 = 300_000;
/// How often a key is fetched again whose KMS key changed between the KMS's answer and its use.
const MAX_ATTEMPTS: usize = 3;

/// Why a keyspace is not open.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The KMS refused, or failed.
    #[error("the key service refuses: {0}")]
    Key(#[from] KeyServiceError),
    /// The engine refused, or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The KMS key changed its state after the KMS had handed the table key out.
    #[error("the KMS key changed its state meanwhile")]
    Overtaken,
}

/// The leases of all keyspaces that lie under table keys.
pub struct TableKeys {
    clock: Arc<dyn Clock>,
    engine: Arc<dyn Engine>,
    keys: Arc<dyn KeyService>,
    lease_ms: u64,
    leases: RwLock<HashMap<KeyspaceId, Arc<Lease>>>,
}

/// The right to use the table key of one keyspace.
pub struct Lease {
    keyspace: KeyspaceId,
    /// Until when it runs, in milliseconds since the epoch; 0 where the keyspace is closed.
    until_ms: AtomicU64,
    /// How often a KMS key it hangs on changed its state.
    key_changes: AtomicU64,
    /// The ARNs of the KMS keys it hangs on: one, or two while a table changes its key.
    kms_keys: Mutex<Vec<String>>,
    /// One asks the KMS, the others wait for what it learns.
    renewing: AsyncMutex<()>,
    /// Held while the keyspace is created, opened, switched or closed.
    door: AsyncMutex<()>,
}

impl Lease {
    /// Whether the table key may be used at `now_ms` without asking the KMS.
    #[must_use]
    pub fn runs_at(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms.load(Ordering::Acquire)
    }

    /// Whether the keyspace is open, as far as this lease opened it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.until_ms.load(Ordering::Acquire) != 0
    }

    /// How often a KMS key it hangs on changed its state. What was learnt of the key is out of date once
    /// this has grown.
    #[must_use]
    pub fn key_changes(&self) -> u64 {
        self.key_changes.load(Ordering::SeqCst)
    }

    /// Says which KMS keys the lease hangs on from now on. Name a key before asking the KMS for a table key
    /// under it, or its disabling in between is missed.
    pub fn hang_on<'k>(&self, kms_key_arns: impl IntoIterator<Item = &'k str>) {
        *self.kms_keys.lock() = kms_key_arns.into_iter().map(str::to_owned).collect();
    }

    fn hangs_on(&self, kms_key_arn: &str) -> bool {
        self.kms_keys.lock().iter().any(|arn| arn == kms_key_arn)
    }
}

/// A table key as the KMS handed it out just now; void once a KMS key of its lease changes its state.
pub struct UnwrappedKey {
    key: SecretKey,
    key_changes: u64,
    asked_ms: u64,
}

impl TableKeys {
    /// No leases yet; each will run for `lease_ms` (0: the KMS is asked for every access).
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        engine: Arc<dyn Engine>,
        keys: Arc<dyn KeyService>,
        lease_ms: u64,
    ) -> Self {
        Self { clock, engine, keys, lease_ms, leases: RwLock::default() }
    }

    /// The lease of a keyspace; a new one, not running, where there is none yet.
    pub fn lease(&self, keyspace: KeyspaceId) -> Arc<Lease> {
        let fresh = || Arc::new(Lease::closed(keyspace));
        Arc::clone(self.leases.write().entry(keyspace).or_insert_with(fresh))
    }

    /// Ends a lease for good: the keyspace is closed and not known here any more.
    pub async fn forget(&self, lease: &Lease) {
        lease.note_change();
        self.close(lease).await;
        self.leases.write().remove(&lease.keyspace);
    }

    /// Makes a lease run: asks the KMS to unwrap the recorded key and opens the keyspace with it. Whoever
    /// comes while another one asks waits for that answer.
    ///
    /// # Errors
    /// [`LeaseError::Key`] and [`LeaseError::Engine`]; the keyspace is then closed.
    pub async fn renew(
        &self,
        lease: &Lease,
        who: &OnBehalfOf,
        wrapped: &WrappedKey,
    ) -> Result<(), LeaseError> {
        let _turn = lease.renewing.lock().await;
        if lease.runs_at(self.clock.now_ms()) {
            return Ok(());
        }
        let renewed = self.unwrap_and_open(lease, who, wrapped).await;
        if renewed.is_err() {
            self.close(lease).await;
        }
        renewed
    }

    async fn unwrap_and_open(
        &self,
        lease: &Lease,
        who: &OnBehalfOf,
        wrapped: &WrappedKey,
    ) -> Result<(), LeaseError> {
        for _ in 1..MAX_ATTEMPTS {
            let key = self.unwrap(lease, who, wrapped).await?;
            match self.open(lease, key).await {
                Err(LeaseError::Overtaken) => {}
                opened => return opened,
            }
        }
        let key = self.unwrap(lease, who, wrapped).await?;
        self.open(lease, key).await
    }

    /// Asks the KMS for a fresh table key under `key_arn`, bound to `context`.
    ///
    /// # Errors
    /// [`LeaseError::Key`].
    pub async fn generate(
        &self,
        lease: &Lease,
        who: &OnBehalfOf,
        key_arn: &str,
        context: &EncryptionContext,
    ) -> Result<(UnwrappedKey, WrappedKey), LeaseError> {
        let (key_changes, asked_ms) = (lease.key_changes(), self.clock.now_ms());
        let (key, wrapped) = self.keys.generate(who, key_arn, context).await?;
        Ok((UnwrappedKey { key, key_changes, asked_ms }, wrapped))
    }

    /// Asks the KMS to unwrap a table key.
    ///
    /// # Errors
    /// [`LeaseError::Key`].
    pub async fn unwrap(
        &self,
        lease: &Lease,
        who: &OnBehalfOf,
        wrapped: &WrappedKey,
    ) -> Result<UnwrappedKey, LeaseError> {
        let (key_changes, asked_ms) = (lease.key_changes(), self.clock.now_ms());
        let key = self.keys.unwrap(who, wrapped).await?;
        Ok(UnwrappedKey { key, key_changes, asked_ms })
    }

    /// Creates the keyspace under `key`; the lease runs.
    ///
    /// # Errors
    /// [`LeaseError::Overtaken`] and [`LeaseError::Engine`].
    pub async fn create(&self, lease: &Lease, key: UnwrappedKey) -> Result<(), LeaseError> {
        self.at_the_door(lease, key, |key| self.engine.create(lease.keyspace, key)).await
    }

    /// Opens the keyspace with `key`; the lease runs.
    ///
    /// # Errors
    /// [`LeaseError::Overtaken`] and [`LeaseError::Engine`].
    pub async fn open(&self, lease: &Lease, key: UnwrappedKey) -> Result<(), LeaseError> {
        self.at_the_door(lease, key, |key| self.engine.open(lease.keyspace, key)).await
    }

    /// Puts the open keyspace under `new_key`; the lease runs.
    ///
    /// # Errors
    /// [`LeaseError::Overtaken`] and [`LeaseError::Engine`].
    pub async fn switch(&self, lease: &Lease, new_key: UnwrappedKey) -> Result<(), LeaseError> {
        self.at_the_door(lease, new_key, |key| self.engine.switch_table_key(lease.keyspace, key)).await
    }

    /// Closes keyspaces whose lease ran out at least `grace_ms` ago and was not renewed. `before` is called
    /// with each of them while it is still open.
    pub async fn close_expired(&self, grace_ms: u64, mut before: impl FnMut(KeyspaceId)) {
        let now_ms = self.clock.now_ms();
        for lease in self.select(|lease| lease.is_expired(now_ms, grace_ms)) {
            let _turn = lease.renewing.lock().await;
            if lease.is_expired(now_ms, grace_ms) {
                before(lease.keyspace);
                self.close(&lease).await;
            }
        }
    }

    async fn at_the_door<'a>(
        &self,
        lease: &Lease,
        key: UnwrappedKey,
        act: impl FnOnce(SecretKey) -> BoxFuture<'a, engine::Result<()>>,
    ) -> Result<(), LeaseError> {
        let _door = lease.door.lock().await;
        if lease.key_changes() != key.key_changes {
            return Err(LeaseError::Overtaken);
        }
        act(key.key).await?;
        lease.until_ms.store(key.asked_ms.saturating_add(self.lease_ms), Ordering::Release);
        Ok(())
    }

    async fn close(&self, lease: &Lease) {
        let _door = lease.door.lock().await;
        lease.end();
        self.engine.close(lease.keyspace);
    }

    fn select(&self, wanted: impl Fn(&Lease) -> bool) -> Vec<Arc<Lease>> {
        self.leases.read().values().filter(|lease| wanted(lease)).cloned().collect()
    }
}

impl KeyWatcher for TableKeys {
    /// Closes every keyspace that hangs on a key that became unusable; a usable one is opened by whoever
    /// comes next.
    fn key_changed<'a>(&'a self, change: &'a KeyChange) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let hanging = self.select(|lease| lease.hangs_on(&change.key_arn));
            hanging.iter().for_each(|lease| lease.note_change());
            if change.state == KeyState::Enabled {
                return;
            }
            hanging.iter().for_each(|lease| lease.end());
            for lease in &hanging {
                self.close(lease).await;
            }
        })
    }
}

impl Lease {
    fn closed(keyspace: KeyspaceId) -> Self {
        Self {
            keyspace,
            until_ms: AtomicU64::new(0),
            key_changes: AtomicU64::new(0),
            kms_keys: Mutex::default(),
            renewing: AsyncMutex::default(),
            door: AsyncMutex::default(),
        }
    }

    /// Voids every key handed out for it so far.
    fn note_change(&self) {
        self.key_changes.fetch_add(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.until_ms.store(0, Ordering::Release);
    }

    fn is_expired(&self, now_ms: u64, grace_ms: u64) -> bool {
        let until_ms = self.until_ms.load(Ordering::Acquire);
        until_ms != 0 && until_ms.saturating_add(grace_ms) <= now_ms
    }
}
