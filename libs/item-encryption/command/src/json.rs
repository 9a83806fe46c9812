//! DynamoDB JSON: `{"id": {"S": "n1"}, "count": {"N": "7"}}`.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use item_encryption_format::Value;
use serde_json::{Map, Value as Json, json};

/// An item: attributes by name.
pub type Item = HashMap<String, Value>;

/// DynamoDB nests 32 levels.
const MAX_DEPTH: usize = 32;

/// Reads an item from one line.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn read_item(line: &str) -> Result<Item, String> {
    let json: Json = serde_json::from_str(line).map_err(|error| format!("the line is not JSON: {error}"))?;
    item_of(json)
}

/// An item as DynamoDB's answers have it.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn item_of(json: Json) -> Result<Item, String> {
    let Json::Object(members) = json else { return Err("the item is not a JSON object".to_owned()) };
    members.into_iter().map(|(name, json)| Ok((name.clone(), named(&name, json)?))).collect()
}

/// Writes an item as one line, names sorted.
#[must_use]
pub fn write_item(item: &Item) -> String {
    json_of(item).to_string()
}

/// An item as DynamoDB's requests have it, names sorted.
#[must_use]
pub fn json_of(item: &Item) -> Json {
    let sorted: BTreeMap<&String, &Value> = item.iter().collect();
    let members: Map<String, Json> =
        sorted.into_iter().map(|(name, value)| (name.clone(), write_value(value))).collect();
    Json::Object(members)
}

fn named(name: &str, json: Json) -> Result<Value, String> {
    read_value(json, 0).map_err(|reason| format!("attribute {name:?}: {reason}"))
}

fn read_value(json: Json, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("it nests more than 32 levels".to_owned());
    }
    let Json::Object(members) = json else { return Err("a value is an object with one type".to_owned()) };
    let mut members = members.into_iter();
    match (members.next(), members.next()) {
        (Some((kind, json)), None) => typed(&kind, json, depth),
        _ => Err("a value is an object with one type".to_owned()),
    }
}

fn typed(kind: &str, json: Json, depth: usize) -> Result<Value, String> {
    match (kind, json) {
        ("S", Json::String(text)) => Ok(Value::S(text)),
        ("N", Json::String(text)) => Ok(Value::N(text)),
        ("B", Json::String(text)) => Ok(Value::B(bytes(&text)?)),
        ("BOOL", Json::Bool(value)) => Ok(Value::Bool(value)),
        ("NULL", Json::Bool(true)) => Ok(Value::Null),
        ("SS", Json::Array(list)) => Ok(Value::Ss(texts(list)?)),
        ("NS", Json::Array(list)) => Ok(Value::Ns(texts(list)?)),
        ("BS", Json::Array(list)) => {
            Ok(Value::Bs(texts(list)?.iter().map(|text| bytes(text)).collect::<Result<_, _>>()?))
        }
        ("L", Json::Array(list)) => {
            Ok(Value::L(list.into_iter().map(|json| read_value(json, depth + 1)).collect::<Result<_, _>>()?))
        }
        ("M", Json::Object(map)) => {
            let pair = |(name, json)| Ok::<_, String>((name, read_value(json, depth + 1)?));
            Ok(Value::M(map.into_iter().map(pair).collect::<Result<_, _>>()?))
        }
        (kind, _) => Err(format!("{kind:?} is not a type of DynamoDB with a value of its kind")),
    }
}

fn texts(list: Vec<Json>) -> Result<Vec<String>, String> {
    let text = |json| match json {
        Json::String(text) => Ok(text),
        _ => Err("a set holds strings".to_owned()),
    };
    list.into_iter().map(text).collect()
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|_| "binary values are standard base64".to_owned())
}

/// A value as DynamoDB's requests have it.
#[must_use]
pub fn write_value(value: &Value) -> Json {
    let base64 = |bytes: &Vec<u8>| BASE64_STANDARD.encode(bytes);
    match value {
        Value::S(text) => json!({ "S": text }),
        Value::N(number) => json!({ "N": number }),
        Value::B(bytes) => json!({ "B": base64(bytes) }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Null => json!({ "NULL": true }),
        Value::Ss(set) => json!({ "SS": set }),
        Value::Ns(set) => json!({ "NS": set }),
        Value::Bs(set) => json!({ "BS": set.iter().map(base64).collect::<Vec<_>>() }),
        Value::L(list) => json!({ "L": list.iter().map(write_value).collect::<Vec<_>>() }),
        Value::M(map) => {
            let members: Map<String, Json> =
                map.iter().map(|(name, value)| (name.clone(), write_value(value))).collect();
            json!({ "M": members })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read_item, write_item};

    #[test]
    fn an_item_of_all_types_comes_back() {
        let line = r#"{"b":{"B":"AQI="},"bool":{"BOOL":true},"bs":{"BS":["AQ=="]},"l":{"L":[{"NULL":true}]},"m":{"M":{"x":{"N":"1"}}},"ns":{"NS":["1"]},"s":{"S":"é"},"ss":{"SS":["a"]}}"#;
        assert_eq!(write_item(&read_item(line).unwrap()), line);
    }

    #[test]
    fn what_is_no_item_is_refused_with_a_reason() {
        for line in [
            "",
            "[]",
            "{\"a\":1}",
            "{\"a\":{}}",
            "{\"a\":{\"S\":\"x\",\"N\":\"1\"}}",
            "{\"a\":{\"B\":\"!\"}}",
        ] {
            assert!(read_item(line).is_err(), "{line}");
        }
        let deep = format!("{{\"a\":{}{{\"NULL\":true}}{}}}", "{\"L\":[".repeat(40), "]}".repeat(40));
        assert!(read_item(&deep).unwrap_err().contains("32 levels"));
    }
}
