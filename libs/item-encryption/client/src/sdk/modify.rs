//! Read, change, and write where nobody changed it meanwhile.

use std::sync::Arc;

use super::store::SdkStore;
use super::{ClientError, EncryptedClient, Item};
use crate::change::Change;
use crate::migration::{ItemStore, Replaced};

/// How often others may come first.
const MAX_TRIES: u32 = 10;

impl EncryptedClient {
    /// Reads an item, lets `change` change it, encrypts it again and writes it, under the condition that every
    /// attribute is as it was read; else reads it again, at most ten times. Answers the item as it is now.
    ///
    /// # Errors
    /// [`ClientError::NoItem`], [`ClientError::Contended`], and others.
    pub async fn modify(
        &self,
        table: &str,
        key: Item,
        mut change: impl FnMut(Item) -> Item,
    ) -> Result<Item, ClientError> {
        let codec = Arc::clone(&self.known(Some(table))?.codec);
        let store = SdkStore::new(self.client.clone(), table);
        for _ in 0..MAX_TRIES {
            let stored = store.read(&key).await?.ok_or(ClientError::NoItem)?;
            let changed = change(codec.decrypt(stored.clone()).await?.item);
            let next = codec.encrypt(changed.clone()).await?;
            let replaced = match Change::between(&stored, &next, codec.table())? {
                Some(change) => store.write(change).await?,
                None => Replaced::Done,
            };
            if replaced == Replaced::Done {
                return Ok(changed);
            }
        }
        Err(ClientError::Contended(MAX_TRIES))
    }

    /// A known table as what a [`Sweep`](crate::migration::Sweep) sweeps.
    #[must_use]
    pub fn store(&self, table: &str) -> impl ItemStore<aws_sdk_dynamodb::types::AttributeValue> + use<> {
        SdkStore::new(self.client.clone(), table)
    }
}
