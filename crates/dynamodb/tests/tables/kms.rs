//! A KMS in memory whose keys can be disabled, deleted and counted upon.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::SecretKey;
use env::SeededRandom;
use env::random::random_bytes;
use envelope::{
    EncryptionContext, KeyChange, KeyDescription, KeyManager, KeyService, KeyServiceError, KeyState,
    KeyWatcher, OnBehalfOf, WrappedKey,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

const PREFIX: &str = "arn:aws:kms:us-east-1:000000000000:";
const MOST_AT_ONCE: usize = 1000;
type Result<T> = std::result::Result<T, KeyServiceError>;

pub struct Kms {
    random: SeededRandom,
    inner: Mutex<Inner>,
    /// Held back: answers that are decided, but on their way still.
    answers: Semaphore,
}

#[derive(Default)]
struct Inner {
    keys: BTreeMap<String, (KeyManager, KeyState)>,
    aliases: BTreeMap<String, String>,
    wrapped: BTreeMap<Vec<u8>, ([u8; 32], EncryptionContext)>,
    watchers: Vec<Arc<dyn KeyWatcher>>,
    unwraps: Vec<OnBehalfOf>,
    is_down: bool,
    asked: usize,
}

impl Default for Kms {
    fn default() -> Self {
        let answers = Semaphore::new(MOST_AT_ONCE);
        Self { random: SeededRandom::new(42), inner: Mutex::default(), answers }
    }
}

impl Kms {
    /// A new customer managed key, by its ARN.
    pub fn create_key(&self) -> String {
        self.create(KeyManager::Customer)
    }

    /// A new AWS managed key of some other service.
    pub fn create_foreign_key(&self, alias: &str) -> String {
        let arn = self.create(KeyManager::Service);
        self.alias(alias, &arn);
        arn
    }

    pub fn alias(&self, alias: &str, arn: &str) {
        self.inner.lock().aliases.insert(alias.into(), arn.into());
    }

    /// Changes a key's state and tells the watchers, as a call to the KMS would.
    pub async fn bring(&self, arn: &str, state: KeyState) {
        self.bring_silently(arn, state);
        let watchers = self.inner.lock().watchers.clone();
        let change = KeyChange { key_arn: arn.into(), state, at_ms: 1_234_000 };
        for watcher in watchers {
            watcher.key_changed(&change).await;
        }
    }

    /// Changes a key's state while nobody watches.
    pub fn bring_silently(&self, arn: &str, state: KeyState) {
        self.inner.lock().keys.get_mut(arn).unwrap().1 = state;
    }

    pub fn set_down(&self, is_down: bool) {
        self.inner.lock().is_down = is_down;
    }

    /// Holds back the table keys that are asked for from now on, until the guard is dropped.
    pub fn hold_answers(&self) -> SemaphorePermit<'_> {
        self.answers.try_acquire_many(u32::try_from(MOST_AT_ONCE).unwrap()).unwrap()
    }

    /// How often a table key was asked for.
    pub fn asked(&self) -> usize {
        self.inner.lock().asked
    }

    async fn on_its_way<T>(&self, answer: T) -> T {
        self.inner.lock().asked += 1;
        drop(self.answers.acquire().await.unwrap());
        answer
    }

    /// How often a table key was unwrapped.
    pub fn unwraps(&self) -> usize {
        self.inner.lock().unwraps.len()
    }

    /// On whose behalf a table key was unwrapped last.
    pub fn last_unwrapped_for(&self) -> OnBehalfOf {
        self.inner.lock().unwraps.last().cloned().unwrap()
    }

    fn create(&self, manager: KeyManager) -> String {
        let id = uuid::Builder::from_random_bytes(random_bytes(&self.random)).into_uuid();
        let arn = format!("{PREFIX}key/{id}");
        self.inner.lock().keys.insert(arn.clone(), (manager, KeyState::Enabled));
        arn
    }

    fn service_key(&self, alias: &str, manager: KeyManager) -> String {
        let known = self.inner.lock().aliases.get(alias).cloned();
        known.unwrap_or_else(|| {
            let arn = self.create(manager);
            self.alias(alias, &arn);
            arn
        })
    }

    fn find(&self, key: &str) -> Result<String> {
        if let Some(region) = key.strip_prefix("arn:aws:kms:").and_then(|arn| arn.split(':').next())
            && region != "us-east-1"
        {
            return Err(KeyServiceError::NotFound(format!("Invalid arn {region}")));
        }
        let named = key.strip_prefix(PREFIX).unwrap_or(key);
        if named.starts_with("alias/") {
            if named == "alias/aws/dynamodb" {
                return Ok(self.service_key(named, KeyManager::Service));
            }
            let found = self.inner.lock().aliases.get(named).cloned();
            return found
                .ok_or_else(|| KeyServiceError::NotFound(format!("Alias {PREFIX}{named} is not found.")));
        }
        let arn = format!("{PREFIX}key/{}", named.trim_start_matches("key/"));
        match self.inner.lock().keys.get(&arn) {
            Some((_, state)) if *state != KeyState::Deleted => Ok(arn),
            _ => Err(KeyServiceError::NotFound(format!("Key '{arn}' does not exist"))),
        }
    }

    fn usable(&self, arn: &str) -> Result<()> {
        let inner = self.inner.lock();
        if inner.is_down {
            return Err(KeyServiceError::Unavailable("down".into()));
        }
        match inner.keys.get(arn).map(|key| key.1) {
            Some(KeyState::Enabled) => Ok(()),
            Some(KeyState::Disabled) => Err(KeyServiceError::Disabled(format!("{arn} is disabled."))),
            Some(KeyState::PendingDeletion) => {
                Err(KeyServiceError::InvalidState(format!("{arn} is pending deletion.")))
            }
            _ => Err(KeyServiceError::NotFound(format!("Key '{arn}' does not exist"))),
        }
    }

    fn description(&self, arn: String) -> KeyDescription {
        let (manager, state) = self.inner.lock().keys[&arn];
        KeyDescription { arn, state, manager }
    }

    fn generate_now(&self, arn: &str, context: &EncryptionContext) -> Result<(SecretKey, WrappedKey)> {
        self.usable(arn)?;
        let (mut key, blob) = (random_bytes::<32>(&self.random), random_bytes::<24>(&self.random).to_vec());
        self.inner.lock().wrapped.insert(blob.clone(), (key, context.clone()));
        let wrapped = WrappedKey {
            key_arn: arn.into(),
            key_material_id: "1".into(),
            context: context.clone(),
            blob,
            wrapped_at_ms: 0,
        };
        Ok((SecretKey::take(&mut key), wrapped))
    }

    fn unwrap_now(&self, who: &OnBehalfOf, wrapped: &WrappedKey) -> Result<SecretKey> {
        self.inner.lock().unwraps.push(who.clone());
        self.usable(&wrapped.key_arn)?;
        match self.inner.lock().wrapped.get(&wrapped.blob) {
            Some((key, context)) if *context == wrapped.context => Ok(SecretKey::take(&mut key.clone())),
            _ => Err(KeyServiceError::InvalidCiphertext(String::new())),
        }
    }
}

impl KeyService for Kms {
    fn describe<'a>(&'a self, _: &'a OnBehalfOf, key: &'a str) -> BoxFuture<'a, Result<KeyDescription>> {
        async move { self.find(key).map(|arn| self.description(arn)) }.boxed()
    }

    fn service_owned_key<'a>(&'a self, _: &'a OnBehalfOf) -> BoxFuture<'a, Result<KeyDescription>> {
        async move { Ok(self.description(self.service_key("alias/owned", KeyManager::ServiceOwned))) }.boxed()
    }

    fn generate<'a>(
        &'a self,
        _: &'a OnBehalfOf,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<(SecretKey, WrappedKey)>> {
        async move { self.on_its_way(self.generate_now(key_arn, context)).await }.boxed()
    }

    fn unwrap<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<SecretKey>> {
        async move { self.on_its_way(self.unwrap_now(who, wrapped)).await }.boxed()
    }

    fn watch(&self, watcher: Arc<dyn KeyWatcher>) {
        self.inner.lock().watchers.push(watcher);
    }
}
