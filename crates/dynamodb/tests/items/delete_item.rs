//! DeleteItem.

use serde_json::json;

use crate::tables::{Tables, conditional_check_failed, invalid, not_found, violated};

#[test]
fn an_item_is_gone_and_told_where_it_was_asked_for() {
    let tables = Tables::new();
    let item = json!({"id": {"S": "a"}, "n": {"N": "1"}});
    let delete = || {
        let key = json!({"id": {"S": "a"}});
        tables.ok("DeleteItem", json!({"TableName": "plain", "Key": key, "ReturnValues": "ALL_OLD"}))
    };
    tables.put("plain", &item);
    assert_eq!(delete(), json!({"Attributes": item}));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), None);
    assert_eq!(delete(), json!({}));
}

#[test]
fn a_condition_keeps_the_item() {
    let tables = Tables::new();
    let item = json!({"id": {"S": "a"}, "n": {"N": "1"}});
    tables.put("plain", &item);
    let delete = |n: &str| {
        json!({
            "TableName": "plain", "Key": {"id": {"S": "a"}}, "ConditionExpression": "n = :n",
            "ExpressionAttributeValues": {":n": {"N": n}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        })
    };
    let error = tables.refused("DeleteItem", delete("2"));
    assert_eq!(error, conditional_check_failed().with_member("Item", item));
    assert_eq!(tables.ok("DeleteItem", delete("1.0")), json!({}));
    let legacy = json!({
        "TableName": "plain", "Key": {"id": {"S": "a"}}, "Expected": {"n": {"Value": {"N": "1"}}},
    });
    assert_eq!(tables.refused("DeleteItem", legacy), conditional_check_failed());
}

#[test]
fn it_costs_what_the_old_item_weighs() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "b": {"S": "x".repeat(3000)}}));
    let units = || {
        let key = json!({"id": {"S": "a"}});
        let delete = json!({"TableName": "plain", "Key": key, "ReturnConsumedCapacity": "TOTAL"});
        tables.ok("DeleteItem", delete)["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap()
    };
    assert_eq!((units(), units()), (3.0, 1.0));
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    tables.refuses("DeleteItem", [
        (
            json!({}),
            violated(&[
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value null at 'key' failed to satisfy constraint: Member must not be null",
            ]),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {}}, "Expected": {}, "ConditionExpression": "a = b"}),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {Expected} Expression parameters: {ConditionExpression}",
            ),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {"N": "x"}}, "ReturnValues": "ALL_NEW"}),
            invalid("The parameter cannot be converted to a numeric value: x"),
        ),
        (
            json!({"TableName": "none", "Key": {}, "ReturnValues": "UPDATED_OLD"}),
            invalid("ReturnValues can only be ALL_OLD or NONE"),
        ),
        (
            json!({"TableName": "none", "Key": {}, "ConditionExpression": "a = :a"}),
            invalid(
                "Invalid ConditionExpression: An expression attribute value used in expression is not defined; \
                 attribute value: :a",
            ),
        ),
        (
            json!({"TableName": "none", "Key": {}, "ConditionExpression": "attribute_exists(a)",
                "ExpressionAttributeValues": {":b": {"S": "x"}, ":a": {"S": "x"}}}),
            invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :b}"),
        ),
        (json!({"TableName": "none", "Key": {}}), not_found()),
        (
            json!({"TableName": "plain", "Key": {"seq": {"S": "a"}}}),
            invalid("The provided key element does not match the schema"),
        ),
    ]);
}
