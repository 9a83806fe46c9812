//! DynamoDB JSON, and the vectors' short hand for it, as values.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use item_encryption_format::{Action, Value, number};
use serde_json::Value as Json;

pub type Item = HashMap<String, Value>;

pub fn item(json: &Json) -> Item {
    object(json).map(|(name, json)| (name.clone(), value(json))).collect()
}

pub fn object(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().expect("an object").iter()
}

pub fn text(json: &Json) -> &str {
    json.as_str().expect("a string")
}

pub fn bytes(json: &Json) -> Vec<u8> {
    BASE64_STANDARD.decode(text(json)).expect("base64")
}

pub fn action(name: &str) -> Action {
    match name {
        "ENCRYPT_AND_SIGN" | "encrypt" => Action::EncryptAndSign,
        "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT" => Action::SignAndIncludeInEncryptionContext,
        "SIGN_ONLY" | "sign" => Action::SignOnly,
        "DO_NOTHING" | "nothing" => Action::DoNothing,
        other => panic!("an unknown action: {other}"),
    }
}

/// A bare string is S, a bare number N; everything else is DynamoDB JSON.
pub fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::S(text.clone()),
        Json::Number(number) => Value::N(number.to_string()),
        typed => object(typed).map(|(kind, json)| typed_value(kind, json)).next().expect("one type"),
    }
}

fn typed_value(kind: &str, json: &Json) -> Value {
    match kind {
        "S" => Value::S(text(json).to_owned()),
        "N" => Value::N(text(json).to_owned()),
        "B" => Value::B(bytes(json)),
        "BOOL" => Value::Bool(json.as_bool().expect("a boolean")),
        "NULL" => Value::Null,
        "SS" => Value::Ss(list(json).map(|json| text(json).to_owned()).collect()),
        "NS" => Value::Ns(list(json).map(number_text).collect()),
        "BS" => Value::Bs(list(json).map(bytes).collect()),
        "L" => Value::L(list(json).map(value).collect()),
        "M" => Value::M(item(json).into_iter().collect()),
        other => panic!("an unknown type: {other}"),
    }
}

fn number_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().expect("a list").iter()
}

/// The same item with numbers in their one spelling and sets in one order.
pub fn normal(item: Item) -> Item {
    item.into_iter().map(|(name, value)| (name, normal_value(value))).collect()
}

fn normal_value(value: Value) -> Value {
    match value {
        Value::N(number) => Value::N(plain(&number)),
        Value::Ns(set) => Value::Ns(sorted(set.iter().map(|number| plain(number)).collect())),
        Value::Ss(set) => Value::Ss(sorted(set)),
        Value::Bs(set) => Value::Bs(sorted(set)),
        Value::L(list) => Value::L(list.into_iter().map(normal_value).collect()),
        Value::M(map) => Value::M(map.into_iter().map(|(name, value)| (name, normal_value(value))).collect()),
        other => other,
    }
}

fn plain(number: &str) -> String {
    number::plain(number).expect("a number").into_owned()
}

fn sorted<T: Ord>(mut set: Vec<T>) -> Vec<T> {
    set.sort();
    set
}
