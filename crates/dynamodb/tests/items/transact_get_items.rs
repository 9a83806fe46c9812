//! TransactGetItems.

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, not_found, violated};

fn get(id: &str, more: Value) -> Value {
    let mut members = json!({"TableName": "plain", "Key": {"id": {"S": id}}});
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "Get": members })
}

fn all<const N: usize>(items: [Value; N]) -> Value {
    json!({"TransactItems": items.to_vec()})
}

#[test]
fn items_come_in_order_with_nothing_for_what_is_not_there() {
    let tables = Tables::new();
    let (plain, sorted) =
        (json!({"id": {"S": "a"}, "n": {"N": "1"}}), json!({"id": {"S": "a"}, "seq": {"N": "1"}}));
    tables.put("plain", &plain);
    tables.put("sorted", &sorted);
    let answer = tables.ok(
        "TransactGetItems",
        json!({
            "ReturnConsumedCapacity": "TOTAL",
            "TransactItems": [
                get("none", json!({})),
                {"Get": {"TableName": tables.arn("sorted"), "Key": sorted}},
                get("a", json!({"ProjectionExpression": "#n, x", "ExpressionAttributeNames": {"#n": "n"}})),
                get("none2", json!({"ProjectionExpression": "n"})),
            ],
        }),
    );
    let units = |table: String, units: f64| json!({"TableName": table, "CapacityUnits": units, "ReadCapacityUnits": units});
    assert_eq!(
        answer,
        json!({
            "Responses": [{}, {"Item": sorted}, {"Item": {"n": {"N": "1"}}}, {}],
            "ConsumedCapacity": [units("plain".into(), 6.0), units(tables.arn("sorted"), 2.0)],
        })
    );
    let nothing_of_it = tables.ok("TransactGetItems", all([get("a", json!({"ProjectionExpression": "x"}))]));
    assert_eq!(nothing_of_it, json!({"Responses": [{"Item": {}}]}));
}

#[test]
fn a_hundred_items_of_four_megabytes_are_the_most() {
    let tables = Tables::new();
    let gets = |from: usize, to: usize| json!({"TransactItems": (from..to).map(|n| get(&n.to_string(), json!({}))).collect::<Vec<_>>()});
    for n in 0..11 {
        tables.put("plain", &json!({"id": {"S": n.to_string()}, "v": {"S": "x".repeat(390 << 10)}}));
    }
    tables.refuses(
        "TransactGetItems",
        [
            (
                gets(0, 101),
                violated(&[
                    "Value '[...]' at 'transactItems' failed to satisfy constraint: Member must have length \
                            less than or equal to 100",
                ]),
            ),
            (gets(0, 11), invalid("Payload in response is too large.4393005")),
        ],
    );
    let answer = tables.ok("TransactGetItems", gets(1, 101));
    assert_eq!(answer["Responses"].as_array().unwrap().len(), 100);
}

#[test]
fn a_key_that_does_not_fit_its_table_is_a_reason() {
    let tables = Tables::new();
    let wrong = json!({"Get": {"TableName": "sorted", "Key": {"id": {"S": "a"}}}});
    let error = tables.refused("TransactGetItems", all([get("a", json!({})), wrong]));
    assert_eq!(error.code, "TransactionCanceledException");
    let told = "The provided key element does not match the schema";
    assert_eq!(
        error.members["CancellationReasons"],
        json!([{"Code": "None"}, {"Code": "ValidationError", "Message": told}])
    );
}

#[test]
fn what_is_wrong_is_told_before_anything_is_looked_at() {
    let tables = Tables::new();
    let null =
        |path: &str| format!("Value null at '{path}' failed to satisfy constraint: Member must not be null");
    tables.refuses(
        "TransactGetItems",
        [
            (json!({}), violated(&[&null("transactItems")])),
            (
                all([json!({}), json!({"Get": {}})]),
                violated(&[
                    &null("transactItems.1.member.get"),
                    &null("transactItems.2.member.get.tableName"),
                    &null("transactItems.2.member.get.key"),
                ]),
            ),
            (
                all([get("a", json!({"ExpressionAttributeNames": {"#a": "a"}}))]),
                invalid("ExpressionAttributeNames can only be specified when using expressions"),
            ),
            (
                all([get("a", json!({"ProjectionExpression": ""}))]),
                invalid("Invalid ProjectionExpression: The expression can not be empty;"),
            ),
            (all([get("a", json!({"TableName": "nowhere"}))]), not_found()),
            (
                all([get("a", json!({})), get("a", json!({"ProjectionExpression": "n"}))]),
                invalid("Transaction request cannot include multiple operations on one item"),
            ),
        ],
    );
}
