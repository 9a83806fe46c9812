//! Where the legacy format's content and signing keys come from.

use item_encryption_format::legacy::direct_kms::{self, NumberSpelling};
use item_encryption_format::legacy::item::description_of;
use item_encryption_format::legacy::{
    ContentKey, Description, Materials, SigningKey, VerifyingKey, WrappingKey,
};
use item_encryption_keyrings::KmsClient;
use zeroize::Zeroizing;

use crate::ConnectKms;
use crate::codec::ItemError;
use crate::config::{Config, ConfigError, KeySource, KmsEndpoint, LegacyProviderConfig};
use crate::json::Item;

/// Where keys come from.
pub enum LegacyProvider {
    /// One content key for all items.
    Static(Zeroizing<Vec<u8>>, SignatureKeys),
    /// A content key for each item; one key wraps, one unwraps.
    Wrapped { wrap: Option<WrappingKey>, unwrap: Option<WrappingKey>, signature: SignatureKeys },
    /// A data key of a KMS for each item.
    DirectKms { client: Box<dyn KmsClient>, key_id: String },
}

/// The halves of a signing key.
pub struct SignatureKeys {
    signing: Option<SigningKey>,
    verifying: VerifyingKey,
}

impl LegacyProvider {
    /// The provider of a configuration.
    ///
    /// # Errors
    /// Keys that are missing or wrong.
    pub fn new(config: &Config, connect: ConnectKms<'_>) -> Result<Self, ConfigError> {
        let missing = || ConfigError("the legacy format needs a [legacy-provider]".to_owned());
        match config.legacy_provider.as_ref().ok_or_else(missing)? {
            LegacyProviderConfig::Static { key, signing_key, signing_private_key, signing_public_key } => {
                let key = config.key(key)?;
                ContentKey::new(key.clone()).map_err(|_| ConfigError(CONTENT_LENGTH.to_owned()))?;
                let halves = [signing_key, signing_private_key, signing_public_key];
                Ok(Self::Static(key, SignatureKeys::new(config, halves)?))
            }
            LegacyProviderConfig::Wrapped {
                key,
                private_key,
                public_key,
                signing_key,
                signing_private_key,
                signing_public_key,
            } => {
                let halves = [signing_key, signing_private_key, signing_public_key];
                let (wrap, unwrap) =
                    wrapping_keys(config, key.as_ref(), private_key.as_ref(), public_key.as_ref())?;
                Ok(Self::Wrapped { wrap, unwrap, signature: SignatureKeys::new(config, halves)? })
            }
            LegacyProviderConfig::DirectKms { key_id, endpoint, region } => {
                let kms = KmsEndpoint { endpoint: endpoint.clone(), region: region.clone() };
                Ok(Self::DirectKms { client: connect(&kms)?, key_id: key_id.clone() })
            }
        }
    }

    /// What opens an item that is bound to `table`.
    ///
    /// # Errors
    /// What the keys or the KMS say.
    pub async fn opening(
        &self,
        item: &Item,
        keys: &[String],
        table: Option<&str>,
        spelling: NumberSpelling,
    ) -> Result<Opening<'_>, ItemError> {
        let description = description_of(item)?;
        match self {
            Self::Static(key, signature) => Ok(Opening {
                content: ContentKey::new(key.clone())?,
                signature: Verifying::Kept(&signature.verifying),
            }),
            Self::Wrapped { unwrap, signature, .. } => {
                let unwrap = unwrap.as_ref().ok_or_else(|| half("private-key or key"))?;
                Ok(Opening {
                    content: unwrap.unwrap(&description)?,
                    signature: Verifying::Kept(&signature.verifying),
                })
            }
            Self::DirectKms { client, key_id } => {
                let context = direct_kms::context(item, keys, table, spelling)?;
                let data_key = client.decrypt(key_id, &direct_kms::blob(&description)?, &context).await;
                let (content, mac) = direct_kms::keys(&data_key.map_err(|reason| refused(key_id, reason))?)?;
                Ok(Opening { content, signature: Verifying::Derived(VerifyingKey::hmac_sha256(&*mac)) })
            }
        }
    }

    /// Encrypts an item that is to be bound to `table`.
    ///
    /// # Errors
    /// What the keys or the KMS say, and what the format refuses.
    pub async fn seal(
        &self,
        item: Item,
        config: &item_encryption_format::legacy::LegacyConfig,
    ) -> Result<Item, ItemError> {
        let seal = |content, signature: &SigningKey, description: Description| {
            item_encryption_format::legacy::encrypt(
                item.clone(),
                config,
                &Materials { content, signature, description },
            )
        };
        match self {
            Self::Static(key, signature) => {
                Ok(seal(ContentKey::new(key.clone())?, signature.signing()?, Description::new())?)
            }
            Self::Wrapped { wrap, signature, .. } => {
                let (content, description) =
                    wrap.as_ref().ok_or_else(|| half("public-key or key"))?.generate()?;
                Ok(seal(content, signature.signing()?, description)?)
            }
            Self::DirectKms { client, key_id } => {
                let context = direct_kms::context(
                    &item,
                    &config.keys,
                    config.table.as_deref(),
                    NumberSpelling::Stored,
                )?;
                let made = client.generate_data_key(key_id, &context).await;
                let (data_key, blob) = made.map_err(|reason| refused(key_id, reason))?;
                let (content, mac) = direct_kms::keys(&data_key)?;
                Ok(seal(content, &SigningKey::hmac_sha256(&*mac), direct_kms::description(&blob))?)
            }
        }
    }
}

/// What opens one item.
pub struct Opening<'a> {
    content: ContentKey,
    signature: Verifying<'a>,
}

enum Verifying<'a> {
    Kept(&'a VerifyingKey),
    Derived(VerifyingKey),
}

impl Opening<'_> {
    /// Verifies and decrypts.
    ///
    /// # Errors
    /// As the format.
    pub fn open(
        &self,
        item: Item,
        config: &item_encryption_format::legacy::LegacyConfig,
    ) -> Result<Item, item_encryption_format::Error> {
        let signature = match &self.signature {
            Verifying::Kept(key) => *key,
            Verifying::Derived(key) => key,
        };
        item_encryption_format::legacy::decrypt_with(item, config, &self.content, signature)
    }
}

impl SignatureKeys {
    fn new(config: &Config, halves: [&Option<KeySource>; 3]) -> Result<Self, ConfigError> {
        let read = |source: &Option<KeySource>| source.as_ref().map(|source| config.key(source)).transpose();
        let wrong =
            |_| ConfigError("an RSA signing key is neither PKCS8 (private) nor SPKI (public)".to_owned());
        match halves.map(read) {
            [Ok(Some(hmac)), Ok(None), Ok(None)] => Ok(Self {
                signing: Some(SigningKey::hmac_sha256(&hmac)),
                verifying: VerifyingKey::hmac_sha256(&hmac),
            }),
            [Ok(None), Ok(private), Ok(Some(public))] => Ok(Self {
                signing: private.map(|der| SigningKey::rsa(&der)).transpose().map_err(wrong)?,
                verifying: VerifyingKey::rsa(&public).map_err(wrong)?,
            }),
            [Err(error), ..] | [_, Err(error), _] | [.., Err(error)] => Err(error),
            _ => Err(ConfigError(
                "a provider signs with signing-key, or with signing-public-key and signing-private-key"
                    .to_owned(),
            )),
        }
    }

    fn signing(&self) -> Result<&SigningKey, ItemError> {
        self.signing.as_ref().ok_or_else(|| half("signing-private-key"))
    }
}

const CONTENT_LENGTH: &str = "a content key has 16, 24 or 32 bytes";

type WrappingKeys = (Option<WrappingKey>, Option<WrappingKey>);

fn wrapping_keys(
    config: &Config,
    key: Option<&KeySource>,
    private: Option<&KeySource>,
    public: Option<&KeySource>,
) -> Result<WrappingKeys, ConfigError> {
    let wrong =
        |_| ConfigError("an RSA wrapping key is neither PKCS8 (private) nor SPKI (public)".to_owned());
    if let Some(source) = key {
        let key = config.key(source)?;
        if !matches!(key.len(), 16 | 32) {
            return Err(ConfigError("an AES wrapping key has 16 or 32 bytes".to_owned()));
        }
        return Ok((Some(WrappingKey::Aes(key.clone())), Some(WrappingKey::Aes(key))));
    }
    let private = private.map(|source| config.key(source)).transpose()?;
    let public = public.map(|source| config.key(source)).transpose()?;
    let unwrap = private.as_ref().map(|der| WrappingKey::rsa_private(der)).transpose().map_err(wrong)?;
    let wrap = match (&public, &private) {
        (Some(der), _) => Some(WrappingKey::rsa_public(der).map_err(wrong)?),
        (None, Some(der)) => Some(WrappingKey::rsa_private(der).map_err(wrong)?),
        (None, None) => {
            return Err(ConfigError("a wrapped provider needs key, private-key or public-key".to_owned()));
        }
    };
    Ok((wrap, unwrap))
}

fn half(missing: &str) -> ItemError {
    ItemError::Configuration(format!("the legacy provider has no {missing} for this"))
}

fn refused(key_id: &str, reason: String) -> ItemError {
    ItemError::Kms { key: key_id.to_owned(), reason }
}
