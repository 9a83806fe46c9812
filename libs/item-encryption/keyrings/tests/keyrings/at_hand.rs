//! Keys at hand, and several of them together.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use item_encryption_format::wrapping::{BranchKey, RawAes, RawRsa, RsaPadding};
use item_encryption_keyrings::{Keyring, KeyringError, MultiKeyring};

use crate::world::{note, open, seal};

fn aes(byte: u8) -> RawAes {
    RawAes::new("namespace", &format!("key {byte}"), vec![byte; 32].into()).unwrap()
}

#[test]
fn every_padding_of_rsa_comes_back_and_the_public_half_only_writes() {
    let pair = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let (private, public) = (pair.as_der().unwrap(), pair.public_key().as_der().unwrap());
    use RsaPadding::{OaepSha1, OaepSha256, OaepSha384, OaepSha512, Pkcs1};
    for padding in [Pkcs1, OaepSha1, OaepSha256, OaepSha384, OaepSha512] {
        let writer = RawRsa::new("n", "rsa", padding).with_public(public.as_ref()).unwrap();
        let reader = RawRsa::new("n", "rsa", padding).with_private(private.as_ref()).unwrap();
        let sealed = seal(&writer).unwrap();
        assert_eq!(open(&reader, sealed.clone()).unwrap(), note());
        assert!(matches!(open(&writer, sealed), Err(KeyringError::NotARecipient(_))));
    }
}

#[test]
fn any_one_of_several_keyrings_opens() {
    let branch = || BranchKey::new("branch", [1; 16], [2; 32].into());
    let all = MultiKeyring::new(vec![Box::new(aes(1)), Box::new(branch()), Box::new(aes(2))]);
    let sealed = seal(&all).unwrap();
    for keyring in [&aes(1) as &dyn Keyring, &branch(), &aes(2), &all] {
        assert_eq!(open(keyring, sealed.clone()).unwrap(), note());
    }
    let stranger = open(&aes(3), sealed).err().unwrap();
    assert!(stranger.to_string().contains("aws-kms-hierarchy"), "{stranger}");
}

#[test]
fn a_key_of_the_right_name_and_other_bytes_does_not_open() {
    let other = RawAes::new("namespace", "key 1", vec![9; 32].into()).unwrap();
    assert!(matches!(open(&other, seal(&aes(1)).unwrap()), Err(KeyringError::DoesNotOpen(_))));
}
