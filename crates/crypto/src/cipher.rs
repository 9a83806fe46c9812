//! AES-256-GCM, with a position as the nonce.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};

use crate::{NotAuthentic, SecretKey};

/// Bytes that sealing adds.
pub const TAG_LEN: usize = 16;

/// A place under one key: never the same twice for two contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 12]);

impl Nonce {
    /// Position `position` in stream `stream` of a key with one writer.
    #[must_use]
    pub fn position(stream: u32, position: u64) -> Self {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&stream.to_be_bytes());
        bytes[4..].copy_from_slice(&position.to_be_bytes());
        Self(bytes)
    }

    /// These bytes, for formats that carry their nonce.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    fn into_inner(self) -> aws_lc_rs::aead::Nonce {
        aws_lc_rs::aead::Nonce::assume_unique_for_key(self.0)
    }
}

/// A key made ready for AES-256-GCM (key schedule computed once).
pub struct Cipher(LessSafeKey);

impl Cipher {
    /// The cipher of a key that is used by one writer for one stream of positions.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, key.expose()).expect("32 bytes are an AES-256 key");
        Self(LessSafeKey::new(unbound))
    }

    /// Encrypts `data` where it stands and appends the tag.
    pub fn seal(&self, nonce: Nonce, associated: &[u8], data: &mut Vec<u8>) {
        let tag = self.seal_detached(nonce, associated, data);
        data.extend_from_slice(&tag);
    }

    /// Encrypts `data` where it stands and returns the tag.
    #[must_use]
    pub fn seal_detached(&self, nonce: Nonce, associated: &[u8], data: &mut [u8]) -> [u8; TAG_LEN] {
        let sealed = self.0.seal_in_place_separate_tag(nonce.into_inner(), Aad::from(associated), data);
        let tag = sealed.expect("the data is shorter than GCM's limit of 64 GiB");
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Decrypts `sealed` (ciphertext and tag) where it stands and returns the plaintext part of it.
    ///
    /// # Errors
    /// [`NotAuthentic`]; `sealed` then holds nothing of use.
    pub fn open<'a>(
        &self,
        nonce: Nonce,
        associated: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], NotAuthentic> {
        self.0.open_in_place(nonce.into_inner(), Aad::from(associated), sealed).map_err(|_| NotAuthentic)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cipher, Nonce};
    use crate::{NotAuthentic, SecretKey};

    fn cipher() -> Cipher {
        Cipher::new(&SecretKey::take(&mut [9; 32]))
    }

    // NIST GCM specification, test case 14: 256-bit zero key, zero nonce, one zero block.
    #[test]
    fn it_is_aes_256_gcm() {
        let zero = Cipher::new(&SecretKey::take(&mut [0; 32]));
        let mut data = vec![0; 16];
        zero.seal(Nonce::position(0, 0), &[], &mut data);
        assert_eq!(hex::encode(data), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    }

    #[test]
    fn what_was_sealed_opens_only_at_its_place() {
        let mut sealed = b"a row".to_vec();
        cipher().seal(Nonce::position(1, 2), b"file 3", &mut sealed);
        let open = |nonce, associated: &[u8]| {
            cipher().open(nonce, associated, &mut sealed.clone()).map(|plain| plain.to_vec())
        };
        assert_eq!(open(Nonce::position(1, 2), b"file 3"), Ok(b"a row".to_vec()));
        assert_eq!(open(Nonce::position(1, 3), b"file 3"), Err(NotAuthentic));
        assert_eq!(open(Nonce::position(2, 2), b"file 3"), Err(NotAuthentic));
        assert_eq!(open(Nonce::position(1, 2), b"file 4"), Err(NotAuthentic));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let mut sealed = b"a row".to_vec();
        cipher().seal(Nonce::position(0, 0), &[], &mut sealed);
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(cipher().open(Nonce::position(0, 0), &[], &mut damaged), Err(NotAuthentic));
        }
    }
}
