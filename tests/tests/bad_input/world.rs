//! What lies in the server while it is sent nonsense, and must lie there afterwards.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Server, Setup};

use crate::row::Row;

/// A table with a partition key `pk` (S) and a sort key `sk` (N), and three items.
pub const TABLE: &str = "Things";
/// The body of a call that is right.
pub const GET_ITEM: &str = r#"{"TableName":"Things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}}"#;

/// Runs rows against a server of their own and looks after the data.
///
/// # Panics
/// With all complaints together.
pub fn run(rows: &[Row]) {
    let mut server = Setup::new().variable("STRONGROOM_LOG", "error").start();
    let before = furnish(&server);
    let mut complaints = Vec::new();
    for row in rows {
        let complaint = row.complaint(&server);
        if complaint.is_some() {
            // A process that dies takes a moment.
            thread::sleep(Duration::from_millis(300));
        }
        complaints.extend(complaint);
        if !server.is_alive() {
            panic!("{}: the server is dead\n{}", row.name, server.log());
        }
    }
    assert_eq!(inventory(&server), before, "the data changed");
    assert!(complaints.is_empty(), "{} of {} rows:\n{}", complaints.len(), rows.len(), complaints.join("\n"));
}

fn furnish(server: &Server) -> Value {
    let _ = server.dynamodb("CreateTable", &table(TABLE)).ok();
    for (pk, sk) in [("a", "1"), ("a", "2"), ("b", "1")] {
        let item = json!({"pk": {"S": pk}, "sk": {"N": sk}, "count": {"N": "7"}, "parts": {"L": [{"S": "x"}]},
            "doc": {"M": {"in": {"S": "deep"}}}, "text": {"S": "words"}, "note": {"S": "words"}, "set": {"SS": ["p", "q"]}});
        let _ = server.dynamodb("PutItem", &json!({"TableName": TABLE, "Item": item})).ok();
    }
    let key = server.create_key();
    let _ = server.kms("CreateAlias", &json!({"AliasName": "alias/mine", "TargetKeyId": key})).ok();
    inventory(server)
}

/// The body that creates a table like [`TABLE`].
pub fn table(name: &str) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"
    })
}

/// All that a client can see, in one order.
fn inventory(server: &Server) -> Value {
    let scan = server.dynamodb("Scan", &json!({"TableName": TABLE})).ok();
    let mut items = scan["Items"].as_array().unwrap().clone();
    items.sort_by_key(Value::to_string);
    let mut keys = server.kms("ListKeys", &json!({})).ok()["Keys"].as_array().unwrap().clone();
    keys.sort_by_key(Value::to_string);
    json!({
        "items": items,
        "tables": server.dynamodb("ListTables", &json!({})).ok(),
        "description": server.dynamodb("DescribeTable", &json!({"TableName": TABLE})).ok(),
        "keys": keys,
        "key": server.kms("DescribeKey", &json!({"KeyId": "alias/mine"})).ok(),
    })
}
