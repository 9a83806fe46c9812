//! Changes of keys' states: durable first, then seen by every later call, then told to every watcher; only
//! then answered.
//!
//! One change is told after the other, in the order in which they happened. Watchers are called without the
//! store's turn being held, so that they may make keys meanwhile.

use std::sync::Arc;

use envelope::{KeyChange, KeyState, KeyWatcher};
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use crate::error::KmsError;
use crate::key::{KeyRecord, State};
use crate::key_id::{Home, KeyId};
use crate::store::index::View;
use crate::store::record::{Address, Record};
use crate::store::{Change, Store, to_the_end};

/// Changes states and tells who watches.
pub struct Transitions {
    store: Arc<Store>,
    home: Home,
    watchers: Mutex<Vec<Arc<dyn KeyWatcher>>>,
    one_at_a_time: AsyncMutex<()>,
    one_deletion_round: AsyncMutex<()>,
}

impl Transitions {
    /// Over a store.
    #[must_use]
    pub fn of(store: Arc<Store>, home: Home) -> Arc<Self> {
        Arc::new(Self {
            store,
            home,
            watchers: Mutex::default(),
            one_at_a_time: AsyncMutex::default(),
            one_deletion_round: AsyncMutex::default(),
        })
    }

    /// Tells `watcher` of every later change.
    pub fn watch(&self, watcher: Arc<dyn KeyWatcher>) {
        self.watchers.lock().push(watcher);
    }

    /// Brings a key into the state that `next` names for its record as it is now. Nothing is told where
    /// that is the state it has.
    ///
    /// # Errors
    /// The refusal of `next`; [`KmsError::NotFound`] where the key is gone meanwhile.
    pub async fn bring(
        self: &Arc<Self>,
        key_id: KeyId,
        next: impl FnOnce(&KeyRecord) -> Result<State, KmsError> + Send + 'static,
    ) -> Result<State, KmsError> {
        let transitions = Arc::clone(self);
        to_the_end(async move { transitions.bring_now(key_id, next).await }).await
    }

    /// Deletes the keys whose window has ended, with their aliases, and shreds their material.
    /// Returns how many there were.
    ///
    /// # Errors
    /// [`KmsError::Internal`]; a later call goes on.
    pub async fn delete_due(self: &Arc<Self>) -> Result<usize, KmsError> {
        let transitions = Arc::clone(self);
        to_the_end(async move { transitions.delete_due_now().await }).await
    }

    async fn bring_now(
        &self,
        key_id: KeyId,
        next: impl FnOnce(&KeyRecord) -> Result<State, KmsError> + Send + 'static,
    ) -> Result<State, KmsError> {
        let _turn = self.one_at_a_time.lock().await;
        let home = self.home.clone();
        let changed = self.store.change(move |planning| {
            let key = planning.view.key(key_id).ok_or_else(|| missing(&home, key_id))?;
            let state = next(&key.record)?;
            let same = state == key.record.state;
            let record = KeyRecord { state, ..key.record.clone() };
            Ok((if same { vec![] } else { vec![Change::key(record)] }, (state, !same)))
        });
        let (state, is_new) = changed.await?;
        if is_new {
            self.tell(self.home.key_arn(key_id), state.into()).await;
        }
        Ok(state)
    }

    /// One round at a time: a key deleted while another round shreds would lose its own shred to that
    /// one's note of success.
    async fn delete_due_now(&self) -> Result<usize, KmsError> {
        let _round = self.one_deletion_round.lock().await;
        let due: Vec<KeyId> = self.store.read(|view| view.due_keys().map(|key| key.record.id).collect());
        for &key_id in &due {
            self.delete(key_id).await?;
        }
        if self.store.read(|view| view.is_shred_owed()) {
            let shredded = self.store.shred().await;
            shredded.map_err(|cause| KmsError::internal("shred the material of deleted keys", cause))?;
            self.store.change(|_| Ok((vec![Change::Remove(Address::ShredOwed)], ()))).await?;
        }
        Ok(due.len())
    }

    async fn delete(&self, key_id: KeyId) -> Result<(), KmsError> {
        let _turn = self.one_at_a_time.lock().await;
        let deleted = self.store.change(move |planning| {
            let view = planning.view;
            let is_due = view.index.key(key_id).is_some_and(|key| key.record.is_due(view.now_ms));
            Ok((if is_due { deletion(view, key_id) } else { vec![] }, is_due))
        });
        if deleted.await? {
            self.tell(self.home.key_arn(key_id), KeyState::Deleted).await;
        }
        Ok(())
    }

    async fn tell(&self, key_arn: String, state: KeyState) {
        let change = KeyChange { key_arn, state, at_ms: self.store.now_ms() };
        let watchers = self.watchers.lock().clone();
        for watcher in watchers {
            watcher.key_changed(&change).await;
        }
    }
}

/// Its record, its aliases, and the note that its material must be shredded: all in one commit.
fn deletion(view: View<'_>, key_id: KeyId) -> Vec<Change> {
    let aliases = view.alias_names_of(key_id).map(|name| Change::Remove(Address::Alias(name.clone())));
    let mut changes: Vec<Change> = aliases.collect();
    changes.push(Change::Remove(Address::Key(key_id)));
    changes.push(Change::Put(Record::ShredOwed));
    changes
}

fn missing(home: &Home, key_id: KeyId) -> KmsError {
    KmsError::NotFound(format!("Key '{}' does not exist", home.key_arn(key_id)))
}
