//! Items in, items out, and explanations, under configuration files.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]
#![allow(clippy::disallowed_methods, reason = "configurations are files")]

use futures::executor::block_on;
use item_encryption_command::json::{Item, read_item, write_item};
use item_encryption_command::{Codec, Config, ConfigError, Offline};

const NOTE: &str = r#"{"body":{"L":[{"S":"é"},{"NULL":true}]},"id":{"S":"n1"},"number":{"N":"7.5"},"tags":{"SS":["a","b"]},"tenant":{"S":"t"},"ttl":{"N":"1"}}"#;

const CURRENT: &str = r#"
format = "dbesdk"
suite = "0x6700"
logical-table-name = "Notes"
partition-key = "id"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
body = "ENCRYPT_AND_SIGN"
tags = "ENCRYPT_AND_SIGN"
tenant = "SIGN_ONLY"
[[keyrings]]
type = "raw-aes"
namespace = "ours"
name = "2026"
key = { hex = "000102030405060708090a0b0c0d0e0f" }
[[keyrings]]
type = "branch-key"
id = "b"
version = "e9ce18a3-edb5-4272-9f86-1cacb7997ff6"
key = { base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }
"#;

const LEGACY: &str = r#"
format = "legacy"
logical-table-name = "Notes"
partition-key = "id"
sort-key = "number"
unsigned-attributes = ["ttl"]
[attribute-actions]
tenant = "SIGN_ONLY"
[legacy-provider]
type = "wrapped"
key = { base64 = "AAECAwQFBgcICQoLDA0ODw==" }
signing-key = { base64 = "AAECAwQFBgc=" }
"#;

fn codec(text: &str) -> Result<Codec, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path).and_then(|config| Codec::new(config, &Offline))
}

fn sealed(config: &str) -> Item {
    block_on(codec(config).unwrap().encrypt(read_item(NOTE).unwrap())).unwrap()
}

fn findings(config: &str, item: &Item, also: &[&str]) -> String {
    let also: Vec<String> = also.iter().map(|name| (*name).to_owned()).collect();
    let explanation = block_on(codec(config).unwrap().explain(item, &also));
    assert!(!explanation.opens, "{explanation:?}");
    explanation.findings.first().cloned().unwrap()
}

#[test]
fn items_come_back_in_both_formats() {
    for config in [CURRENT, LEGACY] {
        let sealed = sealed(config);
        assert!(!write_item(&sealed).contains('é'));
        assert_eq!(write_item(&block_on(codec(config).unwrap().decrypt(sealed)).unwrap()), NOTE);
    }
}

#[test]
fn restored_under_another_name_opens_with_read_as() {
    for config in [CURRENT, LEGACY] {
        let restored = config.replace("\"Notes\"", "\"Notes-Restored\"");
        let sealed = sealed(config);
        assert!(block_on(codec(&restored).unwrap().decrypt(sealed.clone())).is_err());
        let finding = findings(&restored, &sealed, &["Notes"]);
        assert!(finding.contains("bound to the table name \"Notes\""), "{finding}");
        let both = restored.replace("partition-key", "read-as = [\"Notes\"]\npartition-key");
        assert_eq!(write_item(&block_on(codec(&both).unwrap().decrypt(sealed)).unwrap()), NOTE);
    }
}

#[test]
fn an_attribute_that_moved_over_the_border_of_the_signature_is_named() {
    let moved = CURRENT.replace("tenant = \"SIGN_ONLY\"", "tenant = \"DO_NOTHING\"");
    let finding = findings(&moved, &sealed(CURRENT), &[]);
    assert!(finding.contains("\"tenant\" was signed when the item was written"), "{finding}");
    let exchanged = moved.replace("unsigned-attributes = [\"ttl\"]", "");
    let finding = findings(&exchanged, &sealed(CURRENT), &[]);
    assert!(finding.contains("\"tenant\"") || finding.contains("\"ttl\""), "{finding}");
}

#[test]
fn an_action_that_changed_in_the_legacy_format_is_named() {
    let changed = LEGACY.replace("tenant = \"SIGN_ONLY\"", "tenant = \"ENCRYPT_AND_SIGN\"");
    let finding = findings(&changed, &sealed(LEGACY), &[]);
    assert!(finding.contains("\"tenant\" was written with the action SIGN_ONLY"), "{finding}");
}

#[test]
fn a_projection_plaintext_and_the_other_format_are_told() {
    let mut projected = sealed(CURRENT);
    projected.remove("body");
    assert!(findings(CURRENT, &projected, &[]).contains("1 signed attributes are gone"));
    projected.remove("aws_dbe_foot");
    assert!(findings(CURRENT, &projected, &[]).contains("a projection left the others out"));
    assert!(findings(CURRENT, &read_item(NOTE).unwrap(), &[]).contains("plaintext"));
    assert!(findings(CURRENT, &sealed(LEGACY), &[]).contains("legacy format"));
    assert!(findings(LEGACY, &sealed(CURRENT), &[]).contains("current format"));
}

#[test]
fn a_changed_item_is_told_from_a_changed_configuration() {
    let mut changed = sealed(CURRENT);
    changed.insert("tenant".to_owned(), item_encryption_format::Value::S("u".to_owned()));
    assert!(findings(CURRENT, &changed, &[]).contains("was changed after it was signed"));
}

#[test]
fn configurations_that_make_no_sense_are_refused_with_a_reason() {
    let wrong = [
        ("suite = \"0x6700\"", "suite = \"0x1234\"", "0x6701"),
        ("partition-key", "partitionkey", "partitionkey"),
        ("000102030405060708090a0b0c0d0e0f", "0001", "16, 24 or 32 bytes"),
        ("e9ce18a3-edb5-4272-9f86-1cacb7997ff6", "one", "UUID"),
        ("ENCRYPT_AND_SIGN", "ENCRYPT", "ENCRYPT_AND_SIGN"),
    ];
    for (from, to, told) in wrong {
        let error = codec(&CURRENT.replace(from, to)).err().unwrap().to_string();
        assert!(error.contains(told), "{error}");
    }
    let keyless = CURRENT.split("[[keyrings]]").next().unwrap();
    assert!(codec(keyless).err().unwrap().to_string().contains("[[keyrings]]"));
}
