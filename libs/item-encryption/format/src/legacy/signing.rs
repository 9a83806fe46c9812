//! Keys that sign items, and verify them.

use aws_lc_rs::hmac;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::{RsaPrivateKey, RsaPublicKey, pkcs1v15};

use super::description::{Description, SIGNING_ALGORITHM};
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
    Rsa(Box<RsaPublicKey>),
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
        Ok(Self::Rsa(Box::new(RsaPublicKey::from_public_key_der(der).map_err(|_| Error::Cipher)?)))
    }

    /// Whether a signature fits.
    pub fn verify(&self, message: &[u8], signature: &[u8], description: &Description) -> Result<(), Error> {
        match self {
            Self::Hmac(key) => hmac::verify(key, message, signature).map_err(|_| Error::Signature),
            Self::Rsa(key) => verify_rsa(key, message, signature, description),
        }
    }
}

fn verify_rsa(
    key: &RsaPublicKey,
    message: &[u8],
    signature: &[u8],
    description: &Description,
) -> Result<(), Error> {
    let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| Error::Signature)?;
    let key = key.clone();
    let verified = match description.get(SIGNING_ALGORITHM).map_or("SHA256withRSA", String::as_str) {
        "SHA256withRSA" => pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key).verify(message, &signature),
        "SHA384withRSA" => pkcs1v15::VerifyingKey::<sha2::Sha384>::new(key).verify(message, &signature),
        "SHA512withRSA" => pkcs1v15::VerifyingKey::<sha2::Sha512>::new(key).verify(message, &signature),
        _ => return Err(Error::Signature),
    };
    verified.map_err(|_| Error::Signature)
}

/// Makes signatures.
pub enum SigningKey {
    /// HMAC over a digest.
    Hmac(Digest, Box<hmac::Key>),
    /// RSASSA-PKCS1-v1.5 over a digest.
    Rsa(Digest, Box<RsaPrivateKey>),
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
        let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| Error::Cipher)?;
        Ok(Self::Rsa(digest, Box::new(key)))
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
            Self::Rsa(digest, key) => {
                let key = (**key).clone();
                let signature = match digest {
                    Digest::Sha256 => pkcs1v15::SigningKey::<sha2::Sha256>::new(key).try_sign(message),
                    Digest::Sha384 => pkcs1v15::SigningKey::<sha2::Sha384>::new(key).try_sign(message),
                    Digest::Sha512 => pkcs1v15::SigningKey::<sha2::Sha512>::new(key).try_sign(message),
                };
                Ok(signature.map_err(|_| Error::Cipher)?.to_vec())
            }
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
