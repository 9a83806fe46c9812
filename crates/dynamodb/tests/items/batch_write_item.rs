//! BatchWriteItem.

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, not_found, violated};

fn put(id: &str) -> Value {
    json!({"PutRequest": {"Item": {"id": {"S": id}, "n": {"N": "1"}}}})
}

fn delete(id: &str) -> Value {
    json!({"DeleteRequest": {"Key": {"id": {"S": id}}}})
}

#[test]
fn items_are_put_and_deleted() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "old"}}));
    let answer = tables.ok(
        "BatchWriteItem",
        json!({
            "ReturnConsumedCapacity": "INDEXES",
            "RequestItems": {
                "plain": [put("a"), delete("old"), put("b"), delete("none")],
                "sorted": [{"PutRequest": {"Item": {"id": {"S": "a"}, "seq": {"N": "1"}}}}],
            },
        }),
    );
    let capacity = |table: &str, units: f64| json!({"TableName": table, "CapacityUnits": units, "Table": {"CapacityUnits": units}});
    assert_eq!(
        answer,
        json!({
            "UnprocessedItems": {},
            "ConsumedCapacity": [capacity("plain", 4.0), capacity("sorted", 1.0)],
        })
    );
    let is_there = |id: &str| tables.item("plain", json!({"id": {"S": id}})).is_some();
    assert_eq!(["a", "b", "old"].map(is_there), [true, true, false]);
    assert!(tables.item("sorted", json!({"id": {"S": "a"}, "seq": {"N": "1"}})).is_some());
}

#[test]
fn nothing_is_written_where_one_request_is_refused() {
    let tables = Tables::new();
    let wrong = json!({"PutRequest": {"Item": {"other": {"S": "a"}}}});
    tables.refused("BatchWriteItem", json!({"RequestItems": {"plain": [put("a"), wrong]}}));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), None);
}

#[test]
fn more_than_25_requests_are_refused() {
    let tables = Tables::new();
    let puts = |from: usize, to: usize| (from..to).map(|n| put(&n.to_string())).collect::<Vec<_>>();
    let error = tables.refused("BatchWriteItem", json!({"RequestItems": {"plain": puts(0, 26)}}));
    let text = error.message.unwrap();
    assert!(text.starts_with("1 validation error detected: Value '{plain=["), "{text}");
    assert!(
        text.ends_with(
            "]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must \
             have length less than or equal to 25, Member must have length greater than or equal to 1]"
        ),
        "{text}"
    );
    let over_tables = json!({"RequestItems": {"plain": puts(0, 13), "none": puts(0, 13)}});
    let error = tables.refused("BatchWriteItem", over_tables);
    assert_eq!(error.message.unwrap(), "Too many items requested for the BatchWriteItem call");
    tables.ok("BatchWriteItem", json!({"RequestItems": {"plain": puts(0, 25)}}));
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    tables.refuses("BatchWriteItem", [
        (
            json!({}),
            violated(&["Value null at 'requestItems' failed to satisfy constraint: Member must not be null"]),
        ),
        (
            json!({"RequestItems": {}}),
            violated(&["Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length \
                        greater than or equal to 1"]),
        ),
        (
            json!({"RequestItems": {"": [delete("a")]}}),
            violated(&["Value '{=...}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy \
                        constraint: [Member must have length less than or equal to 1024, Member must have length \
                        greater than or equal to 1]"]),
        ),
        (
            json!({"RequestItems": {"plain": []}}),
            violated(&["Value '{plain=[]}' at 'requestItems' failed to satisfy constraint: Map value must \
                        satisfy constraint: [Member must have length less than or equal to 25, Member must have \
                        length greater than or equal to 1]"]),
        ),
        (
            json!({"RequestItems": {"plain": [{"PutRequest": {}}]}}),
            violated(&["Value null at 'requestItems.plain.member.1.member.putRequest.item' failed to satisfy \
                        constraint: Member must not be null"]),
        ),
        (
            json!({"RequestItems": {"none": [{}]}}),
            invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"),
        ),
        (
            json!({"RequestItems": {"none": [
                {"PutRequest": {"Item": {}}, "DeleteRequest": {"Key": {}}}
            ]}}),
            invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the \
                 supported datatypes",
            ),
        ),
        (
            json!({"RequestItems": {"none": [{"PutRequest": {"Item": {"id": {"NULL": false}}}}]}}),
            invalid("One or more parameter values were invalid: Null attribute value types must have the value of true"),
        ),
        (
            json!({"RequestItems": {"none": [{"PutRequest": {"Item": {"a": {"S": "x".repeat(400 << 10)}}}}]}}),
            invalid("Item size has exceeded the maximum allowed size"),
        ),
        (json!({"RequestItems": {"plain": [put("a")], "none": [put("a")]}}), not_found()),
        (
            json!({"RequestItems": {"plain": [{"PutRequest": {"Item": {"n": {"N": "1"}}}}]}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"RequestItems": {"plain": [{"DeleteRequest": {"Key": {"n": {"N": "1"}}}}]}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"RequestItems": {"plain": [put("a"), delete("a")]}}),
            invalid("Provided list of item keys contains duplicates"),
        ),
    ]);
}
