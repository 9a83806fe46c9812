//! Things that are costly to fetch, kept for a while: each is fetched once, however many ask for it at once.
//!
//! Bounded in age and number. What leaves is dropped, and with it the keys are wiped once nobody uses them.
//! Failures are told to all who waited, and not kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::KeyringError;
use crate::clock::Clock;

/// How long, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Counted from when an entry began to be fetched.
    pub max_age: Duration,
    /// Beyond it the one that was not asked for longest leaves; at least 1.
    pub capacity: usize,
}

/// A cache of `V` by `K`.
pub struct Cache<K, V> {
    entries: Mutex<Entries<K, V>>,
    limits: CacheLimits,
    clock: Arc<dyn Clock>,
}

struct Entries<K, V> {
    by_key: HashMap<K, Entry<V>>,
    /// Counts calls; an entry's is that of its last use.
    turn: u64,
}

struct Entry<V> {
    fetched: Fetched<V>,
    begun: Duration,
    last_used: u64,
}

type Fetched<V> = Shared<BoxFuture<'static, Result<Arc<V>, KeyringError>>>;

impl<K: Hash + Eq + Clone, V: Send + Sync + 'static> Cache<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        let entries = Mutex::new(Entries { by_key: HashMap::new(), turn: 0 });
        Self { entries, limits, clock }
    }

    /// What is kept under a key, else what `fetch` answers.
    ///
    /// # Errors
    /// What `fetch` says.
    pub async fn get<F>(&self, key: &K, fetch: impl FnOnce() -> F) -> Result<Arc<V>, KeyringError>
    where
        F: Future<Output = Result<V, KeyringError>> + Send + 'static,
    {
        let fetched = self.entry(key, fetch);
        let answer = fetched.clone().await;
        if answer.is_err() {
            self.forget(key, &fetched);
        }
        answer
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_key.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().by_key.clear();
    }

    fn entry<F>(&self, key: &K, fetch: impl FnOnce() -> F) -> Fetched<V>
    where
        F: Future<Output = Result<V, KeyringError>> + Send + 'static,
    {
        let now = self.clock.now();
        let mut entries = self.lock();
        entries.turn += 1;
        let turn = entries.turn;
        let fresh = |entry: &Entry<V>| now.saturating_sub(entry.begun) < self.limits.max_age;
        if let Some(entry) = entries.by_key.get_mut(key).filter(|entry| fresh(entry)) {
            entry.last_used = turn;
            return entry.fetched.clone();
        }
        entries.by_key.retain(|_, entry| fresh(entry));
        let fetched = fetch().map(|answer| answer.map(Arc::new)).boxed().shared();
        entries.make_room(self.limits.capacity);
        let entry = Entry { fetched: fetched.clone(), begun: now, last_used: turn };
        entries.by_key.insert(key.clone(), entry);
        fetched
    }

    fn forget(&self, key: &K, failed: &Fetched<V>) {
        let mut entries = self.lock();
        if entries.by_key.get(key).is_some_and(|entry| entry.fetched.ptr_eq(failed)) {
            entries.by_key.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        // Nothing in here is half done when it panics.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V> Entries<K, V> {
    fn make_room(&mut self, capacity: usize) {
        while self.by_key.len() >= capacity.max(1) {
            let oldest = self.by_key.iter().min_by_key(|(_, entry)| entry.last_used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            self.by_key.remove(&key);
        }
    }
}
