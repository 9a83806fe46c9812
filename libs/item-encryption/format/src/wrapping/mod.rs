//! How keyrings wrap an intermediate key: the parts of it that are pure computation.

mod branch_key;
pub mod ecdh;
mod raw_aes;
mod raw_rsa;

pub use branch_key::BranchKey;
pub use ecdh::{Curve, EcdhKey};
pub use raw_aes::RawAes;
pub use raw_rsa::{RawRsa, RsaPadding};

use zeroize::{Zeroize, Zeroizing};

use crate::Error;
use crate::primitive::Secret;

fn secret(bytes: &mut [u8]) -> Result<Secret, Error> {
    let secret = <[u8; 32]>::try_from(&*bytes).map(Zeroizing::new).map_err(|_| Error::Unwrap);
    bytes.zeroize();
    secret
}
