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
use crate::primitive::{Secret, random};

/// A fresh intermediate key and the initialisation vector to wrap it with, of one draw: draws are what costs.
fn secret_and_iv() -> Result<(Secret, [u8; 12]), Error> {
    let drawn = Zeroizing::new(random::<44>()?);
    let (intermediate, iv) = drawn.split_first_chunk().ok_or(Error::Cipher)?;
    Ok((Zeroizing::new(*intermediate), *iv.first_chunk().ok_or(Error::Cipher)?))
}

fn secret(bytes: &mut [u8]) -> Result<Secret, Error> {
    let secret = <[u8; 32]>::try_from(&*bytes).map(Zeroizing::new).map_err(|_| Error::Unwrap);
    bytes.zeroize();
    secret
}
