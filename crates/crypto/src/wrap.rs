//! Wrapping: a key (or another short secret) encrypted under another key, for keeping.
//!
//! ```text
//!  32 B salt │ 32 B commitment │ ciphertext │ 16 B tag
//! ```
//! The cipher key is derived with the fresh salt, so each blob has a key of its own and its nonce is zero.

use env::Random;
use env::random::random_bytes;
use zeroize::{Zeroize, Zeroizing};

use crate::key::{COMMITMENT_LEN, KEY_LEN, SALT_LEN};
use crate::{Cipher, Nonce, NotAuthentic, SecretKey, TAG_LEN, constant_time_eq};

/// Bytes that wrapping adds.
pub const WRAP_OVERHEAD: usize = SALT_LEN + COMMITMENT_LEN + TAG_LEN;

const PURPOSE: &[u8] = b"strongroom wrap";

/// Wraps `secret` under `wrapping`, bound to `associated`.
#[must_use]
pub fn wrap_bytes(wrapping: &SecretKey, secret: &[u8], associated: &[u8], random: &dyn Random) -> Vec<u8> {
    let salt = random_bytes::<SALT_LEN>(random);
    let mut sealed = secret.to_vec();
    Cipher::new(&wrapping.derive(&salt, &[PURPOSE])).seal(Nonce::position(0, 0), associated, &mut sealed);
    [&salt[..], &wrapping.commitment(&salt, &[PURPOSE]), &sealed].concat()
}

/// Unwraps what [`wrap_bytes`] made.
///
/// # Errors
/// [`NotAuthentic`]: another key, other associated data, or damaged bytes.
pub fn unwrap_bytes(
    wrapping: &SecretKey,
    wrapped: &[u8],
    associated: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
    let (salt, rest) = wrapped.split_first_chunk::<SALT_LEN>().ok_or(NotAuthentic)?;
    let (commitment, sealed) = rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(NotAuthentic)?;
    if !constant_time_eq(commitment, &wrapping.commitment(salt, &[PURPOSE])) {
        return Err(NotAuthentic);
    }
    let mut opened = Zeroizing::new(sealed.to_vec());
    let cipher = Cipher::new(&wrapping.derive(salt, &[PURPOSE]));
    let len = cipher.open(Nonce::position(0, 0), associated, &mut opened)?.len();
    opened.truncate(len);
    Ok(opened)
}

/// Wraps a key under another one, bound to `associated`.
#[must_use]
pub fn wrap_key(wrapping: &SecretKey, key: &SecretKey, associated: &[u8], random: &dyn Random) -> Vec<u8> {
    wrap_bytes(wrapping, key.expose(), associated, random)
}

/// Unwraps what [`wrap_key`] made.
///
/// # Errors
/// [`NotAuthentic`]: another key, other associated data, or damaged bytes.
pub fn unwrap_key(
    wrapping: &SecretKey,
    wrapped: &[u8],
    associated: &[u8],
) -> Result<SecretKey, NotAuthentic> {
    let opened = unwrap_bytes(wrapping, wrapped, associated)?;
    let mut bytes: [u8; KEY_LEN] = opened.as_slice().try_into().map_err(|_| NotAuthentic)?;
    let key = SecretKey::take(&mut bytes);
    bytes.zeroize();
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::{WRAP_OVERHEAD, unwrap_bytes, unwrap_key, wrap_bytes, wrap_key};
    use crate::{NotAuthentic, SecretKey};
    use env::SeededRandom;

    #[test]
    fn a_wrapped_key_unwraps_under_its_key_and_binding_only() {
        let random = SeededRandom::new(1);
        let (wrapping, other) = (SecretKey::generate(&random), SecretKey::generate(&random));
        let key = SecretKey::generate(&random);
        let wrapped = wrap_key(&wrapping, &key, b"table 1", &random);
        assert_eq!(unwrap_key(&wrapping, &wrapped, b"table 1").map(|k| *k.expose()), Ok(*key.expose()));
        assert_eq!(unwrap_key(&other, &wrapped, b"table 1").err(), Some(NotAuthentic));
        assert_eq!(unwrap_key(&wrapping, &wrapped, b"table 2").err(), Some(NotAuthentic));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let random = SeededRandom::new(2);
        let wrapping = SecretKey::generate(&random);
        let wrapped = wrap_bytes(&wrapping, b"secret", b"", &random);
        assert_eq!(wrapped.len(), 6 + WRAP_OVERHEAD);
        for bit in 0..wrapped.len() * 8 {
            let mut damaged = wrapped.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(unwrap_bytes(&wrapping, &damaged, b"").is_err());
        }
        for len in 0..wrapped.len() {
            assert!(unwrap_bytes(&wrapping, &wrapped[..len], b"").is_err());
        }
    }
}
