//! Key agreement on the curves P-256, P-384 and P-521: what follows from a shared secret.
//!
//! ```text
//!  provider info   01 │ u32 length, recipient │ u32 length, sender          points, compressed
//!  fixed info      "ecdh-key-derivation" 00 │ curve 00 │ "HMAC_SHA384" 00 │ sender │ recipient │ 00 01 00 │ context
//!  64 bytes        NIST SP 800-108, counter mode, HMAC-SHA-384(shared secret, fixed info 00 salt)
//!  wrapped         salt 32 │ commitment: the first 32 of them │ AES-256-GCM under the others, bound to the fixed info
//! ```
//!
//! The published text leaves these bytes open; they are those of AWS's libraries.

use aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey, PrivateKey, PublicKey, UnparsedPublicKey,
    agree,
};
use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
use aws_lc_rs::hmac::{HMAC_SHA384, Key, sign};
use zeroize::Zeroizing;

use super::secret;
use crate::Error;
use crate::dbesdk::{DataKey, EncryptedDataKey, EncryptionMaterials};
use crate::primitive::{Secret, equal, gcm_open, gcm_seal, random};

mod point;

pub use point::Point;

const SALT_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;

/// The curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    fn label(self) -> &'static [u8] {
        match self {
            Self::P256 => b"p256",
            Self::P384 => b"p384",
            Self::P521 => b"p521",
        }
    }
}

/// The private half of a key pair.
pub struct EcdhKey {
    curve: Curve,
    private: PrivateKey,
    public: Point,
}

impl EcdhKey {
    /// A private key (PKCS#8, DER).
    ///
    /// # Errors
    /// [`Error::Cipher`] where it is none of this curve.
    pub fn from_pkcs8(curve: Curve, der: &[u8]) -> Result<Self, Error> {
        let private = PrivateKey::from_private_key_der(curve.algorithm(), der).map_err(|_| Error::Cipher)?;
        Self::of(curve, private)
    }

    /// A fresh key pair.
    ///
    /// # Errors
    /// [`Error::Cipher`].
    pub fn generate(curve: Curve) -> Result<Self, Error> {
        Self::of(curve, PrivateKey::generate(curve.algorithm()).map_err(|_| Error::Cipher)?)
    }

    fn of(curve: Curve, private: PrivateKey) -> Result<Self, Error> {
        let public = private.compute_public_key().map_err(|_| Error::Cipher)?;
        Ok(Self { curve, public: Point::compressed(curve, compressed(&public)?.as_ref())?, private })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &Point {
        &self.public
    }

    /// What this key and another's public half have in common.
    ///
    /// # Errors
    /// [`Error::Cipher`] where the other is of another curve.
    pub fn agree(&self, other: &Point) -> Result<SharedSecret, Error> {
        let peer = UnparsedPublicKey::new(self.curve.algorithm(), other.as_ref());
        agree(&self.private, peer, Error::Cipher, |bytes| Ok(Zeroizing::new(bytes.to_vec())))
    }
}

/// What two key pairs have in common: the x coordinate, wiped on drop.
pub type SharedSecret = Zeroizing<Vec<u8>>;

/// Who sends to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The curve of both.
    pub curve: Curve,
    /// Whose key agreed when the item was written.
    pub sender: Point,
    /// For whom it was written.
    pub recipient: Point,
}

impl Parties {
    /// The parties that a recipient of an item names, under `provider`; `None` where it is another kind.
    #[must_use]
    pub fn of(encrypted: &EncryptedDataKey, provider: &str, curve: Curve) -> Option<Self> {
        let (version, rest) = encrypted.provider_info.split_first()?;
        let (recipient, rest) = part(rest)?;
        let (sender, rest) = part(rest)?;
        if encrypted.provider_id != provider || *version != 1 || !rest.is_empty() {
            return None;
        }
        let point = |bytes| Point::compressed(curve, bytes).ok();
        Some(Self { curve, sender: point(sender)?, recipient: point(recipient)? })
    }

    /// Adds the recipient to an item's data key.
    ///
    /// # Errors
    /// [`Error::Cipher`].
    pub fn wrap(
        &self,
        provider: &str,
        shared: &SharedSecret,
        materials: &mut EncryptionMaterials,
    ) -> Result<(), Error> {
        let (intermediate, salt) = (Secret::from(random::<32>()?), random::<SALT_LEN>()?);
        let fixed = self.fixed_info(materials.bound());
        let keys = Derived::of(shared, &fixed, &salt)?;
        let mut wrapped = [&salt[..], &*keys.commitment, &*intermediate].concat();
        gcm_seal(&*keys.wrapping, [0; 12], &fixed, &mut wrapped, SALT_LEN + COMMITMENT_LEN)?;
        materials.add_recipient(provider, self.provider_info()?, &intermediate, &wrapped)
    }

    /// Opens a recipient's data key.
    ///
    /// # Errors
    /// [`Error::Unwrap`].
    pub fn unwrap(
        &self,
        shared: &SharedSecret,
        encrypted: &EncryptedDataKey,
        at: usize,
        bound: &[u8],
    ) -> Result<DataKey, Error> {
        let wrapped = encrypted.wrapped_intermediate()?;
        let (salt, rest) = wrapped.split_first_chunk::<SALT_LEN>().ok_or(Error::Unwrap)?;
        let (commitment, sealed) = rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(Error::Unwrap)?;
        let fixed = self.fixed_info(bound);
        let keys = Derived::of(shared, &fixed, salt)?;
        if !equal(commitment, &*keys.commitment) {
            return Err(Error::Unwrap);
        }
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let opened = gcm_open(&*keys.wrapping, [0; 12], &fixed, &mut sealed)?;
        DataKey::open(encrypted, at, bound, &secret(opened)?)
    }

    fn provider_info(&self) -> Result<Vec<u8>, Error> {
        let mut info = vec![1];
        for point in [&self.recipient, &self.sender] {
            let len = u32::try_from(point.as_ref().len()).map_err(|_| Error::Cipher)?;
            info.extend_from_slice(&len.to_be_bytes());
            info.extend_from_slice(point.as_ref());
        }
        Ok(info)
    }

    fn fixed_info(&self, bound: &[u8]) -> Vec<u8> {
        let names = [b"ecdh-key-derivation\0", self.curve.label(), b"\0HMAC_SHA384\0"].concat();
        [&names, self.sender.as_ref(), self.recipient.as_ref(), &[0, 1, 0], bound].concat()
    }
}

struct Derived {
    commitment: Secret,
    wrapping: Secret,
}

impl Derived {
    fn of(shared: &SharedSecret, fixed: &[u8], salt: &[u8; SALT_LEN]) -> Result<Self, Error> {
        let key = Key::new(HMAC_SHA384, shared);
        let mut bytes = Zeroizing::new(Vec::with_capacity(96));
        for block in 1..=2u32 {
            let message = [&block.to_be_bytes()[..], fixed, &[0], salt, &512u32.to_be_bytes()].concat();
            bytes.extend_from_slice(sign(&key, &message).as_ref());
        }
        let (commitment, rest) = bytes.split_first_chunk::<32>().ok_or(Error::Cipher)?;
        let wrapping = rest.first_chunk::<32>().ok_or(Error::Cipher)?;
        Ok(Self { commitment: Zeroizing::new(*commitment), wrapping: Zeroizing::new(*wrapping) })
    }
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

fn compressed(public: &PublicKey) -> Result<EcPublicKeyCompressedBin<'static>, Error> {
    public.as_be_bytes().map_err(|_| Error::Cipher)
}

fn is_on_curve(curve: Curve, bytes: &[u8]) -> bool {
    ParsedPublicKey::try_from(UnparsedPublicKey::new(curve.algorithm(), bytes)).is_ok()
}
