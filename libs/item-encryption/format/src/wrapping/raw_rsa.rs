//! Raw RSA. The encryption context is not bound to the wrapped key, only to the data key behind it.

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey,
    Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::secret;
use crate::Error;
use crate::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};
use crate::primitive::{Secret, random};

/// How a wrapped key is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaPadding {
    /// PKCS1 v1.5.
    Pkcs1,
    /// OAEP with SHA-1, for label and mask.
    OaepSha1,
    /// OAEP with SHA-256, for label and mask.
    OaepSha256,
    /// OAEP with SHA-384, for label and mask.
    OaepSha384,
    /// OAEP with SHA-512, for label and mask.
    OaepSha512,
}

/// A raw RSA key pair, or half of one, with the names under which items know it.
pub struct RawRsa {
    namespace: String,
    name: String,
    padding: RsaPadding,
    public: Option<PublicEncryptingKey>,
    private: Option<PrivateDecryptingKey>,
}

impl RawRsa {
    /// A key of no use yet; add a half of it.
    #[must_use]
    pub fn new(namespace: &str, name: &str, padding: RsaPadding) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { namespace, name, padding, public: None, private: None }
    }

    /// With the public key (SPKI, DER), for writing.
    pub fn with_public(mut self, der: &[u8]) -> Result<Self, Error> {
        self.public = Some(PublicEncryptingKey::from_der(der).map_err(|_| Error::Cipher)?);
        Ok(self)
    }

    /// With the private key (PKCS8, DER), for reading and writing.
    pub fn with_private(mut self, der: &[u8]) -> Result<Self, Error> {
        let private = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Error::Cipher)?;
        self.public = Some(private.public_key());
        self.private = Some(private);
        Ok(self)
    }

    /// Adds this key as a recipient.
    pub fn wrap(&self, materials: &mut EncryptionMaterials) -> Result<(), Error> {
        let intermediate = Secret::from(random::<32>()?);
        let public = self.public.clone().ok_or(Error::Cipher)?;
        let wrapped = self.encrypt(public, &*intermediate)?;
        materials.add_recipient(&self.namespace, self.name.as_bytes().to_vec(), &intermediate, &wrapped)
    }

    /// Opens the data key of a recipient that is this key; `None` where it is another, or the private half
    /// is missing.
    #[must_use]
    pub fn unwrap(
        &self,
        encrypted: &EncryptedDataKey,
        at: usize,
        bound: &[u8],
    ) -> Option<Result<DataKey, Error>> {
        let is_this =
            encrypted.provider_id == self.namespace && encrypted.provider_info == self.name.as_bytes();
        self.private.as_ref().filter(|_| is_this)?;
        let open = || {
            let mut opened = self.decrypt(encrypted.wrapped_intermediate()?)?;
            DataKey::open(encrypted, at, bound, &secret(&mut opened)?)
        };
        Some(open())
    }

    fn encrypt(&self, key: PublicEncryptingKey, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; key.key_size_bytes()];
        let written = match self.padding.oaep() {
            Some(padding) => OaepPublicEncryptingKey::new(key)
                .and_then(|key| key.encrypt(padding, plain, &mut out, None).map(|out| out.len())),
            None => Pkcs1PublicEncryptingKey::new(key)
                .and_then(|key| key.encrypt(plain, &mut out).map(|out| out.len())),
        };
        out.truncate(written.map_err(|_| Error::Cipher)?);
        Ok(out)
    }

    pub(crate) fn decrypt(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.private.clone().ok_or(Error::Unwrap)?;
        let mut out = Zeroizing::new(vec![0; key.key_size_bytes()]);
        let read = match self.padding.oaep() {
            Some(padding) => OaepPrivateDecryptingKey::new(key)
                .and_then(|key| key.decrypt(padding, sealed, &mut out, None).map(|out| out.len())),
            None => Pkcs1PrivateDecryptingKey::new(key)
                .and_then(|key| key.decrypt(sealed, &mut out).map(|out| out.len())),
        };
        out.truncate(read.map_err(|_| Error::Unwrap)?);
        Ok(out)
    }
}

impl RsaPadding {
    fn oaep(self) -> Option<&'static OaepAlgorithm> {
        match self {
            Self::Pkcs1 => None,
            Self::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
            Self::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
            Self::OaepSha384 => Some(&OAEP_SHA384_MGF1SHA384),
            Self::OaepSha512 => Some(&OAEP_SHA512_MGF1SHA512),
        }
    }
}
