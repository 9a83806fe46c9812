//! A note, and the KMS and the tables that its keys may be in.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use item_encryption_format::dbesdk::{
    EncryptionContext, EncryptionMaterials, SealedItem, encrypt, encryption_context,
};
use item_encryption_format::{Action, Suite, TableConfig, Value};
use item_encryption_keyrings::clock::Clock;
use item_encryption_keyrings::kms::KmsAnswer;
use item_encryption_keyrings::tables::{
    ConditionalPut, Put, PutCondition, TableAnswer, TableClient, TableShape, TableState,
};
use item_encryption_keyrings::{Keyring, KeyringError, KmsClient, SealedKeys};
use zeroize::Zeroizing;

pub type Item = HashMap<String, Value>;

pub const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/mrk-1";

pub fn config() -> TableConfig {
    let mut config = TableConfig::new("Notes", "id", None).action("body", Action::EncryptAndSign);
    config.suite = Suite::NoEcdsa;
    config
}

pub fn note() -> Item {
    let text = |text: &str| Value::S(text.to_owned());
    [("id".to_owned(), text("n1")), ("body".to_owned(), text("secret"))].into()
}

pub fn seal(keyring: &dyn Keyring) -> Result<Item, KeyringError> {
    seal_item(keyring, note())
}

pub fn seal_item(keyring: &dyn Keyring, item: Item) -> Result<Item, KeyringError> {
    let context = encryption_context(&item, &config())?;
    let mut materials = EncryptionMaterials::new(context, Suite::NoEcdsa)?;
    block_on(keyring.wrap(&mut materials))?;
    Ok(encrypt(item, &config(), &materials)?)
}

pub fn open(keyring: &dyn Keyring, item: Item) -> Result<Item, KeyringError> {
    let config = config();
    let sealed = SealedItem::read(item, "Notes", &config)?;
    let keys = SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    };
    let key = block_on(keyring.unwrap(&keys))?;
    Ok(sealed.decrypt(&key)?)
}

/// A KMS that keeps what it wrapped, with key and context, in a list.
#[derive(Default, Clone)]
pub struct FakeKms(pub Arc<Mutex<KmsState>>);

#[derive(Default)]
pub struct KmsState {
    pub wrapped: Vec<Wrapped>,
    pub disabled: bool,
    /// The names of the calls.
    pub calls: Vec<&'static str>,
}

#[derive(Clone)]
pub struct Wrapped {
    pub key: String,
    pub plain: Vec<u8>,
    pub context: EncryptionContext,
}

impl FakeKms {
    fn wrap(&self, key: &str, plain: Option<Vec<u8>>, context: &EncryptionContext) -> (Vec<u8>, Vec<u8>) {
        let mut state = self.0.lock().unwrap();
        let number = u8::try_from(state.wrapped.len()).unwrap();
        let plain = plain.unwrap_or(vec![number; 32]);
        state.wrapped.push(Wrapped { key: key.to_owned(), plain: plain.clone(), context: context.clone() });
        (plain, vec![number])
    }

    fn unwrap(&self, key: &str, blob: &[u8], context: &EncryptionContext) -> Result<Vec<u8>, String> {
        let state = self.0.lock().unwrap();
        let found = &state.wrapped[usize::from(blob[0])];
        let id = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
        match () {
            () if state.disabled => Err(format!("DisabledException: {key} is disabled.")),
            () if id(&found.key) != id(key) => Err("IncorrectKeyException".to_owned()),
            () if found.context != *context => Err("InvalidCiphertextException".to_owned()),
            () => Ok(found.plain.clone()),
        }
    }

    fn called(&self, call: &'static str) {
        self.0.lock().unwrap().calls.push(call);
    }

    pub fn calls(&self, call: &str) -> usize {
        self.0.lock().unwrap().calls.iter().filter(|called| **called == call).count()
    }
}

impl KmsClient for FakeKms {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        Box::pin(async move {
            self.called("GenerateDataKey");
            let (plain, blob) = self.wrap(key, None, context);
            Ok((plain.into(), blob))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            self.called("Decrypt");
            Ok(self.unwrap(key, blob, context)?.into())
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move { Ok(self.wrap(key, None, context).1) })
    }

    fn re_encrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        from: &'a EncryptionContext,
        to: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let plain = self.unwrap(key, blob, from)?;
            Ok(self.wrap(key, Some(plain), to).1)
        })
    }
}

/// Tables with keys that are strings or numbers, kept by their debug form.
#[derive(Default, Clone)]
pub struct FakeTables(pub Arc<Mutex<TablesState>>);

#[derive(Default)]
pub struct TablesState {
    pub items: BTreeMap<String, Item>,
    pub shape: Option<TableShape>,
    /// Whether the next put is not answered.
    pub is_dark: bool,
    /// What somebody else writes just before a put that replaces an item.
    pub overtaking: Option<(String, Item)>,
}

impl FakeTables {
    pub fn insert(&self, item: Item) {
        let name = self.name(&item);
        self.0.lock().unwrap().items.insert(name, item);
    }

    fn name(&self, item: &Item) -> String {
        let shape = self.0.lock().unwrap().shape.clone().unwrap();
        format!("{:?} {:?}", item[&shape.partition_key], item[&shape.sort_key])
    }
}

impl TableClient for FakeTables {
    fn get<'a>(&'a self, _: &'a str, key: Item) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let name = self.name(&key);
            Ok(self.0.lock().unwrap().items.get(&name).cloned())
        })
    }

    fn last<'a>(
        &'a self,
        _: &'a str,
        partition_key: &'a str,
        value: &'a str,
    ) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let state = self.0.lock().unwrap();
            let mut items = state.items.values().rev();
            Ok(items.find(|item| item[partition_key] == Value::S(value.to_owned())).cloned())
        })
    }

    fn put<'a>(&'a self, _: &'a str, puts: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put> {
        Box::pin(async move {
            let named: Vec<_> = puts.into_iter().map(|(item, when)| (self.name(&item), item, when)).collect();
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.is_dark) {
                return Err("the power is gone".to_owned());
            }
            if named.iter().any(|(_, _, condition)| matches!(condition, PutCondition::Has(..))) {
                let overtaking = state.overtaking.take();
                state.items.extend(overtaking);
            }
            let holds = |(name, _, condition): &(String, Item, PutCondition<'_>)| match condition {
                PutCondition::Absent(_) => !state.items.contains_key(name),
                PutCondition::Has(attribute, value) => {
                    state.items.get(name).is_some_and(|item| item.get(*attribute) == Some(value))
                }
            };
            if !named.iter().all(holds) {
                return Ok(Put::Refused);
            }
            state.items.extend(named.into_iter().map(|(name, item, _)| (name, item)));
            Ok(Put::Done)
        })
    }

    fn describe<'a>(&'a self, _: &'a str) -> TableAnswer<'a, Option<TableState>> {
        Box::pin(async move {
            let shape = self.0.lock().unwrap().shape.clone();
            Ok(shape.map(|shape| TableState { shape: Some(shape), active: true }))
        })
    }

    fn create<'a>(&'a self, _: &'a str, shape: &'a TableShape) -> TableAnswer<'a, ()> {
        Box::pin(async move {
            self.0.lock().unwrap().shape = Some(shape.clone());
            Ok(())
        })
    }
}

/// A clock that is set by hand.
#[derive(Default)]
pub struct FakeClock(AtomicU64);

impl FakeClock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Counts.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    pub fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
