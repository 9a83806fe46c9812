//! Items in and out, under a configuration.

use item_encryption_client::{Form, Opened};
use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::legacy::LegacyConfig;
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::wrapping::{BranchKey, RawAes, RawRsa, RsaPadding};
use item_encryption_format::{Action, Error as FormatError, TableConfig, Value};
use item_encryption_keyrings::{Keyring, KeyringError, KmsKeyring, MultiKeyring, SealedKeys};

use crate::config::{Config, ConfigError, FormName, Format, KeyringConfig, KmsEndpoint, PaddingName, uuid};
use crate::json::Item;
use crate::legacy_provider::LegacyProvider;
use crate::{ConnectKms, forms};

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// By the format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// By the keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It is stored in a form that is not to be read.
    #[error(
        "the item is {0}, which the configuration does not read; add {1:?} to its read-policy while the table has such items"
    )]
    NotAdmitted(Form, &'static str),
    /// By a KMS, for the legacy format.
    #[error("the KMS refused the key {key}: {reason}")]
    Kms {
        /// The key asked for.
        key: String,
        /// In the KMS's words.
        reason: String,
    },
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
    /// The table as the current format knows it.
    pub(crate) table: TableConfig,
}

/// One of the two formats with its keys.
pub(crate) enum Scheme {
    Dbesdk { table: TableConfig, keyring: MultiKeyring },
    Legacy { provider: LegacyProvider },
}

impl Codec {
    /// The codec of a configuration.
    ///
    /// # Errors
    /// Keys that are missing or wrong, and combinations that make no sense.
    pub fn new(config: Config, connect: ConnectKms<'_>) -> Result<Self, ConfigError> {
        let legacy = forms::legacy_keys(&config, connect)?;
        let scheme = match config.format {
            Format::Dbesdk => Scheme::Dbesdk { table: config.table(), keyring: keyrings(&config, connect)? },
            Format::Legacy => {
                refuse_context_actions(&config)?;
                Scheme::Legacy { provider: LegacyProvider::new(&config, connect)? }
            }
        };
        Ok(Self { table: config.table(), config, scheme, legacy })
    }

    /// Encrypts and signs an item under the logical table name.
    ///
    /// # Errors
    /// [`ItemError`].
    pub async fn encrypt(&self, item: Item) -> Result<Item, ItemError> {
        match &self.scheme {
            Scheme::Dbesdk { table, keyring } => {
                let mut materials = EncryptionMaterials::new(encryption_context(&item, table)?, table.suite)?;
                keyring.wrap(&mut materials).await?;
                Ok(encrypt(item, table, &materials)?)
            }
            Scheme::Legacy { provider } => {
                provider.seal(item, &self.legacy(&self.config.logical_table_name)).await
            }
        }
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
            Scheme::Dbesdk { table: config, keyring } => open(item, table, config, keyring).await,
            Scheme::Legacy { provider } => {
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
        }
    }
}

/// Opens an item of the current format.
pub(crate) async fn open(
    item: Item,
    table: &str,
    config: &TableConfig,
    keyring: &MultiKeyring,
) -> Result<Item, ItemError> {
    let sealed = SealedItem::read(item, table, config)?;
    let keys = SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    };
    let key = keyring.unwrap(&keys).await?;
    Ok(sealed.decrypt(&key)?)
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

fn refuse_context_actions(config: &Config) -> Result<(), ConfigError> {
    let in_context = |action: &Action| *action == Action::SignAndIncludeInEncryptionContext;
    if config.actions().values().any(in_context) {
        return Err(ConfigError(
            "the legacy format has no SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT".to_owned(),
        ));
    }
    Ok(())
}

fn keyrings(config: &Config, connect: ConnectKms<'_>) -> Result<MultiKeyring, ConfigError> {
    if config.keyrings.is_empty() {
        return Err(ConfigError("the dbesdk format needs at least one [[keyrings]] entry".to_owned()));
    }
    let keyrings = config.keyrings.iter().map(|keyring| self::keyring(config, keyring, connect));
    Ok(MultiKeyring::new(keyrings.collect::<Result<_, _>>()?))
}

fn keyring(
    config: &Config,
    keyring: &KeyringConfig,
    connect: ConnectKms<'_>,
) -> Result<Box<dyn Keyring>, ConfigError> {
    let wrong = |what: &'static str| move |_| ConfigError(what.to_owned());
    match keyring {
        KeyringConfig::RawAes { namespace, name, key } => {
            let aes = RawAes::new(namespace, name, config.key(key)?);
            Ok(Box::new(aes.map_err(wrong("a raw AES key has 16, 24 or 32 bytes"))?))
        }
        KeyringConfig::RawRsa { namespace, name, padding, public_key, private_key } => {
            let mut rsa = RawRsa::new(namespace, name, padding.into());
            if let Some(source) = public_key {
                rsa = rsa
                    .with_public(&config.key(source)?)
                    .map_err(wrong("a public RSA key is SPKI, DER or PEM"))?;
            }
            if let Some(source) = private_key {
                rsa = rsa
                    .with_private(&config.key(source)?)
                    .map_err(wrong("a private RSA key is PKCS8, DER or PEM"))?;
            }
            Ok(Box::new(rsa))
        }
        KeyringConfig::BranchKey { id, version, key } => {
            let bytes = <[u8; 32]>::try_from(config.key(key)?.as_slice())
                .map_err(|_| ConfigError("a branch key has 32 bytes".to_owned()))?;
            Ok(Box::new(BranchKey::new(id, uuid(version)?, bytes.into())))
        }
        KeyringConfig::Kms { key_arn, multi_region, endpoint, region } => {
            let client = connect(&KmsEndpoint { endpoint: endpoint.clone(), region: region.clone() })?;
            let new = if *multi_region { KmsKeyring::multi_region } else { KmsKeyring::new };
            Ok(Box::new(new(client, key_arn)))
        }
    }
}

impl From<&PaddingName> for RsaPadding {
    fn from(name: &PaddingName) -> Self {
        match name {
            PaddingName::Pkcs1 => Self::Pkcs1,
            PaddingName::OaepSha1Mgf1 => Self::OaepSha1,
            PaddingName::OaepSha256Mgf1 => Self::OaepSha256,
            PaddingName::OaepSha384Mgf1 => Self::OaepSha384,
            PaddingName::OaepSha512Mgf1 => Self::OaepSha512,
        }
    }
}
