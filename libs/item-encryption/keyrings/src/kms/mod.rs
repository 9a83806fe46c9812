//! Keys that a KMS keeps. The whole encryption context goes with every call, so the KMS's policies and its
//! trail see which table and item a key is used for.
//!
//! Map: this file (what a KMS is asked) · [`keyring`] (one key, and its replicas) · [`discovery`] (whichever key an item names).

pub mod discovery;
pub mod keyring;

use std::pin::Pin;
use std::sync::Arc;

use item_encryption_format::Secret;
use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionContext};
use zeroize::{Zeroize, Zeroizing};

use crate::{KeyringError, SealedKeys};

pub use discovery::{DiscoveryFilter, KmsDiscovery};
pub use keyring::KmsKeyring;

const PROVIDER: &str = "aws-kms";

/// What a KMS answers, or the text of its refusal.
pub type KmsAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// The calls of a KMS that keyrings need, through whatever client an application has.
///
/// The first two serve KMS keyrings and the legacy format; the next two a branch key store, the last one key
/// agreement. A client that lacks them says so when it is asked.
pub trait KmsClient: Send + Sync {
    /// `GenerateDataKey` with `NumberOfBytes` 32: the plaintext, and the ciphertext blob.
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)>;

    /// `Decrypt` under a key that must be the blob's.
    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>>;

    /// `GenerateDataKeyWithoutPlaintext` with `NumberOfBytes` 32: the ciphertext blob.
    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        _key: &'a str,
        _context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        unknown("GenerateDataKeyWithoutPlaintext")
    }

    /// `ReEncrypt` from one encryption context to another, under the same key.
    fn re_encrypt<'a>(
        &'a self,
        _key: &'a str,
        _blob: &'a [u8],
        _from: &'a EncryptionContext,
        _to: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        unknown("ReEncrypt")
    }

    /// `DeriveSharedSecret` by ECDH with a public key (SubjectPublicKeyInfo, DER).
    fn derive_shared_secret<'a>(
        &'a self,
        _key: &'a str,
        _public_key: &'a [u8],
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        unknown("DeriveSharedSecret")
    }
}

fn unknown<'a, T>(call: &'static str) -> KmsAnswer<'a, T> {
    Box::pin(async move { Err(format!("this client of the KMS has no {call}")) })
}

macro_rules! through {
    ($($pointer:ident),*) => {$(
        impl<C: KmsClient + ?Sized> KmsClient for $pointer<C> {
            fn generate_data_key<'a>(
                &'a self,
                key: &'a str,
                context: &'a EncryptionContext,
            ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
                (**self).generate_data_key(key, context)
            }

            fn decrypt<'a>(
                &'a self,
                key: &'a str,
                blob: &'a [u8],
                context: &'a EncryptionContext,
            ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
                (**self).decrypt(key, blob, context)
            }

            fn generate_data_key_without_plaintext<'a>(
                &'a self,
                key: &'a str,
                context: &'a EncryptionContext,
            ) -> KmsAnswer<'a, Vec<u8>> {
                (**self).generate_data_key_without_plaintext(key, context)
            }

            fn re_encrypt<'a>(
                &'a self,
                key: &'a str,
                blob: &'a [u8],
                from: &'a EncryptionContext,
                to: &'a EncryptionContext,
            ) -> KmsAnswer<'a, Vec<u8>> {
                (**self).re_encrypt(key, blob, from, to)
            }

            fn derive_shared_secret<'a>(
                &'a self,
                key: &'a str,
                public_key: &'a [u8],
            ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
                (**self).derive_shared_secret(key, public_key)
            }
        }
    )*};
}

through!(Box, Arc);

/// A KMS's refusal, as a keyring tells it.
pub(crate) fn refused(call: &'static str, key: &str, reason: String) -> KeyringError {
    KeyringError::Kms { call, key: key.to_owned(), reason }
}

/// Opens a recipient through a KMS, under a key by name.
async fn open(
    client: &impl KmsClient,
    key: &str,
    encrypted: &EncryptedDataKey,
    at: usize,
    sealed: &SealedKeys<'_>,
) -> Result<DataKey, KeyringError> {
    let plain = client.decrypt(key, encrypted.wrapped_intermediate()?, sealed.context).await;
    let intermediate = secret(plain.map_err(|reason| refused("Decrypt", key, reason))?)?;
    Ok(DataKey::open(encrypted, at, sealed.bound, &intermediate)?)
}

/// The ARN by which a recipient names its KMS key.
fn arn_of(encrypted: &EncryptedDataKey) -> Option<&str> {
    (encrypted.provider_id == PROVIDER).then(|| std::str::from_utf8(&encrypted.provider_info).ok())?
}

/// A 256-bit key that a KMS answered with.
pub(crate) fn secret(mut bytes: Zeroizing<Vec<u8>>) -> Result<Secret, KeyringError> {
    let secret = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
    bytes.zeroize();
    secret.map_err(|_| {
        KeyringError::DoesNotOpen(
            "the data key does not open: the KMS answered with a key of another length".to_owned(),
        )
    })
}
