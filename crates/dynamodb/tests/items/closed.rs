//! Item operations on a table whose KMS key is unusable.

use envelope::KeyState;
use serde_json::json;

use crate::tables::Tables;

#[test]
fn every_operation_tells_that_the_key_is_disabled_and_goes_on_when_it_is_enabled() {
    let tables = Tables::new();
    let key = tables.create_key();
    tables.ok(
        "CreateTable",
        json!({
            "TableName": "secret", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key},
        }),
    );
    let item = json!({"id": {"S": "a"}});
    tables.put("secret", &item);
    tables.bring_key(&key, KeyState::Disabled);
    let query = json!({"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}});
    for (operation, mut body) in [
        ("PutItem", json!({"Item": item})),
        ("GetItem", json!({"Key": item})),
        ("UpdateItem", json!({"Key": item})),
        ("DeleteItem", json!({"Key": item})),
        ("Query", query),
        ("Scan", json!({})),
    ] {
        body["TableName"] = json!("secret");
        let error = tables.refused(operation, body);
        let text = error.message.unwrap();
        assert_eq!(error.code, "ValidationException", "{operation}");
        assert!(text.starts_with("KMS key disabled error: "), "{operation}: {text}");
    }
    for (operation, request) in [
        ("BatchGetItem", json!({"Keys": [item]})),
        ("BatchWriteItem", json!([{"PutRequest": {"Item": item}}])),
    ] {
        let error = tables.refused(operation, json!({"RequestItems": {"secret": request}}));
        assert!(error.message.unwrap().starts_with("KMS key disabled error: "), "{operation}");
    }
    for (operation, part) in [
        ("TransactGetItems", json!({"Get": {"TableName": "secret", "Key": item}})),
        ("TransactWriteItems", json!({"Delete": {"TableName": "secret", "Key": item}})),
    ] {
        let other = json!({"TableName": "plain", "Key": item});
        let other =
            if operation == "TransactGetItems" { json!({"Get": other}) } else { json!({"Delete": other}) };
        let error = tables.refused(operation, json!({"TransactItems": [other, part]}));
        assert_eq!(error.code, "ValidationException", "{operation}");
        assert!(error.message.unwrap().starts_with("KMS key disabled error: "), "{operation}");
    }
    tables.bring_key(&key, KeyState::Enabled);
    assert_eq!(tables.item("secret", item.clone()), Some(item));
}
