//! Provider tables and items that the Java and Python clients wrote, where the test vectors' folder stands beside the checkout.

#![allow(clippy::disallowed_methods, reason = "test vectors are files, read where they lie")]

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::executor::block_on;
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::{LegacyConfig, SigningKey, VerifyingKey, WrappingKey};
use item_encryption_format::{Action, Value};
use item_encryption_keyrings::hierarchy::DEFAULT_LIMITS;
use item_encryption_keyrings::legacy::{LegacyProvider, MetaStore, MostRecent, SignatureKeys};
use item_encryption_keyrings::tables::TableShape;
use serde_json::Value as Json;

use crate::world::{FakeTables, Item};

/// The clients wrote this many items of each scenario under the action "encrypt" for all attributes.
const ENCRYPTED: usize = 13;

#[test]
fn items_of_the_java_and_python_clients_name_their_rows() {
    let Some(scenarios) = load("scenarios.json") else { return };
    let scenarios = scenarios["scenarios"].as_array().unwrap().iter();
    let offline =
        scenarios.filter(|scenario| scenario["provider"] == "most_recent" && scenario["network"] == false);
    let mut seen = 0;
    for scenario in offline {
        let (provider, tables) = (provider(scenario), file(scenario));
        let opened = tables.as_object().unwrap().iter().map(|(table, items)| {
            let opens = |json: &&Json| opens(&provider, table, &item(json));
            items.as_array().unwrap().iter().filter(opens).count()
        });
        assert!(opened.sum::<usize>() >= ENCRYPTED, "{scenario}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

fn opens(provider: &LegacyProvider, table: &str, item: &Item) -> bool {
    let keys = ["hashKey", "rangeKey"].map(str::to_owned);
    let config = LegacyConfig {
        table: Some(table.to_owned()),
        keys: keys.into_iter().filter(|key| item.contains_key(key)).collect(),
        default: Action::EncryptAndSign,
        actions: [("version".to_owned(), Action::SignOnly)].into(),
        order: Default::default(),
    };
    let opening = provider.opening(item, &config.keys, Some(table), NumberSpelling::Stored);
    block_on(opening).is_ok_and(|opening| opening.open(item.clone(), &config).is_ok())
}

fn provider(scenario: &Json) -> LegacyProvider {
    let (store, keys) = (&scenario["metastore"], load("keys.json").unwrap());
    let key =
        |use_: &str| BASE64_STANDARD.decode(text(&keys[text(&store["keys"][use_])]["material"])).unwrap();
    let rows = match text(&store["provider"]) {
        "static" => {
            let signature = SignatureKeys {
                signing: Some(SigningKey::hmac_sha256(&key("verify"))),
                verifying: Arc::new(VerifyingKey::hmac_sha256(&key("verify"))),
            };
            LegacyProvider::Static(key("decrypt").into(), signature)
        }
        _ => LegacyProvider::Wrapped {
            wrap: None,
            unwrap: Some(WrappingKey::rsa_private(&key("decrypt")).unwrap()),
            signature: SignatureKeys {
                signing: None,
                verifying: Arc::new(VerifyingKey::rsa(&key("verify")).unwrap()),
            },
        },
    };
    let tables = FakeTables::default();
    let (partition_key, sort_key) = ("N".to_owned(), "V".to_owned());
    tables.0.lock().unwrap().shape = Some(TableShape { partition_key, sort_key, sort_key_is_number: true });
    let stored = file(store);
    let (table, stored) = stored.as_object().unwrap().iter().next().unwrap();
    for row in stored.as_array().unwrap() {
        tables.insert(item(row));
    }
    let store = MetaStore::new("restored under another name", table, Arc::new(tables), rows);
    let material = text(&scenario["material_name"]);
    LegacyProvider::MostRecent(MostRecent::new(Arc::new(store), material, DEFAULT_LIMITS))
}

fn file(scenario: &Json) -> Json {
    load(text(&scenario["ciphertext"]).strip_prefix("file://").unwrap()).unwrap()
}

fn load(name: &str) -> Option<Json> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let path = repository.join("../shared/vectors/legacy/python_repo").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            eprintln!("skipped: no test vectors at {}", path.display());
            None
        }
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

fn item(json: &Json) -> Item {
    json.as_object().unwrap().iter().map(|(name, json)| (name.clone(), value(json))).collect()
}

fn value(json: &Json) -> Value {
    let (kind, json) = json.as_object().unwrap().iter().next().unwrap();
    let texts = || json.as_array().unwrap().iter().map(|json| text(json).to_owned());
    match kind.as_str() {
        "B" => Value::B(BASE64_STANDARD.decode(text(json)).unwrap()),
        "N" => Value::N(text(json).to_owned()),
        "S" => Value::S(text(json).to_owned()),
        "SS" => Value::Ss(texts().collect()),
        "NS" => Value::Ns(texts().collect()),
        other => panic!("no such value stands in clear: {other}"),
    }
}
