//! TransactWriteItems.

use serde_json::{Value, json};
use service::ApiError;

use crate::tables::{Tables, invalid, not_found, violated};

/// An action on the item `id` of `plain`, with further members.
fn on(verb: &str, id: &str, more: Value) -> Value {
    let key = json!({"id": {"S": id}});
    let mut members = match verb {
        "Put" => json!({"TableName": "plain", "Item": key}),
        _ => json!({"TableName": "plain", "Key": key}),
    };
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ verb: members })
}

fn put(id: &str) -> Value {
    on("Put", id, json!({}))
}

fn delete(id: &str) -> Value {
    on("Delete", id, json!({}))
}

fn check(id: &str, condition: &str) -> Value {
    on("ConditionCheck", id, json!({"ConditionExpression": condition}))
}

fn set(id: &str, value: Value) -> Value {
    on("Update", id, json!({"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": value}}))
}

fn add(id: &str, value: Value) -> Value {
    on("Update", id, json!({"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": value}}))
}

fn all<const N: usize>(items: [Value; N]) -> Value {
    json!({"TransactItems": items.to_vec()})
}

fn item(tables: &Tables, id: &str) -> Option<Value> {
    tables.item("plain", json!({"id": {"S": id}}))
}

fn reasons(error: &ApiError) -> Value {
    assert_eq!(error.code, "TransactionCanceledException", "{error:?}");
    error.members["CancellationReasons"].clone()
}

#[test]
fn items_of_several_tables_are_written_together() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "old"}, "n": {"N": "1"}}));
    tables.put("plain", &json!({"id": {"S": "there"}, "n": {"N": "1"}}));
    tables.put("text", &json!({"id": {"S": "a"}, "seq": {"S": "b"}}));
    let sorted = json!({"id": {"S": "a"}, "seq": {"N": "1"}});
    let text = json!({
        "TableName": "text", "Key": {"id": {"S": "a"}, "seq": {"S": "b"}},
        "ConditionExpression": "attribute_exists(#i)", "ExpressionAttributeNames": {"#i": "id"},
    });
    let answer = tables.ok(
        "TransactWriteItems",
        all([
            put("new"),
            delete("old"),
            set("there", json!({"N": "2"})),
            set("made", json!({"N": "3"})),
            delete("none"),
            json!({"Put": {"TableName": tables.arn("sorted"), "Item": sorted}}),
            json!({"ConditionCheck": text}),
        ]),
    );
    assert_eq!(answer, json!({}));
    assert_eq!(item(&tables, "new"), Some(json!({"id": {"S": "new"}})));
    assert_eq!(item(&tables, "there"), Some(json!({"id": {"S": "there"}, "n": {"N": "2"}})));
    assert_eq!(item(&tables, "made"), Some(json!({"id": {"S": "made"}, "n": {"N": "3"}})));
    assert_eq!((item(&tables, "old"), item(&tables, "none")), (None, None));
    assert_eq!(tables.item("sorted", sorted.clone()), Some(sorted));
}

#[test]
fn nothing_is_written_where_one_item_is_refused_and_each_has_its_reason() {
    let tables = Tables::new();
    let there = json!({"id": {"S": "there"}, "n": {"S": "text"}});
    tables.put("plain", &there);
    let unless = json!({
        "ConditionExpression": "attribute_not_exists(id)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let error = tables.refused(
        "TransactWriteItems",
        all([
            put("new"),
            on("Put", "there", unless),
            check("none", "attribute_exists(id)"),
            json!({"Put": {"TableName": "sorted", "Item": {"id": {"S": "a"}, "seq": {"S": "1"}}}}),
            json!({"Delete": {"TableName": "sorted", "Key": {"id": {"S": "a"}}}}),
            json!({"Put": {"TableName": "plain", "Item": {"id": {"S": ""}}}}),
        ]),
    );
    assert_eq!(
        error.message.as_deref(),
        Some(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [None, \
             ConditionalCheckFailed, ConditionalCheckFailed, ValidationError, ValidationError, ValidationError]"
        )
    );
    let failed = "The conditional request failed";
    let mismatch =
        "One or more parameter values were invalid: Type mismatch for key seq expected: N actual: S";
    let empty = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
                 empty string value. Key: id";
    assert_eq!(
        reasons(&error),
        json!([
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": failed, "Item": there},
            {"Code": "ConditionalCheckFailed", "Message": failed},
            {"Code": "ValidationError", "Message": mismatch},
            {"Code": "ValidationError", "Message": "The provided key element does not match the schema"},
            {"Code": "ValidationError", "Message": empty},
        ])
    );
    assert_eq!((item(&tables, "new"), item(&tables, "there")), (None, Some(there)));
}

#[test]
fn an_update_that_the_item_does_not_allow_is_a_reason() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "n": {"S": "text"}}));
    let large = "x".repeat(400 << 10);
    let remade = json!({"UpdateExpression": "SET id = :v", "ExpressionAttributeValues": {":v": {"S": "b"}}});
    let nowhere =
        json!({"UpdateExpression": "SET a.b = :v", "ExpressionAttributeValues": {":v": {"S": "b"}}});
    let missing =
        json!({"UpdateExpression": "SET m = x + :v", "ExpressionAttributeValues": {":v": {"N": "1"}}});
    let part = json!({"ConditionExpression": "id.x = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}});
    for (action, told) in [
        (add("a", json!({"N": "1"})), "An operand in the update expression has an incorrect data type"),
        (set("a", json!({"S": large})), "Item size to update has exceeded the maximum allowed size"),
        (
            on("Update", "a", remade),
            "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
        ),
        (
            on("Update", "a", nowhere),
            "The document path provided in the update expression is invalid for update",
        ),
        (
            on("Update", "a", missing),
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            on("Put", "a", part),
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id",
        ),
    ] {
        let error = tables.refused("TransactWriteItems", all([put("new"), action]));
        assert_eq!(reasons(&error), json!([{"Code": "None"}, {"Code": "ValidationError", "Message": told}]));
    }
    assert_eq!(item(&tables, "new"), None);
}

#[test]
fn a_hundred_items_of_four_megabytes_are_the_most() {
    let tables = Tables::new();
    let puts =
        |count: usize| json!({"TransactItems": (0..count).map(|n| put(&n.to_string())).collect::<Vec<_>>()});
    tables.refuses(
        "TransactWriteItems",
        [
            (
                puts(101),
                violated(&[
                    "Value '[...]' at 'transactItems' failed to satisfy constraint: Member must have length \
                            less than or equal to 100",
                ]),
            ),
            (
                all([put("a"), set("b", json!({"S": "x".repeat((4 << 20) - 15)}))]),
                invalid("Transaction payload size cannot exceed 4MB. Payload Size: 4194305"),
            ),
        ],
    );
    tables.ok("TransactWriteItems", puts(100));
    assert!(item(&tables, "99").is_some());
    let large = |n: usize| set(&n.to_string(), json!({"S": "x".repeat(390 << 10)}));
    tables.ok("TransactWriteItems", json!({"TransactItems": (0..10).map(large).collect::<Vec<_>>()}));
}

#[test]
fn a_request_under_a_token_is_done_once() {
    let tables = Tables::new();
    let count = |token: &str, by: &str| {
        json!({
            "ClientRequestToken": token, "ReturnConsumedCapacity": "TOTAL",
            "TransactItems": [add("a", json!({"N": by})), check("none", "attribute_not_exists(id)")],
        })
    };
    let n = || item(&tables, "a").unwrap()["n"]["N"].clone();
    let consumed = |side: &str| json!([{"TableName": "plain", "CapacityUnits": 4.0, side: 4.0}]);
    let first = tables.ok("TransactWriteItems", count("t", "1"));
    assert_eq!(first, json!({"ConsumedCapacity": consumed("WriteCapacityUnits")}));
    // What its condition would refuse by now does not matter.
    tables.put("plain", &json!({"id": {"S": "none"}}));
    let again = tables.ok("TransactWriteItems", count("t", "1"));
    assert_eq!((again, n()), (json!({"ConsumedCapacity": consumed("ReadCapacityUnits")}), json!("1")));
    let other = tables.refused("TransactWriteItems", count("t", "2"));
    assert_eq!(other.code, "IdempotentParameterMismatchException");
    tables.advance_s(601);
    let late = tables.refused("TransactWriteItems", count("t", "1"));
    assert_eq!(reasons(&late)[1]["Code"], "ConditionalCheckFailed");
}

#[test]
fn a_token_of_what_was_cancelled_may_be_used_again() {
    let tables = Tables::new();
    let under = |token: &str, action| json!({"ClientRequestToken": token, "TransactItems": [action]});
    for _ in 0..2 {
        let error = tables.refused("TransactWriteItems", under("t", check("a", "attribute_exists(id)")));
        assert_eq!(reasons(&error)[0]["Code"], "ConditionalCheckFailed");
    }
    tables.ok("TransactWriteItems", under("t", put("a")));
    let other = tables.refused("TransactWriteItems", under("t", delete("a")));
    assert_eq!(other.code, "IdempotentParameterMismatchException");
    tables.ok("TransactWriteItems", under("t2", check("a", "attribute_exists(id)")));
}

#[test]
fn it_costs_twice_what_its_items_cost_alone() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "v": {"S": "x".repeat(3000)}}));
    let sorted = json!({"Put": {"TableName": "sorted", "Item": {"id": {"S": "a"}, "seq": {"N": "1"}}}});
    let answer = tables.ok(
        "TransactWriteItems",
        json!({
            "ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE",
            "TransactItems": [put("b"), sorted, check("a", "attribute_exists(v)"), delete("none")],
        }),
    );
    let units = |table: &str, units: f64| {
        json!({
            "TableName": table, "CapacityUnits": units, "WriteCapacityUnits": units,
            "Table": {"CapacityUnits": units, "WriteCapacityUnits": units},
        })
    };
    assert_eq!(answer, json!({"ConsumedCapacity": [units("plain", 10.0), units("sorted", 2.0)]}));
}

#[test]
fn what_is_wrong_is_told_before_anything_is_looked_at() {
    let tables = Tables::new();
    let must = "failed to satisfy constraint: Member must";
    let twice = "Transaction request cannot include multiple operations on one item";
    let one_of = "TransactItems can only contain one of Check, Put, Update or Delete";
    let both = json!({"Put": put("a")["Put"], "Delete": delete("a")["Delete"]});
    let elsewhere = |table: &str| json!({"Put": {"TableName": table, "Item": {"id": {"S": "a"}}}});
    tables.refuses(
        "TransactWriteItems",
        [
            (json!({}), violated(&[&format!("Value null at 'transactItems' {must} not be null")])),
            (
                all([]),
                violated(&[&format!("Value '[]' at 'transactItems' {must} have length greater than or equal to 1")]),
            ),
            (
                json!({"TransactItems": [put("a")], "ClientRequestToken": "x".repeat(37)}),
                violated(&[&format!(
                    "Value '{}' at 'clientRequestToken' {must} have length less than or equal to 36",
                    "x".repeat(37)
                )]),
            ),
            (
                json!({"TransactItems": [{"Update": {}}], "ReturnConsumedCapacity": "x"}),
                violated(&[
                    &format!("Value 'x' at 'returnConsumedCapacity' {must} satisfy enum value set: [INDEXES, TOTAL, NONE]"),
                    &format!("Value null at 'transactItems.1.member.update.tableName' {must} not be null"),
                    &format!("Value null at 'transactItems.1.member.update.key' {must} not be null"),
                    &format!("Value null at 'transactItems.1.member.update.updateExpression' {must} not be null"),
                ]),
            ),
            (
                all([on("ConditionCheck", "a", json!({}))]),
                violated(&[&format!(
                    "Value null at 'transactItems.1.member.conditionCheck.conditionExpression' {must} not be null"
                )]),
            ),
            (all([json!({"Put": 1})]), ("SerializationException", "Unexpected field type".into())),
            (all([put("b"), both]), invalid(one_of)),
            (
                all([json!({})]),
                invalid("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"),
            ),
            (
                all([on("Put", "a", json!({"ConditionExpression": ""})), json!({})]),
                invalid("Invalid ConditionExpression: The expression can not be empty;"),
            ),
            (
                all([on("Delete", "a", json!({"ExpressionAttributeValues": {":v": {"N": "1"}}}))]),
                invalid(
                    "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
                ),
            ),
            (
                all([on("Put", "a", json!({"Item": {"id": {"S": "a"}, "v": {"S": "x".repeat(400 << 10)}}}))]),
                invalid("Item size has exceeded the maximum allowed size"),
            ),
            (all([put("a"), elsewhere("nowhere"), put("a")]), not_found()),
            (all([put("a"), check("a", "attribute_exists(id)")]), invalid(twice)),
            (all([put("a"), elsewhere(&tables.arn("plain"))]), invalid(twice)),
        ],
    );
}
