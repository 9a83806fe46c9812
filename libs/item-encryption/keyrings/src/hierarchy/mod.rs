//! The hierarchical keyring: a KMS key wraps branch keys, which stand in a DynamoDB table; a branch key wraps
//! the data keys of items, without the KMS. Branch keys stay in memory for a while.
//!
//! Map: this file (the keyring) · [`ids`] (which branch key an item is written under) · [`store`] (the table of branch keys) ·
//! `record` (one item of it).

pub mod ids;
mod record;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use item_encryption_format::dbesdk::{DataKey, EncryptionMaterials};
use item_encryption_format::wrapping::BranchKey;

use crate::cache::{Cache, CacheLimits};
use crate::clock::{Clock, SystemClock};
use crate::version_id::VersionId;
use crate::{Answer, Keyring, KeyringError, SealedKeys};

pub use ids::{BranchKeyIds, ByAttribute, OneBranchKey};
pub use store::{KeyStore, StoreKey};

/// What AWS's clients keep by default, for five minutes.
pub const DEFAULT_LIMITS: CacheLimits = CacheLimits { max_age: Duration::from_secs(300), capacity: 1000 };

/// Wraps data keys by branch keys.
pub struct HierarchicalKeyring {
    store: Arc<KeyStore>,
    ids: Box<dyn BranchKeyIds>,
    kept: Cache<Wanted, BranchKey>,
}

/// A branch key at a version, or at whichever is active.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wanted {
    id: String,
    version: Option<VersionId>,
}

impl HierarchicalKeyring {
    /// Over a key store; items are written under the branch key that `ids` names.
    #[must_use]
    pub fn new(store: Arc<KeyStore>, ids: Box<dyn BranchKeyIds>, limits: CacheLimits) -> Self {
        Self::with_clock(store, ids, limits, Arc::new(SystemClock::new()))
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(
        store: Arc<KeyStore>,
        ids: Box<dyn BranchKeyIds>,
        limits: CacheLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, ids, kept: Cache::new(limits, clock) }
    }

    /// The key store behind it.
    #[must_use]
    pub fn store(&self) -> &Arc<KeyStore> {
        &self.store
    }

    async fn key(&self, wanted: Wanted) -> Result<Arc<BranchKey>, KeyringError> {
        let fetch = || {
            let (store, wanted) = (Arc::clone(&self.store), wanted.clone());
            async move {
                match wanted.version {
                    Some(version) => store.key_version(&wanted.id, version).await,
                    None => store.active_key(&wanted.id).await,
                }
            }
        };
        self.kept.get(&wanted, fetch).await
    }
}

impl Keyring for HierarchicalKeyring {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            let id = self.ids.of(materials.context())?;
            let key = self.key(Wanted { id, version: None }).await?;
            Ok(key.wrap(materials)?)
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = None;
            let id = self.ids.of(sealed.context)?;
            for (at, encrypted) in sealed.encrypted_data_keys.iter().enumerate() {
                let named = BranchKey::named_by(encrypted).filter(|(named, _)| *named == id);
                let Some((_, version)) = named else { continue };
                let wanted = Wanted { id: id.clone(), version: Some(VersionId(version)) };
                let opened = match self.key(wanted).await {
                    Ok(key) => key.unwrap(encrypted, at, sealed.bound),
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                };
                match opened {
                    Some(Ok(key)) => return Ok(key),
                    Some(Err(error)) => failure = Some(KeyringError::DoesNotOpen(error.to_string())),
                    None => {}
                }
            }
            Err(sealed.unopened(failure))
        })
    }
}
