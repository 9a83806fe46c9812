//! Read, change, and write where nobody changed it meanwhile.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use item_encryption_format::dbesdk::HEADER;
use tokio::time::sleep;

use super::store::SdkStore;
use super::{ClientError, EncryptedClient, Item};
use crate::change::Change;
use crate::migration::{ItemStore, Replaced};

/// How often others may come first.
const MAX_TRIES: u32 = 10;
/// How long is waited at most before the second try; more before later ones, so that those who meet draw apart.
const FIRST_WAIT_MS: u64 = 10;

impl EncryptedClient {
    /// Reads an item, lets `change` change it, encrypts it again and writes it, under the condition that every
    /// attribute is as it was read; else reads it again, at most ten times. Answers the item as it is now. `change` is
    /// called for each try, on the item as it is then; it is done once, also where the answer to a write is lost on
    /// the way and the SDK sends it again.
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
        let mut tried = None;
        for turn in 1..=MAX_TRIES {
            let stored = store.read(&key).await?.ok_or(ClientError::NoItem)?;
            let opened = codec.decrypt(stored.clone()).await?.item;
            // A header is like no other: this is what the last try has written, though it was told otherwise.
            if tried.is_some() && stored.get(HEADER) == tried.as_ref() {
                return Ok(opened);
            }
            let changed = change(opened);
            let next = codec.encrypt(changed.clone()).await?;
            let replaced = match Change::between(&stored, &next, codec.table())? {
                Some(change) => store.write(change).await?,
                None => Replaced::Done,
            };
            if replaced == Replaced::Done {
                return Ok(changed);
            }
            tried = next.get(HEADER).cloned();
            sleep(wait_after(turn)).await;
        }
        Err(ClientError::Contended(MAX_TRIES))
    }

    /// A known table as what a [`Sweep`](crate::migration::Sweep) sweeps.
    #[must_use]
    pub fn store(&self, table: &str) -> impl ItemStore<aws_sdk_dynamodb::types::AttributeValue> + use<> {
        SdkStore::new(self.client.clone(), table)
    }
}

/// A random part of what grows with each try.
fn wait_after(turn: u32) -> Duration {
    let most = FIRST_WAIT_MS * u64::from(turn);
    Duration::from_millis(RandomState::new().hash_one(turn) % most)
}
