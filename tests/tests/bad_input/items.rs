//! Operations on items: keys, limits, pages, batches, and the parameters of before there were expressions.

use serde_json::{Value, json};

use crate::row::{Open, Row, dynamodb};
use crate::world::{self, TABLE};

const INVALID: &str = "ValidationException";
const KEY_MISMATCH: &str = "The provided key element does not match the schema";

#[test]
fn items_that_cannot_be_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = keys();
    rows.extend(puts());
    rows.extend(choices());
    rows.extend(pages());
    rows.extend(batches());
    rows.extend(expectations());
    rows.extend(legacy());
    rows
}

fn on_table(name: impl Into<String>, operation: &str, members: Value) -> Open {
    let mut body = json!({ "TableName": TABLE });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    dynamodb(name, operation, &body)
}

fn keys() -> Vec<Row> {
    let bad = [
        ("an empty key", json!({})),
        ("half a key", json!({"pk": {"S": "a"}})),
        ("the other half", json!({"sk": {"N": "1"}})),
        ("too much of a key", json!({"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"S": "y"}})),
        ("another key", json!({"a": {"S": "a"}, "b": {"N": "1"}})),
    ];
    let mistyped = [
        ("a number for a string", json!({"pk": {"N": "1"}, "sk": {"N": "1"}})),
        ("a string for a number", json!({"pk": {"S": "a"}, "sk": {"S": "1"}})),
        ("a list for a string", json!({"pk": {"L": []}, "sk": {"N": "1"}})),
        ("null for a string", json!({"pk": {"NULL": true}, "sk": {"N": "1"}})),
    ];
    let long = json!({"pk": {"S": "x".repeat(2049)}, "sk": {"N": "1"}});
    let empty = json!({"pk": {"S": ""}, "sk": {"N": "1"}});
    let mut rows = Vec::new();
    for operation in ["GetItem", "DeleteItem", "UpdateItem"] {
        for (name, key) in bad.iter().chain(&mistyped) {
            rows.push(
                on_table(format!("{operation} with {name}"), operation, json!({ "Key": key }))
                    .invalid(KEY_MISMATCH),
            );
        }
        rows.push(on_table(format!("{operation} without a key"), operation, json!({})).is(INVALID));
        rows.push(
            on_table(format!("{operation} with a key of 2,049 bytes"), operation, json!({ "Key": long }))
                .is(INVALID),
        );
        rows.push(
            on_table(format!("{operation} with an empty string as key"), operation, json!({ "Key": empty }))
                .is(INVALID),
        );
    }
    rows
}

fn puts() -> Vec<Row> {
    let put = |name: &str, item: Value| on_table(name, "PutItem", json!({ "Item": item }));
    let missing =
        |name: &str| format!("One or more parameter values were invalid: Missing the key {name} in the item");
    let mistyped = |name: &str, expected: &str, actual: &str| {
        format!(
            "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {actual}"
        )
    };
    let with = |value: Value| json!({"pk": {"S": "new"}, "sk": {"N": "1"}, "v": value});
    let long_sort = |length: usize| json!({"pk": {"S": "x".repeat(length)}, "sk": {"N": "1"}});
    vec![
        put("an empty item", json!({})).invalid(missing("pk")),
        put("an item without its partition key", json!({"sk": {"N": "1"}})).invalid(missing("pk")),
        put("an item without its sort key", json!({"pk": {"S": "new"}})).invalid(missing("sk")),
        put("a number for pk", json!({"pk": {"N": "1"}, "sk": {"N": "1"}})).invalid(mistyped("pk", "S", "N")),
        put("a set for sk", json!({"pk": {"S": "new"}, "sk": {"NS": ["1"]}}))
            .invalid(mistyped("sk", "N", "NS")),
        put("an empty pk", json!({"pk": {"S": ""}, "sk": {"N": "1"}}))
            .begins(INVALID, "One or more parameter values"),
        put("a pk of 2,049 bytes", long_sort(2049))
            .begins(INVALID, "One or more parameter values were invalid: Size of hashkey"),
        put("an item of 400 KB and one byte", with(json!({"S": "x".repeat(400 * 1024)})))
            .invalid("Item size has exceeded the maximum allowed size"),
        put("an item of 1 MB in a list", with(json!({"L": vec![json!({"S": "x".repeat(1024)}); 1024]})))
            .invalid("Item size has exceeded the maximum allowed size"),
        on_table("no item", "PutItem", json!({})).is(INVALID),
    ]
}

/// Members whose values are chosen from a list.
fn choices() -> Vec<Row> {
    let key = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    let told = |value: &str, member: &str, set: &str| {
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{set}]"
        )
    };
    let get =
        |name: &str, member: &str, value: &str| on_table(name, "GetItem", json!({"Key": key, member: value}));
    let put = |name: &str, member: &str, value: &str| {
        on_table(name, "PutItem", json!({"Item": key, member: value}))
    };
    vec![
        get("an unknown consumed capacity", "ReturnConsumedCapacity", "SOME").invalid(told(
            "SOME",
            "returnConsumedCapacity",
            "INDEXES, TOTAL, NONE",
        )),
        put("unknown return values", "ReturnValues", "SOME").invalid(told(
            "SOME",
            "returnValues",
            "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW",
        )),
        put("return values only an update knows", "ReturnValues", "ALL_NEW").is(INVALID),
        put("updated values of a put", "ReturnValues", "UPDATED_OLD").is(INVALID),
        put("unknown metrics", "ReturnItemCollectionMetrics", "MUCH").invalid(told(
            "MUCH",
            "returnItemCollectionMetrics",
            "SIZE, NONE",
        )),
        put("unknown values on failure", "ReturnValuesOnConditionCheckFailure", "NEW").invalid(told(
            "NEW",
            "returnValuesOnConditionCheckFailure",
            "ALL_OLD, NONE",
        )),
        on_table("an unknown selection", "Scan", json!({"Select": "SOME"})).is(INVALID),
        on_table("specific attributes without naming them", "Scan", json!({"Select": "SPECIFIC_ATTRIBUTES"}))
            .is(INVALID),
        on_table(
            "a count with a projection",
            "Scan",
            json!({"Select": "COUNT", "ProjectionExpression": "a"}),
        )
        .is(INVALID),
        on_table("projected attributes of a table", "Scan", json!({"Select": "ALL_PROJECTED_ATTRIBUTES"}))
            .is(INVALID),
    ]
}

fn pages() -> Vec<Row> {
    let start = |key: Value| json!({ "ExclusiveStartKey": key });
    let query = |name: &str, mut members: Value| {
        members["KeyConditionExpression"] = json!("pk = :p");
        members["ExpressionAttributeValues"] = json!({":p": {"S": "a"}});
        on_table(name, "Query", members)
    };
    vec![
        on_table("a scan of no items", "Scan", json!({"Limit": 0})).is(INVALID),
        on_table("a scan of -1 items", "Scan", json!({"Limit": -1})).is(INVALID),
        query("a query of no items", json!({"Limit": 0})).is(INVALID),
        on_table("a segment without their number", "Scan", json!({"Segment": 0})).is(INVALID),
        on_table("segments without one", "Scan", json!({"TotalSegments": 4})).is(INVALID),
        on_table("segment 4 of 4", "Scan", json!({"Segment": 4, "TotalSegments": 4})).is(INVALID),
        on_table("segment -1", "Scan", json!({"Segment": -1, "TotalSegments": 4})).is(INVALID),
        on_table("no segments", "Scan", json!({"Segment": 0, "TotalSegments": 0})).is(INVALID),
        on_table("1,000,001 segments", "Scan", json!({"Segment": 0, "TotalSegments": 1_000_001})).is(INVALID),
        on_table("a start with half a key", "Scan", start(json!({"pk": {"S": "a"}}))).is(INVALID),
        on_table("a start with another key", "Scan", start(json!({"x": {"S": "a"}}))).is(INVALID),
        on_table("a start of the wrong type", "Scan", start(json!({"pk": {"N": "1"}, "sk": {"N": "1"}})))
            .is(INVALID),
        query("a start with half a key", start(json!({"pk": {"S": "a"}}))).is(INVALID),
        query("a start in another partition", start(json!({"pk": {"S": "b"}, "sk": {"N": "1"}}))).is(INVALID),
        on_table("a query without a condition", "Query", json!({})).is(INVALID),
        query("both kinds of key condition", json!({"KeyConditions": {}})).is(INVALID),
    ]
}

fn batches() -> Vec<Row> {
    let key = |n: usize| json!({"pk": {"S": "a"}, "sk": {"N": n.to_string()}});
    let get = |name: &str, items: Value| dynamodb(name, "BatchGetItem", &json!({ "RequestItems": items }));
    let write =
        |name: &str, items: Value| dynamodb(name, "BatchWriteItem", &json!({ "RequestItems": items }));
    let keys = |list: Vec<Value>| json!({TABLE: {"Keys": list}});
    let puts =
        |count: usize| (0..count).map(|n| json!({"PutRequest": {"Item": key(n + 10)}})).collect::<Vec<_>>();
    vec![
        get("no tables", json!({})).is(INVALID),
        get("no keys", keys(vec![])).is(INVALID),
        get("101 keys", keys((0..101).map(key).collect())).is(INVALID),
        get("one key twice", keys(vec![key(1), key(1)])).invalid("Provided list of item keys contains duplicates"),
        get("a bad key", keys(vec![json!({"pk": {"S": "a"}})])).invalid(KEY_MISMATCH),
        get("a table that is not there", json!({"Nowhere": {"Keys": [key(1)]}})).is("ResourceNotFoundException"),
        get("keys that are none", json!({TABLE: {"Keys": ["a"]}})).is("SerializationException"),
        get("a table without keys", json!({TABLE: {}})).is(INVALID),
        dynamodb("no request", "BatchGetItem", &json!({})).is(INVALID),
        write("no tables", json!({})).is(INVALID),
        write("no requests", json!({TABLE: []})).is(INVALID),
        write("26 requests", json!({ TABLE: puts(26) })).is(INVALID),
        write("one item twice", json!({TABLE: [puts(1)[0], puts(1)[0]]})).invalid("Provided list of item keys contains duplicates"),
        write("an item put and deleted", json!({TABLE: [{"PutRequest": {"Item": key(1)}}, {"DeleteRequest": {"Key": key(1)}}]})).is(INVALID),
        write("neither put nor delete", json!({TABLE: [{}]})).is(INVALID),
        write("put and delete in one", json!({TABLE: [{"PutRequest": {"Item": key(8)}, "DeleteRequest": {"Key": key(9)}}]})).is(INVALID),
        write("a bad item beside a good one", json!({TABLE: [puts(1)[0], {"PutRequest": {"Item": {"pk": {"S": "a"}}}}]})).is(INVALID),
        write("a bad key beside a good item", json!({TABLE: [puts(1)[0], {"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]})).is(INVALID),
        write("a table that is not there beside one that is", json!({TABLE: [puts(1)[0]], "Nowhere": [puts(1)[0]]})).is("ResourceNotFoundException"),
        write("an item too long beside a short one", json!({TABLE: [puts(1)[0],
            {"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"N": "99"}, "v": {"S": "x".repeat(410_000)}}}}]})).is(INVALID),
        write("a request that is a string", json!({TABLE: ["put"]})).is("SerializationException"),
    ]
}

/// `Expected`.
fn expectations() -> Vec<Row> {
    let key = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    let one = json!([{"S": "a"}]);
    let expected = |name: &str, value: Value| {
        on_table(name, "DeleteItem", json!({"Key": key, "Expected": {"text": value}})).is(INVALID)
    };
    vec![
        expected("an expectation of nothing", json!({})),
        expected("a value that shall not exist", json!({"Value": {"S": "a"}, "Exists": false})),
        expected("existence without a value", json!({"Exists": true})),
        expected(
            "value and operands",
            json!({"Value": {"S": "a"}, "ComparisonOperator": "EQ", "AttributeValueList": one}),
        ),
        expected(
            "existence and comparison",
            json!({"Exists": true, "ComparisonOperator": "EQ", "AttributeValueList": one}),
        ),
        expected("an unknown comparison", json!({"ComparisonOperator": "ALMOST", "AttributeValueList": one})),
        expected("a comparison without operands", json!({"ComparisonOperator": "EQ"})),
        expected(
            "a comparison with two operands",
            json!({"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}, {"S": "b"}]}),
        ),
        expected(
            "a BETWEEN with one operand",
            json!({"ComparisonOperator": "BETWEEN", "AttributeValueList": one}),
        ),
        expected("NULL with an operand", json!({"ComparisonOperator": "NULL", "AttributeValueList": one})),
        expected(
            "BEGINS_WITH a number",
            json!({"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"N": "1"}]}),
        ),
        expected("less than a list", json!({"ComparisonOperator": "LT", "AttributeValueList": [{"L": []}]})),
        expected("operands without a comparison", json!({"AttributeValueList": one})),
    ]
}

/// `AttributeUpdates`, `KeyConditions` and filters.
fn legacy() -> Vec<Row> {
    let key = json!({"pk": {"S": "a"}, "sk": {"N": "1"}});
    let one = json!([{"S": "a"}]);
    let updates = |name: &str, value: Value| {
        on_table(name, "UpdateItem", json!({"Key": key, "AttributeUpdates": {"text": value}})).is(INVALID)
    };
    let conditions =
        |name: &str, value: Value| on_table(name, "Query", json!({ "KeyConditions": value })).is(INVALID);
    let filter =
        |name: &str, value: Value| on_table(name, "Scan", json!({"ScanFilter": {"text": value}})).is(INVALID);
    vec![
        updates("an unknown action", json!({"Action": "SET", "Value": {"S": "a"}})),
        updates("PUT without a value", json!({"Action": "PUT"})),
        updates("ADD of a string", json!({"Action": "ADD", "Value": {"S": "a"}})),
        updates("DELETE of a string from a set", json!({"Action": "DELETE", "Value": {"S": "a"}})),
        conditions("no key conditions", json!({})),
        conditions(
            "a condition on no key",
            json!({"text": {"ComparisonOperator": "EQ", "AttributeValueList": one}}),
        ),
        conditions(
            "an inequality of the partition key",
            json!({"pk": {"ComparisonOperator": "GT", "AttributeValueList": one}}),
        ),
        conditions(
            "an unequal sort key",
            json!({
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": one},
            "sk": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "1"}]}}),
        ),
        conditions(
            "a partition key of the wrong type",
            json!({"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}}),
        ),
        filter("a filter without a comparison", json!({"AttributeValueList": one})),
        filter("IN nothing", json!({"ComparisonOperator": "IN", "AttributeValueList": []})),
        filter("an unknown comparison", json!({"ComparisonOperator": "LIKE", "AttributeValueList": one})),
        on_table("an operator without conditions", "Scan", json!({"ConditionalOperator": "AND"})).is(INVALID),
        on_table(
            "an unknown operator",
            "Scan",
            json!({"ConditionalOperator": "XOR", "ScanFilter": {"text": {"ComparisonOperator": "NOT_NULL"}}}),
        )
        .is(INVALID),
        on_table("no attributes to get", "GetItem", json!({"Key": key, "AttributesToGet": []})).is(INVALID),
        on_table("an attribute to get twice", "GetItem", json!({"Key": key, "AttributesToGet": ["a", "a"]}))
            .is(INVALID),
        on_table(
            "both kinds of projection",
            "GetItem",
            json!({"Key": key, "AttributesToGet": ["a"], "ProjectionExpression": "a"}),
        )
        .is(INVALID),
    ]
}
