//! Whether tables are accessible, as their status tells: kept in step with the KMS.
//!
//! What guards the data is the closed keyspace ([`envelope::table_keys`]); the mark kept here is what
//! `DescribeTable` shows, with the time since which it holds.

use std::collections::BTreeMap;
use std::sync::Weak;

use envelope::{KeyChange, KeyManager, KeyServiceError, KeyState, KeyWatcher};
use futures::future::BoxFuture;

use super::Table;
use super::descriptor::{Descriptor, Stage};
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
    /// Asks the KMS about the keys of the tables `wanted` picks and marks these tables accordingly.
    pub(crate) async fn check_keys(&self, wanted: impl Fn(&Table) -> bool) {
        let mut keys = BTreeMap::new();
        for table in self.catalog.select(|table| wanted(table) && is_watched(table)) {
            let arn = &table.descriptor().encryption.table_key.kms_key_arn;
            if !keys.contains_key(arn) {
                keys.insert(arn.clone(), self.is_usable(arn).await);
            }
        }
        for (arn, usable) in keys {
            if let Some(usable) = usable {
                self.mark(&arn, usable, self.env.clock.now_ms()).await;
            }
        }
    }

    /// The same for one table.
    pub(crate) async fn check_key_of(&self, table: &Table) {
        self.check_keys(|other| other.id() == table.id()).await;
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
            table.stage == Stage::Active
                && table.encryption.table_key.kms_key_arn == key_arn
                && table.encryption.inaccessible_since_ms.is_none() != usable
        };
        let set = |table: &mut Descriptor| {
            if is_wrong(table) {
                table.encryption.inaccessible_since_ms = (!usable).then_some(at_ms);
            }
        };
        if let Err(error) = self.catalog.change_all(|table| is_wrong(table.descriptor()), set).await {
            tracing::error!(key_arn, usable, reason = %chain(&error), "tables are not marked");
        }
    }
}

/// The AWS owned key is nobody's to disable, and not shown to those who ask about keys.
fn is_watched(table: &Table) -> bool {
    table.descriptor().encryption.table_key.manager != KeyManager::ServiceOwned
}
