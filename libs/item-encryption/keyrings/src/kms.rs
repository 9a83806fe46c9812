//! Keys that a KMS keeps. The whole encryption context goes with every call, so the KMS's policies and its
//! trail see which table and item a key is used for.

use std::pin::Pin;

use item_encryption_format::Secret;
use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionContext, EncryptionMaterials};
use zeroize::{Zeroize, Zeroizing};

use crate::{Answer, Keyring, KeyringError, SealedKeys};

const PROVIDER: &str = "aws-kms";

/// What a KMS answers, or the text of its refusal.
pub type KmsAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// The three calls of a KMS that keyrings need, through whatever client an application has.
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
}

impl KmsClient for Box<dyn KmsClient> {
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
}

/// A KMS key, by ARN. Items name it, so only an ARN reads what it wrote.
pub struct KmsKeyring<C> {
    client: C,
    key_arn: String,
    same_region_only: bool,
}

impl<C: KmsClient> KmsKeyring<C> {
    /// The key with this ARN.
    #[must_use]
    pub fn new(client: C, key_arn: &str) -> Self {
        Self { client, key_arn: key_arn.to_owned(), same_region_only: true }
    }

    /// A multi-Region key: items written under its replicas of other Regions open too.
    #[must_use]
    pub fn multi_region(client: C, key_arn: &str) -> Self {
        Self { same_region_only: false, ..Self::new(client, key_arn) }
    }

    fn is_recipient(&self, key: &EncryptedDataKey) -> bool {
        let Ok(arn) = std::str::from_utf8(&key.provider_info) else { return false };
        key.provider_id == PROVIDER
            && (arn == self.key_arn || !self.same_region_only && is_replica(arn, &self.key_arn))
    }

    async fn open(
        &self,
        encrypted: &EncryptedDataKey,
        at: usize,
        sealed: &SealedKeys<'_>,
    ) -> Result<DataKey, KeyringError> {
        let blob = encrypted.wrapped_intermediate()?;
        let plain = self.client.decrypt(&self.key_arn, blob, sealed.context).await;
        let intermediate = secret(plain.map_err(|reason| self.refused("Decrypt", reason))?)?;
        Ok(DataKey::open(encrypted, at, sealed.bound, &intermediate)?)
    }

    fn refused(&self, call: &'static str, reason: String) -> KeyringError {
        KeyringError::Kms { call, key: self.key_arn.clone(), reason }
    }
}

impl<C: KmsClient> Keyring for KmsKeyring<C> {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            let made = self.client.generate_data_key(&self.key_arn, materials.context()).await;
            let (plain, blob) = made.map_err(|reason| self.refused("GenerateDataKey", reason))?;
            let info = self.key_arn.as_bytes().to_vec();
            Ok(materials.add_recipient(PROVIDER, info, &secret(plain)?, &blob)?)
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = KeyringError::NotARecipient(sealed.recipients());
            for (at, encrypted) in sealed.encrypted_data_keys.iter().enumerate() {
                if !self.is_recipient(encrypted) {
                    continue;
                }
                match self.open(encrypted, at, sealed).await {
                    Ok(key) => return Ok(key),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        })
    }
}

/// Whether two ARNs name the same multi-Region key: all alike but the Region.
fn is_replica(one: &str, other: &str) -> bool {
    let parts = |arn: &'_ str| -> Option<(String, String)> {
        let mut parts = arn.splitn(6, ':');
        let head: Vec<&str> = parts.by_ref().take(3).collect();
        let _region = parts.next()?;
        let (account, resource) = (parts.next()?, parts.next()?);
        resource.starts_with("key/mrk-").then(|| (head.join(":"), format!("{account}:{resource}")))
    };
    parts(one).is_some() && parts(one) == parts(other)
}

fn secret(mut bytes: Zeroizing<Vec<u8>>) -> Result<Secret, KeyringError> {
    let secret = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
    bytes.zeroize();
    secret.map_err(|_| KeyringError::DoesNotOpen("the KMS answered with a key of another length".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::is_replica;

    #[test]
    fn replicas_differ_in_their_region_only() {
        let arn = |region: &str, key: &str| format!("arn:aws:kms:{region}:000000000000:key/{key}");
        assert!(is_replica(&arn("us-east-1", "mrk-1"), &arn("eu-west-1", "mrk-1")));
        assert!(!is_replica(&arn("us-east-1", "mrk-1"), &arn("eu-west-1", "mrk-2")));
        assert!(!is_replica(&arn("us-east-1", "1"), &arn("eu-west-1", "1")));
        assert!(!is_replica("mrk-1", "mrk-1"));
    }
}
