//! Keyrings of keys that are at hand.

use item_encryption_format::Error;
use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};
use item_encryption_format::wrapping::{BranchKey, RawAes, RawRsa};

use crate::{Answer, Keyring, SealedKeys};

/// A key whose wrapping is pure computation.
trait AtHand: Send + Sync {
    fn wrap_now(&self, materials: &mut EncryptionMaterials) -> Result<(), Error>;
    fn unwrap_now(&self, key: &EncryptedDataKey, at: usize, bound: &[u8]) -> Option<Result<DataKey, Error>>;
}

macro_rules! at_hand {
    ($($key:ty),*) => {$(
        impl AtHand for $key {
            fn wrap_now(&self, materials: &mut EncryptionMaterials) -> Result<(), Error> {
                self.wrap(materials)
            }

            fn unwrap_now(&self, key: &EncryptedDataKey, at: usize, bound: &[u8]) -> Option<Result<DataKey, Error>> {
                self.unwrap(key, at, bound)
            }
        }
    )*};
}

at_hand!(RawAes, RawRsa, BranchKey);

impl<K: AtHand> Keyring for K {
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()> {
        Box::pin(async move { Ok(self.wrap_now(materials)?) })
    }

    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey> {
        Box::pin(async move { sealed.first_opened(|key, at| self.unwrap_now(key, at, sealed.bound)) })
    }
}
