//! Public keys: points of a curve, in their compressed form, and as SubjectPublicKeyInfo.

use rsa::BigUint;

use super::{Curve, is_on_curve};
use crate::Error;

/// A public key: a point of its curve, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    curve: Curve,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Point {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Point {
    /// A compressed point: the sign of y, and x.
    ///
    /// # Errors
    /// [`Error::Cipher`] where it is no point of the curve.
    pub fn compressed(curve: Curve, bytes: &[u8]) -> Result<Self, Error> {
        let well_formed = bytes.len() == 1 + curve.coordinate_len() && matches!(bytes.first(), Some(2 | 3));
        if well_formed && is_on_curve(curve, bytes) {
            Ok(Self { curve, bytes: bytes.to_vec() })
        } else {
            Err(Error::Cipher)
        }
    }

    /// A public key (SubjectPublicKeyInfo, DER).
    ///
    /// # Errors
    /// [`Error::Cipher`] where it is none of this curve.
    pub fn from_spki(curve: Curve, der: &[u8]) -> Result<Self, Error> {
        let point = der.strip_prefix(curve.spki_prefix()).ok_or(Error::Cipher)?;
        let (form, xy) = point.split_first().ok_or(Error::Cipher)?;
        let (x, y) = xy.split_at_checked(curve.coordinate_len()).ok_or(Error::Cipher)?;
        if *form != 4 || y.len() != x.len() || !is_on_curve(curve, point) {
            return Err(Error::Cipher);
        }
        let sign = 2 + (y.last().ok_or(Error::Cipher)? & 1);
        Self::compressed(curve, &[&[sign], x].concat())
    }

    /// The same as SubjectPublicKeyInfo (DER), with both coordinates, as a KMS takes it.
    ///
    /// # Errors
    /// [`Error::Cipher`].
    pub fn to_spki(&self) -> Result<Vec<u8>, Error> {
        let (sign, x) = self.bytes.split_first().ok_or(Error::Cipher)?;
        let y = self.curve.y_of(&BigUint::from_bytes_be(x), *sign).to_bytes_be();
        let padding = vec![0; self.curve.coordinate_len().saturating_sub(y.len())];
        let uncompressed = [&[4], x, &padding, &y].concat();
        if !is_on_curve(self.curve, &uncompressed) {
            return Err(Error::Cipher);
        }
        Ok([self.curve.spki_prefix(), &uncompressed].concat())
    }
}

impl Curve {
    /// Bytes of a coordinate.
    const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// What stands before an uncompressed point in its SubjectPublicKeyInfo: the key's algorithm and curve.
    const fn spki_prefix(self) -> &'static [u8] {
        match self {
            Self::P256 => {
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
            }
            Self::P384 => {
                b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
            }
            Self::P521 => {
                b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
            }
        }
    }

    /// The prime and b of `y² = x³ - 3x + b` (FIPS 186, hexadecimal).
    const fn parameters(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::P256 => (
                b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                b"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            ),
            Self::P384 => (
                b"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
                b"b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            ),
            Self::P521 => (
                b"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                b"0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            ),
        }
    }

    /// The y of a public point. The primes leave 3 modulo 4, so a root is a power. No secret goes in.
    fn y_of(self, x: &BigUint, sign: u8) -> BigUint {
        let (prime, b) = self.parameters();
        let number = |hex| BigUint::parse_bytes(hex, 16).unwrap_or_default();
        let (prime, b) = (number(prime), number(b));
        let three = BigUint::from(3u8);
        let square = (x.modpow(&three, &prime) + &prime * &three - x * &three % &prime + b) % &prime;
        let root = square.modpow(&((&prime + 1u8) / 4u8), &prime);
        let is_odd = &root % 2u8 == BigUint::from(1u8);
        if is_odd == (sign == 3) { root } else { prime - root }
    }
}
