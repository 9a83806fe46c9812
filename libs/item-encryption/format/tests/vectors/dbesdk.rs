//! Items written by the Java and .NET clients of the Database Encryption SDK.

use item_encryption_format::dbesdk::SealedItem;
use item_encryption_format::wrapping::BranchKey;
use item_encryption_format::{Error, TableConfig};
use serde_json::Value as Json;

use crate::json::{Item, action, bytes, item, normal, object, text};
use crate::load;

const TABLE: &str = "GazelleVectorTable";

#[test]
fn items_of_the_java_and_dotnet_clients_open_and_changed_ones_do_not() {
    for client in ["java_32", "java_33", "dotnet_32", "dotnet_33"] {
        let Some(file) = load(&format!("dbesdk/decrypt/decrypt_{client}.json")) else { return };
        for (number, test) in object(&file["tests"]) {
            let opened = open(item(&test["encrypted"]), &config(&test["config"]));
            match text(&test["type"]) {
                "positive-decrypt" => {
                    let opened = opened.unwrap_or_else(|error| panic!("{client} {number}: {error}"));
                    assert_eq!(normal(opened), normal(item(&test["plaintext"])), "{client} {number}");
                }
                _ => assert!(opened.is_err(), "{client} {number}"),
            }
        }
    }
}

#[test]
fn items_of_the_configuration_vectors_open() {
    let Some(file) = load("dbesdk/config/iotest.json") else { return };
    let tests = file["DecryptTests"].as_array().expect("a list");
    assert!(!tests.is_empty());
    for test in tests {
        let records = test["EncryptedRecords"].as_array().expect("a list").iter();
        let plain = test["PlainTextRecords"].as_array().expect("a list");
        for (record, plain) in records.zip(plain) {
            let opened = open(item(record), &config(&test["Config"])).expect("it opens");
            assert_eq!(normal(opened), normal(item(plain)));
        }
    }
}

fn open(item: Item, config: &TableConfig) -> Result<Item, Error> {
    let sealed = SealedItem::read(item, TABLE, config)?;
    let key = branch_key();
    let keys = sealed.encrypted_data_keys().iter().enumerate();
    let opened = keys.into_iter().find_map(|(at, wrapped)| key.unwrap(wrapped, at, sealed.bound()));
    sealed.decrypt(&opened.expect("the vectors' branch key is a recipient")?)
}

fn config(json: &Json) -> TableConfig {
    let mut config = TableConfig::new(TABLE, "RecNum", None);
    for (name, json) in object(&json["attributeActionsOnEncrypt"]) {
        config.actions.insert(name.clone(), action(text(json)));
    }
    if let Some(unsigned) = json["allowedUnsignedAttributes"].as_array() {
        config.unsigned = unsigned.iter().map(|name| text(name).to_owned()).collect();
    }
    config.unsigned_prefix = json["allowedUnsignedAttributePrefix"].as_str().map(str::to_owned);
    config
}

fn branch_key() -> BranchKey {
    let file = load("mpl/keys.json").expect("the keys lie beside the items");
    let key = &file["keys"]["static-branch-key-1"];
    let version = u128::from_str_radix(&text(&key["branchKeyVersion"]).replace('-', ""), 16).expect("a UUID");
    let secret: [u8; 32] = bytes(&key["branchKey"]).try_into().expect("32 bytes");
    BranchKey::new(text(&key["key-id"]), version.to_be_bytes(), secret.into())
}
