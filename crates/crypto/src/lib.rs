//! Keys in memory, and the few things done with them: AES-256-GCM, HKDF-SHA-256, HMAC-SHA-256, SHA-256.
//!
//! Pure and synchronous. The only room inside `crates/` that imports the cipher library.
//!
//! Invariants: a [`SecretKey`] cannot be copied, printed or serialised, and is wiped on drop. A failed
//! decryption never says why. A [`Cipher`] takes a position as its nonce; whoever makes one promises that no
//! position is used twice under its key, which holds because such keys are derived with a fresh salt for
//! one writer of one file ([`SecretKey::derive`]).

mod cipher;
mod digest;
mod key;
mod wrap;

pub use cipher::{Cipher, Nonce, TAG_LEN};
pub use digest::{HmacKey, Sha256, constant_time_eq, hmac_sha256, sha256};
pub use key::{COMMITMENT_LEN, KEY_LEN, SALT_LEN, SecretKey};
pub use wrap::{WRAP_OVERHEAD, unwrap_bytes, unwrap_key, wrap_bytes, wrap_key};

/// A ciphertext that does not authenticate under the key, position and associated data given. There is
/// deliberately no reason in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext is not authentic")]
pub struct NotAuthentic;
