//! RSA in the legacy format: signatures, and wrapped content keys.
//!
//! The cipher library does all of it but OAEP with SHA-256 for the label and SHA-1 for the mask, which it does
//! not have; for that, and nothing else, stands the crate `rsa`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaParameters, RsaSignatureEncoding, UnparsedPublicKey,
};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::{Oaep, RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::Digest;
use crate::Error;

/// A public key (SPKI, DER) that verifies RSASSA-PKCS1-v1.5.
pub struct VerifyingKey(Vec<u8>);

impl VerifyingKey {
    pub fn new(der: &[u8]) -> Result<Self, Error> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, der);
        key.map(|_| Self(der.to_vec())).map_err(|_| Error::Cipher)
    }

    /// Whether a signature fits, under the algorithm of this name.
    pub fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let algorithm: &'static RsaParameters = match algorithm {
            "SHA256withRSA" => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            "SHA384withRSA" => &RSA_PKCS1_2048_8192_SHA384,
            "SHA512withRSA" => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            _ => return Err(Error::Signature),
        };
        let key = UnparsedPublicKey::new(algorithm, &self.0);
        key.verify(message, signature).map_err(|_| Error::Signature)
    }
}

/// A private key (PKCS#8, DER) that signs by RSASSA-PKCS1-v1.5.
pub struct SigningKey(KeyPair);

impl SigningKey {
    pub fn new(der: &[u8]) -> Result<Self, Error> {
        KeyPair::from_pkcs8(der).map(Self).map_err(|_| Error::Cipher)
    }

    pub fn sign(&self, digest: Digest, message: &[u8]) -> Result<Vec<u8>, Error> {
        let encoding: &'static RsaSignatureEncoding = match digest {
            Digest::Sha256 => &RSA_PKCS1_SHA256,
            Digest::Sha384 => &RSA_PKCS1_SHA384,
            Digest::Sha512 => &RSA_PKCS1_SHA512,
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign(encoding, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Error::Cipher)
    }
}

/// A private key (PKCS#8, DER) that opens wrapped content keys.
pub struct UnwrappingKey {
    oaep: RsaPrivateKey,
    pkcs1: Pkcs1PrivateDecryptingKey,
}

impl UnwrappingKey {
    pub fn new(der: &[u8]) -> Result<Self, Error> {
        let oaep = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| Error::Cipher)?;
        let pkcs1 = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Error::Cipher)?;
        Ok(Self { oaep, pkcs1: Pkcs1PrivateDecryptingKey::new(pkcs1).map_err(|_| Error::Cipher)? })
    }

    /// The other half.
    pub fn wrapping(&self) -> WrappingKey {
        WrappingKey(self.oaep.to_public_key())
    }

    /// By OAEP, as all but the first clients wrap.
    pub fn oaep(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let opened = self.oaep.decrypt_blinded(&mut Entropy, padding(), wrapped);
        opened.map(Zeroizing::new).map_err(|_| Error::Unwrap)
    }

    /// By PKCS#1 v1.5, as the first clients wrapped.
    pub fn pkcs1(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut out = Zeroizing::new(vec![0; self.pkcs1.key_size_bytes()]);
        let len = self.pkcs1.decrypt(wrapped, &mut out).map(|opened| opened.len());
        out.truncate(len.map_err(|_| Error::Unwrap)?);
        Ok(out)
    }
}

/// A public key (SPKI, DER) that wraps content keys.
pub struct WrappingKey(RsaPublicKey);

impl WrappingKey {
    pub fn new(der: &[u8]) -> Result<Self, Error> {
        RsaPublicKey::from_public_key_der(der).map(Self).map_err(|_| Error::Cipher)
    }

    /// By OAEP.
    pub fn oaep(&self, content: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.encrypt(&mut Entropy, padding(), content).map_err(|_| Error::Cipher)
    }
}

/// SHA-256 for the label, but MGF1 with SHA-1: the default of Java's cryptography, and so of the format.
fn padding() -> Oaep {
    Oaep::new_with_mgf_hash::<rsa::sha2::Sha256, sha1::Sha1>()
}

/// The operating system's randomness, in the shape the RSA library asks for.
struct Entropy;

impl rsa::rand_core::RngCore for Entropy {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system's random generator works");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Entropy {}
