//! One key of a KMS, and where that is wanted its replicas in other Regions.

use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};

use super::{KmsClient, PROVIDER, arn_of, open, refused, secret};
use crate::{Answer, KeyArn, Keyring, SealedKeys};

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

    /// A multi-Region key: items written under its replicas of other Regions open too, through this one.
    #[must_use]
    pub fn multi_region(client: C, key_arn: &str) -> Self {
        Self { same_region_only: false, ..Self::new(client, key_arn) }
    }

    fn is_recipient(&self, key: &EncryptedDataKey) -> bool {
        let Some(arn) = arn_of(key) else { return false };
        arn == self.key_arn || !self.same_region_only && self.has_replica(arn)
    }

    fn has_replica(&self, arn: &str) -> bool {
        let keys = KeyArn::parse(arn).zip(KeyArn::parse(&self.key_arn));
        keys.is_some_and(|(one, other)| one.is_replica_of(&other))
    }
}

impl<C: KmsClient> Keyring for KmsKeyring<C> {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            let made = self.client.generate_data_key(&self.key_arn, materials.context()).await;
            let made = made.map_err(|reason| refused("GenerateDataKey", &self.key_arn, reason));
            let ((plain, blob), info) = (made?, self.key_arn.as_bytes().to_vec());
            Ok(materials.add_recipient(PROVIDER, info, &secret(plain)?, &blob)?)
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = None;
            for (at, encrypted) in sealed.encrypted_data_keys.iter().enumerate() {
                if !self.is_recipient(encrypted) {
                    continue;
                }
                match open(&self.client, &self.key_arn, encrypted, at, sealed).await {
                    Ok(key) => return Ok(key),
                    Err(error) => failure = Some(error),
                }
            }
            Err(sealed.unopened(failure))
        })
    }
}
