//! Content keys, and keys that wrap them.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::aes_wrap::{aes_unwrap, aes_wrap};
use super::description::{Description, KEY_ALGORITHM, WRAP_ALGORITHM, WRAPPED_KEY};
use super::rsa;
use crate::Error;
use crate::primitive::random;

const BLOCK: usize = 16;
const AES_WRAP: &str = "AESWrap";
const RSA_OAEP: &str = "RSA/ECB/OAEPWithSHA-256AndMGF1Padding";

/// An AES key of 16, 24 or 32 bytes for attributes.
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl ContentKey {
    /// The key with these bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        algorithm(&bytes).map(|_| Self(bytes))
    }

    /// A fresh 256-bit key.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(Zeroizing::new(random::<32>()?.to_vec())))
    }

    /// AES-CBC with PKCS#7 padding, behind a random initialisation vector.
    pub fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.unbound()?).map_err(|_| Error::Cipher)?;
        let mut data = plain.to_vec();
        let context = key.encrypt(&mut data).map_err(|_| Error::Cipher)?;
        let iv: &[u8] = (&context).try_into().map_err(|_| Error::Cipher)?;
        Ok([iv, &data].concat())
    }

    /// Undoes [`ContentKey::encrypt`]; only for values whose signature was verified.
    pub fn decrypt(&self, stored: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (iv, sealed) = stored.split_first_chunk::<BLOCK>().ok_or(BAD_VALUE)?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.unbound()?).map_err(|_| Error::Cipher)?;
        let mut data = Zeroizing::new(sealed.to_vec());
        let context = DecryptionContext::Iv128(FixedLength::from(*iv));
        let len = key.decrypt(&mut data, context).map_err(|_| BAD_VALUE)?.len();
        data.truncate(len);
        Ok(data)
    }

    fn unbound(&self) -> Result<UnboundCipherKey, Error> {
        UnboundCipherKey::new(algorithm(&self.0)?, &self.0).map_err(|_| Error::Cipher)
    }
}

const BAD_VALUE: Error =
    Error::Malformed { part: "value", reason: "it does not decrypt under the content key" };

fn algorithm(key: &[u8]) -> Result<&'static Algorithm, Error> {
    match key.len() {
        16 => Ok(&AES_128),
        24 => Ok(&AES_192),
        32 => Ok(&AES_256),
        _ => Err(Error::Cipher),
    }
}

/// What opens or makes one item: a content key where anything is encrypted, and a key for the signature.
pub struct Materials<S> {
    /// For the attributes.
    pub content: ContentKey,
    /// For the signature.
    pub signature: S,
    /// What a writer adds to the description so that readers find the keys again.
    pub description: Description,
}

/// Wraps and unwraps content keys, one for each item.
pub enum WrappingKey {
    /// RFC 3394, with an AES key of 16, 24 or 32 bytes.
    Aes(Zeroizing<Vec<u8>>),
    /// RSA, for reading.
    RsaPrivate(Box<rsa::UnwrappingKey>),
    /// RSA, for writing.
    RsaPublic(Box<rsa::WrappingKey>),
}

impl WrappingKey {
    /// An RSA private key (PKCS#8, DER).
    pub fn rsa_private(der: &[u8]) -> Result<Self, Error> {
        Ok(Self::RsaPrivate(Box::new(rsa::UnwrappingKey::new(der)?)))
    }

    /// An RSA public key (SPKI, DER).
    pub fn rsa_public(der: &[u8]) -> Result<Self, Error> {
        Ok(Self::RsaPublic(Box::new(rsa::WrappingKey::new(der)?)))
    }

    /// A fresh content key, and the description by which it is found again.
    pub fn generate(&self) -> Result<(ContentKey, Description), Error> {
        let key = ContentKey::generate()?;
        let (wrapped, algorithm) = self.wrap(&key.0)?;
        let pairs = [
            (WRAPPED_KEY, BASE64_STANDARD.encode(wrapped)),
            (KEY_ALGORITHM, "AES/256".to_owned()),
            (WRAP_ALGORITHM, algorithm.to_owned()),
        ];
        Ok((key, pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
    }

    /// The content key that a description holds.
    pub fn unwrap(&self, description: &Description) -> Result<ContentKey, Error> {
        let text = description.get(WRAPPED_KEY).ok_or(Error::Unwrap)?;
        // Early Java clients broke the base64 into lines.
        let text: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        let wrapped = BASE64_STANDARD.decode(text).map_err(|_| Error::Unwrap)?;
        let key = self.unwrap_bytes(&wrapped, description.get(WRAP_ALGORITHM).map(String::as_str))?;
        check_algorithm(description, &key)?;
        ContentKey::new(key)
    }

    fn wrap(&self, key: &[u8]) -> Result<(Vec<u8>, &'static str), Error> {
        match self {
            Self::Aes(wrapping) => Ok((aes_wrap(wrapping, key)?, AES_WRAP)),
            Self::RsaPublic(public) => Ok((public.oaep(key)?, RSA_OAEP)),
            Self::RsaPrivate(private) => Ok((private.wrapping().oaep(key)?, RSA_OAEP)),
        }
    }

    fn unwrap_bytes(&self, wrapped: &[u8], algorithm: Option<&str>) -> Result<Zeroizing<Vec<u8>>, Error> {
        match (self, algorithm) {
            (Self::Aes(wrapping), Some(AES_WRAP)) => aes_unwrap(wrapping, wrapped),
            (Self::RsaPrivate(key), Some(RSA_OAEP)) => key.oaep(wrapped),
            (Self::RsaPrivate(key), None) => key.pkcs1(wrapped),
            _ => Err(Error::Unwrap),
        }
    }
}

/// A content key is what its description says: `AES` (Java), or with its bits (Python).
fn check_algorithm(description: &Description, key: &[u8]) -> Result<(), Error> {
    let named = description.get(KEY_ALGORITHM).and_then(|name| name.strip_prefix("AES"));
    let bits = match named {
        None => return Err(Error::Unwrap),
        Some("") => return Ok(()),
        Some(bits) => bits.strip_prefix('/').and_then(|bits| bits.parse::<usize>().ok()),
    };
    if bits == Some(8 * key.len()) { Ok(()) } else { Err(Error::Unwrap) }
}
