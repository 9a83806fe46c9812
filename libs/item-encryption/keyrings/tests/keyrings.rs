//! Items written with one keyring and read with another.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::collections::HashMap;
use std::sync::Mutex;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use futures::executor::block_on;
use item_encryption_format::dbesdk::{
    EncryptionContext, EncryptionMaterials, SealedItem, encrypt, encryption_context,
};
use item_encryption_format::wrapping::{BranchKey, RawAes, RawRsa, RsaPadding};
use item_encryption_format::{Action, Suite, TableConfig, Value};
use item_encryption_keyrings::kms::KmsAnswer;
use item_encryption_keyrings::{Keyring, KeyringError, KmsClient, KmsKeyring, MultiKeyring, SealedKeys};
use zeroize::Zeroizing;

type Item = HashMap<String, Value>;

fn config() -> TableConfig {
    let mut config = TableConfig::new("Notes", "id", None).action("body", Action::EncryptAndSign);
    config.suite = Suite::NoEcdsa;
    config
}

fn note() -> Item {
    let text = |text: &str| Value::S(text.to_owned());
    [("id".to_owned(), text("n1")), ("body".to_owned(), text("secret"))].into()
}

fn seal(keyring: &dyn Keyring) -> Result<Item, KeyringError> {
    let context = encryption_context(&note(), &config())?;
    let mut materials = EncryptionMaterials::new(context, Suite::NoEcdsa)?;
    block_on(keyring.wrap(&mut materials))?;
    Ok(encrypt(note(), &config(), &materials)?)
}

fn open(keyring: &dyn Keyring, item: Item) -> Result<Item, KeyringError> {
    let config = config();
    let sealed = SealedItem::read(item, "Notes", &config)?;
    let keys = SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    };
    let key = block_on(keyring.unwrap(&keys))?;
    Ok(sealed.decrypt(&key)?)
}

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

/// A KMS that keeps what it wrapped, with its context, in a list.
#[derive(Default)]
struct FakeKms {
    wrapped: Mutex<Vec<(String, Vec<u8>, EncryptionContext)>>,
    disabled: bool,
}

impl KmsClient for &FakeKms {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        Box::pin(async move {
            let mut wrapped = self.wrapped.lock().unwrap();
            let plain = vec![u8::try_from(wrapped.len()).unwrap(); 32];
            wrapped.push((key.to_owned(), plain.clone(), context.clone()));
            Ok((plain.into(), vec![u8::try_from(wrapped.len() - 1).unwrap()]))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            if self.disabled {
                return Err(format!("DisabledException: {key} is disabled."));
            }
            let wrapped = self.wrapped.lock().unwrap();
            let (_, plain, bound) = &wrapped[usize::from(blob[0])];
            if bound == context {
                Ok(plain.clone().into())
            } else {
                Err("InvalidCiphertextException".to_owned())
            }
        })
    }
}

const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/mrk-1";

#[test]
fn a_kms_key_opens_under_the_same_context_and_its_refusal_is_told() {
    let mut kms = FakeKms::default();
    let sealed = seal(&KmsKeyring::new(&kms, ARN)).unwrap();
    assert_eq!(open(&KmsKeyring::new(&kms, ARN), sealed.clone()).unwrap(), note());
    assert_eq!(kms.wrapped.lock().unwrap()[0].2["aws-crypto-table-name"], "Notes");
    kms.disabled = true;
    let refused = open(&KmsKeyring::new(&kms, ARN), sealed).err().unwrap();
    assert!(refused.to_string().contains("is disabled"), "{refused}");
}

#[test]
fn a_replica_of_a_multi_region_key_opens_where_that_was_asked_for() {
    let kms = FakeKms::default();
    let replica = ARN.replace("us-east-1", "eu-west-1");
    let sealed = seal(&KmsKeyring::new(&kms, ARN)).unwrap();
    assert!(matches!(
        open(&KmsKeyring::new(&kms, &replica), sealed.clone()),
        Err(KeyringError::NotARecipient(_))
    ));
    assert_eq!(open(&KmsKeyring::multi_region(&kms, &replica), sealed).unwrap(), note());
}
