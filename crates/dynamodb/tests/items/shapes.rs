//! Members of the wrong JSON type, and constraints inside of members.

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, violated};

fn serialization(text: &str) -> (&'static str, String) {
    ("SerializationException", text.to_owned())
}

#[test]
fn a_wrong_json_type_is_told_before_anything_else() {
    let tables = Tables::new();
    let string = "NUMBER_VALUE cannot be converted to String";
    tables.refuses(
        "PutItem",
        [
            (json!({"TableName": 1}), serialization(string)),
            (json!({"Item": "x"}), serialization("Unexpected field type")),
            (
                json!({"Item": []}),
                serialization(
                    "Unrecognized collection type java.util.Map<java.lang.String, \
                     com.amazonaws.dynamodb.v20120810.AttributeValue>",
                ),
            ),
            (json!({"Item": {"a": {}, "b": {"S": 1}}}), serialization(string)),
            (json!({"Item": {"a": "x"}}), serialization("Unexpected value type in payload")),
            (
                json!({"ConditionExpression": {}}),
                serialization("Start of structure or map found where not expected"),
            ),
            (json!({"ExpressionAttributeNames": {"#a": 1}}), serialization(string)),
            (json!({"ExpressionAttributeValues": {":a": {"N": 1}}}), serialization(string)),
            (
                json!({"Expected": {"a": {"Exists": "x"}}}),
                serialization("Unexpected token received from parser"),
            ),
            (json!({"Expected": {"a": {"Value": 1}}}), serialization("Unexpected field type")),
            (json!({"Expected": {"a": {"AttributeValueList": [{"S": 1}]}}}), serialization(string)),
        ],
    );
    tables.refuses(
        "Query",
        [
            (json!({"Limit": "x"}), serialization("STRING_VALUE cannot be converted to Integer")),
            (json!({"ScanIndexForward": "x"}), serialization("Unexpected token received from parser")),
            (json!({"ExclusiveStartKey": {"a": {"S": 1}}}), serialization(string)),
            (json!({"AttributesToGet": [1]}), serialization(string)),
        ],
    );
    tables.refuses(
        "BatchWriteItem",
        [
            (
                json!({"RequestItems": []}),
                serialization(
                    "Unrecognized collection type java.util.Map<java.lang.String, \
                     java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>",
                ),
            ),
            (
                json!({"RequestItems": {"plain": {}}}),
                serialization("Start of structure or map found where not expected"),
            ),
            (json!({"RequestItems": {"plain": [1]}}), serialization("Unexpected value type in payload")),
            (
                json!({"RequestItems": {"plain": [[]]}}),
                serialization(
                    "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.WriteRequest",
                ),
            ),
        ],
    );
}

#[test]
fn constraints_inside_of_members_are_told_by_their_path() {
    let tables = Tables::new();
    let key = json!({"id": {"S": "a"}});
    let operators =
        "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]";
    let not_an_operator = |path: &str| {
        let told = format!(
            "Value 'x' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: {operators}"
        );
        violated(&[&told])
    };
    let of = |name: &str, value: Value| {
        let mut body = json!({"TableName": "plain", "Key": key});
        body[name] = value;
        body
    };
    tables.refuses("UpdateItem", [
        (
            of("Expected", json!({"A": {"ComparisonOperator": "x"}})),
            not_an_operator("expected.A.member.comparisonOperator"),
        ),
        (
            of("AttributeUpdates", json!({"A": {"Action": "x"}})),
            violated(&["Value 'x' at 'attributeUpdates.A.member.action' failed to satisfy constraint: Member must \
                        satisfy enum value set: [ADD, DELETE, PUT]"]),
        ),
    ]);
    tables.refuses(
        "Query",
        [
            (
                of("KeyConditions", json!({"A": {"ComparisonOperator": "x"}})),
                not_an_operator("keyConditions.A.member.comparisonOperator"),
            ),
            (
                of("QueryFilter", json!({"A": {}})),
                violated(&[
                    "Value null at 'queryFilter.A.member.comparisonOperator' failed to satisfy constraint: \
                        Member must not be null",
                ]),
            ),
        ],
    );
}

#[test]
fn older_parameters_are_told_in_the_words_of_aws() {
    let tables = Tables::new();
    let key = json!({"id": {"S": "a"}});
    let base = "One or more parameter values were invalid: ";
    let expecting = |members: Value| {
        let mut body = members;
        body["TableName"] = json!("none");
        body["Key"] = key.clone();
        body
    };
    tables.refuses("DeleteItem", [
        (
            expecting(json!({"ConditionalOperator": "OR"})),
            invalid("ConditionalOperator cannot be used without Filter or Expected"),
        ),
        (
            expecting(json!({"ConditionalOperator": "AND", "Expected": {"a": {"Exists": false}}})),
            invalid("ConditionalOperator can only be used when Filter or Expected has two or more elements"),
        ),
        (
            expecting(json!({"Expected": {"a": {"Exists": true}}})),
            invalid(&format!("{base}Value must be provided when Exists is true for Attribute: a")),
        ),
        (
            expecting(json!({"Expected": {"a": {"Value": {"SS": []}}}})),
            invalid(&format!("{base}An string set  may not be empty")),
        ),
        (
            expecting(json!({"ConditionalOperator": "OR", "ConditionExpression": "a = b"})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {ConditionalOperator} Expression parameters: {ConditionExpression}",
            ),
        ),
    ]);
    tables.refuses(
        "UpdateItem",
        [(
            expecting(json!({"AttributeUpdates": {"a": {"Action": "PUT"}}})),
            invalid(&format!("{base}Only DELETE action is allowed when no attribute value is specified")),
        )],
    );
    let query = |conditions: Value| json!({"TableName": "none", "KeyConditions": conditions});
    tables.refuses(
        "Query",
        [
            (query(json!({})), invalid("Conditions can be of length 1 or 2 only")),
            (
                query(json!({"a": {"ComparisonOperator": "NE", "AttributeValueList": [{"S": "a"}]}})),
                invalid("Attempted conditional constraint is not an indexable operation"),
            ),
            (
                query(json!({"a": {"ComparisonOperator": "EQ", "AttributeValueList": []}})),
                invalid(&format!("{base}Invalid number of argument(s) for the EQ ComparisonOperator")),
            ),
        ],
    );
}

#[test]
fn deep_expressions_and_documents_are_refused_and_the_room_lives() {
    let tables = Tables::new();
    let nested = format!("{}a = a{}", "(".repeat(2000), ")".repeat(2000));
    let deep = (0..40).fold(json!({"S": "x"}), |value, _| json!({"L": [value]}));
    tables.refused(
        "PutItem",
        json!({"TableName": "plain", "Item": {"id": {"S": "a"}}, "ConditionExpression": nested}),
    );
    let refusal =
        tables.refused("PutItem", json!({"TableName": "plain", "Item": {"id": {"S": "a"}, "d": deep}}));
    assert!(refusal.message.unwrap().starts_with("Nesting Levels have exceeded supported limits"));
    tables.put("plain", &json!({"id": {"S": "a"}}));
}

#[test]
fn tables_and_attributes_have_names() {
    let tables = Tables::new();
    let put = |name: &str| json!({"TableName": "plain", "Item": {"id": {"S": "a"}, name: {"S": "x"}}});
    tables.refuses(
        "PutItem",
        [
            (
                json!({"TableName": "", "Item": {}}),
                violated(&["Value '' at 'tableName' failed to satisfy constraint: Member must have length greater \
                            than or equal to 1"]),
            ),
            (put(""), invalid("One or more parameter values were invalid: Empty attribute name")),
            (
                put(&"n".repeat(65536)),
                invalid(
                    "One or more parameter values were invalid: Attribute name is too large, must be less than \
                     65536 bytes",
                ),
            ),
        ],
    );
    tables.ok("PutItem", put(&"n".repeat(65535)));
}

#[test]
fn a_part_of_a_key_attribute_is_refused_wherever_it_is_named() {
    let tables = Tables::new();
    let told =
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id";
    let one = json!({":v": {"N": "1"}});
    let key = json!({"id": {"S": "a"}});
    for (operation, request) in [
        ("GetItem", json!({"TableName": "plain", "Key": key, "ProjectionExpression": "id.x"})),
        (
            "PutItem",
            json!({"TableName": "plain", "Item": key, "ConditionExpression": "id[0] = :v", "ExpressionAttributeValues": one}),
        ),
        (
            "DeleteItem",
            json!({"TableName": "plain", "Key": key, "ConditionExpression": "id.x = :v", "ExpressionAttributeValues": one}),
        ),
        ("UpdateItem", json!({"TableName": "plain", "Key": key, "UpdateExpression": "SET q = id.x"})),
        (
            "Scan",
            json!({"TableName": "plain", "FilterExpression": "id.x = :v", "ExpressionAttributeValues": one}),
        ),
        (
            "BatchGetItem",
            json!({"RequestItems": {"plain": {"Keys": [key], "ProjectionExpression": "id[1]"}}}),
        ),
    ] {
        tables.refuses(operation, [(request, invalid(told))]);
    }
}
