//! The provider table of the legacy clients (MetaStore), and the most recent keys in it.
//!
//! ```text
//!  N  S: material name    V  N: version, from 0    t  S: "0"
//!  encAlg  S: AES         enc  B: wraps content keys     intAlg  S: HmacSHA256     int  B: signs
//! ```
//!
//! All but N and V stand encrypted by another provider, under the provider table's own name. An item names its row as `N#V`.

use std::sync::Arc;

use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::{
    Description, LegacyConfig, LegacyWriting, SigningKey, VerifyingKey, WrappingKey,
};
use item_encryption_format::{Action, Value};
use zeroize::Zeroizing;

use super::LegacyProvider;
use crate::KeyringError;
use crate::cache::{Cache, CacheLimits};
use crate::clock::{Clock, SystemClock};
use crate::tables::{Item, Put, PutCondition, TableClient};

/// Where an item's description names its row.
pub(super) const ROW: &str = "amzn-ddb-meta-id";
const NAME: &str = "N";
/// The sort key of a row: its version.
pub const VERSION: &str = "V";
const KEY_ALGORITHM: &str = "AES";
const SIGNATURE_ALGORITHM: &str = "HmacSHA256";

/// The keys of a row.
pub struct Row {
    /// `N#V`
    pub(super) name: String,
    pub(super) wrapping: WrappingKey,
    pub(super) signing: SigningKey,
    pub(super) verifying: Arc<VerifyingKey>,
}

/// A provider table.
pub struct MetaStore {
    table: String,
    config: LegacyConfig,
    tables: Arc<dyn TableClient>,
    provider: LegacyProvider,
}

impl MetaStore {
    /// The provider table `table`, whose rows are encrypted by `provider` under the name `bound_to`, which stays
    /// when the table is restored under another.
    #[must_use]
    pub fn new(table: &str, bound_to: &str, tables: Arc<dyn TableClient>, provider: LegacyProvider) -> Self {
        let config = LegacyConfig {
            table: Some(bound_to.to_owned()),
            keys: vec![NAME.to_owned(), VERSION.to_owned()],
            default: Action::EncryptAndSign,
            actions: [].into(),
            order: Default::default(),
        };
        Self { table: table.to_owned(), config, tables, provider }
    }

    /// Adds a row of fresh keys behind the last of a name; answers its version. Items are written with it by those who look
    /// for the most recent next.
    ///
    /// # Errors
    /// Another row of that version at the same time, and what the provider and DynamoDB refuse.
    pub async fn add(&self, material: &str, writing: LegacyWriting) -> Result<u64, KeyringError> {
        let next = match self.last(material).await? {
            Some(row) => version_of(&row)
                .and_then(|version| version.checked_add(1))
                .ok_or_else(|| self.wrong("a row's version is no number"))?,
            None => 0,
        };
        let row = self.provider.seal(fresh(material, next)?, &self.config, writing).await?;
        match self.told(self.tables.put(&self.table, vec![(row, PutCondition::Absent(NAME))]).await)? {
            Put::Done => Ok(next),
            Put::Refused => Err(self.wrong("somebody else added the same version at the same time")),
        }
    }

    async fn row(&self, material: &str, version: &str) -> Result<Row, KeyringError> {
        let key = [(NAME, Value::S(material.to_owned())), (VERSION, Value::N(version.to_owned()))];
        let key = key.map(|(name, value)| (name.to_owned(), value)).into();
        let row = self.told(self.tables.get(&self.table, key).await)?;
        self.open(row.ok_or_else(|| self.wrong(&format!("there is no version {version} of {material:?}")))?)
            .await
    }

    async fn last(&self, material: &str) -> Result<Option<Item>, KeyringError> {
        self.told(self.tables.last(&self.table, NAME, material).await)
    }

    async fn open(&self, row: Item) -> Result<Row, KeyringError> {
        let table = self.config.table.as_deref();
        let opening = self.provider.opening(&row, &self.config.keys, table, NumberSpelling::Stored).await?;
        let row = opening.open(row.clone(), &self.config)?;
        Row::read(row).ok_or_else(|| {
            self.wrong(&format!("a row holds other keys than {KEY_ALGORITHM} and {SIGNATURE_ALGORITHM}"))
        })
    }

    fn told<T>(&self, answer: Result<T, String>) -> Result<T, KeyringError> {
        answer.map_err(|reason| self.wrong(&reason))
    }

    fn wrong(&self, reason: &str) -> KeyringError {
        KeyringError::KeyStore { table: self.table.clone(), reason: reason.to_owned() }
    }
}

/// The most recent keys of a name, for writing, and any that items name, for reading. Both are kept for a while.
pub struct MostRecent {
    store: Arc<MetaStore>,
    material: String,
    kept: Cache<Option<String>, Row>,
}

impl MostRecent {
    /// The keys of a name, in a provider table.
    #[must_use]
    pub fn new(store: Arc<MetaStore>, material: &str, limits: CacheLimits) -> Self {
        Self::with_clock(store, material, limits, Arc::new(SystemClock::new()))
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(
        store: Arc<MetaStore>,
        material: &str,
        limits: CacheLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, material: material.to_owned(), kept: Cache::new(limits, clock) }
    }

    /// The keys that an item's description names. Those of other material names do not open here.
    pub(super) async fn named_by(&self, description: &Description) -> Result<Arc<Row>, KeyringError> {
        let row = description.get(ROW).and_then(|row| row.rsplit_once('#'));
        let Some((material, version)) = row else {
            return Err(KeyringError::NotARecipient("the item names no row of a provider table".to_owned()));
        };
        if material != self.material {
            let told = format!("the item's keys are those of the material name {material:?}");
            return Err(KeyringError::NotARecipient(told));
        }
        let fetch = || {
            let (store, material, version) =
                (Arc::clone(&self.store), material.to_owned(), version.to_owned());
            async move { store.row(&material, &version).await }
        };
        self.kept.get(&Some(version.to_owned()), fetch).await
    }

    /// The keys to write with; where there are none, a first row is made.
    pub(super) async fn most_recent(&self, writing: LegacyWriting) -> Result<Arc<Row>, KeyringError> {
        let fetch = || {
            let (store, material) = (Arc::clone(&self.store), self.material.clone());
            async move {
                if let Some(row) = store.last(&material).await? {
                    return store.open(row).await;
                }
                // Somebody else's first row serves as well.
                let added = store.add(&material, writing).await;
                let row = store.last(&material).await?;
                store
                    .open(row.ok_or(added.err().unwrap_or_else(|| store.wrong("its first row is gone")))?)
                    .await
            }
        };
        self.kept.get(&None, fetch).await
    }
}

impl Row {
    fn read(mut row: Item) -> Option<Self> {
        let version = version_of(&row)?;
        let mut text = |name: &str| match row.remove(name) {
            Some(Value::S(text)) => Some(text),
            _ => None,
        };
        let (material, key, signature) = (text(NAME)?, text("encAlg")?, text("intAlg")?);
        if key != KEY_ALGORITHM || signature != SIGNATURE_ALGORITHM {
            return None;
        }
        let mut bytes = |name: &str| match row.remove(name) {
            Some(Value::B(bytes)) => Some(Zeroizing::new(bytes)),
            _ => None,
        };
        let (wrapping, signing) = (bytes("enc")?, bytes("int")?);
        Some(Self {
            name: format!("{material}#{version}"),
            wrapping: matches!(wrapping.len(), 16 | 24 | 32).then(|| WrappingKey::Aes(wrapping))?,
            verifying: Arc::new(VerifyingKey::hmac_sha256(&signing)),
            signing: SigningKey::hmac_sha256(&signing),
        })
    }
}

fn version_of(row: &Item) -> Option<u64> {
    match row.get(VERSION) {
        Some(Value::N(number)) => number.parse().ok(),
        _ => None,
    }
}

fn fresh(material: &str, version: u64) -> Result<Item, KeyringError> {
    let text = |text: &str| Value::S(text.to_owned());
    let row = [
        (NAME, text(material)),
        (VERSION, Value::N(version.to_string())),
        ("t", text("0")),
        ("encAlg", text(KEY_ALGORITHM)),
        ("enc", Value::B(random()?)),
        ("intAlg", text(SIGNATURE_ALGORITHM)),
        ("int", Value::B(random()?)),
    ];
    Ok(row.map(|(name, value)| (name.to_owned(), value)).into())
}

fn random() -> Result<Vec<u8>, KeyringError> {
    let mut bytes = vec![0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| item_encryption_format::Error::Cipher)?;
    Ok(bytes)
}
