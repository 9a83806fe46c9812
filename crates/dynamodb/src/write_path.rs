//! The one way in which items change: old item -> condition -> new item -> one commit.
//!
//! ```text
//! key's turn ──> old item ──> condition holds? ──> new item ──> commit, guarded by the old item's version
//!                   ^                                                 │
//!                   └───────────── guard failed: once more ───────────┘
//! ```
//! What belongs to an item's change, such as index entries or a stream record, goes into its commit, and
//! nowhere else. Items that change [`together`] go the same way, all in one commit. The guard makes it right with any number of writers anywhere; the key's turn makes it quick
//! for those in this process.

pub mod together;

use bytes::Bytes;
use engine::{Commit, Guard, GuardedKey, Key, Outcome, Write};
use futures::future::join_all;
use service::{ApiError, CallContext};

use crate::DynamoDb;
use crate::capacity::Units;
use crate::expression::{Action, Condition, Update};
use crate::return_values::OnConditionFailure;
use crate::table::OpenTable;
use crate::value::Item;
use crate::value::codec::{EncodedItem, encode};
use crate::value::size::{MAX_ITEM_SIZE, item_size};

/// How often a commit is tried whose guard fails. Only writers outside of this process, or calls whose
/// client went away, come in between, so a second try is rare and this many are never needed.
const MAX_ATTEMPTS: usize = 16;

/// A change of one item.
pub struct ItemWrite<'c> {
    /// Its table.
    pub table: &'c OpenTable,
    /// Where it lies.
    pub key: Key,
    /// What must hold of the old item.
    pub condition: Option<&'c Condition>,
    /// What is told where it does not hold.
    pub on_failure: OnConditionFailure,
    /// What then becomes of it.
    pub change: Change<'c>,
}

/// What becomes of an item.
pub enum Change<'c> {
    /// It is replaced by this one, encoded.
    Put(Bytes),
    /// It is gone.
    Delete,
    /// It stays as it is; its condition alone matters, to what is written together with it.
    Nothing,
    /// It is changed, or made from its key.
    Update {
        /// How.
        update: &'c Update,
        /// The key's attributes.
        key: &'c Item,
    },
}

/// An item before and after a write.
pub struct Written {
    /// What was there.
    pub old: Option<EncodedItem>,
    /// What is there.
    pub new: Option<EncodedItem>,
}

impl Written {
    /// What the write costs.
    #[must_use]
    pub fn units(&self) -> Units {
        let size = |item: &Option<EncodedItem>| item.as_ref().map_or(0, EncodedItem::size);
        Units::of_write(size(&self.old), size(&self.new))
    }
}

/// Checks that an item to be put is not too large.
///
/// # Errors
/// `ValidationException`.
pub fn check_size(item: &Item) -> Result<(), ApiError> {
    if item_size(item) > MAX_ITEM_SIZE {
        return Err(ApiError::validation("Item size has exceeded the maximum allowed size"));
    }
    Ok(())
}

impl DynamoDb {
    /// Writes one item.
    ///
    /// # Errors
    /// `ConditionalCheckFailedException`; `ValidationException` where the new item cannot be;
    /// `InternalServerError` where it cannot be known whether it was written.
    pub async fn write_item(
        &self,
        context: &CallContext,
        write: &ItemWrite<'_>,
    ) -> Result<Written, ApiError> {
        let _turn = self.key_locks.lock(write.table.keyspace(), &write.key).await;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(written) = self.try_write(context, write).await? {
                return Ok(written);
            }
        }
        Err(try_again("a write was overtaken too often"))
    }

    /// Writes items that do not depend on each other, each for itself, all at once so that they share syncs
    /// of the log. Waits for all of them.
    ///
    /// # Errors
    /// The first error; the other items may be written.
    pub async fn write_items(
        &self,
        context: &CallContext,
        writes: &[ItemWrite<'_>],
    ) -> Result<Vec<Written>, ApiError> {
        join_all(writes.iter().map(|write| self.write_item(context, write))).await.into_iter().collect()
    }

    /// One attempt; `None` where another writer came in between.
    async fn try_write(
        &self,
        context: &CallContext,
        write: &ItemWrite<'_>,
    ) -> Result<Option<Written>, ApiError> {
        let old = self.old_item(context, write).await?;
        let Part { guard, entry, written } = write.part(old)?;
        let Some(entry) = entry else { return Ok(Some(written)) };
        match self.engine.commit(Commit { guards: vec![guard], writes: vec![entry] }).await {
            Ok(Outcome::Applied(_)) => Ok(Some(written)),
            Ok(Outcome::GuardFailed(_)) => Ok(None),
            Ok(Outcome::MaybeApplied) => Err(try_again("a commit may have been applied or not")),
            Err(error) => Err(self.engine_refused(context, write.table, error).await),
        }
    }

    async fn old_item(&self, context: &CallContext, write: &ItemWrite<'_>) -> Result<OldItem, ApiError> {
        match self.engine.get(write.table.keyspace(), &write.key).await {
            Ok(None) => Ok(OldItem { guard: Guard::Absent, item: None }),
            Ok(Some(entry)) => {
                let item = Some(EncodedItem::new(entry.value)?);
                Ok(OldItem { guard: Guard::Version(entry.version), item })
            }
            Err(error) => Err(self.engine_refused(context, write.table, error).await),
        }
    }
}

/// An item as it is found, and that it has not changed since.
struct OldItem {
    guard: Guard,
    item: Option<EncodedItem>,
}

/// What one item brings into a commit.
struct Part {
    guard: GuardedKey,
    /// Nothing where nothing becomes of the item.
    entry: Option<Write>,
    written: Written,
}

impl ItemWrite<'_> {
    /// What the write brings into its commit, where this was found.
    fn part(&self, old: OldItem) -> Result<Part, ApiError> {
        let (keyspace, key) = (self.table.keyspace(), self.key.clone());
        let guard = GuardedKey { keyspace, key: key.clone(), guard: old.guard };
        let value = self.outcome(old.item.as_ref())?;
        let stays = matches!(self.change, Change::Nothing);
        let new = if stays { old.item.clone() } else { value.clone().map(EncodedItem::new).transpose()? };
        let written = Written { old: old.item, new };
        let is_change = !stays && (written.old.is_some() || written.new.is_some());
        Ok(Part { guard, entry: is_change.then_some(Write { keyspace, key, value }), written })
    }

    /// The new item, encoded. The old one is decoded only where something looks at it.
    fn outcome(&self, old: Option<&EncodedItem>) -> Result<Option<Bytes>, ApiError> {
        let is_looked_at = self.condition.is_some() || matches!(self.change, Change::Update { .. });
        let decoded = old.filter(|_| is_looked_at).map(EncodedItem::decode).transpose()?;
        if let Some(condition) = self.condition
            && !condition.holds(decoded.as_ref())
        {
            return Err(self.condition_failed(old));
        }
        match &self.change {
            Change::Put(item) => Ok(Some(item.clone())),
            Change::Delete | Change::Nothing => Ok(None),
            Change::Update { update, key } => updated(update, key, decoded),
        }
    }

    fn condition_failed(&self, old: Option<&EncodedItem>) -> ApiError {
        let error = ApiError::service("ConditionalCheckFailedException", "The conditional request failed");
        let told = old.filter(|_| self.on_failure == OnConditionFailure::TellItem);
        match told.map(serde_json::to_value) {
            Some(Ok(item)) => error.with_member("Item", item),
            _ => error,
        }
    }
}

/// The item after an update. What only removes makes no item where there is none.
fn updated(update: &Update, key: &Item, old: Option<Item>) -> Result<Option<Bytes>, ApiError> {
    let new = update.apply(old.as_ref().unwrap_or(key))?;
    if old.is_none() && only_removes(update) {
        return Ok(None);
    }
    if item_size(&new) > MAX_ITEM_SIZE {
        return Err(ApiError::validation("Item size to update has exceeded the maximum allowed size"));
    }
    Ok(Some(encode(&new)))
}

fn only_removes(update: &Update) -> bool {
    let removes = |action: &Action| matches!(action, Action::Remove { .. } | Action::Delete { .. });
    !update.actions().is_empty() && update.actions().iter().all(removes)
}

/// The write may be tried again, and may have happened.
fn try_again(what: &'static str) -> ApiError {
    tracing::warn!(what);
    ApiError::internal("InternalServerError")
}
