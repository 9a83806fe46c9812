//! The ciphertext blob: what Encrypt and GenerateDataKey hand out and Decrypt takes back.
//!
//! ```text
//!    0    1 B  format version, 1
//!    1   16 B  key id
//!   17   32 B  material id
//!   49   32 B  salt, random per message
//!   81    8 B  check: the first bytes of SHA-256("strongroom kms blob" ‖ bytes 0..81)
//!   89   32 B  commitment to the message key
//!  121         ciphertext ‖ 16 B tag
//! ```
//! The message key is derived from the material with the salt and the ids, so each message has a key of its
//! own and the nonce is zero: no number of messages is dangerous. Associated data is bytes 0..89 and the
//! canonical encryption context. The check keeps no secret; it tells a damaged blob from one whose key is gone.

use crypto::{COMMITMENT_LEN, Cipher, Nonce, SALT_LEN, TAG_LEN, constant_time_eq, sha256};
use env::Random;
use env::random::random_bytes;
use envelope::EncryptionContext;
use zeroize::Zeroizing;

use crate::encryption_context::{append_canonical, canonical_len};
use crate::error::KmsError;
use crate::key_id::KeyId;
use crate::material::{Material, MaterialId};

/// The longest plaintext of a message, in bytes.
pub const MAX_PLAINTEXT_LEN: usize = 4096;
/// The longest blob that a request may carry, in bytes.
pub const MAX_BLOB_LEN: usize = 6144;
/// Bytes that encryption adds.
pub const OVERHEAD: usize = HEADER_LEN + COMMITMENT_LEN + TAG_LEN;

const FORMAT_VERSION: u8 = 1;
const IDS_LEN: usize = 1 + 16 + 32;
const CHECKED_LEN: usize = IDS_LEN + SALT_LEN;
const CHECK_LEN: usize = 8;
const HEADER_LEN: usize = CHECKED_LEN + CHECK_LEN;
const MESSAGE_PURPOSE: &[u8] = b"strongroom kms message";
const CHECK_PURPOSE: &[u8] = b"strongroom kms blob";

/// A blob taken apart; nothing in it is authentic before it is decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob<'a> {
    /// The key it says it lies under.
    pub key_id: KeyId,
    /// And which of its materials.
    pub material_id: MaterialId,
    header: &'a [u8; HEADER_LEN],
    salt: &'a [u8; SALT_LEN],
    commitment: &'a [u8; COMMITMENT_LEN],
    sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Takes a blob apart.
    ///
    /// # Errors
    /// [`KmsError::InvalidCiphertext`] for bytes that no version of this server made.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, KmsError> {
        Self::parts(bytes).ok_or(KmsError::InvalidCiphertext)
    }

    fn parts(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_BLOB_LEN || bytes.len() < OVERHEAD {
            return None;
        }
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let (commitment, sealed) = rest.split_first_chunk::<COMMITMENT_LEN>()?;
        let (checked, check) = header.split_first_chunk::<CHECKED_LEN>()?;
        let (version, ids) = checked.split_first()?;
        let (key_id, ids) = ids.split_first_chunk::<16>()?;
        let (material_id, salt) = ids.split_first_chunk::<32>()?;
        let salt = salt.first_chunk::<SALT_LEN>()?;
        (*version == FORMAT_VERSION && *check == check_of(checked)).then_some(Self {
            key_id: KeyId::from_bytes(*key_id),
            material_id: MaterialId(*material_id),
            header,
            salt,
            commitment,
            sealed,
        })
    }

    /// The plaintext.
    ///
    /// # Errors
    /// [`KmsError::InvalidCiphertext`]: another material or context, or damaged bytes.
    pub fn decrypt(
        &self,
        material: &Material,
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let message = MessageKey::derive(material, self.salt);
        if !constant_time_eq(self.commitment, &message.commitment) {
            return Err(KmsError::InvalidCiphertext);
        }
        let mut opened = Zeroizing::new(self.sealed.to_vec());
        let associated = associated(self.header, context);
        let plaintext = message.cipher.open(Nonce::position(0, 0), &associated, &mut opened);
        let len = plaintext.map_err(|_| KmsError::InvalidCiphertext)?.len();
        opened.truncate(len);
        Ok(opened)
    }
}

/// Encrypts a message under `material`, bound to `context`.
#[must_use]
pub fn encrypt(
    material: &Material,
    plaintext: &[u8],
    context: &EncryptionContext,
    random: &dyn Random,
) -> Vec<u8> {
    let salt = random_bytes::<SALT_LEN>(random);
    let header = header(material, &salt);
    let message = MessageKey::derive(material, &salt);
    let mut blob = Vec::with_capacity(OVERHEAD + plaintext.len());
    blob.extend_from_slice(&header);
    blob.extend_from_slice(&message.commitment);
    blob.extend_from_slice(plaintext);
    let message_part = &mut blob[HEADER_LEN + COMMITMENT_LEN..];
    let tag =
        message.cipher.seal_detached(Nonce::position(0, 0), &associated(&header, context), message_part);
    blob.extend_from_slice(&tag);
    blob
}

struct MessageKey {
    cipher: Cipher,
    commitment: [u8; COMMITMENT_LEN],
}

impl MessageKey {
    fn derive(material: &Material, salt: &[u8; SALT_LEN]) -> Self {
        let info: &[&[u8]] = &[MESSAGE_PURPOSE, material.key_id.as_bytes(), &material.id.0];
        let key = material.key.derive(salt, info);
        Self { cipher: Cipher::new(&key), commitment: material.key.commitment(salt, info) }
    }
}

fn header(material: &Material, salt: &[u8; SALT_LEN]) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[0] = FORMAT_VERSION;
    header[1..17].copy_from_slice(material.key_id.as_bytes());
    header[17..IDS_LEN].copy_from_slice(&material.id.0);
    header[IDS_LEN..CHECKED_LEN].copy_from_slice(salt);
    let check = check_of(&header[..CHECKED_LEN]);
    header[CHECKED_LEN..].copy_from_slice(&check);
    header
}

fn check_of(checked: &[u8]) -> [u8; CHECK_LEN] {
    let digest = sha256(&[CHECK_PURPOSE, checked].concat());
    *digest.first_chunk().expect("a digest is longer than the check")
}

fn associated(header: &[u8; HEADER_LEN], context: &EncryptionContext) -> Vec<u8> {
    let mut associated = Vec::with_capacity(HEADER_LEN + canonical_len(context));
    associated.extend_from_slice(header);
    append_canonical(&mut associated, context);
    associated
}

#[cfg(test)]
mod tests {
    use super::{Blob, MAX_BLOB_LEN, MAX_PLAINTEXT_LEN, OVERHEAD, encrypt};
    use crate::error::KmsError;
    use crate::key_id::KeyId;
    use crate::material::{Material, MaterialId};
    use crypto::SecretKey;
    use env::SeededRandom;
    use envelope::EncryptionContext;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::any;
    use proptest::proptest;

    fn material(id: u8) -> Material {
        let key = SecretKey::take(&mut [7; 32]);
        Material { key_id: KeyId::from_bytes([1; 16]), id: MaterialId([id; 32]), key }
    }

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn decrypt(blob: &[u8], context: &EncryptionContext) -> Result<Vec<u8>, KmsError> {
        Ok(Blob::parse(blob)?.decrypt(&material(2), context)?.to_vec())
    }

    /// Made by the first version; must open for ever.
    const FIXTURE: &str = include_str!("../fixtures/blob-1.hex");

    #[test]
    fn the_first_blob_ever_made_opens() {
        let blob = hex::decode(FIXTURE.trim()).unwrap();
        assert_eq!(decrypt(&blob, &context(&[("purpose", "fixture")])).unwrap(), b"for ever");
        let again =
            encrypt(&material(2), b"for ever", &context(&[("purpose", "fixture")]), &SeededRandom::new(1));
        assert_eq!(hex::encode(again), FIXTURE.trim());
    }

    #[test]
    fn the_longest_message_fits_the_longest_blob() {
        let blob = encrypt(&material(2), &[0; MAX_PLAINTEXT_LEN], &context(&[]), &SeededRandom::new(1));
        assert_eq!(blob.len(), MAX_PLAINTEXT_LEN + OVERHEAD);
        assert!(blob.len() <= MAX_BLOB_LEN);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let context = context(&[("a", "b")]);
        let blob = encrypt(&material(2), b"secret", &context, &SeededRandom::new(1));
        for bit in 0..blob.len() * 8 {
            let mut damaged = blob.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decrypt(&damaged, &context), Err(KmsError::InvalidCiphertext)), "bit {bit}");
        }
        for len in 0..blob.len() {
            assert!(decrypt(&blob[..len], &context).is_err());
        }
        let longer = [&blob[..], &[0]].concat();
        assert!(decrypt(&longer, &context).is_err());
    }

    #[test]
    fn the_context_is_exact_and_case_sensitive() {
        let blob =
            encrypt(&material(2), b"secret", &context(&[("a", "b"), ("c", "d")]), &SeededRandom::new(1));
        assert!(decrypt(&blob, &context(&[("c", "d"), ("a", "b")])).is_ok());
        for other in [&[][..], &[("a", "b")], &[("a", "b"), ("c", "D")], &[("A", "b"), ("c", "d")]] {
            assert!(matches!(decrypt(&blob, &context(other)), Err(KmsError::InvalidCiphertext)));
        }
    }

    #[test]
    fn equal_messages_have_nothing_in_common_but_their_ids() {
        let random = SeededRandom::new(1);
        let one = encrypt(&material(2), b"secret", &context(&[]), &random);
        let other = encrypt(&material(2), b"secret", &context(&[]), &random);
        assert_eq!(one[..49], other[..49]);
        assert_ne!(one[49..81], other[49..81]);
        assert_ne!(one[121..], other[121..]);
    }

    proptest! {
        #[test]
        fn what_was_encrypted_decrypts(
            plaintext in vec(any::<u8>(), 0..200),
            context in btree_map(".{0,8}", ".{0,8}", 0..4),
            seed in any::<u64>(),
        ) {
            let blob = encrypt(&material(2), &plaintext, &context, &SeededRandom::new(seed));
            assert_eq!(decrypt(&blob, &context).unwrap(), plaintext);
            let other = encrypt(&material(3), &plaintext, &context, &SeededRandom::new(seed));
            assert!(decrypt(&other, &context).is_err());
        }

        #[test]
        fn any_bytes_are_taken_apart_without_harm(bytes in vec(any::<u8>(), 0..300)) {
            assert!(Blob::parse(&bytes).is_err());
        }
    }
}
