//! A branch key of the hierarchical keyring: a wrapping key is derived for each item.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use zeroize::Zeroizing;

use super::secret;
use crate::Error;
use crate::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};
use crate::primitive::{Secret, gcm_open, gcm_seal, random};

/// A version of a branch key of the hierarchical keyring.
pub struct BranchKey {
    id: String,
    version: [u8; 16],
    key: Secret,
}

const HIERARCHY: &str = "aws-kms-hierarchy";

impl BranchKey {
    /// The branch key `id`, at the version with this UUID's bytes.
    #[must_use]
    pub fn new(id: &str, version: [u8; 16], key: Secret) -> Self {
        Self { id: id.to_owned(), version, key }
    }

    /// Which version it is: the bytes of its UUID.
    #[must_use]
    pub fn version(&self) -> [u8; 16] {
        self.version
    }

    /// The branch key's id and the version that a recipient names; `None` where it is no branch key.
    #[must_use]
    pub fn named_by(encrypted: &EncryptedDataKey) -> Option<(&str, [u8; 16])> {
        let id = std::str::from_utf8(&encrypted.provider_info).ok()?;
        let version = encrypted.wrapped_intermediate().ok()?.get(28..)?.first_chunk()?;
        (encrypted.provider_id == HIERARCHY).then_some((id, *version))
    }

    /// Adds this branch key as a recipient.
    pub fn wrap(&self, materials: &mut EncryptionMaterials) -> Result<(), Error> {
        let (intermediate, salt, iv) = (Secret::from(random::<32>()?), random::<16>()?, random::<12>()?);
        let mut wrapped = [&salt[..], &iv, &self.version, &*intermediate].concat();
        gcm_seal(&*self.wrapping_key(&salt)?, iv, &self.aad(materials.bound()), &mut wrapped, 44)?;
        materials.add_recipient(HIERARCHY, self.id.as_bytes().to_vec(), &intermediate, &wrapped)
    }

    /// Opens the data key of a recipient that is this branch key at this version; `None` where it is another.
    #[must_use]
    pub fn unwrap(
        &self,
        encrypted: &EncryptedDataKey,
        at: usize,
        bound: &[u8],
    ) -> Option<Result<DataKey, Error>> {
        let is_this = encrypted.provider_id == HIERARCHY && encrypted.provider_info == self.id.as_bytes();
        let wrapped = encrypted.wrapped_intermediate().ok()?;
        let (salt, rest) = wrapped.split_first_chunk::<16>()?;
        let (iv, rest) = rest.split_first_chunk::<12>()?;
        let (version, sealed) = rest.split_first_chunk::<16>()?;
        (is_this && *version == self.version).then(|| {
            let mut sealed = Zeroizing::new(sealed.to_vec());
            let opened = gcm_open(&*self.wrapping_key(salt)?, *iv, &self.aad(bound), &mut sealed)?;
            DataKey::open(encrypted, at, bound, &secret(opened)?)
        })
    }

    fn aad(&self, bound: &[u8]) -> Vec<u8> {
        [HIERARCHY.as_bytes(), self.id.as_bytes(), &self.version, bound].concat()
    }

    /// NIST SP 800-108 in counter mode with HMAC-SHA-256, one block.
    fn wrapping_key(&self, salt: &[u8; 16]) -> Result<Secret, Error> {
        let fixed =
            [&1u32.to_be_bytes()[..], HIERARCHY.as_bytes(), &[0], salt, &256u32.to_be_bytes()].concat();
        let tag = sign(&Key::new(HMAC_SHA256, &*self.key), &fixed);
        secret(&mut tag.as_ref().to_vec())
    }
}
