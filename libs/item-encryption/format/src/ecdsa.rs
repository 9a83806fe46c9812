//! ECDSA over P-384, with the two habits of the format: compressed public keys and signatures of exactly
//! 103 bytes.

use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};

use crate::Error;

/// The length the format gives a signature (DER).
pub const SIGNATURE_LEN: usize = 103;
const DER_CONTENT_LEN: u8 = 101;
const HALF: usize = 48;
/// The order of P-384 (FIPS 186-4, D.1.2.4).
const ORDER: [u8; HALF] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// A signing key for one item.
pub struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, Error> {
        EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Self).map_err(|_| Error::Cipher)
    }

    /// The compressed public point, 49 bytes.
    pub fn public_key(&self) -> Result<Vec<u8>, Error> {
        let point: EcPublicKeyCompressedBin = self.0.public_key().as_be_bytes().map_err(|_| Error::Cipher)?;
        Ok(point.as_ref().to_vec())
    }

    /// A DER signature of exactly [`SIGNATURE_LEN`] bytes: `s` and `n - s` sign alike, and one of the two has
    /// the length wanted for nearly every `r`; otherwise a new signature is made.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        for _ in 0..128 {
            let signature = self.0.sign(&SystemRandom::new(), message).map_err(|_| Error::Cipher)?;
            let (r, s) = signature.as_ref().split_at_checked(HALF).ok_or(Error::Cipher)?;
            let s: [u8; HALF] = s.try_into().map_err(|_| Error::Cipher)?;
            if let Some(der) = der(r, &s).or_else(|| der(r, &negated(&s))) {
                return Ok(der);
            }
        }
        Err(Error::Cipher)
    }
}

/// Verifies a DER signature under a compressed public point.
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, public_key)
        .verify(message, signature)
        .map_err(|_| Error::Signature)
}

/// The signature's DER, where that has the length wanted.
fn der(r: &[u8], s: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = (significant(r), significant(s));
    let len = |(sign, digits): (&[u8], &[u8])| 2 + sign.len() + digits.len();
    (2 + len(r) + len(s) == SIGNATURE_LEN).then(|| {
        let mut out = Vec::with_capacity(SIGNATURE_LEN);
        out.extend_from_slice(&[0x30, DER_CONTENT_LEN]);
        for (sign, digits) in [r, s] {
            out.extend_from_slice(&[0x02, u8::try_from(sign.len() + digits.len()).unwrap_or(u8::MAX)]);
            out.extend_from_slice(sign);
            out.extend_from_slice(digits);
        }
        out
    })
}

/// An integer's digits without leading zeros, and the zero that keeps it positive.
fn significant(number: &[u8]) -> (&[u8], &[u8]) {
    let digits = &number[number.iter().take_while(|byte| **byte == 0).count().min(HALF - 1)..];
    (if digits[0] & 0x80 == 0 { &[] } else { &[0] }, digits)
}

/// `n - s`.
fn negated(s: &[u8; HALF]) -> [u8; HALF] {
    let (mut result, mut borrow) = ([0; HALF], false);
    for at in (0..HALF).rev() {
        let (difference, first) = ORDER[at].overflowing_sub(s[at]);
        let (difference, second) = difference.overflowing_sub(u8::from(borrow));
        (result[at], borrow) = (difference, first || second);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{SIGNATURE_LEN, SigningKey, verify};

    #[test]
    fn signatures_have_one_length_and_verify() {
        let key = SigningKey::generate().unwrap();
        let public = key.public_key().unwrap();
        assert_eq!(public.len(), 49);
        for round in 0..50u8 {
            let signature = key.sign(&[round]).unwrap();
            assert_eq!(signature.len(), SIGNATURE_LEN);
            assert_eq!(verify(&public, &[round], &signature), Ok(()));
            assert!(verify(&public, &[round + 1], &signature).is_err());
        }
    }
}
