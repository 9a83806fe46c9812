//! Known answers of beacons.

use item_encryption_format::Value;
use item_encryption_format::beacon::Beacon;
use serde_json::Value as Json;

use crate::json::text;
use crate::load;

const KEY: [u8; 5] = [1, 2, 3, 4, 5];

fn answers(kind: &str) -> Vec<Json> {
    let all = load("dbesdk/beacon_kat.json").unwrap_or_default();
    let all = all["vectors"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|answer| answer["kind"] == kind).collect()
}

fn of(name: &str, bits: u8, value: &Json) -> String {
    let beacon = Beacon::new(name, bits, &KEY).expect("it has few bits");
    beacon.of(&Value::S(text(value).to_owned()), 0).expect("a string has a beacon")
}

#[test]
fn standard_beacons_are_the_known_answers() {
    for answer in answers("standard_beacon") {
        assert_eq!(answer["beacon_key_hex"], "0102030405");
        let bits = answer["bits"].as_u64().unwrap().try_into().unwrap();
        assert_eq!(of(text(&answer["name"]), bits, &answer["value"]), answer["expect"]);
    }
}

#[test]
fn a_compound_beacon_hashes_its_encrypted_part_without_the_prefix() {
    for answer in answers("compound_beacon") {
        let item = &answer["item"];
        let name = Beacon::new("Name", 32, &KEY).unwrap();
        let part = name.part("N_", &Value::S(text(&item["Name"]).to_owned()), 0).unwrap();
        assert_eq!(format!("{part}.Y_{}", text(&item["Year"])), answer["expect"]);
    }
}
