//! BatchGetItem.

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, not_found, violated};

fn sorted_by_id(mut items: Value) -> Vec<Value> {
    let mut items = std::mem::take(items.as_array_mut().unwrap());
    items.sort_by_key(|item| item["id"]["S"].as_str().unwrap().to_owned());
    items
}

#[test]
fn items_of_several_tables_are_found() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "n": {"N": "1"}}));
    tables.put("plain", &json!({"id": {"S": "b"}, "n": {"N": "2"}}));
    tables.put("sorted", &json!({"id": {"S": "a"}, "seq": {"N": "1"}, "x": {"S": "y"}}));
    let answer = tables.ok(
        "BatchGetItem",
        json!({
            "ReturnConsumedCapacity": "TOTAL",
            "RequestItems": {
                "plain": {"Keys": [{"id": {"S": "b"}}, {"id": {"S": "a"}}, {"id": {"S": "none"}}]},
                "sorted": {
                    "Keys": [{"id": {"S": "a"}, "seq": {"N": "1"}}], "ConsistentRead": true,
                    "ProjectionExpression": "#x", "ExpressionAttributeNames": {"#x": "x"},
                },
            },
        }),
    );
    assert_eq!(
        sorted_by_id(answer["Responses"]["plain"].clone()),
        [json!({"id": {"S": "a"}, "n": {"N": "1"}}), json!({"id": {"S": "b"}, "n": {"N": "2"}})]
    );
    assert_eq!(answer["Responses"]["sorted"], json!([{"x": {"S": "y"}}]));
    assert_eq!(answer["UnprocessedKeys"], json!({}));
    assert_eq!(
        answer["ConsumedCapacity"],
        json!([{"TableName": "plain", "CapacityUnits": 1.5}, {"TableName": "sorted", "CapacityUnits": 1.0}])
    );
}

#[test]
fn a_table_named_by_its_arn_is_answered_by_its_arn() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}}));
    let arn = tables.arn("plain");
    let answer =
        tables.ok("BatchGetItem", json!({"RequestItems": {arn.clone(): {"Keys": [{"id": {"S": "a"}}]}}}));
    assert_eq!(answer["Responses"], json!({arn: [{"id": {"S": "a"}}]}));
}

#[test]
fn a_table_without_any_of_the_items_is_answered_empty() {
    let tables = Tables::new();
    let answer =
        tables.ok("BatchGetItem", json!({"RequestItems": {"plain": {"Keys": [{"id": {"S": "a"}}]}}}));
    assert_eq!(answer, json!({"Responses": {"plain": []}, "UnprocessedKeys": {}}));
}

#[test]
fn what_does_not_fit_16_megabytes_is_left_unprocessed() {
    let tables = Tables::new();
    let key = |n: usize| json!({"id": {"S": format!("{n:03}")}});
    for n in 0..50 {
        let mut item = key(n);
        item["b"] = json!({"S": "x".repeat(390 << 10)});
        tables.put("plain", &item);
    }
    let keys: Vec<Value> = (0..50).map(key).collect();
    let mut request =
        json!({"plain": {"Keys": keys, "ProjectionExpression": "id, b", "ConsistentRead": true}});
    let mut found = Vec::new();
    let mut calls = 0;
    while request.as_object().is_some_and(|tables| !tables.is_empty()) {
        let mut answer = tables.ok("BatchGetItem", json!({"RequestItems": request}));
        let items = answer["Responses"]["plain"].as_array().unwrap();
        assert!(items.len() * (390 << 10) <= 16 << 20);
        found.extend(items.iter().map(|item| item["id"]["S"].as_str().unwrap().to_owned()));
        request = answer["UnprocessedKeys"].take();
        if calls == 0 {
            assert_eq!(request["plain"]["ProjectionExpression"], "id, b");
            assert_eq!(request["plain"]["ConsistentRead"], true);
        }
        calls += 1;
    }
    found.sort();
    assert_eq!(found, (0..50).map(|n| format!("{n:03}")).collect::<Vec<_>>());
    assert_eq!(calls, 2);
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    let key = |n: usize| json!({"id": {"S": n.to_string()}});
    let many = |count: usize| (0..count).map(key).collect::<Vec<_>>();
    tables.refuses("BatchGetItem", [
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
            json!({"RequestItems": {"": {"Keys": [{}]}}}),
            violated(&["Value '{=...}' at 'requestItems' failed to satisfy constraint: Map keys must satisfy \
                        constraint: [Member must have length less than or equal to 1024, Member must have length \
                        greater than or equal to 1]"]),
        ),
        (
            json!({"RequestItems": {"plain": {}}}),
            violated(&["Value null at 'requestItems.plain.member.keys' failed to satisfy constraint: Member \
                        must not be null"]),
        ),
        (
            json!({"RequestItems": {"plain": {"Keys": []}}}),
            violated(&["Value '[]' at 'requestItems.plain.member.keys' failed to satisfy constraint: Member \
                        must have length greater than or equal to 1"]),
        ),
        (
            json!({"RequestItems": {"none": {"Keys": many(60)}, "plain": {"Keys": many(41)}}}),
            invalid("Too many items requested for the BatchGetItem call"),
        ),
        (
            json!({"RequestItems": {"none": {"Keys": [{}], "AttributesToGet": ["a"], "ProjectionExpression": "a"}}}),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
            ),
        ),
        (
            json!({"RequestItems": {"none": {"Keys": [{"id": {}}]}}}),
            invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ),
        (json!({"RequestItems": {"plain": {"Keys": [{}]}, "none": {"Keys": [{}]}}}), not_found()),
        (
            json!({"RequestItems": {"plain": {"Keys": [{}]}}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"RequestItems": {"plain": {"Keys": [key(1), key(2), key(1)]}}}),
            invalid("Provided list of item keys contains duplicates"),
        ),
        (
            json!({"RequestItems": {"sorted": {"Keys": [
                {"id": {"S": "a"}, "seq": {"N": "1"}}, {"id": {"S": "a"}, "seq": {"N": "1.0"}},
            ]}}}),
            invalid("Provided list of item keys contains duplicates"),
        ),
    ]);
}

#[test]
fn more_than_100_keys_of_a_table_are_refused() {
    let tables = Tables::new();
    let keys: Vec<Value> = (0..101).map(|n| json!({"id": {"S": n.to_string()}})).collect();
    let error = tables.refused("BatchGetItem", json!({"RequestItems": {"plain": {"Keys": keys}}}));
    let text = error.message.unwrap();
    assert!(text.starts_with("1 validation error detected: Value '["), "{text}");
    assert!(
        text.ends_with(
            "]' at 'requestItems.plain.member.keys' failed to satisfy constraint: Member must have length less \
             than or equal to 100"
        ),
        "{text}"
    );
}
