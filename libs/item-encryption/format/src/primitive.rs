//! The cryptographic operations of both formats, over aws-lc-rs.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey,
};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext as Counter, UnboundCipherKey};
use aws_lc_rs::{constant_time, digest, hmac, iv};
use std::sync::LazyLock;
use zeroize::Zeroizing;

use crate::Error;

/// A 256-bit secret, wiped on drop.
pub type Secret = Zeroizing<[u8; 32]>;

/// Unpredictable bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Cipher)?;
    Ok(bytes)
}

/// HKDF-SHA-512 (RFC 5869) of a secret: extracted once, expanded as often as needed. The library's own extracts
/// again for every expansion.
pub struct Hkdf(hmac::Key);

/// Bytes of SHA-512's digests.
pub const BLOCK: usize = 64;
/// What numbers the first block of an expansion.
const FIRST: &[u8] = &[1];

/// No salt counts as a block of zeros.
static NO_SALT: LazyLock<hmac::Key> = LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA512, &[0; BLOCK]));

impl Hkdf {
    /// Extracts with an empty salt.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        let mut extracted = Zeroizing::new([0; BLOCK]);
        hmac::sign_to_buffer(&NO_SALT, secret, &mut *extracted).map_err(|_| Error::Cipher)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA512, &*extracted)))
    }

    /// Expands into 32 bytes; the parts of `info` have at most 127 bytes together.
    pub fn expand(&self, info: &[&[u8]]) -> Result<Secret, Error> {
        let (mut message, mut len) = ([0; 128], 0);
        for part in info.iter().chain(&[FIRST]) {
            let place = message.get_mut(len..len + part.len()).ok_or(Error::Cipher)?;
            place.copy_from_slice(part);
            len += part.len();
        }
        let block = self.block(&message[..len])?;
        let secret = block.first_chunk().copied().map(Zeroizing::new);
        secret.ok_or(Error::Cipher)
    }

    /// Expands into a whole block.
    pub fn expand_block(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; BLOCK]>, Error> {
        self.block(&[&info.concat(), FIRST].concat())
    }

    /// The only block that keys of this length take.
    fn block(&self, message: &[u8]) -> Result<Zeroizing<[u8; BLOCK]>, Error> {
        let mut block = Zeroizing::new([0; BLOCK]);
        hmac::sign_to_buffer(&self.0, message, &mut *block).map_err(|_| Error::Cipher)?;
        Ok(block)
    }
}

/// HMAC under a key made ready once.
pub struct Hmac(hmac::Key);

impl Hmac {
    /// HMAC-SHA-384.
    pub fn sha384(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA384, key))
    }

    /// HMAC-SHA-512.
    pub fn sha512(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA512, key))
    }

    /// The code of a message.
    pub fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, message)
    }
}

/// A running SHA-384.
pub struct Sha384(digest::Context);

impl Sha384 {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA384))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest, 48 bytes.
    pub fn finish(self) -> digest::Digest {
        self.0.finish()
    }
}

/// Whether two byte strings are equal, in a time that tells only their lengths.
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Appends the AES-GCM encryption of what stands in `out` from `start` on: encrypts there, then the tag.
pub fn gcm_seal(
    key: &[u8],
    nonce: [u8; 12],
    aad: &[u8],
    out: &mut Vec<u8>,
    start: usize,
) -> Result<(), Error> {
    let cipher = gcm(key)?;
    let data = out.get_mut(start..).ok_or(Error::Cipher)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), data).map_err(|_| Error::Cipher)?;
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Decrypts ciphertext and tag where they stand, and returns the plaintext part.
pub fn gcm_open<'a>(
    key: &[u8],
    nonce: [u8; 12],
    aad: &[u8],
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], Error> {
    gcm_open_from(key, nonce, aad, sealed, 0)
}

/// The same of what stands behind `start` other bytes, over which the plaintext moves to the front.
pub fn gcm_open_from<'a>(
    key: &[u8],
    nonce: [u8; 12],
    aad: &[u8],
    sealed: &'a mut [u8],
    start: usize,
) -> Result<&'a mut [u8], Error> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    gcm(key)?.open_within(nonce, Aad::from(aad), sealed, start..).map_err(|_| Error::Unwrap)
}

fn gcm(key: &[u8]) -> Result<LessSafeKey, Error> {
    let algorithm: &Algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return Err(Error::Cipher),
    };
    Ok(LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(|_| Error::Cipher)?))
}

/// AES-256 in counter mode, as a source of key stream.
pub struct KeyStream(EncryptingKey);

impl KeyStream {
    /// Under a key.
    pub fn new(key: &Secret) -> Result<Self, Error> {
        let unbound = UnboundCipherKey::new(&AES_256, &**key).map_err(|_| Error::Cipher)?;
        Ok(Self(EncryptingKey::ctr(unbound).map_err(|_| Error::Cipher)?))
    }

    /// As many bytes of the stream that begins at a counter block.
    pub fn bytes(&self, counter: [u8; 16], len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut bytes = Zeroizing::new(vec![0; len]);
        let iv = Counter::Iv128(iv::FixedLength::from(counter));
        self.0.less_safe_encrypt(&mut bytes, iv).map_err(|_| Error::Cipher)?;
        Ok(bytes)
    }
}
