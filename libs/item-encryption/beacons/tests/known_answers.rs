//! Known answers of beacons, where their folder stands beside the checkout.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "test vectors are files; a failed unwrap is a failed test"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use item_encryption_beacons::config::{CompoundBeacon, SearchConfig, StandardBeacon};
use item_encryption_beacons::{Beacons, Search};
use item_encryption_format::{Action, TableConfig, Value};
use serde_json::Value as Json;

const KEY: [u8; 5] = [1, 2, 3, 4, 5];

type Item = HashMap<String, Value>;

fn answers(kind: &str) -> Vec<Json> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let path = repository.join("../shared/vectors/dbesdk/beacon_kat.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: no test vectors at {}", path.display());
        return Vec::new();
    };
    let all: Json = serde_json::from_slice(&bytes).unwrap();
    let of_kind = all["vectors"].as_array().unwrap().iter().filter(|answer| answer["kind"] == kind).cloned();
    let of_kind: Vec<Json> = of_kind.collect();
    assert!(!of_kind.is_empty(), "there are answers of {kind}");
    of_kind
}

fn item(json: &Json) -> Item {
    let attributes = json.as_object().unwrap().iter();
    attributes.map(|(name, text)| (name.clone(), Value::S(text.as_str().unwrap().to_owned()))).collect()
}

fn beacons(config: &SearchConfig) -> Beacons {
    let table = TableConfig::new("Notes", "id", None)
        .action("Name", Action::EncryptAndSign)
        .action("Title", Action::EncryptAndSign)
        .action("Year", Action::SignOnly)
        .action("Month", Action::SignOnly);
    Beacons::new(Arc::new(Search::new(config, &table).unwrap()), &KEY).unwrap()
}

/// The attribute that stands in an item once it is written.
fn written(config: &SearchConfig, item: &Json, attribute: &str) -> Option<String> {
    let (beacons, mut item) = (beacons(config), self::item(item));
    beacons.search().add_signed(&mut item).unwrap();
    item.extend(beacons.attributes(&item, 0).unwrap());
    assert_eq!(item.get("aws_dbe_v_1"), Some(&Value::S(" ".to_owned())));
    match item.remove(attribute)? {
        Value::S(text) => Some(text),
        other => panic!("{other:?} is not a string"),
    }
}

#[test]
fn standard_beacons_are_the_known_answers() {
    for answer in answers("standard_beacon") {
        assert_eq!(answer["beacon_key_hex"], "0102030405");
        let (name, bits) = (answer["name"].as_str().unwrap(), answer["bits"].as_u64().unwrap());
        let table = TableConfig::new("Notes", "id", None).action(name, Action::EncryptAndSign);
        let standard = vec![StandardBeacon::new(name, u8::try_from(bits).unwrap())];
        let config = SearchConfig { standard, ..SearchConfig::default() };
        let beacons = Beacons::new(Arc::new(Search::new(&config, &table).unwrap()), &KEY).unwrap();
        let value = Value::S(answer["value"].as_str().unwrap().to_owned());
        let item = HashMap::from([(name.to_owned(), value)]);
        let found: Item = beacons.attributes(&item, 0).unwrap().into_iter().collect();
        let expected = Value::S(answer["expect"].as_str().unwrap().to_owned());
        assert_eq!(found.get(&format!("aws_dbe_b_{name}")), Some(&expected));
    }
}

#[test]
fn compound_beacons_are_the_known_answers() {
    for answer in answers("compound_beacon") {
        let name = answer["name"].as_str().unwrap();
        let mixed = CompoundBeacon::new(name, '.')
            .encrypted("Name", "N_")
            .encrypted("Title", "T_")
            .signed("Year", "Y_")
            .signed("Month", "M_")
            .constructor(&[("Name", true), ("Year", true)]);
        let standard = vec![StandardBeacon::new("Name", 32), StandardBeacon::new("Title", 32)];
        let config = SearchConfig { standard, compound: vec![mixed], ..SearchConfig::default() };
        let attribute = answer["attribute"].as_str().unwrap();
        assert_eq!(written(&config, &answer["item"], attribute).as_deref(), answer["expect"].as_str());
    }
}

#[test]
fn signed_compounds_are_the_known_answers() {
    for answer in answers("signed_compound") {
        let name = answer["name"].as_str().unwrap();
        let signed = CompoundBeacon::new(name, '.').signed("Year", "Y_").signed("Month", "M_");
        let config = SearchConfig { compound: vec![signed], ..SearchConfig::default() };
        let attribute = answer["attribute"].as_str().unwrap();
        assert_eq!(written(&config, &answer["item"], attribute).as_deref(), answer["expect"].as_str());
    }
}
