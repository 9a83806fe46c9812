//! Items written by the Java and Python clients of the DynamoDB Encryption Client, and its known answers.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use item_encryption_format::legacy::serialize::{Order, read, write};
use item_encryption_format::legacy::signature::string_to_sign;
use item_encryption_format::legacy::{
    ContentKey, Description, LegacyConfig, Materials, VerifyingKey, WrappingKey, decrypt, description,
    is_encrypted, item::description_of,
};
use item_encryption_format::{Action, AttributeValue, Error, Value};
use serde_json::Value as Json;

use crate::json::{Item, action, bytes, item, normal, object, text, value};
use crate::load;

#[test]
fn values_have_the_bytes_of_the_known_answers() {
    let Some(answers) = load("legacy/primitive/serialize_attribute.json") else { return };
    for answer in answers.as_array().expect("a list") {
        let mut out = Vec::new();
        write(value(&answer["attribute"]).view(), Order::PYTHON, &mut out).expect("it has bytes");
        assert_eq!(out, bytes(&answer["serialized"]));
    }
    for answer in
        load("legacy/primitive/deserialize_attribute.json").iter().flat_map(|json| json.as_array()).flatten()
    {
        let found: Value = read(&bytes(&answer["serialized"])).expect("it is a value");
        let pair = |value| normal([(String::new(), value)].into());
        assert_eq!(pair(found), pair(value(&answer["attribute"])));
    }
}

#[test]
fn descriptions_have_the_bytes_of_the_known_answers() {
    let Some(answers) = load("legacy/primitive/material_description.json") else { return };
    for answer in answers.as_array().expect("a list") {
        let bytes = bytes(&answer["serialized"]);
        let parsed = description::parse(&bytes).expect("it is a description");
        assert_eq!(description::serialized(&parsed), bytes);
        assert!(object(&answer["material_description"]).all(|(name, json)| parsed[name] == text(json)));
    }
}

#[test]
fn strings_to_sign_are_the_known_answers() {
    let Some(answers) = load("legacy/primitive/string_to_sign.json") else { return };
    for answer in answers.as_array().expect("a list") {
        let attributes = &answer["item"];
        let item: Item =
            object(attributes).map(|(name, json)| (name.clone(), value(&json["value"]))).collect();
        let actions = |name: &str| action(text(&attributes[name]["action"]));
        let found =
            string_to_sign(&item, actions, answer["table"].as_str(), Order::PYTHON).expect("it is signable");
        assert_eq!(BASE64_STANDARD.encode(found), text(&answer["string_to_sign"]));
    }
}

/// Items that a static provider left in a file of the wrapped one.
const STRAY: (&str, usize) = ("ciphertext/java/wrapped-rsa-rsa-2.json", 2);

#[test]
fn items_of_the_java_and_python_clients_open() {
    let Some(scenarios) = load("legacy/python_repo/scenarios.json") else { return };
    let offline = |scenario: &&Json| scenario["network"] == false;
    let mut opened = 0;
    for scenario in scenarios["scenarios"].as_array().expect("a list").iter().filter(offline) {
        opened += Scenario::of(scenario).open_all();
    }
    assert!(opened >= 200, "only {opened} items opened");
}

struct Scenario<'a> {
    json: &'a Json,
    file: &'a str,
    tables: Json,
    keys: Json,
    plain: Json,
    provider_table: Vec<Item>,
}

impl<'a> Scenario<'a> {
    fn of(json: &'a Json) -> Self {
        let file = file_of(json);
        let mut scenario = Self {
            json,
            file,
            tables: repository(file),
            keys: repository("keys.json"),
            plain: repository("plaintext.json"),
            provider_table: Vec::new(),
        };
        if let Some(store) = json.get("metastore") {
            scenario.provider_table = scenario.rows_of(store);
        }
        scenario
    }

    fn open_all(&self) -> usize {
        let (mut opened, mut strays) = (0, 0);
        for (table, items) in object(&self.tables) {
            for json in items.as_array().expect("a list") {
                match self.open(table, item(json)) {
                    Ok(()) => opened += 1,
                    Err(_) if self.file == STRAY.0 && strays < STRAY.1 => strays += 1,
                    Err(error) => panic!("{} {table} {json}: {error}", self.file),
                }
            }
        }
        opened
    }

    fn open(&self, table: &str, stored: Item) -> Result<(), Error> {
        let (config, expected) = self.config(table, &stored);
        if !is_encrypted(&stored) {
            assert_eq!(config.default, Action::DoNothing);
            return Ok(());
        }
        let opened = normal(decrypt(stored.clone(), &config, &self.materials(&stored)?)?);
        for (name, value) in normal(expected) {
            assert_eq!(opened.get(&name), Some(&value), "{} {table} {name}", self.file);
        }
        Ok(())
    }

    /// How an item was written, and what is known of its content. `version` counts the writes of a mapper.
    fn config(&self, table: &str, stored: &Item) -> (LegacyConfig, Item) {
        let table_plain = &self.plain["items"][table];
        let keys: Vec<String> =
            object(&table_plain["index"]).map(|(_, name)| text(name).to_owned()).collect();
        let same_keys =
            |known: &&Json| keys.iter().all(|key| value(&known["attributes"][key]) == stored[key]);
        let known = table_plain["items"].as_array().expect("a list").iter().find(same_keys);
        let actions = &self.plain["actions"][known.map_or("mixed", |known| text(&known["action"]))];
        let mut expected = known.map(|known| item(&known["attributes"])).unwrap_or_default();
        if known.is_some_and(|known| known["exact"] != true) && table == "TableName" {
            expected.extend(item(&self.plain["attributes"]["base"]));
            expected.remove("version");
        }
        let overrides = actions.get("override").into_iter().flat_map(object);
        let config = LegacyConfig {
            table: Some(table.to_owned()),
            keys,
            default: action(text(&actions["default"])),
            actions: overrides.map(|(name, json)| (name.clone(), action(text(json)))).collect(),
            order: Default::default(),
        };
        (config, expected)
    }

    fn materials(&self, stored: &Item) -> Result<Materials<VerifyingKey>, Error> {
        if self.json.get("metastore").is_none() {
            return self.provided(self.json, &description_of(stored)?);
        }
        let description = description_of(stored)?;
        let (name, version) = description["amzn-ddb-meta-id"].split_once('#').expect("a name and a version");
        let (name, version) = (Value::S(name.to_owned()), Value::N(version.to_owned()));
        let mut rows = self.provider_table.iter();
        let row = rows.find(|row| row["N"] == name && row["V"] == version).expect("the row is in the table");
        let wrapping = WrappingKey::Aes(binary(&row["enc"]).into());
        Ok(Materials {
            content: wrapping.unwrap(&description)?,
            signature: VerifyingKey::hmac_sha256(&binary(&row["int"])),
            description: Description::new(),
        })
    }

    fn provided(&self, provider: &Json, description: &Description) -> Result<Materials<VerifyingKey>, Error> {
        let keys = &provider["keys"];
        let (verify, decrypt) = (self.key(&keys["verify"]), self.key(&keys["decrypt"]));
        let wrapping = || match text(&keys["decrypt"]) {
            "aesKey" => Ok(WrappingKey::Aes(decrypt.clone().into())),
            _ => WrappingKey::rsa_private(&decrypt),
        };
        Ok(Materials {
            content: match text(&provider["provider"]) {
                "static" => ContentKey::new(decrypt.clone().into())?,
                _ => wrapping()?.unwrap(description)?,
            },
            signature: match text(&keys["verify"]) {
                "hmacKey" => VerifyingKey::hmac_sha256(&verify),
                _ => VerifyingKey::rsa(&verify)?,
            },
            description: Description::new(),
        })
    }

    fn rows_of(&self, store: &Json) -> Vec<Item> {
        let tables = repository(file_of(store));
        let (table, rows) = object(&tables).next().expect("one table");
        let config = LegacyConfig {
            table: Some(table.clone()),
            keys: vec!["N".to_owned(), "V".to_owned()],
            default: Action::EncryptAndSign,
            actions: [].into(),
            order: Default::default(),
        };
        let open = |json| {
            let row = item(json);
            let materials = self.provided(store, &description_of(&row)?)?;
            decrypt(row, &config, &materials)
        };
        rows.as_array().expect("a list").iter().map(|json| open(json).expect("the row opens")).collect()
    }

    fn key(&self, name: &Json) -> Vec<u8> {
        bytes(&self.keys[text(name)]["material"])
    }
}

fn file_of(json: &Json) -> &str {
    text(&json["ciphertext"]).strip_prefix("file://").expect("a file")
}

fn repository(name: &str) -> Json {
    load(&format!("legacy/python_repo/{name}")).expect("the files lie side by side")
}

fn binary(value: &Value) -> Vec<u8> {
    match value {
        Value::B(bytes) => bytes.clone(),
        other => panic!("not binary: {other:?}"),
    }
}
