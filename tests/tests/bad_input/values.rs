//! Attribute values that DynamoDB does not take, wherever a value may stand.

use serde_json::{Value, json};

use crate::row::{Row, dynamodb};
use crate::world::{self, TABLE};

const EMPTY: &str = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
const SEVERAL: &str = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of \
                       the supported datatypes";
const NOT_A_NUMBER: &str = "The parameter cannot be converted to a numeric value";
const OVERFLOW: &str =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";
const UNDERFLOW: &str =
    "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const PRECISION: &str = "Attempting to store more than 38 significant digits in a Number";
const NESTED: &str = "Nesting Levels have exceeded supported limits";

#[test]
fn values_that_are_none_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, value, text) in invalid() {
        rows.push(
            dynamodb(format!("put {name}"), "PutItem", &put(&value)).begins("ValidationException", text),
        );
    }
    for (name, value, text) in invalid() {
        let row = dynamodb(format!("update with {name}"), "UpdateItem", &update(&value));
        // AWS tells where the value stands: `ExpressionAttributeValues contains invalid value: … for key :v`.
        rows.push(row.begins("ValidationException", in_expression(text)));
    }
    for (name, value) in of_wrong_json_type() {
        rows.push(dynamodb(format!("put {name}"), "PutItem", &put(&value)).is("SerializationException"));
    }
    rows
}

fn put(value: &Value) -> Value {
    json!({"TableName": TABLE, "Item": {"pk": {"S": "new"}, "sk": {"N": "1"}, "v": value}})
}

fn update(value: &Value) -> Value {
    json!({"TableName": TABLE, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": {":v": value}})
}

fn in_expression(text: &str) -> String {
    format!("ExpressionAttributeValues contains invalid value: {text}")
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({"S": "deep"}), |inner, level| match level % 2 {
        0 => json!({"L": [inner]}),
        _ => json!({"M": {"a": inner}}),
    })
}

fn invalid() -> Vec<(&'static str, Value, &'static str)> {
    let number = |text: String| json!({ "N": text });
    let mut rows = vec![
        ("no type", json!({}), EMPTY),
        ("an unknown type", json!({"X": "1"}), EMPTY),
        ("a lower-case type", json!({"s": "1"}), EMPTY),
        ("null for a string", json!({"S": null}), EMPTY),
        ("two types", json!({"S": "a", "N": "1"}), SEVERAL),
        ("a list and a map", json!({"L": [], "M": {}}), SEVERAL),
        (
            "NULL that is false",
            json!({"NULL": false}),
            "One or more parameter values were invalid: Null attribute",
        ),
        (
            "an empty SS",
            json!({"SS": []}),
            "One or more parameter values were invalid: An string set  may not be empty",
        ),
        (
            "an empty NS",
            json!({"NS": []}),
            "One or more parameter values were invalid: An number set  may not be empty",
        ),
        (
            "an empty BS",
            json!({"BS": []}),
            "One or more parameter values were invalid: Binary sets should not be empty",
        ),
        (
            "SS with a repetition",
            json!({"SS": ["a", "b", "a"]}),
            "One or more parameter values were invalid: Input collection [a, b, a] contains duplicates.",
        ),
        ("NS with a repetition", json!({"NS": ["1", "1"]}), "Input collection"),
        ("NS with a repetition in disguise", json!({"NS": ["10", "1e1"]}), "Input collection"),
        (
            "BS with a repetition",
            json!({"BS": ["YQ==", "YQ=="]}),
            "One or more parameter values were invalid: Input collection",
        ),
        ("a bad value in a list", json!({"L": [{"S": "a"}, {}]}), EMPTY),
        ("a bad value in a map", json!({"M": {"a": {"N": "x"}}}), NOT_A_NUMBER),
        ("33 levels", nested(33), NESTED),
        ("45 levels", nested(45), NESTED),
    ];
    rows.extend(numbers().into_iter().map(|(name, text, told)| (name, number(text), told)));
    rows
}

/// Texts that are no number, or none that 38 digits can tell.
fn numbers() -> Vec<(&'static str, String, &'static str)> {
    vec![
        ("an empty number", String::new(), NOT_A_NUMBER),
        ("a word", "abc".into(), NOT_A_NUMBER),
        ("a number with a unit", "1kg".into(), NOT_A_NUMBER),
        ("two points", "1.2.3".into(), NOT_A_NUMBER),
        ("two signs", "--1".into(), NOT_A_NUMBER),
        ("a sign alone", "-".into(), NOT_A_NUMBER),
        ("a point alone", ".".into(), NOT_A_NUMBER),
        ("an exponent alone", "e5".into(), NOT_A_NUMBER),
        ("an exponent without digits", "1e".into(), NOT_A_NUMBER),
        ("a comma", "1,5".into(), NOT_A_NUMBER),
        ("hexadecimal", "0x10".into(), NOT_A_NUMBER),
        ("Arabic digits", "١٢".into(), NOT_A_NUMBER),
        ("infinity", "Infinity".into(), NOT_A_NUMBER),
        ("not a number", "NaN".into(), NOT_A_NUMBER),
        ("1E126", "1E126".into(), OVERFLOW),
        ("-1E126", "-1E126".into(), OVERFLOW),
        ("127 digits", "9".repeat(127), ""),
        ("1E9999999999", "1E9999999999".into(), ""),
        ("1E-131", "1E-131".into(), UNDERFLOW),
        ("-1E-131", "-1E-131".into(), UNDERFLOW),
        ("39 digits", "1".repeat(39), PRECISION),
        ("39 digits behind the point", format!("0.{}", "1".repeat(39)), PRECISION),
        ("39 digits with a gap", format!("1{}1", "0".repeat(37)), PRECISION),
        ("a million digits", "7".repeat(1_000_000), ""),
    ]
}

fn of_wrong_json_type() -> Vec<(&'static str, Value)> {
    vec![
        ("S of a number", json!({"S": 1})),
        ("S of a list", json!({"S": ["a"]})),
        ("N of a number", json!({"N": 1})),
        ("N of a decimal", json!({"N": 1.5})),
        ("N of a flag", json!({"N": true})),
        ("B of a number", json!({"B": 1})),
        ("B that is not base64", json!({"B": "***"})),
        ("B of half a base64", json!({"B": "YQ"})),
        ("BOOL of a string", json!({"BOOL": "true"})),
        ("BOOL of a number", json!({"BOOL": 1})),
        ("NULL of a string", json!({"NULL": "true"})),
        ("L of a string", json!({"L": "a"})),
        ("L of an object", json!({"L": {"a": {"S": "1"}}})),
        ("M of a list", json!({"M": [{"S": "1"}]})),
        ("M of a string", json!({"M": "a"})),
        ("SS of a string", json!({"SS": "a"})),
        ("SS of numbers", json!({"SS": [1]})),
        ("NS of numbers", json!({"NS": [1]})),
        ("BS of rubbish", json!({"BS": ["***"]})),
        ("a bare string", json!("a")),
        ("a bare number", json!(1)),
        ("a bare list", json!([{"S": "a"}])),
    ]
}
