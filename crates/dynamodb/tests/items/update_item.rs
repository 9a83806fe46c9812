//! UpdateItem.

use serde_json::{Value, json};

use crate::tables::{Tables, conditional_check_failed, invalid, not_found, violated};

fn update(expression: &str, values: &Value, returned: &str) -> Value {
    let mut update = json!({
        "TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": expression,
        "ReturnValues": returned,
    });
    if values.as_object().is_some_and(|values| !values.is_empty()) {
        update["ExpressionAttributeValues"] = values.clone();
    }
    update
}

#[test]
fn an_absent_item_is_made_from_its_key() {
    let tables = Tables::new();
    tables.ok("UpdateItem", json!({"TableName": "plain", "Key": {"id": {"S": "a"}}}));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), Some(json!({"id": {"S": "a"}})));
    let answer = tables.ok(
        "UpdateItem",
        json!({
            "TableName": "plain", "Key": {"id": {"S": "b"}}, "UpdateExpression": "SET n = :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}}, "ReturnValues": "ALL_NEW",
        }),
    );
    assert_eq!(answer, json!({"Attributes": {"id": {"S": "b"}, "n": {"N": "1"}}}));
}

#[test]
fn only_removing_makes_no_item() {
    let tables = Tables::new();
    tables.ok("UpdateItem", update("REMOVE n", &json!({}), "NONE"));
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})), None);
}

#[test]
fn what_is_returned_is_what_was_asked_for() {
    let tables = Tables::new();
    let reset = || {
        tables.put(
            "plain",
            &json!({"id": {"S": "a"}, "n": {"N": "1"}, "k": {"S": "kept"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}}),
        );
    };
    let set = |returned: &str| {
        reset();
        let values = json!({":n": {"N": "1"}, ":x": {"N": "5"}});
        let mut answer = tables
            .ok("UpdateItem", update("SET n = n + :n, m.x = :x, w = :x REMOVE gone", &values, returned));
        answer["Attributes"].take()
    };
    assert_eq!(set("NONE"), json!(null));
    assert_eq!(
        set("ALL_OLD"),
        json!({"id": {"S": "a"}, "n": {"N": "1"}, "k": {"S": "kept"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}})
    );
    assert_eq!(
        set("ALL_NEW"),
        json!({"id": {"S": "a"}, "n": {"N": "2"}, "k": {"S": "kept"}, "w": {"N": "5"},
            "m": {"M": {"x": {"N": "5"}, "y": {"N": "2"}}}})
    );
    assert_eq!(set("UPDATED_OLD"), json!({"n": {"N": "1"}, "m": {"M": {"x": {"N": "1"}}}}));
    assert_eq!(set("UPDATED_NEW"), json!({"n": {"N": "2"}, "m": {"M": {"x": {"N": "5"}}}, "w": {"N": "5"}}));
}

#[test]
fn nothing_to_return_is_an_empty_answer() {
    let tables = Tables::new();
    let values = json!({":n": {"N": "1"}});
    assert_eq!(tables.ok("UpdateItem", update("SET n = :n", &values, "ALL_OLD")), json!({}));
    assert_eq!(tables.ok("UpdateItem", update("REMOVE n", &json!({}), "UPDATED_NEW")), json!({}));
    assert_eq!(tables.ok("UpdateItem", update("REMOVE n", &json!({}), "UPDATED_OLD")), json!({}));
}

#[test]
fn the_legacy_parameters_do_the_same() {
    let tables = Tables::new();
    tables.put(
        "plain",
        &json!({"id": {"S": "a"}, "n": {"N": "1"}, "gone": {"S": "x"}, "s": {"SS": ["a", "b"]}}),
    );
    let update = json!({
        "TableName": "plain", "Key": {"id": {"S": "a"}}, "ReturnValues": "ALL_NEW",
        "Expected": {"n": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "2"}]}},
        "AttributeUpdates": {
            "n": {"Action": "ADD", "Value": {"N": "1"}},
            "gone": {"Action": "DELETE"},
            "s": {"Action": "DELETE", "Value": {"SS": ["a"]}},
            "p": {"Value": {"S": "put"}},
        },
    });
    assert_eq!(
        tables.ok("UpdateItem", update.clone()),
        json!({"Attributes": {"id": {"S": "a"}, "n": {"N": "2"}, "p": {"S": "put"}, "s": {"SS": ["b"]}}})
    );
    assert_eq!(tables.refused("UpdateItem", update), conditional_check_failed());
}

#[test]
fn a_condition_guards_the_update() {
    let tables = Tables::new();
    let mut first = update("SET n = :n", &json!({":n": {"N": "1"}}), "NONE");
    first["ConditionExpression"] = json!("attribute_not_exists(n)");
    tables.ok("UpdateItem", first.clone());
    assert_eq!(tables.refused("UpdateItem", first.clone()), conditional_check_failed());
    first["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    let item = json!({"id": {"S": "a"}, "n": {"N": "1"}});
    assert_eq!(tables.refused("UpdateItem", first), conditional_check_failed().with_member("Item", item));
}

#[test]
fn a_counter_counts() {
    let tables = Tables::new();
    for _ in 0..10 {
        tables.ok("UpdateItem", update("ADD n :one", &json!({":one": {"N": "1"}}), "NONE"));
    }
    assert_eq!(tables.item("plain", json!({"id": {"S": "a"}})).unwrap()["n"], json!({"N": "10"}));
}

#[test]
fn an_item_does_not_grow_beyond_400_kilobytes() {
    let tables = Tables::new();
    let long = json!({":s": {"S": "x".repeat(300 << 10)}});
    tables.ok("UpdateItem", update("SET s = :s", &long, "NONE"));
    let error = tables.refused("UpdateItem", update("SET t = :s", &long, "NONE"));
    assert_eq!(error.message.unwrap(), "Item size to update has exceeded the maximum allowed size");
    assert!(tables.item("plain", json!({"id": {"S": "a"}})).unwrap().get("t").is_none());
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    let one = json!({":n": {"N": "1"}});
    tables.refuses("UpdateItem", [
        (
            json!({}),
            violated(&[
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value null at 'key' failed to satisfy constraint: Member must not be null",
            ]),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {}}, "UpdateExpression": "", "AttributeUpdates": {},
                "Expected": {}}),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression}",
            ),
        ),
        (
            json!({"TableName": "none", "Key": {"a": {}}, "ExpressionAttributeValues": {}}),
            invalid(
                "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and \
                 ConditionExpression are null",
            ),
        ),
        (
            json!({"TableName": "none", "Key": {}, "UpdateExpression": ""}),
            invalid("Invalid UpdateExpression: The expression can not be empty;"),
        ),
        (json!({"TableName": "none", "Key": {}}), not_found()),
        (
            json!({"TableName": "plain", "Key": {}}),
            invalid("The provided key element does not match the schema"),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET id = :n",
                "ExpressionAttributeValues": one}),
            invalid(
                "One or more parameter values were invalid: Cannot update attribute id. This attribute is part \
                 of the key",
            ),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET n = n + :n",
                "ExpressionAttributeValues": one}),
            invalid("The provided expression refers to an attribute that does not exist in the item"),
        ),
        (
            json!({"TableName": "plain", "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET m.n = :n",
                "ExpressionAttributeValues": one}),
            invalid("The document path provided in the update expression is invalid for update"),
        ),
    ]);
}
