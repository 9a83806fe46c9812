//! Whether tables are accessible, as their status tells: kept in step with the KMS.
//!
//! What guards the data is the closed keyspace ([`envelope::table_keys`]); the mark kept here is what
//! `DescribeTable` shows, with the time since which it holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use envelope::{KeyChange, KeyManager, KeyServiceError, KeyState, KeyWatcher};
use futures::future::BoxFuture;

use super::Table;
use super::descriptor::Descriptor;
use super::gate::by_itself;
use crate::DynamoDb;
use crate::error::chain;

/// Hears of changes of keys for a room, for as long as there is one.
pub(crate) struct Watch(pub(crate) Weak<DynamoDb>);

impl KeyWatcher for Watch {
    fn key_changed<'a>(&'a self, change: &'a KeyChange) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(room) = self.0.upgrade() {
                let sizes = room.open_sizes(|table| table.descriptor().encryption.hangs_on(&change.key_arn));
                room.table_keys.key_changed(change).await;
                let usable = change.state == KeyState::Enabled;
                room.mark(&change.key_arn, usable, change.at_ms).await;
                room.record_sizes(sizes).await;
                room.resume_switches_later();
            }
        })
    }
}

impl DynamoDb {
    /// Asks the KMS about all keys and marks all tables accordingly: for changes that a crash kept from
    /// being heard of.
    pub(crate) async fn check_keys(&self) {
        let watched = self.catalog.select(is_watched);
        let arn = |table: &Arc<Table>| table.descriptor().encryption.table_key.kms_key_arn.clone();
        for key_arn in watched.iter().map(arn).collect::<BTreeSet<_>>() {
            if let Some(usable) = self.is_usable(&key_arn).await {
                self.mark(&key_arn, usable, self.env.clock.now_ms()).await;
            }
        }
    }

    /// Whether a key is usable, where the KMS can tell.
    async fn is_usable(&self, key_arn: &str) -> Option<bool> {
        match self.keys.describe(&by_itself(), key_arn).await {
            Ok(key) => Some(key.state == KeyState::Enabled),
            Err(KeyServiceError::NotFound(_)) => Some(false),
            Err(_) => None,
        }
    }

    async fn mark(&self, key_arn: &str, usable: bool, at_ms: u64) {
        let is_wrong = |table: &Descriptor| {
            table.encryption.table_key.kms_key_arn == key_arn
                && table.encryption.inaccessible_since_ms.is_none() != usable
        };
        let since_ms = (!usable).then_some(at_ms);
        let set = |table: &mut Descriptor| table.encryption.inaccessible_since_ms = since_ms;
        if let Err(error) = self.catalog.change_all(is_wrong, set).await {
            tracing::error!(key_arn, usable, reason = %chain(&error), "tables are not marked");
        }
    }
}

/// The AWS owned key is nobody's to disable, and not shown to those who ask about keys.
fn is_watched(table: &Table) -> bool {
    table.descriptor().encryption.table_key.manager != KeyManager::ServiceOwned
}
