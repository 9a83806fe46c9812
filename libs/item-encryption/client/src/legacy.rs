//! Items of the legacy format, read only.

use std::collections::BTreeMap;
use std::sync::Arc;

use item_encryption_format::legacy::direct_kms::{self, NumberSpelling};
use item_encryption_format::legacy::item::description_of;
use item_encryption_format::legacy::{
    ContentKey, Description, LegacyConfig, VerifyingKey, WrappingKey, decrypt_with, is_encrypted,
};
use item_encryption_format::{Action, AttributeValue, Error as FormatError, TableConfig};

use crate::codec::{Answer, Item, ItemError};

/// Where the keys of legacy items come from.
pub trait LegacyKeys: Send + Sync {
    /// The keys that open the item with this description. `context` is what a KMS binds the item's data key to.
    fn open<'a>(
        &'a self,
        description: &'a Description,
        context: &'a BTreeMap<String, String>,
    ) -> Answer<'a, LegacyOpening>;
}

/// What opens one item.
pub struct LegacyOpening {
    /// For the attributes.
    pub content: ContentKey,
    /// For the signature.
    pub signature: Arc<VerifyingKey>,
}

/// A content key for each item, wrapped by one key; one key signs.
pub struct WrappedKeys {
    /// Opens content keys.
    pub wrapping: WrappingKey,
    /// Checks signatures.
    pub signature: Arc<VerifyingKey>,
}

impl LegacyKeys for WrappedKeys {
    fn open<'a>(
        &'a self,
        description: &'a Description,
        _context: &'a BTreeMap<String, String>,
    ) -> Answer<'a, LegacyOpening> {
        Box::pin(async move {
            let content = self.wrapping.unwrap(description)?;
            Ok(LegacyOpening { content, signature: Arc::clone(&self.signature) })
        })
    }
}

/// Reads the legacy items of a table.
#[derive(Clone)]
pub struct LegacyReader {
    keys: Arc<dyn LegacyKeys>,
    default: Action,
}

impl LegacyReader {
    /// A reader for items whose attributes have the actions of the table's configuration, and those without one
    /// are encrypted and signed, as AWS's clients do where nothing else is said.
    #[must_use]
    pub fn new(keys: Arc<dyn LegacyKeys>) -> Self {
        Self { keys, default: Action::EncryptAndSign }
    }

    /// The same with another action for attributes without one.
    #[must_use]
    pub fn default_action(mut self, action: Action) -> Self {
        self.default = action;
        self
    }

    /// Verifies and decrypts an item that is bound to `name`.
    pub(crate) async fn decrypt<V: AttributeValue>(
        &self,
        item: Item<V>,
        name: &str,
        table: &TableConfig,
    ) -> Result<Item<V>, ItemError> {
        if !is_encrypted(&item) {
            return Err(FormatError::NotEncrypted("*amzn-ddb-map-sig*").into());
        }
        let config = self.config(name, table);
        let description = description_of(&item)?;
        let context = direct_kms::context(&item, &config.keys, Some(name), NumberSpelling::Stored)?;
        let opening = self.keys.open(&description, &context).await?;
        Ok(decrypt_with(item, &config, &opening.content, &opening.signature)?)
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
        LegacyConfig { table: Some(name.to_owned()), keys, default: self.default, actions }
    }
}
