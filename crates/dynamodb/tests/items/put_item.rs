//! PutItem.

use serde_json::json;

use crate::tables::{Tables, conditional_check_failed, invalid, not_found, violated};

#[test]
fn an_item_is_stored_whole_and_replaced_whole() {
    let tables = Tables::new();
    let first = json!({"id": {"S": "a"}, "n": {"N": "1"}, "m": {"M": {"x": {"L": [{"NULL": true}]}}}});
    assert_eq!(tables.ok("PutItem", json!({"TableName": "plain", "Item": first})), json!({}));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), Some(first));
    let second = json!({"id": {"S": "a"}, "s": {"SS": ["x", "y"]}});
    tables.put("plain", &second);
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), Some(second));
}

#[test]
fn the_old_item_is_told_where_it_was_asked_for_and_where_there_was_one() {
    let tables = Tables::new();
    let put = |n: &str, returned: &str| {
        let item = json!({"id": {"S": "a"}, "n": {"N": n}});
        tables.ok("PutItem", json!({"TableName": "plain", "Item": item, "ReturnValues": returned}))
    };
    assert_eq!(put("1", "ALL_OLD"), json!({}));
    assert_eq!(put("2", "ALL_OLD"), json!({"Attributes": {"id": {"S": "a"}, "n": {"N": "1"}}}));
    assert_eq!(put("3", "NONE"), json!({}));
}

#[test]
fn a_condition_looks_at_the_old_item() {
    let tables = Tables::new();
    let put = |returned: &str| {
        json!({
            "TableName": "plain", "Item": {"id": {"S": "a"}},
            "ConditionExpression": "attribute_not_exists(id)",
            "ReturnValuesOnConditionCheckFailure": returned,
        })
    };
    assert_eq!(tables.ok("PutItem", put("NONE")), json!({}));
    let error = tables.refused("PutItem", put("NONE"));
    assert_eq!(error, conditional_check_failed());
    let error = tables.refused("PutItem", put("ALL_OLD"));
    assert_eq!(error.members["Item"], json!({"id": {"S": "a"}}));
}

#[test]
fn a_failed_condition_on_nothing_tells_no_item() {
    let tables = Tables::new();
    let put = json!({
        "TableName": "plain", "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(tables.refused("PutItem", put), conditional_check_failed());
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), None);
}

#[test]
fn the_legacy_condition_looks_at_the_old_item_too() {
    let tables = Tables::new();
    let put = json!({
        "TableName": "plain", "Item": {"id": {"S": "a"}}, "Expected": {"id": {"Exists": false}},
    });
    tables.ok("PutItem", put.clone());
    assert_eq!(tables.refused("PutItem", put), conditional_check_failed());
}

#[test]
fn it_costs_a_unit_for_each_kilobyte_of_the_larger_item() {
    let tables = Tables::new();
    let put = |length: usize, told: &str| {
        let item = json!({"id": {"S": "a"}, "b": {"S": "x".repeat(length)}});
        tables.ok("PutItem", json!({"TableName": "plain", "Item": item, "ReturnConsumedCapacity": told}))
    };
    let total = |units: f64| json!({"ConsumedCapacity": {"TableName": "plain", "CapacityUnits": units}});
    assert_eq!(put(1020, "TOTAL"), total(1.0));
    assert_eq!(put(1021, "TOTAL"), total(2.0));
    assert_eq!(put(0, "TOTAL"), total(2.0));
    assert_eq!(
        put(0, "INDEXES"),
        json!({"ConsumedCapacity": {
            "TableName": "plain", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}
        }})
    );
    assert_eq!(put(0, "NONE"), json!({}));
}

#[test]
fn a_table_is_named_by_its_arn_too() {
    let tables = Tables::new();
    let arn = tables.arn("plain");
    let put = json!({"TableName": arn, "Item": {"id": {"S": "a"}}, "ReturnConsumedCapacity": "TOTAL"});
    assert_eq!(
        tables.ok("PutItem", put),
        json!({"ConsumedCapacity": {"TableName": arn, "CapacityUnits": 1.0}})
    );
    assert!(tables.item("plain", json!({"id": {"S": "a"}})).is_some());
}

#[test]
fn constraints_are_told_together() {
    let tables = Tables::new();
    tables.refuses("PutItem", [
        (
            json!({}),
            violated(&[
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value null at 'item' failed to satisfy constraint: Member must not be null",
            ]),
        ),
        (
            json!({"TableName": "plain", "Item": {}, "ReturnValues": "x", "ReturnConsumedCapacity": "y",
                "ReturnItemCollectionMetrics": "z", "ConditionalOperator": "a",
                "ReturnValuesOnConditionCheckFailure": "b"}),
            violated(&[
                "Value 'y' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum \
                 value set: [INDEXES, TOTAL, NONE]",
                "Value 'a' at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum \
                 value set: [OR, AND]",
                "Value 'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: \
                 [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                "Value 'z' at 'returnItemCollectionMetrics' failed to satisfy constraint: Member must satisfy \
                 enum value set: [SIZE, NONE]",
                "Value 'b' at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must \
                 satisfy enum value set: [ALL_OLD, NONE]",
            ]),
        ),
    ]);
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    tables.refuses("PutItem", [
        (
            json!({"TableName": "none", "Item": {"id": {}}, "ConditionExpression": "", "Expected": {}}),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {Expected} Expression parameters: {ConditionExpression}",
            ),
        ),
        (
            json!({"TableName": "none", "Item": {"id": {}}, "ExpressionAttributeNames": {}}),
            invalid("ExpressionAttributeNames can only be specified when using expressions"),
        ),
        (
            json!({"TableName": "none", "Item": {"id": {}}, "ExpressionAttributeValues": {}}),
            invalid(
                "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
            ),
        ),
        (
            json!({"TableName": "none", "Item": {"id": {}}}),
            invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ),
        (
            json!({"TableName": "none", "Item": {}, "ReturnValues": "ALL_NEW"}),
            invalid("ReturnValues can only be ALL_OLD or NONE"),
        ),
        (
            json!({"TableName": "none", "Item": {"a": {"S": "x".repeat(400 << 10)}}}),
            invalid("Item size has exceeded the maximum allowed size"),
        ),
        (json!({"TableName": "none", "Item": {}}), not_found()),
    ]);
}

#[test]
fn the_key_must_be_there_and_be_one() {
    let tables = Tables::new();
    tables.refuses("PutItem", [
        (
            json!({"TableName": "plain", "Item": {"a": {"S": "a"}}}),
            invalid("One or more parameter values were invalid: Missing the key id in the item"),
        ),
        (
            json!({"TableName": "plain", "Item": {"id": {"N": "1"}}}),
            invalid(
                "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N",
            ),
        ),
        (
            json!({"TableName": "plain", "Item": {"id": {"S": ""}}}),
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                 contain an empty string value. Key: id",
            ),
        ),
        (
            json!({"TableName": "plain", "Item": {"id": {"S": "x".repeat(2049)}}}),
            invalid(
                "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size \
                 limit of2048 bytes",
            ),
        ),
        (
            json!({"TableName": "sorted", "Item": {"id": {"S": "a"}, "seq": {"S": "1"}}}),
            invalid(
                "One or more parameter values were invalid: Type mismatch for key seq expected: N actual: S",
            ),
        ),
        (
            json!({"TableName": "binary", "Item": {"id": {"B": "AA=="}, "seq": {"B": ""}}}),
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                 contain an empty binary value. Key: seq",
            ),
        ),
    ]);
}

#[test]
fn the_largest_item_is_400_kilobytes() {
    let tables = Tables::new();
    let item = |length: usize| json!({"id": {"S": "a"}, "b": {"S": "x".repeat(length)}});
    let most = 400 * 1024 - "ida".len() - "b".len();
    tables.put("plain", &item(most));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), Some(item(most)));
    let refused = tables.refused("PutItem", json!({"TableName": "plain", "Item": item(most + 1)}));
    assert_eq!(refused.message.unwrap(), "Item size has exceeded the maximum allowed size");
}
