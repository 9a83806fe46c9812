//! Raw AES: the intermediate key under AES-GCM, bound to the encryption context.

use zeroize::Zeroizing;

use super::{secret, secret_and_iv};
use crate::Error;
use crate::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};
use crate::primitive::{gcm_open, gcm_seal};

/// Bytes of a wrapped intermediate key: 32 and a tag.
const WRAPPED_LEN: usize = 48;

/// A raw AES key (128, 192 or 256 bits) with the names under which items know it.
pub struct RawAes {
    namespace: String,
    name: String,
    key: Zeroizing<Vec<u8>>,
}

impl RawAes {
    /// A key of 16, 24 or 32 bytes.
    pub fn new(namespace: &str, name: &str, key: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        match key.len() {
            16 | 24 | 32 => Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), key }),
            _ => Err(Error::Cipher),
        }
    }

    /// Adds this key as a recipient.
    pub fn wrap(&self, materials: &mut EncryptionMaterials) -> Result<(), Error> {
        let (intermediate, iv) = secret_and_iv()?;
        let mut wrapped = Vec::with_capacity(WRAPPED_LEN);
        wrapped.extend_from_slice(&*intermediate);
        gcm_seal(&self.key, iv, materials.bound(), &mut wrapped, 0)?;
        materials.add_recipient(&self.namespace, self.provider_info(iv), &intermediate, &wrapped)
    }

    /// Opens the data key of a recipient that is this key; `None` where it is another.
    #[must_use]
    pub fn unwrap(
        &self,
        encrypted: &EncryptedDataKey,
        at: usize,
        bound: &[u8],
    ) -> Option<Result<DataKey, Error>> {
        let iv = self.iv_of(encrypted)?;
        let open = || {
            let wrapped = <[u8; WRAPPED_LEN]>::try_from(encrypted.wrapped_intermediate()?)
                .map_err(|_| Error::Unwrap)?;
            let mut wrapped = Zeroizing::new(wrapped);
            let intermediate = secret(gcm_open(&self.key, iv, bound, &mut *wrapped)?)?;
            DataKey::open(encrypted, at, bound, &intermediate)
        };
        Some(open())
    }

    fn provider_info(&self, iv: [u8; 12]) -> Vec<u8> {
        [self.name.as_bytes(), &128u32.to_be_bytes(), &12u32.to_be_bytes(), &iv].concat()
    }

    fn iv_of(&self, encrypted: &EncryptedDataKey) -> Option<[u8; 12]> {
        let info = encrypted.provider_info.strip_prefix(self.name.as_bytes())?;
        let iv = info.strip_prefix(&[0, 0, 0, 128, 0, 0, 0, 12])?;
        (encrypted.provider_id == self.namespace).then_some(())?;
        iv.try_into().ok()
    }
}
