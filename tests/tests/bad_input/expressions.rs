//! Expressions of every kind: wrong tokens, wrong grammar, wrong names and values, absurd depth and length.

use serde_json::{Value, json};

use crate::row::{Row, dynamodb};
use crate::world::{self, TABLE};

const INVALID: &str = "ValidationException";

#[test]
fn expressions_that_are_none_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = conditions();
    rows.extend(updates());
    rows.extend(impossible_updates());
    rows.extend(projections());
    rows.extend(key_conditions());
    rows.extend(substitutions());
    rows.extend(absurd());
    rows
}

fn key() -> Value {
    json!({"pk": {"S": "a"}, "sk": {"N": "1"}})
}

/// Values that nearly every expression here can use.
fn values() -> Value {
    json!({":v": {"S": "x"}, ":n": {"N": "1"}})
}

/// A DeleteItem under this condition, with just the values that it mentions.
fn condition(expression: &str) -> Value {
    with_used_values(json!({"TableName": TABLE, "Key": key(), "ConditionExpression": expression}), expression)
}

fn filter(expression: &str) -> Value {
    with_used_values(json!({"TableName": TABLE, "FilterExpression": expression}), expression)
}

fn update(expression: &str) -> Value {
    with_used_values(json!({"TableName": TABLE, "Key": key(), "UpdateExpression": expression}), expression)
}

fn projection(expression: &str) -> Value {
    json!({"TableName": TABLE, "Key": key(), "ProjectionExpression": expression})
}

fn key_condition(expression: &str) -> Value {
    with_used_values(json!({"TableName": TABLE, "KeyConditionExpression": expression}), expression)
}

fn with_used_values(mut body: Value, expression: &str) -> Value {
    let all = values();
    let used = all.as_object().unwrap().iter().filter(|(name, _)| expression.contains(name.as_str()));
    let used: serde_json::Map<_, _> = used.map(|(name, value)| (name.clone(), value.clone())).collect();
    if !used.is_empty() {
        body["ExpressionAttributeValues"] = used.into();
    }
    body
}

const BAD_CONDITIONS: &[&str] = &[
    "a",
    ":v",
    "a =",
    "= :v",
    "a = = :v",
    "a == :v",
    "a != :v",
    "a => :v",
    "a === :v",
    "a = :v AND",
    "AND a = :v",
    "a = :v OR OR a = :n",
    "a = :v a = :n",
    "NOT",
    "NOT NOT",
    "()",
    "(a = :v",
    "a = :v)",
    "((a = :v))",
    "a = 'x'",
    "a = \"x\"",
    "a = 5",
    "a BETWEEN :v",
    "a BETWEEN :v AND",
    "a BETWEEN :v OR :n",
    "a IN",
    "a IN ()",
    "a IN :v",
    "a IN (:v,)",
    "a IN (:v",
    "attribute_exists()",
    "attribute_exists(a, b)",
    "attribute_exists(:v)",
    "attribute_exists a",
    "attribute_exist(a)",
    "ATTRIBUTE_EXISTS(a)",
    "begins_with(a)",
    "begins_with(a, :v, :n)",
    "begins_with(a, :n)",
    "contains(a)",
    "contains(a, a)",
    "size(a)",
    "size() > :n",
    "size(:n) > :n",
    "attribute_type(a, b)",
    "attribute_type(a, :v)",
    "attribute_type(a, :n)",
    "a[ = :v",
    "a[] = :v",
    "a[-1] = :v",
    "a[x] = :v",
    "a[1.5] = :v",
    "a[99999999999999999999] = :v",
    "a..b = :v",
    ".a = :v",
    "a. = :v",
    "a.[0] = :v",
    "1a = :v",
    "a-b = :v",
    "a b = :v",
    "#  = :v",
    ": = a",
    "a = :v;",
    "a = :v -- comment",
    "a = $v",
    "a = :v && b = :n",
    "a LIKE :v",
    "a IS NULL",
    "size = :v",
    "name = :v",
    "select = :v",
    "a = :v\0",
    "☃ = :v",
    "a = a",
    "size(size(a)) > :n",
];

fn conditions() -> Vec<Row> {
    let of = |prefix: &str, operation: &str, make: fn(&str) -> Value, kind: &str| {
        let begins = format!("Invalid {kind}Expression: ");
        let row = |expression: &&str| {
            dynamodb(format!("{prefix} `{expression}`"), operation, &make(expression))
                .begins(INVALID, begins.clone())
        };
        BAD_CONDITIONS.iter().map(row).collect::<Vec<_>>()
    };
    let mut rows = of("condition", "DeleteItem", condition, "Condition");
    rows.extend(of("filter", "Scan", filter, "Filter"));
    rows
}

fn updates() -> Vec<Row> {
    let bad = [
        "a",
        "SET",
        "SET a",
        "SET a =",
        "SET = :v",
        "SET a = :v,",
        "SET a = :v SET b = :n",
        "SET a = :v, a = :n",
        "SET a = :v, a.b = :n",
        "SET a[0] = :v, a[0] = :n",
        "SET a == :v",
        "SET a = :v + ",
        "SET a = + :v",
        "SET a = :n * :n",
        "SET a = :n + :n + :n",
        "SET a = 5",
        "SET a = 'x'",
        "SET :v = a",
        "SET a = attribute_exists(a)",
        "SET a = size(a)",
        "SET a = list_append(a)",
        "SET a = list_append(a, b, b)",
        "SET a = list_append(:v, :n)",
        "SET a = if_not_exists(a)",
        "SET a = if_not_exists(:v, :n)",
        "SET a = if_not_exists()",
        "SET a = :v + :n",
        "REMOVE",
        "REMOVE a,",
        "REMOVE :v",
        "REMOVE a, a",
        "REMOVE a REMOVE b",
        "REMOVE a = :v",
        "ADD",
        "ADD a",
        "ADD a :v",
        "ADD a = :n",
        "ADD a b",
        "ADD a.b",
        "DELETE",
        "DELETE a",
        "DELETE a :n",
        "DELETE a = :v",
        "SETa = :v",
        "INSERT a = :v",
        "SET (a) = :v",
        "SET a = (:n + :n",
        "SET name = :v",
        "SET a..b = :v",
        "SET a[-1] = :v",
        "set",
        "SET a = :v REMOVE a",
        "SET a = a.",
        "SET a = list_append(:n, a)",
    ];
    let row = |expression: &str| {
        dynamodb(format!("update `{expression}`"), "UpdateItem", &update(expression))
            .begins(INVALID, "Invalid UpdateExpression: ")
    };
    bad.map(row).into()
}

/// Updates that read well and cannot be done to the item.
fn impossible_updates() -> Vec<Row> {
    let invalid = |expression: &str, text: &str| {
        dynamodb(format!("update `{expression}`"), "UpdateItem", &update(expression)).invalid(text)
    };
    let not_in_item = "The provided expression refers to an attribute that does not exist in the item";
    let no_path = "The document path provided in the update expression is invalid for update";
    let key_part = |name: &str| {
        format!(
            "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of \
             the key"
        )
    };
    vec![
        invalid("SET pk = :v", &key_part("pk")),
        invalid("SET sk = :n", &key_part("sk")),
        invalid("REMOVE pk", &key_part("pk")),
        invalid("ADD sk :n", &key_part("sk")),
        invalid("SET a = b", not_in_item),
        invalid("SET a = b + :n", not_in_item),
        invalid("SET a.b = :v", no_path),
        invalid("SET parts.b = :v", no_path),
        invalid("SET doc[0] = :v", no_path),
        invalid("SET note.b = :v", no_path),
        invalid("SET a = note + :n", "An operand in the update expression has an incorrect data type"),
        invalid("ADD note :n", "An operand in the update expression has an incorrect data type"),
    ]
}

fn projections() -> Vec<Row> {
    let bad = [
        ",",
        "a,",
        ",a",
        "a,,b",
        "a b",
        "a = b",
        ":v",
        "a.",
        ".a",
        "a..b",
        "a[",
        "a[]",
        "a[-1]",
        "a[x]",
        "a[0",
        "1a",
        "a-b",
        "a, a",
        "a, a.b",
        "a.b, a",
        "a[0], a[0].b",
        "name",
        "size(a)",
        "(a)",
        "*",
        "☃",
        "a;",
        "#",
    ];
    let row = |expression: &str| {
        dynamodb(format!("projection `{expression}`"), "GetItem", &projection(expression))
            .begins(INVALID, "Invalid ProjectionExpression: ")
    };
    bad.map(row).into()
}

fn key_conditions() -> Vec<Row> {
    let grammar = [
        "pk",
        "pk =",
        "pk = :v AND",
        "pk == :v",
        "pk = 'a'",
        "(pk = :v",
        "((pk = :v))",
        "pk[ = :v",
        "begins_with(pk)",
        "pk BETWEEN :v",
        "sk BETWEEN :n AND",
    ];
    let semantics = [
        "pk = :v OR sk = :n",
        "NOT pk = :v",
        "pk <> :v",
        "pk IN (:v)",
        "attribute_exists(pk)",
        "contains(pk, :v)",
        "pk = :v AND sk <> :n",
        "size(pk) = :n",
        "pk > :v",
        "begins_with(pk, :v)",
        "sk = :n",
        "other = :v",
        "pk = :v AND other = :n",
        "pk = :v AND pk = :v",
        "pk = :v AND sk > :n AND sk < :n",
        "pk.a = :v",
        "pk[0] = :v",
        "pk = sk",
        "pk = :n",
        "pk = :v AND sk = :v",
        "pk = :v AND begins_with(sk, :v)",
    ];
    let syntax = |expression: &str| {
        dynamodb(format!("key condition `{expression}`"), "Query", &key_condition(expression))
            .begins(INVALID, "Invalid KeyConditionExpression: ")
    };
    let meaning = |expression: &str| {
        dynamodb(format!("key condition `{expression}`"), "Query", &key_condition(expression)).is(INVALID)
    };
    let mut rows: Vec<Row> = grammar.map(syntax).into();
    rows.extend(semantics.map(meaning));
    rows
}

/// `ExpressionAttributeNames` and `ExpressionAttributeValues` that do not fit their expression.
fn substitutions() -> Vec<Row> {
    let scan = |name: &str, body: Value| {
        let mut whole = json!({ "TableName": TABLE });
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        dynamodb(name, "Scan", &whole)
    };
    vec![
        scan("a name that is not given", json!({"FilterExpression": "#a = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}))
            .invalid("Invalid FilterExpression: An expression attribute name used in the document path is not defined; attribute name: #a"),
        scan("a value that is not given", json!({"FilterExpression": "a = :v"}))
            .invalid("Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :v"),
        scan("a name that nobody uses", json!({"FilterExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"#b": "b"}}))
            .invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"),
        scan("a value that nobody uses", json!({"FilterExpression": "attribute_exists(a)", "ExpressionAttributeValues": {":b": {"S": "b"}}}))
            .invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"),
        scan("no names", json!({"FilterExpression": "attribute_exists(a)", "ExpressionAttributeNames": {}}))
            .invalid("ExpressionAttributeNames must not be empty"),
        scan("no values", json!({"FilterExpression": "attribute_exists(a)", "ExpressionAttributeValues": {}}))
            .invalid("ExpressionAttributeValues must not be empty"),
        scan("names without an expression", json!({"ExpressionAttributeNames": {"#a": "a"}}))
            .invalid("ExpressionAttributeNames can only be specified when using expressions"),
        scan("values without an expression", json!({"ExpressionAttributeValues": {":a": {"S": "a"}}})).is(INVALID),
        scan("a name without #", json!({"FilterExpression": "attribute_exists(a)", "ExpressionAttributeNames": {"a": "a"}}))
            .invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""),
        scan("a value without a colon", json!({"FilterExpression": "a = :v", "ExpressionAttributeValues": {"v": {"S": "x"}}}))
            .invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: \"v\""),
        scan("a name that is empty", json!({"FilterExpression": "attribute_exists(#a)", "ExpressionAttributeNames": {"#a": ""}}))
            .is(INVALID),
        scan("a name that is a number", json!({"FilterExpression": "attribute_exists(#a)", "ExpressionAttributeNames": {"#a": 1}}))
            .is("SerializationException"),
        scan("an empty expression", json!({"FilterExpression": ""}))
            .invalid("Invalid FilterExpression: The expression can not be empty;"),
        scan("both generations", json!({"FilterExpression": "attribute_exists(a)", "ScanFilter": {"a": {"ComparisonOperator": "NOT_NULL"}}}))
            .begins(INVALID, "Can not use both expression and non-expression parameters in the same request"),
    ]
}

/// Depth and length beyond all reason, in each kind of expression.
fn absurd() -> Vec<Row> {
    let deep = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let mut rows = Vec::new();
    for depth in [300, 1300, 10_000] {
        let conditions = [
            ("parentheses", deep("(", "a = :v", ")", depth)),
            ("negations", deep("NOT ", "a = :v", "", depth)),
            ("negated parentheses", deep("NOT (", "a = :v", ")", depth)),
            ("nested functions", format!("{} > :n", deep("size(", "a", ")", depth))),
            ("open parentheses", "(".repeat(depth)),
        ];
        for (name, expression) in conditions {
            let told = format!("condition of {depth} {name}");
            // A condition of few enough negations is a right one that does not hold.
            let fails = name == "negations" && depth < 1000 || name == "negated parentheses" && depth < 700;
            let row = dynamodb(told, "DeleteItem", &condition(&expression));
            rows.push(if fails { row.status(&[400]) } else { row.is(INVALID) });
        }
        let others = [
            ("path", "UpdateItem", update(&format!("SET a{} = :v", ".a".repeat(depth)))),
            ("list indexes", "UpdateItem", update(&format!("SET a{} = :v", "[0]".repeat(depth)))),
            (
                "if_not_exists",
                "UpdateItem",
                update(&format!("SET a = {}", deep("if_not_exists(a, ", ":v", ")", depth))),
            ),
            ("parentheses in SET", "UpdateItem", update(&format!("SET a = {}", deep("(", ":n", ")", depth)))),
            ("path", "GetItem", projection(&format!("a{}", ".a".repeat(depth)))),
            ("list indexes", "GetItem", projection(&format!("a{}", "[0]".repeat(depth)))),
            ("parentheses", "Query", key_condition(&deep("(", "pk = :v", ")", depth))),
            ("parentheses", "Scan", filter(&deep("(", "a = :v", ")", depth))),
        ];
        rows.extend(others.map(|(name, operation, body)| {
            dynamodb(format!("{operation} with {depth} levels of {name}"), operation, &body).is(INVALID)
        }));
    }
    let long = format!("a = :v{}", " ".repeat(5000));
    rows.push(dynamodb("an expression of 5,000 bytes", "DeleteItem", &condition(&long)).invalid(
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 5006",
    ));
    let wide: Vec<String> = (0..101).map(|_| ":v".to_owned()).collect();
    rows.push(
        dynamodb("IN of 101 operands", "DeleteItem", &condition(&format!("a IN ({})", wide.join(","))))
            .is(INVALID),
    );
    let many = vec!["a = :v"; 400].join(" OR ");
    rows.push(dynamodb("400 comparisons", "DeleteItem", &condition(&many)).is(INVALID));
    rows
}
