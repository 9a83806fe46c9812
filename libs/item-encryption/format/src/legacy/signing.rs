//! Keys that sign items, and verify them.

use aws_lc_rs::hmac;

use super::description::{Description, SIGNING_ALGORITHM};
use super::rsa;
use crate::Error;

/// The digests that items are signed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256, where nothing else is said.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Verifies signatures. Its kind is the reader's choice, never the item's.
pub enum VerifyingKey {
    /// HMAC.
    Hmac(Box<hmac::Key>),
    /// RSASSA-PKCS1-v1.5 with SHA-256, SHA-384 or SHA-512, as the description says.
    Rsa(Box<rsa::VerifyingKey>),
}

impl VerifyingKey {
    /// HMAC-SHA-256.
    #[must_use]
    pub fn hmac_sha256(key: &[u8]) -> Self {
        Self::hmac(Digest::Sha256, key)
    }

    /// HMAC over a digest, which is the reader's choice too.
    #[must_use]
    pub fn hmac(digest: Digest, key: &[u8]) -> Self {
        Self::Hmac(Box::new(hmac::Key::new(digest.hmac(), key)))
    }

    /// An RSA public key (SPKI, DER).
    pub fn rsa(der: &[u8]) -> Result<Self, Error> {
        Ok(Self::Rsa(Box::new(rsa::VerifyingKey::new(der)?)))
    }

    /// Whether a signature fits.
    pub fn verify(&self, message: &[u8], signature: &[u8], description: &Description) -> Result<(), Error> {
        match self {
            Self::Hmac(key) => hmac::verify(key, message, signature).map_err(|_| Error::Signature),
            Self::Rsa(key) => {
                let algorithm = description.get(SIGNING_ALGORITHM).map_or("SHA256withRSA", String::as_str);
                key.verify(algorithm, message, signature)
            }
        }
    }
}

/// Makes signatures.
pub enum SigningKey {
    /// HMAC over a digest.
    Hmac(Digest, Box<hmac::Key>),
    /// RSASSA-PKCS1-v1.5 over a digest.
    Rsa(Digest, Box<rsa::SigningKey>),
}

impl SigningKey {
    /// HMAC-SHA-256.
    #[must_use]
    pub fn hmac_sha256(key: &[u8]) -> Self {
        Self::hmac(Digest::Sha256, key)
    }

    /// HMAC over a digest.
    #[must_use]
    pub fn hmac(digest: Digest, key: &[u8]) -> Self {
        Self::Hmac(digest, Box::new(hmac::Key::new(digest.hmac(), key)))
    }

    /// An RSA private key (PKCS#8, DER), and the digest it signs over.
    pub fn rsa(digest: Digest, der: &[u8]) -> Result<Self, Error> {
        Ok(Self::Rsa(digest, Box::new(rsa::SigningKey::new(der)?)))
    }

    /// The algorithm's name in the description.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(Digest::Sha256, _) => "HmacSHA256",
            Self::Hmac(Digest::Sha384, _) => "HmacSHA384",
            Self::Hmac(Digest::Sha512, _) => "HmacSHA512",
            Self::Rsa(Digest::Sha256, _) => "SHA256withRSA",
            Self::Rsa(Digest::Sha384, _) => "SHA384withRSA",
            Self::Rsa(Digest::Sha512, _) => "SHA512withRSA",
        }
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Hmac(_, key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(digest, key) => key.sign(*digest, message),
        }
    }
}

impl Digest {
    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}
