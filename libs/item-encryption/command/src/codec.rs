//! Items in and out, under a configuration.

use std::sync::Arc;
use std::time::Duration;

use item_encryption_client::{Form, Opened};
use item_encryption_format::dbesdk::{SealedItem, encrypt, encryption_context};
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::serialize::Order;
use item_encryption_format::legacy::{LegacyConfig, LegacyWriting};
use item_encryption_format::value::bytes_of;
use item_encryption_format::{Action, Error as FormatError, TableConfig, Value};
use item_encryption_keyrings::legacy::LegacyProvider;
use item_encryption_keyrings::{
    CachedMaterials, FreshMaterials, Keyring, KeyringError, MaterialsLimits, MaterialsManager, MultiKeyring,
    SealedKeys,
};

use crate::config::{ClientName, Config, ConfigError, FormName, Format, MaterialsCache};
use crate::connect::Connect;
use crate::forms;
use crate::json::Item;
use crate::keyrings::{at_hand, keyrings};
use crate::provider::provider;
use crate::search::Finder;

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// By the format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// By the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It has no beacons.
    #[error(transparent)]
    Beacons(#[from] item_encryption_beacons::ItemError),
    /// It is stored in a form that is not to be read.
    #[error(
        "the item is {0}, which the configuration does not read; add {1:?} to its read-policy while the table has such items"
    )]
    NotAdmitted(Form, &'static str),
    /// The configuration lacks what this needs.
    #[error("{0}")]
    Configuration(String),
}

/// Encrypts and decrypts the items of one table.
pub struct Codec {
    pub(crate) config: Config,
    pub(crate) scheme: Scheme,
    /// The legacy keys of a current configuration that reads both.
    pub(crate) legacy: Option<LegacyProvider>,
    /// Beacons, where the configuration has any.
    pub(crate) finder: Option<Finder>,
    /// The table as the current format knows it.
    pub(crate) table: TableConfig,
}

/// One of the two formats with its keys.
pub(crate) enum Scheme {
    Dbesdk { materials: Box<dyn MaterialsManager>, at_hand: Vec<Box<dyn Keyring>> },
    Legacy { provider: LegacyProvider, writing: Option<LegacyWriting> },
}

impl Codec {
    /// The codec of a configuration.
    ///
    /// # Errors
    /// Keys that are missing or wrong, and combinations that make no sense.
    pub fn new(config: Config, connect: &dyn Connect) -> Result<Self, ConfigError> {
        if config.write_legacy && config.format != Format::Legacy {
            return Err(ConfigError::new(
                "write-legacy is for format = \"legacy\"; this one writes the current format",
            ));
        }
        let legacy = forms::legacy_keys(&config, connect)?;
        let finder = config.search.as_ref().map(|_| Finder::new(&config, connect)).transpose()?;
        let table = finder.as_ref().map_or_else(|| config.table(), |finder| finder.table().clone());
        let scheme = match config.format {
            Format::Dbesdk => {
                refuse_what_serves_nothing(&config)?;
                let materials = materials(config.materials_cache, keyrings(&config, connect)?)?;
                Scheme::Dbesdk { materials, at_hand: at_hand(&config)? }
            }
            Format::Legacy => {
                refuse_what_legacy_lacks(&config)?;
                let writing = config.write_legacy.then(LegacyWriting::for_readers_of_the_old_clients);
                Scheme::Legacy { provider: provider(&config, connect)?, writing }
            }
        };
        Ok(Self { config, scheme, legacy, finder, table })
    }

    /// That items may be written, before any is.
    ///
    /// # Errors
    /// A configuration of the legacy format that does not say that it is to be written.
    pub fn check_writing(&self) -> Result<(), ConfigError> {
        match &self.scheme {
            Scheme::Legacy { writing: None, .. } => Err(ConfigError::new(NOT_WRITTEN)),
            _ => Ok(()),
        }
    }

    /// Encrypts and signs an item under the logical table name.
    ///
    /// # Errors
    /// [`ItemError`].
    pub async fn encrypt(&self, mut item: Item) -> Result<Item, ItemError> {
        match &self.scheme {
            Scheme::Dbesdk { materials, .. } => {
                let beacons = match &self.finder {
                    Some(finder) => finder.added(&mut item).await?,
                    None => Item::new(),
                };
                let mut sealed = self.sealed(item, &**materials).await?;
                sealed.extend(beacons);
                Ok(sealed)
            }
            Scheme::Legacy { provider, writing } => {
                let writing = writing.ok_or_else(|| ItemError::Configuration(NOT_WRITTEN.to_owned()))?;
                Ok(provider.seal(item, &self.legacy(&self.config.logical_table_name), writing).await?)
            }
        }
    }

    async fn sealed(&self, item: Item, materials: &dyn MaterialsManager) -> Result<Item, ItemError> {
        let context = encryption_context(&item, &self.table)?;
        let materials = materials.for_writing(context, self.table.suite, bytes_of(&item)).await?;
        Ok(encrypt(item, &self.table, &materials)?)
    }

    /// Verifies and decrypts an item bound to one of the configured names.
    ///
    /// # Errors
    /// [`ItemError`]: of the logical table name where none fits.
    pub async fn decrypt(&self, item: Item) -> Result<Item, ItemError> {
        Ok(self.open(item).await?.item)
    }

    /// The same, and how the item is stored.
    ///
    /// # Errors
    /// As [`Codec::decrypt`].
    pub async fn open(&self, item: Item) -> Result<Opened<Value>, ItemError> {
        let form = self.admitted(&item)?;
        if form == Form::Plaintext && self.reads(FormName::Plaintext) {
            return Ok(Opened { item, form, bound_to: None });
        }
        let mut failure = None;
        for name in self.config.table_names() {
            match self.decrypt_as(item.clone(), name).await {
                Ok(item) => return Ok(Opened { item, form, bound_to: Some(name.to_owned()) }),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| ItemError::Configuration("there is no table name".to_owned())))
    }

    /// Verifies and decrypts an item bound to `table`.
    pub(crate) async fn decrypt_as(&self, item: Item, table: &str) -> Result<Item, ItemError> {
        match &self.scheme {
            Scheme::Dbesdk { .. } if Form::of(&item) == Form::Legacy => {
                self.decrypt_legacy(item, table).await
            }
            Scheme::Dbesdk { materials, at_hand } => {
                verify_tags(&item, table, &self.table, at_hand).await?;
                open(item, table, &self.table, &**materials).await
            }
            Scheme::Legacy { provider, .. } => {
                let config = self.legacy(table);
                open_legacy(item, &config, provider, NumberSpelling::Stored).await
            }
        }
    }

    /// The legacy format's configuration for a name.
    pub(crate) fn legacy(&self, table: &str) -> LegacyConfig {
        let mut actions = self.config.actions();
        for name in &self.config.unsigned_attributes {
            actions.insert(name.clone(), Action::DoNothing);
        }
        LegacyConfig {
            table: Some(table.to_owned()),
            keys: self.config.keys(),
            default: self.config.default_action.map_or(Action::EncryptAndSign, Action::from),
            actions,
            order: match self.config.written_for {
                ClientName::Python => Order::PYTHON,
                ClientName::Java => Order::JAVA,
            },
        }
    }
}

const NOT_WRITTEN: &str = "format = \"legacy\" is for reading: its content is AES-CBC without authentication of its own, the \
     description of its keys is not signed, and the actions of attributes are not stored. Write format = \"dbesdk\", \
     whose configuration reads legacy items by read-policy; or set write-legacy = true while readers of the old clients are \
     left";

/// Opens an item of the current format.
pub(crate) async fn open(
    item: Item,
    table: &str,
    config: &TableConfig,
    materials: &dyn MaterialsManager,
) -> Result<Item, ItemError> {
    let sealed = SealedItem::read(item, table, config)?;
    let key = materials.for_reading(&keys_of(&sealed)).await?;
    Ok(sealed.decrypt(&key)?)
}

/// Every recipient has a tag of its own in the footer, and one that opens an item cannot verify the others'. Where
/// several keys are at hand, an item must open by each of them that is a recipient.
async fn verify_tags(
    item: &Item,
    table: &str,
    config: &TableConfig,
    at_hand: &[Box<dyn Keyring>],
) -> Result<(), ItemError> {
    for keyring in at_hand {
        let sealed = SealedItem::read(item.clone(), table, config)?;
        if let Ok(key) = keyring.unwrap(&keys_of(&sealed)).await {
            sealed.decrypt(&key)?;
        }
    }
    Ok(())
}

fn keys_of<'a>(sealed: &'a SealedItem<'_, Value>) -> SealedKeys<'a> {
    SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    }
}

/// Opens an item of the legacy format.
pub(crate) async fn open_legacy(
    item: Item,
    config: &LegacyConfig,
    provider: &LegacyProvider,
    spelling: NumberSpelling,
) -> Result<Item, ItemError> {
    if !item_encryption_format::legacy::is_encrypted(&item) && untouched(&item, config) {
        return Ok(item);
    }
    let opening = provider.opening(&item, &config.keys, config.table.as_deref(), spelling).await?;
    Ok(opening.open(item, config)?)
}

/// Where every attribute is left alone, the legacy clients write no signature.
fn untouched(item: &Item, config: &LegacyConfig) -> bool {
    item.keys().all(|name| config.action(name) == Action::DoNothing)
}

fn refuse_what_legacy_lacks(config: &Config) -> Result<(), ConfigError> {
    let in_context = |action: &Action| *action == Action::SignAndIncludeInEncryptionContext;
    if config.actions().values().any(in_context) {
        return Err(ConfigError::new("the legacy format has no SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"));
    }
    let lacking = [
        (config.materials_cache.is_some(), "[materials-cache]: a most-recent provider has ttl-seconds"),
        (!config.keyrings.is_empty(), "[[keyrings]]: its keys are those of [legacy-provider]"),
        (config.unsigned_prefix.is_some(), "unsigned-prefix: list the names in unsigned-attributes"),
    ];
    match lacking.iter().find(|(is_there, _)| *is_there) {
        Some((_, what)) => Err(ConfigError(format!("the legacy format has no {what}"))),
        None => Ok(()),
    }
}

/// Settings of the legacy format, where no legacy items are read.
fn refuse_what_serves_nothing(config: &Config) -> Result<(), ConfigError> {
    let idle = [
        (config.legacy_provider.is_some(), "[legacy-provider]"),
        (config.default_action.is_some(), "default-action"),
    ];
    let reads = config.read_policy.contains(&FormName::Legacy);
    match idle.iter().find(|(is_there, _)| *is_there && !reads) {
        Some((_, name)) => Err(ConfigError(format!(
            "{name} is for legacy items, which this configuration does not read: take it out, or add \"legacy\" to \
             read-policy"
        ))),
        None => Ok(()),
    }
}

fn materials(
    cache: Option<MaterialsCache>,
    keyrings: MultiKeyring,
) -> Result<Box<dyn MaterialsManager>, ConfigError> {
    let Some(cache) = cache else { return Ok(Box::new(FreshMaterials(keyrings))) };
    let MaterialsCache { max_age_seconds, max_uses, max_bytes, capacity } = cache;
    if max_age_seconds == 0 || max_uses == 0 || max_bytes == 0 || capacity == 0 {
        return Err(ConfigError::new(
            "the limits of [materials-cache] are at least 1; without the section nothing is kept",
        ));
    }
    let max_age = Duration::from_secs(max_age_seconds);
    let limits = MaterialsLimits { max_age, max_uses, max_bytes, capacity };
    Ok(Box::new(CachedMaterials::new(Arc::new(keyrings), limits)))
}
