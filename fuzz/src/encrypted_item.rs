//! What client-side encryption writes, and what stands in its place: the first byte chooses.
//!
//! - headers, material descriptions, and values of both formats: what reads is written as bytes that read alike;
//! - wrapped data keys of every keyring that is pure computation, and content keys of the format before: none opens;
//! - items of both formats with anything else as one of their attributes: refused.

use std::collections::HashMap;
use std::sync::LazyLock;

use item_encryption_format::dbesdk::{
    EncryptedDataKey, EncryptionMaterials, FOOTER, HEADER, Header, SealedItem, encrypt, encryption_context,
    serialize,
};
use item_encryption_format::legacy::description::{parse, serialized};
use item_encryption_format::legacy::item::{self as old, LegacyConfig};
use item_encryption_format::legacy::serialize as old_values;
use item_encryption_format::legacy::{ContentKey, Materials, SigningKey, VerifyingKey, WrappingKey};
use item_encryption_format::legacy::{DESCRIPTION, SIGNATURE};
use item_encryption_format::wrapping::ecdh::Parties;
use item_encryption_format::wrapping::{BranchKey, Curve, RawAes};
use item_encryption_format::{Action, AttributeValue, TableConfig, Value};

type Item = HashMap<String, Value>;

/// Judges one input.
///
/// # Panics
/// Where a law is broken.
pub fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 10 {
        0 => drop(Header::parse(bytes)),
        1 => description(bytes),
        2 => value(bytes),
        3 => old_value(bytes),
        4 => wrapped_key(bytes),
        5 => refused(HEADER, bytes),
        6 => refused(FOOTER, bytes),
        7 => refused("body", bytes),
        8 => refused_old(DESCRIPTION, bytes),
        _ => refused_old(if bytes.len() % 2 == 0 { SIGNATURE } else { "body" }, bytes),
    }
}

fn description(bytes: &[u8]) {
    let Ok(description) = parse(bytes) else { return };
    assert_eq!(parse(&serialized(&description)).expect("what was written reads"), description);
    let wrapping = WrappingKey::Aes(vec![7; 32].into());
    assert!(wrapping.unwrap(&description).is_err(), "a content key opens that nobody wrapped");
}

fn value(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first_chunk() else { return };
    let Some(value) = serialize::read::<Value>(*kind, bytes) else { return };
    let mut written = Vec::new();
    if serialize::write(value.view(), &mut written).is_ok() {
        let again = serialize::read::<Value>(*kind, &written).expect("what was written reads");
        let mut rewritten = Vec::new();
        serialize::write(again.view(), &mut rewritten).expect("and is written");
        assert_eq!(written, rewritten);
    }
}

fn old_value(bytes: &[u8]) {
    let Some(value) = old_values::read::<Value>(bytes) else { return };
    for order in old_values::Order::ALL {
        let mut written = Vec::new();
        if old_values::write(value.view(), order, &mut written).is_ok() {
            let again = old_values::read::<Value>(&written).expect("what was written reads");
            let mut rewritten = Vec::new();
            old_values::write(again.view(), order, &mut rewritten).expect("and is written");
            assert_eq!(written, rewritten);
        }
    }
}

/// `provider │ length of the provider info │ provider info │ ciphertext`
fn wrapped_key(bytes: &[u8]) {
    let [provider, len, rest @ ..] = bytes else { return };
    let (info, ciphertext) = rest.split_at(usize::from(*len).min(rest.len()));
    let provider_id = ["ours", "aws-kms-hierarchy", "raw-ecdh"][usize::from(provider % 3)];
    let encrypted = EncryptedDataKey {
        provider_id: provider_id.to_owned(),
        provider_info: info.to_vec(),
        ciphertext: ciphertext.to_vec(),
    };
    let branch = BranchKey::new("branch", [1; 16], [7; 32].into());
    assert!(CURRENT.key.unwrap(&encrypted, 0, b"bound").is_none_or(|opened| opened.is_err()));
    assert!(branch.unwrap(&encrypted, 0, b"bound").is_none_or(|opened| opened.is_err()));
    let _named = BranchKey::named_by(&encrypted);
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        if let Some(parties) = Parties::of(&encrypted, "raw-ecdh", curve) {
            assert!(parties.unwrap(&vec![7; 32].into(), &encrypted, 0, b"bound").is_err());
        }
    }
}

struct Current {
    table: TableConfig,
    key: RawAes,
    stored: Item,
}

static CURRENT: LazyLock<Current> = LazyLock::new(|| {
    let table = TableConfig::new("Notes", "id", None).action("body", Action::EncryptAndSign);
    let key = RawAes::new("ours", "2026", vec![7; 32].into()).expect("it has 32 bytes");
    let context = encryption_context(&clear(), &table).expect("the item has its key");
    let mut materials = EncryptionMaterials::new(context, table.suite).expect("keys are made");
    key.wrap(&mut materials).expect("the key wraps");
    let stored = encrypt(clear(), &table, &materials).expect("the item encrypts");
    Current { table, key, stored }
});

fn clear() -> Item {
    let text = |text: &str| Value::S(text.to_owned());
    [("id".to_owned(), text("n1")), ("body".to_owned(), text("nobody reads this"))].into()
}

fn refused(attribute: &str, bytes: &[u8]) {
    let Current { table, key, stored } = &*CURRENT;
    let Some(item) = changed(stored, attribute, bytes) else { return };
    let Ok(sealed) = SealedItem::read(item, "Notes", table) else { return };
    for (at, encrypted) in sealed.encrypted_data_keys().iter().enumerate() {
        if let Some(Ok(data_key)) = key.unwrap(encrypted, at, sealed.bound()) {
            assert!(sealed.decrypt(&data_key).is_err(), "an item opens that was changed");
            return;
        }
    }
}

/// The item with other bytes in an attribute's place.
fn changed(stored: &Item, attribute: &str, bytes: &[u8]) -> Option<Item> {
    let mut item = stored.clone();
    let before = item.insert(attribute.to_owned(), Value::B(bytes.to_vec()));
    (before != item.get(attribute).cloned()).then_some(item)
}

struct Old {
    config: LegacyConfig,
    stored: Item,
}

static OLD: LazyLock<Old> = LazyLock::new(|| {
    let config = LegacyConfig {
        table: Some("Notes".to_owned()),
        keys: vec!["id".to_owned()],
        default: Action::EncryptAndSign,
        actions: [].into(),
        order: Default::default(),
    };
    let (content, description) = (content(), Default::default());
    let materials = Materials { content, signature: SigningKey::hmac_sha256(&[7; 32]), description };
    let stored =
        old::encrypt(clear(), &config, &materials, old::LegacyWriting::for_readers_of_the_old_clients())
            .expect("the item encrypts");
    Old { config, stored }
});

fn content() -> ContentKey {
    ContentKey::new(vec![7; 32].into()).expect("it has 32 bytes")
}

/// The description is not signed: only what opens an item from there is refused, not the description itself.
fn refused_old(attribute: &str, bytes: &[u8]) {
    let Old { config, stored } = &*OLD;
    let _plain = content().decrypt(bytes);
    let Some(item) = changed(stored, attribute, bytes) else { return };
    let signature = VerifyingKey::hmac_sha256(&[7; 32]);
    let opened = old::decrypt_with(item, config, &content(), &signature);
    assert!(opened.is_err() || attribute == DESCRIPTION, "an item opens that was changed");
}
