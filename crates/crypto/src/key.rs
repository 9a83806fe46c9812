//! Secret keys and their derivation.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use env::Random;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes in a key (AES-256).
pub const KEY_LEN: usize = 32;
/// Bytes in a salt: fresh for each writer of each file or blob.
pub const SALT_LEN: usize = 32;
/// Bytes in a key commitment.
pub const COMMITMENT_LEN: usize = 32;

/// A 256-bit secret. Not `Clone`, not `Debug`, not `Serialize`; wiped on drop.
#[derive(ZeroizeOnDrop)]
pub struct SecretKey([u8; KEY_LEN]);

impl SecretKey {
    /// A fresh random key.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; KEY_LEN];
        random.fill(&mut bytes);
        Self::take(&mut bytes)
    }

    /// The key with these bytes, which are wiped where they stood.
    #[must_use]
    pub fn take(bytes: &mut [u8; KEY_LEN]) -> Self {
        let key = Self(*bytes);
        bytes.zeroize();
        key
    }

    /// The bytes themselves, for whoever must hand them out (KMS's `GenerateDataKey`) or wrap them.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// HKDF-SHA-256 of this key under `salt`; `info` is the concatenation of its parts, whose first names the
    /// purpose and whose later ones have fixed lengths (or carry them), so that no two purposes meet.
    #[must_use]
    pub fn derive(&self, salt: &[u8; SALT_LEN], info: &[&[u8]]) -> Self {
        let mut bytes = [0; KEY_LEN];
        expand(&self.extract(salt), info, &mut bytes);
        Self::take(&mut bytes)
    }

    /// Bytes that commit to this key without telling it: GCM alone would let two keys open one ciphertext.
    #[must_use]
    pub fn commitment(&self, salt: &[u8; SALT_LEN], info: &[&[u8]]) -> [u8; COMMITMENT_LEN] {
        let mut parts: Vec<&[u8]> = vec![b"strongroom commitment"];
        parts.extend_from_slice(info);
        let mut bytes = [0; COMMITMENT_LEN];
        expand(&self.extract(salt), &parts, &mut bytes);
        bytes
    }

    fn extract(&self, salt: &[u8; SALT_LEN]) -> Prk {
        Salt::new(HKDF_SHA256, salt).extract(&self.0)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) {
    let filled = prk.expand(info, Length(out.len())).and_then(|okm| okm.fill(out));
    filled.expect("32 bytes are within HKDF-SHA-256's limit of 8160");
}

#[cfg(test)]
mod tests {
    use super::SecretKey;

    // RFC 5869, A.1, with the lengths this room uses: computed from the same PRK and info with its test
    // vector's salt and input cannot be fed here (22-byte input key), so the rules are tested instead.
    #[test]
    fn another_salt_or_purpose_gives_another_key() {
        let key = SecretKey::take(&mut [1; 32]);
        let base = key.derive(&[2; 32], &[b"file", &[0; 16]]);
        assert_ne!(base.expose(), key.derive(&[3; 32], &[b"file", &[0; 16]]).expose());
        assert_ne!(base.expose(), key.derive(&[2; 32], &[b"log", &[0; 16]]).expose());
        assert_eq!(base.expose(), key.derive(&[2; 32], &[b"file", &[0; 16]]).expose());
    }

    #[test]
    fn a_commitment_is_no_key() {
        let key = SecretKey::take(&mut [1; 32]);
        assert_ne!(&key.commitment(&[2; 32], &[b"file"]), key.derive(&[2; 32], &[b"file"]).expose());
    }

    #[test]
    fn taking_a_key_wipes_its_source() {
        let mut source = [7; 32];
        let _key = SecretKey::take(&mut source);
        assert_eq!(source, [0; 32]);
    }
}
