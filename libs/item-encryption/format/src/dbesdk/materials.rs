//! Data keys and how they are wrapped for recipients.
//!
//! A keyring never wraps the data key itself but an *intermediate* key of one recipient; from that follow
//! the key that wraps the data key, and the recipient's own authentication key.

use super::context::{EncryptionContext, PUBLIC_KEY};
use super::header::EncryptedDataKey;
use crate::Error;
use crate::action::Suite;
use crate::ecdsa::SigningKey;
use crate::primitive::{Hkdf, Secret, gcm_open, gcm_seal, random};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// Bytes of a wrapped data key: 32 and a tag.
const WRAPPED_LEN: usize = 48;

/// What is needed to encrypt one item.
pub struct EncryptionMaterials {
    pub(super) data_key: Secret,
    pub(super) signing_key: Option<SigningKey>,
    pub(super) context: EncryptionContext,
    pub(super) recipients: Vec<Recipient>,
}

pub(super) struct Recipient {
    pub(super) encrypted_data_key: EncryptedDataKey,
    pub(super) mac_key: Secret,
}

impl EncryptionMaterials {
    /// A fresh data key under an item's context, for no recipient yet.
    pub fn new(mut context: EncryptionContext, suite: Suite) -> Result<Self, Error> {
        let signing_key = match suite {
            Suite::Ecdsa => Some(SigningKey::generate()?),
            Suite::NoEcdsa => None,
        };
        if let Some(key) = &signing_key {
            context = context.with(PUBLIC_KEY, &BASE64_STANDARD.encode(key.public_key()?))?;
        }
        Ok(Self { data_key: random()?.into(), signing_key, context, recipients: Vec::with_capacity(1) })
    }

    /// The whole encryption context, for keyrings that bind it themselves.
    #[must_use]
    pub fn context(&self) -> &EncryptionContext {
        &self.context
    }

    /// The context's bytes, as keyrings authenticate them.
    #[must_use]
    pub fn bound(&self) -> &[u8] {
        self.context.as_bytes()
    }

    /// Adds a recipient: `intermediate` is a fresh 32-byte key, and `wrapped` the same wrapped by a keyring.
    pub fn add_recipient(
        &mut self,
        provider_id: &str,
        provider_info: Vec<u8>,
        intermediate: &Secret,
        wrapped: &[u8],
    ) -> Result<(), Error> {
        let keys = IntermediateKeys::of(intermediate)?;
        let mut ciphertext = Vec::with_capacity(WRAPPED_LEN + wrapped.len());
        ciphertext.extend_from_slice(&*self.data_key);
        gcm_seal(&*keys.wrapping, [0; 12], self.bound(), &mut ciphertext, 0)?;
        ciphertext.extend_from_slice(wrapped);
        let encrypted_data_key =
            EncryptedDataKey { provider_id: provider_id.to_owned(), provider_info, ciphertext };
        self.recipients.push(Recipient { encrypted_data_key, mac_key: keys.mac });
        Ok(())
    }
}

/// An opened data key of an item, and the authentication key of the recipient who opened it.
pub struct DataKey {
    pub(super) data_key: Secret,
    pub(super) mac_key: Secret,
    pub(super) recipient: usize,
}

impl DataKey {
    /// Opens the data key of recipient number `recipient`, whose intermediate key a keyring has unwrapped.
    pub fn open(
        encrypted: &EncryptedDataKey,
        recipient: usize,
        bound: &[u8],
        intermediate: &Secret,
    ) -> Result<Self, Error> {
        let keys = IntermediateKeys::of(intermediate)?;
        let wrapped = encrypted.ciphertext.first_chunk::<WRAPPED_LEN>().ok_or(Error::Unwrap)?;
        let mut wrapped = Zeroizing::new(*wrapped);
        let opened = gcm_open(&*keys.wrapping, [0; 12], bound, &mut *wrapped)?;
        let mut data_key = Secret::default();
        data_key.copy_from_slice(opened.get(..32).ok_or(Error::Unwrap)?);
        Ok(Self { data_key, mac_key: keys.mac, recipient })
    }
}

impl EncryptedDataKey {
    /// The keyring's part of the ciphertext: the wrapped intermediate key.
    pub fn wrapped_intermediate(&self) -> Result<&[u8], Error> {
        self.ciphertext.get(WRAPPED_LEN..).ok_or(Error::Unwrap)
    }
}

struct IntermediateKeys {
    wrapping: Secret,
    mac: Secret,
}

impl IntermediateKeys {
    fn of(intermediate: &Secret) -> Result<Self, Error> {
        let hkdf = Hkdf::new(&**intermediate)?;
        Ok(Self {
            wrapping: hkdf.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"])?,
            mac: hkdf.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"])?,
        })
    }
}
