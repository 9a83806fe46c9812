//! Several keyrings: each is a recipient when an item is written, any one opens it when it is read.

use item_encryption_format::dbesdk::{DataKey, EncryptionMaterials};

use crate::{Answer, Keyring, KeyringError, SealedKeys};

/// Several keyrings, in the order in which they are asked.
pub struct MultiKeyring(Vec<Box<dyn Keyring>>);

impl MultiKeyring {
    /// These keyrings; at least one.
    #[must_use]
    pub fn new(keyrings: Vec<Box<dyn Keyring>>) -> Self {
        Self(keyrings)
    }
}

impl Keyring for MultiKeyring {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move {
            if self.0.is_empty() {
                return Err(KeyringError::CannotWrap("it has no keys".to_owned()));
            }
            for keyring in &self.0 {
                keyring.wrap(materials).await?;
            }
            Ok(())
        })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let mut failure = None;
            for keyring in &self.0 {
                match keyring.unwrap(sealed).await {
                    Ok(key) => return Ok(key),
                    Err(KeyringError::NotARecipient(_)) => {}
                    Err(error) => failure = Some(error),
                }
            }
            Err(sealed.unopened(failure))
        })
    }
}
