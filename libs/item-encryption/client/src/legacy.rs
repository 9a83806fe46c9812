//! Items of the legacy format, read only.

use std::sync::Arc;

use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::{LegacyConfig, SIGNATURE, is_encrypted};
use item_encryption_format::{Action, AttributeValue, Error as FormatError, TableConfig};
use item_encryption_keyrings::legacy::LegacyProvider;

use crate::codec::{Item, ItemError};

/// Reads the legacy items of a table.
#[derive(Clone)]
pub struct LegacyReader {
    provider: Arc<LegacyProvider>,
    default: Action,
}

impl LegacyReader {
    /// A reader for items whose attributes have the actions of the table's configuration, and those without one
    /// are encrypted and signed, as AWS's clients do where nothing else is said.
    #[must_use]
    pub fn new(provider: LegacyProvider) -> Self {
        Self { provider: Arc::new(provider), default: Action::EncryptAndSign }
    }

    /// The same with another action for attributes without one.
    #[must_use]
    pub fn default_action(mut self, action: Action) -> Self {
        self.default = action;
        self
    }

    /// Verifies and decrypts an item that is bound to `name`.
    pub(crate) async fn decrypt<V: AttributeValue + Sync>(
        &self,
        item: Item<V>,
        name: &str,
        table: &TableConfig,
    ) -> Result<Item<V>, ItemError> {
        if !is_encrypted(&item) {
            return Err(FormatError::NotEncrypted(SIGNATURE).into());
        }
        let config = self.config(name, table);
        let opening = self.provider.opening(&item, &config.keys, Some(name), NumberSpelling::Stored).await?;
        Ok(opening.open(item, &config)?)
    }

    fn config(&self, name: &str, table: &TableConfig) -> LegacyConfig {
        let mut actions = table.actions.clone();
        for action in
            actions.values_mut().filter(|action| **action == Action::SignAndIncludeInEncryptionContext)
        {
            *action = Action::SignOnly;
        }
        actions.extend(table.unsigned.iter().map(|name| (name.clone(), Action::DoNothing)));
        let keys = table.keys().map(str::to_owned).collect();
        let (table, order) = (Some(name.to_owned()), Default::default());
        LegacyConfig { table, keys, default: self.default, actions, order }
    }
}
