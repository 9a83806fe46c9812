//! Where an item's data key comes from: a fresh one for each, or one that serves for a while.
//!
//! An item's data key is bound to its encryption context, and so to its table and primary key. Materials are
//! therefore shared only between writes of the *same* item (same table name, key and included attributes, same suite)
//! and reads of the same stored item. What sharing means: those versions of the item have one data key and, with
//! ECDSA, one signing key; whoever is given the data key of one can open all, and the KMS's trail shows
//! one call for them. Their field keys and nonces still differ, since they follow from each version's random message id.
//! AWS's clients have no such cache for this format; what is written with it is read by them as ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA384};
use item_encryption_format::Suite;
use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionContext, EncryptionMaterials};

use crate::cache::{Cache, CacheLimits};
use crate::clock::{Clock, SystemClock};
use crate::{Answer, Keyring, KeyringError, SealedKeys};

/// Makes and finds the data keys of items.
pub trait MaterialsManager: Send + Sync {
    /// For an item of so many bytes that is to be written.
    fn for_writing(
        &self,
        context: EncryptionContext,
        suite: Suite,
        bytes: u64,
    ) -> Answer<'_, Arc<EncryptionMaterials>>;

    /// For an item that is to be read.
    fn for_reading<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, Arc<DataKey>>;
}

/// Fresh ones for each item, as AWS's clients have it.
pub struct FreshMaterials<K>(pub K);

impl<K: Keyring> MaterialsManager for FreshMaterials<K> {
    fn for_writing(
        &self,
        context: EncryptionContext,
        suite: Suite,
        _: u64,
    ) -> Answer<'_, Arc<EncryptionMaterials>> {
        Box::pin(async move { made(&self.0, context, suite).await.map(Arc::new) })
    }

    fn for_reading<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, Arc<DataKey>> {
        Box::pin(async move { self.0.unwrap(sealed).await.map(Arc::new) })
    }
}

/// How long materials may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialsLimits {
    /// For writing and for reading.
    pub max_age: Duration,
    /// How many items are written with the same; at least 1.
    pub max_uses: u64,
    /// How many bytes of items are written with the same.
    pub max_bytes: u64,
    /// How many are kept for writing, and as many for reading.
    pub capacity: usize,
}

/// Materials that serve for a while.
pub struct CachedMaterials {
    keyring: Arc<dyn Keyring>,
    limits: MaterialsLimits,
    clock: Arc<dyn Clock>,
    writing: Mutex<Writing>,
    reading: Cache<Identity, DataKey>,
}

/// A digest of all that materials are bound to.
type Identity = [u8; 48];

#[derive(Default)]
struct Writing {
    by_identity: HashMap<Identity, Used>,
    /// Counts calls; that of an entry is its last use.
    turn: u64,
}

struct Used {
    materials: Arc<EncryptionMaterials>,
    made: Duration,
    uses: u64,
    bytes: u64,
    last_used: u64,
}

impl CachedMaterials {
    /// Over a keyring.
    #[must_use]
    pub fn new(keyring: Arc<dyn Keyring>, limits: MaterialsLimits) -> Self {
        Self::with_clock(keyring, limits, Arc::new(SystemClock::new()))
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(keyring: Arc<dyn Keyring>, limits: MaterialsLimits, clock: Arc<dyn Clock>) -> Self {
        let kept = CacheLimits { max_age: limits.max_age, capacity: limits.capacity };
        let reading = Cache::new(kept, Arc::clone(&clock));
        Self { keyring, limits, clock, writing: Mutex::default(), reading }
    }

    fn kept(&self, identity: &Identity, bytes: u64) -> Option<Arc<EncryptionMaterials>> {
        let now = self.clock.now();
        let mut writing = self.lock();
        writing.turn += 1;
        let turn = writing.turn;
        let used = writing.by_identity.get_mut(identity)?;
        let (uses, bytes) = (used.uses.saturating_add(1), used.bytes.saturating_add(bytes));
        let young = now.saturating_sub(used.made) < self.limits.max_age;
        if !young || uses > self.limits.max_uses || bytes > self.limits.max_bytes {
            writing.by_identity.remove(identity);
            return None;
        }
        (used.uses, used.bytes, used.last_used) = (uses, bytes, turn);
        Some(Arc::clone(&used.materials))
    }

    fn keep(&self, identity: Identity, materials: &Arc<EncryptionMaterials>, made: Duration, bytes: u64) {
        if self.limits.max_uses <= 1 || bytes >= self.limits.max_bytes {
            return;
        }
        let now = self.clock.now();
        let mut writing = self.lock();
        let last_used = writing.turn;
        writing.by_identity.retain(|_, used| now.saturating_sub(used.made) < self.limits.max_age);
        while writing.by_identity.len() >= self.limits.capacity.max(1) {
            let oldest = writing.by_identity.iter().min_by_key(|(_, used)| used.last_used);
            let Some(identity) = oldest.map(|(identity, _)| *identity) else { break };
            writing.by_identity.remove(&identity);
        }
        let used = Used { materials: Arc::clone(materials), made, uses: 1, bytes, last_used };
        writing.by_identity.insert(identity, used);
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        // Nothing in here is half done when it panics.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MaterialsManager for CachedMaterials {
    fn for_writing(
        &self,
        context: EncryptionContext,
        suite: Suite,
        bytes: u64,
    ) -> Answer<'_, Arc<EncryptionMaterials>> {
        Box::pin(async move {
            let identity = identity([&[suite as u8][..], context.as_bytes()].into_iter());
            if let Some(materials) = self.kept(&identity, bytes) {
                return Ok(materials);
            }
            let begun = self.clock.now();
            let materials = Arc::new(made(&*self.keyring, context, suite).await?);
            self.keep(identity, &materials, begun, bytes);
            Ok(materials)
        })
    }

    fn for_reading<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, Arc<DataKey>> {
        Box::pin(async move {
            let wrapped = sealed.encrypted_data_keys.iter().flat_map(parts);
            let identity = identity(std::iter::once(sealed.bound).chain(wrapped));
            let open = || {
                let (keyring, owned) = (Arc::clone(&self.keyring), Owned::of(sealed));
                async move { keyring.unwrap(&owned.sealed()).await }
            };
            self.reading.get(&identity, open).await
        })
    }
}

async fn made(
    keyring: &(impl Keyring + ?Sized),
    context: EncryptionContext,
    suite: Suite,
) -> Result<EncryptionMaterials, KeyringError> {
    let mut materials = EncryptionMaterials::new(context, suite)?;
    keyring.wrap(&mut materials).await?;
    Ok(materials)
}

/// What [`SealedKeys`] borrows.
struct Owned {
    encrypted_data_keys: Vec<EncryptedDataKey>,
    context: EncryptionContext,
    bound: Vec<u8>,
}

impl Owned {
    fn of(sealed: &SealedKeys<'_>) -> Self {
        Self {
            encrypted_data_keys: sealed.encrypted_data_keys.to_vec(),
            context: sealed.context.clone(),
            bound: sealed.bound.to_vec(),
        }
    }

    fn sealed(&self) -> SealedKeys<'_> {
        SealedKeys {
            encrypted_data_keys: &self.encrypted_data_keys,
            context: &self.context,
            bound: &self.bound,
        }
    }
}

fn parts(key: &EncryptedDataKey) -> [&[u8]; 3] {
    [key.provider_id.as_bytes(), &key.provider_info, &key.ciphertext]
}

/// Each part goes in behind its length, so that no two lists of parts are alike.
fn identity<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Identity {
    let mut digest = Context::new(&SHA384);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut identity = [0; 48];
    identity.copy_from_slice(digest.finish().as_ref());
    identity
}
