//! Items that AWS's clients wrote, opened under configurations, where their folder stands beside the checkout.

use std::collections::BTreeMap;
use std::path::Path;

use item_encryption_format::number;
use serde_json::{Map, Value, json};

use crate::fixture::Place;
use crate::run::said;

/// A file of the vectors; without them that is said, and there is none.
fn load(name: &str) -> Option<Value> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let path = repository.join("../shared/vectors").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            eprintln!("skipped: no test vectors at {}", path.display());
            None
        }
    }
}

/// `strongroom item decrypt` over items.
fn decrypted(place: &Place, config: &Value, items: &[&Value]) -> Vec<Value> {
    let file = place.write("items.json", &config.to_string());
    let lines: String = items.iter().map(|item| format!("{item}\n")).collect();
    let run = said(place.command(&["item", "decrypt", "--config", &file]), lines.into_bytes());
    assert_eq!(run.lines.len(), items.len(), "{}", run.stderr);
    run.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Numbers in plain form, sets in order; the vectors' short forms written out.
fn normal(value: &Value) -> Value {
    let plain = |given: &Value| {
        let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        json!(number::plain(&text).unwrap_or_else(|| panic!("{text} is no number")))
    };
    match value {
        Value::String(text) => json!({ "S": text }),
        Value::Number(given) => normal(&json!({ "N": given.to_string() })),
        Value::Object(typed) => {
            let (kind, content) = typed.iter().next().unwrap();
            let sorted = |list: &Value, change: &dyn Fn(&Value) -> Value| {
                let mut list: Vec<String> = list
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|text| change(text).as_str().unwrap().to_owned())
                    .collect();
                list.sort();
                json!(list)
            };
            let content = match kind.as_str() {
                "N" => plain(content),
                "NS" => sorted(content, &plain),
                "SS" | "BS" => sorted(content, &Value::clone),
                "L" => content.as_array().unwrap().iter().map(normal).collect(),
                "M" => json!(normal_item(content)),
                _ => content.clone(),
            };
            json!({ kind: content })
        }
        other => panic!("{other} is no value"),
    }
}

fn normal_item(item: &Value) -> Map<String, Value> {
    item.as_object().unwrap().iter().map(|(name, value)| (name.clone(), normal(value))).collect()
}

fn current(told: &Value, keys: &Value) -> Value {
    let key = &keys["keys"]["static-branch-key-1"];
    let mut actions = told["attributeActionsOnEncrypt"].clone();
    let actions_of_keys = actions.as_object_mut().unwrap().remove("RecNum");
    if actions_of_keys == Some(json!("SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT")) {
        actions["RecNum"] = actions_of_keys.unwrap();
    }
    let mut config = json!({
        "format": "dbesdk", "logical-table-name": "GazelleVectorTable", "partition-key": "RecNum",
        "attribute-actions": actions,
        "keyrings": [{
            "type": "branch-key", "id": key["key-id"], "version": key["branchKeyVersion"],
            "key": { "base64": key["branchKey"] },
        }],
    });
    if told["allowedUnsignedAttributes"].is_array() {
        config["unsigned-attributes"] = told["allowedUnsignedAttributes"].clone();
    }
    if told["allowedUnsignedAttributePrefix"].is_string() {
        config["unsigned-prefix"] = told["allowedUnsignedAttributePrefix"].clone();
    }
    config
}

#[test]
fn items_of_the_database_encryption_sdk_open_and_changed_ones_do_not() {
    let Some(keys) = load("mpl/keys.json") else { return };
    let (place, mut opened) = (Place::new(), 0);
    for client in ["java_32", "java_33", "dotnet_32", "dotnet_33"] {
        let file = load(&format!("dbesdk/decrypt/decrypt_{client}.json")).unwrap();
        for (number, test) in file["tests"].as_object().unwrap() {
            let answer = &decrypted(&place, &current(&test["config"], &keys), &[&test["encrypted"]])[0];
            if test["type"] == "positive-decrypt" {
                assert_eq!(normal_item(answer), normal_item(&test["plaintext"]), "{client} {number}");
                opened += 1;
            } else {
                assert!(answer["Error"].is_string(), "{client} {number}");
            }
        }
    }
    for test in load("dbesdk/config/iotest.json").unwrap()["DecryptTests"].as_array().unwrap() {
        let items: Vec<&Value> = test["EncryptedRecords"].as_array().unwrap().iter().collect();
        let answers = decrypted(&place, &current(&test["Config"], &keys), &items);
        for (answer, plain) in answers.iter().zip(test["PlainTextRecords"].as_array().unwrap()) {
            assert_eq!(normal_item(answer), normal_item(plain));
            opened += 1;
        }
    }
    assert!(opened >= 40, "{opened} items opened");
}

const REPOSITORY: &str = "legacy/python_repo";

fn repository(name: &Value) -> Value {
    let name = name.as_str().unwrap();
    load(&format!("{REPOSITORY}/{}", name.strip_prefix("file://").unwrap_or(name))).unwrap()
}

/// A provider of a scenario, with its keys.
fn provider(told: &Value, keys: &Value) -> Value {
    let key = |use_: &str| json!({ "base64": keys[told["keys"][use_].as_str().unwrap()]["material"] });
    let is_aes = told["keys"]["decrypt"] == "aesKey";
    let mut provider = json!({ "type": told["provider"] });
    provider[if is_aes { "key" } else { "private-key" }] = key("decrypt");
    let is_hmac = told["keys"]["verify"] == "hmacKey";
    provider[if is_hmac { "signing-key" } else { "signing-public-key" }] = key("verify");
    provider
}

fn legacy_provider(place: &Place, scenario: &Value, keys: &Value) -> Value {
    let Some(store) = scenario.get("metastore") else { return provider(scenario, keys) };
    let tables = repository(&store["ciphertext"]);
    let (table, rows) = tables.as_object().unwrap().iter().next().unwrap();
    let rows: String = rows.as_array().unwrap().iter().map(|row| format!("{row}\n")).collect();
    place.write("rows.jsonl", &rows);
    json!({
        "type": "most-recent", "material-name": scenario["material_name"], "table": table, "rows-file": "rows.jsonl",
        "rows": provider(store, keys),
    })
}

#[test]
fn items_of_the_dynamodb_encryption_client_open() {
    let Some(scenarios) = load(&format!("{REPOSITORY}/scenarios.json")) else { return };
    let (keys, plain) = (repository(&json!("keys.json")), repository(&json!("plaintext.json")));
    let (place, mut opened, mut strays) = (Place::new(), 0, 0);
    let offline =
        scenarios["scenarios"].as_array().unwrap().iter().filter(|scenario| scenario["network"] == false);
    for scenario in offline {
        let provider = legacy_provider(&place, scenario, &keys);
        for (table, items) in repository(&scenario["ciphertext"]).as_object().unwrap() {
            for (actions, items) in by_actions(&plain, table, items) {
                let config = legacy(&plain, table, &actions, &provider);
                for (answer, item) in decrypted(&place, &config, &items).iter().zip(items) {
                    match answer.get("Error") {
                        None => opened += 1,
                        // Items that a static provider left in a file of the wrapped one.
                        Some(_)
                            if scenario["ciphertext"] == "file://ciphertext/java/wrapped-rsa-rsa-2.json" =>
                        {
                            strays += 1
                        }
                        Some(error) => panic!("{} {table} {error}", scenario["ciphertext"]),
                    }
                    if let (None, Some(known)) = (answer.get("Error"), known(&plain, table, item)) {
                        let found = normal_item(answer);
                        for (name, value) in normal_item(&known["attributes"]) {
                            assert_eq!(found[&name], value, "{} {table} {name}", scenario["ciphertext"]);
                        }
                    }
                }
            }
        }
    }
    assert!(opened >= 200 && strays == 2, "{opened} items opened, {strays} strays");
}

/// What is known of an item, by its key.
fn known<'p>(plain: &'p Value, table: &str, item: &Value) -> Option<&'p Value> {
    let keys: Vec<&Value> = plain["items"][table]["index"].as_object().unwrap().values().collect();
    let same = |known: &&Value| {
        keys.iter().all(|key| known["attributes"][key.as_str().unwrap()] == item[key.as_str().unwrap()])
    };
    plain["items"][table]["items"].as_array().unwrap().iter().find(same)
}

/// Items by the set of actions that they were written with.
fn by_actions<'i>(plain: &Value, table: &str, items: &'i Value) -> BTreeMap<String, Vec<&'i Value>> {
    let mut sets = BTreeMap::<String, Vec<&Value>>::new();
    for item in items.as_array().unwrap() {
        let actions = known(plain, table, item).map_or("mixed", |known| known["action"].as_str().unwrap());
        sets.entry(actions.to_owned()).or_default().push(item);
    }
    sets
}

fn legacy(plain: &Value, table: &str, actions: &str, provider: &Value) -> Value {
    let told = &plain["actions"][actions];
    let action = |name: &Value| match name.as_str().unwrap() {
        "encrypt" => "ENCRYPT_AND_SIGN",
        "sign" => "SIGN_ONLY",
        _ => "DO_NOTHING",
    };
    let overrides = told["override"].as_object().into_iter().flatten();
    let actions: Map<String, Value> =
        overrides.map(|(name, told)| (name.clone(), json!(action(told)))).collect();
    let index = &plain["items"][table]["index"];
    let mut config = json!({
        "format": "legacy", "logical-table-name": table, "partition-key": index["partition"],
        "default-action": action(&told["default"]), "attribute-actions": actions, "legacy-provider": provider,
    });
    if index["sort"].is_string() {
        config["sort-key"] = index["sort"].clone();
    }
    config
}
