//! What AWS's material providers library for Python wrapped, as `interop/make_keyring_vectors.py` asked it to.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::executor::block_on;
use item_encryption_format::Value;
use item_encryption_format::dbesdk::{EncryptedDataKey, EncryptionContext};
use item_encryption_format::wrapping::ecdh::{Curve, EcdhKey, Point};
use item_encryption_keyrings::ecdh::KmsAgreement;
use item_encryption_keyrings::hierarchy::{DEFAULT_LIMITS, OneBranchKey, StoreKey};
use item_encryption_keyrings::{
    HierarchicalKeyring, KeyArn, KeyStore, Keyring, KeyringError, KmsEcdh, RawEcdh, SealedKeys,
};
use serde_json::Value as Json;

use crate::ecdh::AgreeingKms;
use crate::world::{ARN, FakeKms, FakeTables, Wrapped};

fn vectors() -> Json {
    serde_json::from_str(include_str!("../vectors/material_providers.json")).unwrap()
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

fn bytes(json: &Json) -> Vec<u8> {
    BASE64_STANDARD.decode(text(json)).unwrap()
}

fn context(json: &Json) -> EncryptionContext {
    let pairs = json.as_object().unwrap().iter();
    EncryptionContext::of(pairs.map(|(name, value)| (&**name, text(value)))).unwrap()
}

fn open(keyring: &dyn Keyring, wrapped: &Json, context: &EncryptionContext) -> Result<(), KeyringError> {
    let key = EncryptedDataKey {
        provider_id: text(&wrapped["provider"]).to_owned(),
        provider_info: bytes(&wrapped["info"]),
        ciphertext: bytes(&wrapped["ciphertext"]),
    };
    let sealed = SealedKeys { encrypted_data_keys: &[key], context, bound: context.as_bytes() };
    block_on(keyring.unwrap(&sealed)).map(|_| ())
}

#[test]
fn agreements_of_awss_library_open_under_the_same_context_only() {
    let vectors = vectors();
    let right = context(&vectors["context"]);
    let wrong = right.iter().map(|(name, value)| (name, if name == "empty" { "no more" } else { value }));
    let wrong = EncryptionContext::of(wrong).unwrap();
    for vector in vectors["agreements"].as_array().unwrap() {
        let curve = match text(&vector["curve"]) {
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            _ => Curve::P521,
        };
        let private = |name: &str| EcdhKey::from_pkcs8(curve, &bytes(&vector[name])).unwrap();
        let public = |name: &str| Point::from_spki(curve, &bytes(&vector[name])).unwrap();
        let discovery = RawEcdh::discovery(curve, private("recipient"));
        let sender = RawEcdh::between(curve, private("sender"), public("recipientPublic"));
        let recipient = RawEcdh::between(curve, private("recipient"), public("senderPublic"));
        let agreement = KmsAgreement::new(
            Arc::new(AgreeingKms(private("recipient"), curve)),
            ARN,
            public("recipientPublic"),
        );
        let kms = KmsEcdh::discovery(curve, agreement);
        let cases: [(&dyn Keyring, &str); 5] = [
            (&sender, "static"),
            (&recipient, "static"),
            (&discovery, "static"),
            (&discovery, "ephemeral"),
            (&kms, "kms"),
        ];
        for (keyring, name) in cases {
            open(keyring, &vector[name], &right).unwrap_or_else(|error| panic!("{curve:?} {name}: {error}"));
            let other = open(keyring, &vector[name], &wrong);
            assert!(matches!(other, Err(KeyringError::DoesNotOpen(_))), "{curve:?} {name}");
        }
    }
}

#[test]
fn branch_keys_of_awss_library_open() {
    let vectors = vectors();
    let vector = &vectors["hierarchy"];
    let (kms, tables) = (FakeKms::default(), FakeTables::default());
    let arn = KeyArn::parse(text(&vector["kmsKey"])).unwrap();
    for blob in vector["blobs"].as_array().unwrap() {
        let (plain, context) = (bytes(&blob["plain"]), context(&blob["context"]));
        kms.0.lock().unwrap().wrapped.push(Wrapped { key: arn.to_string(), plain, context });
    }
    let store =
        KeyStore::new("KeyStore", "logical", StoreKey::One(arn), Arc::new(kms), Arc::new(tables.clone()));
    block_on(store.create_table()).unwrap();
    for item in vector["items"].as_array().unwrap() {
        let item = item.as_object().unwrap().iter().map(|(name, json)| (name.clone(), value(json))).collect();
        tables.insert(item);
    }
    assert_eq!(block_on(store.beacon_key("tenant")).unwrap().to_vec(), bytes(&vector["beaconKey"]));
    let id = Box::new(OneBranchKey("tenant".to_owned()));
    let keyring = HierarchicalKeyring::new(Arc::new(store), id, DEFAULT_LIMITS);
    for version in ["first", "second"] {
        open(&keyring, &vector[version], &context(&vectors["context"])).unwrap();
    }
}

fn value(json: &Json) -> Value {
    let (kind, json) = json.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "B" => Value::B(bytes(json)),
        "N" => Value::N(text(json).to_owned()),
        _ => Value::S(text(json).to_owned()),
    }
}
