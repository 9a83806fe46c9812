//! Whichever key of a KMS an item names: for readers that do not know the keys beforehand. It never writes.

use std::collections::BTreeSet;

use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};

use super::{KmsClient, arn_of, open};
use crate::{Answer, KeyArn, Keyring, KeyringError, SealedKeys};

/// Whose keys may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryFilter {
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// The accounts; at least one.
    pub accounts: BTreeSet<String>,
}

impl DiscoveryFilter {
    fn admits(&self, arn: &KeyArn) -> bool {
        arn.partition == self.partition && self.accounts.contains(&arn.account)
    }
}

/// The keys of one Region's KMS. Several Regions are several of these, in a [`crate::MultiKeyring`].
///
/// Without a filter, whoever can write an item chooses the key, in whatever account, that the reader asks for.
pub struct KmsDiscovery<C> {
    client: C,
    region: String,
    filter: Option<DiscoveryFilter>,
    replicas: bool,
}

impl<C: KmsClient> KmsDiscovery<C> {
    /// The keys of this Region.
    #[must_use]
    pub fn new(client: C, region: &str, filter: Option<DiscoveryFilter>) -> Self {
        Self { client, region: region.to_owned(), filter, replicas: false }
    }

    /// These, and multi-Region keys of any Region, through their replicas in this one.
    #[must_use]
    pub fn multi_region(client: C, region: &str, filter: Option<DiscoveryFilter>) -> Self {
        Self { replicas: true, ..Self::new(client, region, filter) }
    }

    /// The key to ask for; `None` where the recipient is another Region's, or not admitted.
    fn key_of(&self, encrypted: &EncryptedDataKey) -> Option<KeyArn> {
        let arn = KeyArn::parse(arn_of(encrypted)?)?;
        let admitted = self.filter.as_ref().is_none_or(|filter| filter.admits(&arn));
        let here = arn.region == self.region || self.replicas && arn.is_multi_region();
        (admitted && here).then(|| arn.in_region(&self.region))
    }
}

impl<C: KmsClient> Keyring for KmsDiscovery<C> {
    fn wrap<'a>(&'a self, _: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        let reason = "discovery finds the keys of items that exist; to write, name a key by its ARN";
        Box::pin(async move { Err(KeyringError::CannotWrap(reason.to_owned())) })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = None;
            for (at, encrypted) in sealed.encrypted_data_keys.iter().enumerate() {
                let Some(arn) = self.key_of(encrypted) else { continue };
                match open(&self.client, &arn.to_string(), encrypted, at, sealed).await {
                    Ok(key) => return Ok(key),
                    Err(error) => failure = Some(error),
                }
            }
            Err(sealed.unopened(failure))
        })
    }
}
