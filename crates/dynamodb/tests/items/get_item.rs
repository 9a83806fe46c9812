//! GetItem.

use serde_json::json;

use crate::tables::{Tables, invalid, not_found, violated};

#[test]
fn an_item_is_found_by_its_whole_key() {
    let tables = Tables::new();
    let item = json!({"id": {"S": "a"}, "seq": {"N": "1.50"}});
    tables.put("sorted", &item);
    let get = |id: &str, at: &str| tables.item("sorted", json!({"id": {"S": id}, "seq": {"N": at}}));
    assert_eq!(get("a", "15e-1"), Some(json!({"id": {"S": "a"}, "seq": {"N": "1.5"}})));
    assert_eq!(get("a", "1.51"), None);
    assert_eq!(get("b", "1.5"), None);
}

#[test]
fn nothing_found_is_an_empty_answer() {
    let tables = Tables::new();
    let get = json!({"TableName": "plain", "Key": {"id": {"S": "a"}}});
    assert_eq!(tables.ok("GetItem", get), json!({}));
}

#[test]
fn a_projection_shows_parts() {
    let tables = Tables::new();
    tables.put(
        "plain",
        &json!({"id": {"S": "a"}, "size": {"N": "1"}, "m": {"M": {"x": {"S": "y"}, "z": {"N": "2"}}}}),
    );
    let key = json!({"id": {"S": "a"}});
    let get = json!({
        "TableName": "plain", "Key": key,
        "ProjectionExpression": "#s, m.x, absent", "ExpressionAttributeNames": {"#s": "size"},
    });
    assert_eq!(
        tables.ok("GetItem", get),
        json!({"Item": {"size": {"N": "1"}, "m": {"M": {"x": {"S": "y"}}}}})
    );
    let legacy = json!({"TableName": "plain", "Key": key, "AttributesToGet": ["size", "id", "absent"]});
    assert_eq!(tables.ok("GetItem", legacy), json!({"Item": {"size": {"N": "1"}, "id": {"S": "a"}}}));
    let nothing = json!({"TableName": "plain", "Key": key, "ProjectionExpression": "absent"});
    assert_eq!(tables.ok("GetItem", nothing), json!({"Item": {}}));
}

#[test]
fn it_costs_a_unit_for_4_kilobytes_and_half_where_eventually_consistent() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "b": {"S": "x".repeat(4093)}}));
    let units = |id: &str, consistent: bool| {
        let answer = tables.ok(
            "GetItem",
            json!({
                "TableName": "plain", "Key": {"id": {"S": id}}, "ConsistentRead": consistent,
                "ReturnConsumedCapacity": "TOTAL", "ProjectionExpression": "id",
            }),
        );
        answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()
    };
    assert_eq!((units("a", true), units("a", false)), (2.0, 1.0));
    assert_eq!((units("none", true), units("none", false)), (1.0, 0.5));
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    tables.refuses("GetItem", [
        (
            json!({}),
            violated(&[
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value null at 'key' failed to satisfy constraint: Member must not be null",
            ]),
        ),
        (
            json!({"TableName": "plain", "Key": {}, "AttributesToGet": []}),
            violated(&["Value '[]' at 'attributesToGet' failed to satisfy constraint: Member must have length \
                        greater than or equal to 1"]),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {}}, "AttributesToGet": ["a"], "ProjectionExpression": "a"}),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
            ),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {}}, "AttributesToGet": ["a", "b", "a"]}),
            invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ),
        (
            json!({"TableName": "none", "Key": {}, "AttributesToGet": ["a", "b", "a"]}),
            invalid("One or more parameter values were invalid: Duplicate value in attribute name: a"),
        ),
        (
            json!({"TableName": "none", "Key": {}, "ProjectionExpression": ""}),
            invalid("Invalid ProjectionExpression: The expression can not be empty;"),
        ),
        (json!({"TableName": "none", "Key": {}}), not_found()),
        (
            json!({"TableName": "plain", "Key": {}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"N": "1"}}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"S": "a"}, "b": {"S": "a"}}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"S": ""}}}),
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                 contain an empty string value. Key: id",
            ),
        ),
        (
            json!({"TableName": "text", "Key": {"id": {"S": "a"}, "seq": {"S": "x".repeat(1025)}}}),
            invalid(
                "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the \
                 size limit of 1024 bytes",
            ),
        ),
    ]);
}
