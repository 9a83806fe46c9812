//! Public keys: points of a curve, in their compressed form, and as SubjectPublicKeyInfo.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, EcdsaVerificationAlgorithm,
    ParsedPublicKey,
};

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
        let key = ParsedPublicKey::new(self.curve.signatures(), &self.bytes).map_err(|_| Error::Cipher)?;
        let der: PublicKeyX509Der<'_> = key.as_der().map_err(|_| Error::Cipher)?;
        Ok(der.as_ref().to_vec())
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

    /// Signatures on this curve: the part of the cipher library that spells public keys out.
    const fn signatures(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::P521 => &ECDSA_P521_SHA512_ASN1,
        }
    }
}
