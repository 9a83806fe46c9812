//! Where the legacy format's content and signing keys come from.
//!
//! Map: this file (the providers) · [`meta_store`] (keys that are kept in a table, by name and version).

pub mod meta_store;

use std::collections::HashMap;
use std::sync::Arc;

use item_encryption_format::legacy::direct_kms::{self, NumberSpelling};
use item_encryption_format::legacy::item::description_of;
use item_encryption_format::legacy::{
    ContentKey, Description, LegacyConfig, LegacyWriting, Materials, SigningKey, VerifyingKey, WrappingKey,
    decrypt_with, encrypt,
};
use item_encryption_format::{AttributeValue, Error as FormatError};
use zeroize::Zeroizing;

use crate::kms::refused;
use crate::tables::Item;
use crate::{Answer, KeyringError, KmsClient};

pub use meta_store::{MetaStore, MostRecent};

/// Where keys come from.
pub enum LegacyProvider {
    /// One content key for all items.
    Static(Zeroizing<Vec<u8>>, SignatureKeys),
    /// A content key for each item; one key wraps, one unwraps.
    Wrapped {
        /// For writing.
        wrap: Option<WrappingKey>,
        /// For reading.
        unwrap: Option<WrappingKey>,
        /// For all items.
        signature: SignatureKeys,
    },
    /// A data key of a KMS for each item.
    DirectKms {
        /// The KMS.
        client: Box<dyn KmsClient>,
        /// The KMS key: id, ARN or alias.
        key_id: String,
    },
    /// Keys of a table: the most recent of a name for writing, whichever an item names for reading.
    MostRecent(MostRecent),
}

/// The halves of a signing key.
pub struct SignatureKeys {
    /// For writing.
    pub signing: Option<SigningKey>,
    /// For reading.
    pub verifying: Arc<VerifyingKey>,
}

impl LegacyProvider {
    /// What opens an item that is bound to `table`; `keys` are the names of its key attributes.
    pub fn opening<'a, V: AttributeValue + Sync>(
        &'a self,
        item: &'a HashMap<String, V>,
        keys: &'a [String],
        table: Option<&'a str>,
        spelling: NumberSpelling,
    ) -> Answer<'a, Opening> {
        Box::pin(async move {
            let description = description_of(item)?;
            match self {
                Self::Static(key, signature) => Ok(Opening {
                    content: ContentKey::new(key.clone())?,
                    signature: Arc::clone(&signature.verifying),
                }),
                Self::Wrapped { unwrap, signature, .. } => {
                    let unwrap = unwrap.as_ref().ok_or_else(|| half("private-key or key"))?;
                    let signature = Arc::clone(&signature.verifying);
                    Ok(Opening { content: unwrap.unwrap(&description)?, signature })
                }
                Self::DirectKms { client, key_id } => {
                    let context = direct_kms::context(item, keys, table, spelling)?;
                    let answer = client.decrypt(key_id, &direct_kms::blob(&description)?, &context).await;
                    let data_key = answer.map_err(|reason| refused("Decrypt", key_id, reason))?;
                    let (content, mac) = direct_kms::keys(&data_key)?;
                    let signature = Arc::new(VerifyingKey::hmac_sha256(&*mac));
                    Ok(Opening { content, signature })
                }
                Self::MostRecent(provider) => {
                    let row = provider.named_by(&description).await?;
                    let signature = Arc::clone(&row.verifying);
                    Ok(Opening { content: row.wrapping.unwrap(&description)?, signature })
                }
            }
        })
    }

    /// Encrypts an item, for those who know [why not to](LegacyWriting).
    pub fn seal<'a>(
        &'a self,
        item: Item,
        config: &'a LegacyConfig,
        writing: LegacyWriting,
    ) -> Answer<'a, Item> {
        Box::pin(async move {
            match self {
                Self::Static(key, signature) => {
                    let (content, signature) = (ContentKey::new(key.clone())?, signature.signing()?);
                    let description = Description::new();
                    sealed(item, config, Materials { content, signature, description }, writing)
                }
                Self::Wrapped { wrap, signature, .. } => {
                    let wrap = wrap.as_ref().ok_or_else(|| half("public-key or key"))?;
                    let (content, description) = wrap.generate()?;
                    let signature = signature.signing()?;
                    sealed(item, config, Materials { content, signature, description }, writing)
                }
                Self::DirectKms { client, key_id } => {
                    let table = config.table.as_deref();
                    let context = direct_kms::context(&item, &config.keys, table, NumberSpelling::Stored)?;
                    let answer = client.generate_data_key(key_id, &context).await;
                    let (data_key, blob) =
                        answer.map_err(|reason| refused("GenerateDataKey", key_id, reason))?;
                    let (content, mac) = direct_kms::keys(&data_key)?;
                    let (signature, description) =
                        (&SigningKey::hmac_sha256(&*mac), direct_kms::description(&blob));
                    sealed(item, config, Materials { content, signature, description }, writing)
                }
                Self::MostRecent(provider) => {
                    let row = provider.most_recent(writing).await?;
                    let (content, mut description) = row.wrapping.generate()?;
                    description.insert(meta_store::ROW.to_owned(), row.name.clone());
                    let signature = &row.signing;
                    sealed(item, config, Materials { content, signature, description }, writing)
                }
            }
        })
    }
}

fn sealed(
    item: Item,
    config: &LegacyConfig,
    materials: Materials<&SigningKey>,
    writing: LegacyWriting,
) -> Result<Item, KeyringError> {
    Ok(encrypt(item, config, &materials, writing)?)
}

/// What opens one item.
pub struct Opening {
    content: ContentKey,
    signature: Arc<VerifyingKey>,
}

impl Opening {
    /// Verifies and decrypts.
    ///
    /// # Errors
    /// As the format.
    pub fn open<V: AttributeValue>(
        &self,
        item: HashMap<String, V>,
        config: &LegacyConfig,
    ) -> Result<HashMap<String, V>, FormatError> {
        decrypt_with(item, config, &self.content, &self.signature)
    }
}

impl SignatureKeys {
    fn signing(&self) -> Result<&SigningKey, KeyringError> {
        self.signing.as_ref().ok_or_else(|| half("signing-private-key"))
    }
}

fn half(missing: &str) -> KeyringError {
    KeyringError::CannotWrap(format!("the legacy provider has no {missing} for this"))
}
