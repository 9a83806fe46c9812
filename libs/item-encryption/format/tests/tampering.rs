//! What was changed does not open; what nobody signed may change.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::collections::HashMap;

use item_encryption_format::dbesdk::{
    self, EncryptionMaterials, FOOTER, HEADER, SealedItem, encrypt, encryption_context,
};
use item_encryption_format::legacy::serialize::Order;
use item_encryption_format::legacy::{
    self, ContentKey, LegacyConfig, LegacyWriting, Materials, SigningKey, VerifyingKey, WrappingKey,
};
use item_encryption_format::wrapping::{BranchKey, RawAes};
use item_encryption_format::{Action, Error, Suite, TableConfig, Value};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

type Item = HashMap<String, Value>;

const CASES: [(Suite, Action); 4] = [
    (Suite::Ecdsa, Action::SignOnly),
    (Suite::NoEcdsa, Action::SignOnly),
    (Suite::Ecdsa, Action::SignAndIncludeInEncryptionContext),
    (Suite::NoEcdsa, Action::SignAndIncludeInEncryptionContext),
];

fn config(suite: Suite, tenant: Action) -> TableConfig {
    let mut config = TableConfig::new("Notes", "id", Some("number"))
        .action("body", Action::EncryptAndSign)
        .action("tägs𐀂", Action::EncryptAndSign)
        .action("tenant", tenant)
        .action("ttl", Action::DoNothing);
    config.suite = suite;
    config
}

fn note() -> Item {
    let tags = Value::Ss(vec!["b".to_owned(), "a".to_owned()]);
    let body = Value::L(vec![Value::Null, Value::Bool(true), Value::N("1000".to_owned())]);
    let pairs = [
        ("id", Value::S("n1".to_owned())),
        ("number", Value::N("7.5".to_owned())),
        ("body", body),
        ("tägs𐀂", tags),
        ("tenant", Value::S("t".to_owned())),
        ("ttl", Value::N("1".to_owned())),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

fn aes() -> RawAes {
    RawAes::new("namespace", "näme", vec![3; 32].into()).unwrap()
}

fn branch() -> BranchKey {
    BranchKey::new("branch", [4; 16], [5; 32].into())
}

fn seal(item: Item, config: &TableConfig) -> Result<Item, Error> {
    let mut materials = EncryptionMaterials::new(encryption_context(&item, config)?, config.suite)?;
    branch().wrap(&mut materials)?;
    aes().wrap(&mut materials)?;
    encrypt(item, config, &materials)
}

fn open(item: Item, table: &str, config: &TableConfig) -> Result<Item, Error> {
    let sealed = SealedItem::read(item, table, config)?;
    let mut keys = sealed.encrypted_data_keys().iter().enumerate();
    let key =
        keys.find_map(|(at, wrapped)| aes().unwrap(wrapped, at, sealed.bound())).ok_or(Error::Unwrap)??;
    sealed.decrypt(&key)
}

fn sorted(mut item: Item) -> Item {
    if let Some(Value::Ss(set)) = item.get_mut("tägs𐀂") {
        set.sort();
    }
    item
}

#[test]
fn each_recipient_alone_opens_the_item() {
    for (suite, tenant) in CASES {
        let config = config(suite, tenant);
        let sealed = seal(note(), &config).unwrap();
        assert_eq!(sorted(open(sealed.clone(), "Notes", &config).unwrap()), sorted(note()));
        let sealed = SealedItem::read(sealed, "Notes", &config).unwrap();
        let key = branch().unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound()).unwrap().unwrap();
        assert_eq!(sorted(sealed.decrypt(&key).unwrap()), sorted(note()));
    }
}

#[test]
fn every_flipped_bit_of_what_is_signed_is_refused() {
    for (suite, tenant) in CASES {
        let config = config(suite, tenant);
        let sealed = seal(note(), &config).unwrap();
        for (name, value) in &sealed {
            let Value::B(bytes) = value else { continue };
            for bit in 0..bytes.len() * 8 {
                // The other recipient's wrapped key and code are not this reader's to check one by one, but
                // the header is signed as a whole, and so is everything else but other recipients' codes.
                if name == FOOTER && bit < 48 * 8 {
                    continue;
                }
                let mut changed = sealed.clone();
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                changed.insert(name.clone(), Value::B(bytes));
                assert!(open(changed, "Notes", &config).is_err(), "{suite:?} {name} bit {bit}");
            }
        }
    }
}

#[test]
fn attributes_cannot_be_dropped_added_renamed_exchanged_or_moved_to_another_table() {
    for (suite, tenant) in CASES {
        let config = config(suite, tenant);
        let sealed = seal(note(), &config).unwrap();
        for name in sealed.keys().filter(|name| *name != "ttl") {
            let mut dropped = sealed.clone();
            let value = dropped.remove(name).unwrap();
            assert!(open(dropped.clone(), "Notes", &config).is_err(), "dropped {name}");
            dropped.insert(format!("{name}2"), value);
            assert!(open(dropped, "Notes", &config).is_err(), "renamed {name}");
        }
        let mut added = sealed.clone();
        added.insert("added".to_owned(), Value::Null);
        assert!(open(added, "Notes", &config).is_err());
        let mut exchanged = sealed.clone();
        exchanged.insert("body".to_owned(), sealed["tägs𐀂"].clone());
        assert!(open(exchanged, "Notes", &config).is_err());
        assert!(open(sealed, "Notes-Restored", &config).is_err());
    }
}

#[test]
fn an_item_of_another_key_is_not_this_item() {
    let config = config(Suite::NoEcdsa, Action::SignOnly);
    let (mut one, other) = (seal(note(), &config).unwrap(), seal(note(), &config).unwrap());
    for part in [HEADER, FOOTER, "body"] {
        let kept = one.insert(part.to_owned(), other[part].clone()).unwrap();
        assert!(open(one.clone(), "Notes", &config).is_err(), "{part}");
        one.insert(part.to_owned(), kept);
    }
    assert!(open(one, "Notes", &config).is_ok());
}

#[test]
fn unsigned_attributes_may_change() {
    let config = config(Suite::Ecdsa, Action::SignOnly);
    let mut sealed = seal(note(), &config).unwrap();
    sealed.insert("ttl".to_owned(), Value::N("2".to_owned()));
    assert_eq!(open(sealed, "Notes", &config).unwrap()["ttl"], Value::N("2".to_owned()));
}

#[test]
fn what_cannot_be_written_safely_is_refused_by_name() {
    let config = config(Suite::NoEcdsa, Action::SignOnly);
    let with = |name: &str, value| {
        let mut item = note();
        item.insert(name.to_owned(), value);
        seal(item, &config)
    };
    assert_eq!(with("new", Value::Null).err(), Some(Error::NoAction("new".to_owned())));
    assert_eq!(with("aws_dbe_x", Value::Null).err(), Some(Error::ReservedName("aws_dbe_x".to_owned())));
    let encrypted_key = config.clone().action("id", Action::EncryptAndSign);
    assert_eq!(seal(note(), &encrypted_key).err(), Some(Error::KeyAction("id".to_owned())));
    let mut keyless = note();
    keyless.remove("number");
    assert_eq!(seal(keyless, &config).err(), Some(Error::MissingKeyAttribute("number".to_owned())));
}

fn legacy_config() -> LegacyConfig {
    LegacyConfig {
        table: Some("Notes".to_owned()),
        keys: vec!["id".to_owned(), "number".to_owned()],
        default: Action::EncryptAndSign,
        actions: [("ttl".to_owned(), Action::DoNothing), ("tenant".to_owned(), Action::SignOnly)].into(),
        order: Default::default(),
    }
}

fn legacy_seal(item: Item) -> Item {
    let (content, description) = WrappingKey::Aes(vec![7; 32].into()).generate().unwrap();
    let materials = Materials { content, signature: SigningKey::hmac_sha256(&[8; 32]), description };
    legacy::encrypt(item, &legacy_config(), &materials, LegacyWriting::for_readers_of_the_old_clients())
        .unwrap()
}

fn legacy_open(item: Item, config: &LegacyConfig) -> Result<Item, Error> {
    let description = legacy::item::description_of(&item)?;
    let content = WrappingKey::Aes(vec![7; 32].into()).unwrap(&description)?;
    let signature = VerifyingKey::hmac_sha256(&[8; 32]);
    legacy::decrypt(item, config, &Materials { content, signature, description })
}

/// U+FFEE stands behind U+1F511 for Java, and before it for Python.
#[test]
fn an_item_in_javas_order_is_signed_otherwise_and_opens_too() {
    let mut item = note();
    for name in ["\u{ffee}", "\u{1f511}"] {
        item.insert(name.to_owned(), Value::S(name.to_owned()));
    }
    let [python, java] = [Order::PYTHON, Order::JAVA].map(|order| {
        let config = LegacyConfig { default: Action::SignOnly, order, ..legacy_config() };
        let content = ContentKey::new(vec![7; 32].into()).unwrap();
        let signature = SigningKey::hmac_sha256(&[8; 32]);
        let materials = Materials { content, signature, description: Default::default() };
        let sealed = legacy::encrypt(
            item.clone(),
            &config,
            &materials,
            LegacyWriting::for_readers_of_the_old_clients(),
        )
        .unwrap();
        let content = ContentKey::new(vec![7; 32].into()).unwrap();
        let (signature, config) =
            (VerifyingKey::hmac_sha256(&[8; 32]), LegacyConfig { order: Order::PYTHON, ..config });
        assert_eq!(
            sorted(legacy::decrypt_with(sealed.clone(), &config, &content, &signature).unwrap()),
            sorted(item.clone())
        );
        sealed[legacy::SIGNATURE].clone()
    });
    assert_ne!(python, java);
}

#[test]
fn a_legacy_item_opens_as_it_was_and_no_changed_attribute_does() {
    let sealed = legacy_seal(note());
    assert_eq!(sorted(legacy_open(sealed.clone(), &legacy_config()).unwrap()), sorted(note()));
    for (name, value) in sealed.iter().filter(|(name, _)| *name != legacy::DESCRIPTION) {
        let Value::B(bytes) = value else { continue };
        for bit in 0..bytes.len() * 8 {
            let mut changed = sealed.clone();
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            changed.insert(name.clone(), Value::B(bytes));
            assert_eq!(legacy_open(changed, &legacy_config()).err(), Some(Error::Signature), "{name} {bit}");
        }
    }
}

#[test]
fn restored_under_another_name_opens_under_the_old_one() {
    let restored = LegacyConfig { table: Some("Notes-Restored".to_owned()), ..legacy_config() };
    assert_eq!(legacy_open(legacy_seal(note()), &restored).err(), Some(Error::Signature));
    assert!(legacy_open(legacy_seal(note()), &legacy_config()).is_ok());
}

#[test]
fn a_content_key_has_one_of_the_three_lengths_of_aes() {
    assert!([16, 24, 32].into_iter().all(|len| ContentKey::new(vec![1; len].into()).is_ok()));
    assert!([0, 15, 17, 64].into_iter().all(|len| ContentKey::new(vec![1; len].into()).is_err()));
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = (any::<i64>(), 0..40i32).prop_map(|(digits, point)| format!("{digits}e-{point}"));
    let number = number.prop_map(|text| item_encryption_format::number::plain(&text).unwrap().into_owned());
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::S),
        number.prop_map(Value::N),
        any::<Vec<u8>>().prop_map(Value::B),
        any::<bool>().prop_map(Value::Bool),
        proptest::prelude::Just(Value::Null),
        prop::collection::btree_set(any::<Vec<u8>>(), 1..4)
            .prop_map(|set| Value::Bs(set.into_iter().collect())),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::L),
            prop::collection::btree_map("\\PC{1,4}", inner, 0..4).prop_map(Value::M),
        ]
    })
}

proptest! {
    #[test]
    fn any_item_comes_back_in_both_formats(body in any_value(), tenant in any_value()) {
        let mut item = note();
        item.insert("body".to_owned(), body);
        item.insert("tenant".to_owned(), tenant);
        let config = config(Suite::NoEcdsa, Action::SignOnly);
        let sealed = seal(item.clone(), &config).unwrap();
        assert_eq!(sorted(open(sealed, "Notes", &config).unwrap()), sorted(item.clone()));
        let opened = legacy_open(legacy_seal(item.clone()), &legacy_config()).unwrap();
        assert_eq!(sorted(opened), sorted(item));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in any::<Vec<u8>>(), kind in any::<[u8; 2]>()) {
        let _ = dbesdk::Header::parse(&bytes);
        let _: Option<Value> = dbesdk::serialize::read(kind, &bytes);
        let _: Option<Value> = legacy::serialize::read(&bytes);
        let _ = legacy::description::parse(&bytes);
    }
}
