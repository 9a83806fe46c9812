//! Query.

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, not_found, violated};

fn sorted_items(tables: &Tables, count: i64) {
    for n in 0..count {
        let item = json!({"id": {"S": "a"}, "seq": {"N": n.to_string()}, "even": {"BOOL": n % 2 == 0}});
        tables.put("sorted", &item);
        tables.put("sorted", &json!({"id": {"S": "b"}, "seq": {"N": n.to_string()}}));
    }
}

fn of_a(table: &str, condition: &str, values: Value) -> Value {
    let mut values = values;
    values[":id"] = json!({"S": "a"});
    let condition =
        if condition.is_empty() { "id = :id".into() } else { format!("id = :id AND {condition}") };
    json!({"TableName": table, "KeyConditionExpression": condition, "ExpressionAttributeValues": values})
}

fn numbers(answer: &Value) -> Vec<i64> {
    let items = answer["Items"].as_array().unwrap();
    items.iter().map(|item| item["seq"]["N"].as_str().unwrap().parse().unwrap()).collect()
}

fn texts(answer: &Value) -> Vec<String> {
    let items = answer["Items"].as_array().unwrap();
    items.iter().map(|item| item["seq"]["S"].as_str().unwrap().to_owned()).collect()
}

fn with(mut request: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_partition_is_read_in_the_order_of_its_sort_key() {
    let tables = Tables::new();
    for n in ["10", "-2", "1", "-10", "0", "2.5", "1E+20", "-1E+20", "9"] {
        tables.put("sorted", &json!({"id": {"S": "a"}, "seq": {"N": n}}));
    }
    let order = |forward: bool| {
        let answer =
            tables.ok("Query", with(of_a("sorted", "", json!({})), &json!({"ScanIndexForward": forward})));
        let items = answer["Items"].as_array().unwrap().iter();
        items.map(|item| item["seq"]["N"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut expected: Vec<_> =
        ["-100000000000000000000", "-10", "-2", "0", "1", "2.5", "9", "10", "100000000000000000000"]
            .map(str::to_owned)
            .into();
    assert_eq!(order(true), expected);
    expected.reverse();
    assert_eq!(order(false), expected);
}

#[test]
fn operators_choose_a_range() {
    let tables = Tables::new();
    sorted_items(&tables, 6);
    for (condition, expected) in [
        ("seq = :x", vec![2]),
        ("seq < :x", vec![0, 1]),
        ("seq <= :x", vec![0, 1, 2]),
        ("seq > :x", vec![3, 4, 5]),
        ("seq >= :x", vec![2, 3, 4, 5]),
        ("seq BETWEEN :x AND :y", vec![2, 3, 4]),
        (":x = seq", vec![2]),
    ] {
        let values = if condition.contains(":y") {
            json!({":x": {"N": "2"}, ":y": {"N": "4"}})
        } else {
            json!({":x": {"N": "2"}})
        };
        assert_eq!(numbers(&tables.ok("Query", of_a("sorted", condition, values))), expected, "{condition}");
    }
}

#[test]
fn legacy_operators_choose_the_same_ranges() {
    let tables = Tables::new();
    sorted_items(&tables, 6);
    for (operator, operands, expected) in [
        ("EQ", vec!["2"], vec![2]),
        ("LT", vec!["2"], vec![0, 1]),
        ("LE", vec!["2"], vec![0, 1, 2]),
        ("GT", vec!["2"], vec![3, 4, 5]),
        ("GE", vec!["2"], vec![2, 3, 4, 5]),
        ("BETWEEN", vec!["2", "4"], vec![2, 3, 4]),
    ] {
        let operands: Vec<Value> = operands.iter().map(|number| json!({"N": number})).collect();
        let request = json!({"TableName": "sorted", "KeyConditions": {
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "seq": {"ComparisonOperator": operator, "AttributeValueList": operands},
        }});
        assert_eq!(numbers(&tables.ok("Query", request)), expected, "{operator}");
    }
}

#[test]
fn a_prefix_chooses_a_range() {
    let tables = Tables::new();
    for at in ["a", "ab", "ab\u{10ffff}", "abc", "ac", "b"] {
        tables.put("text", &json!({"id": {"S": "a"}, "seq": {"S": at}}));
    }
    let answer = tables.ok("Query", of_a("text", "begins_with(seq, :p)", json!({":p": {"S": "ab"}})));
    assert_eq!(texts(&answer), ["ab", "abc", "ab\u{10ffff}"]);
    let legacy = json!({"TableName": "text", "KeyConditions": {
        "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
        "seq": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "ab"}]},
    }});
    assert_eq!(texts(&tables.ok("Query", legacy)), ["ab", "abc", "ab\u{10ffff}"]);
}

#[test]
fn a_table_without_sort_key_has_one_item_in_a_partition() {
    let tables = Tables::new();
    tables.put("plain", &json!({"id": {"S": "a"}, "n": {"N": "1"}}));
    let answer = tables.ok("Query", of_a("plain", "", json!({})));
    assert_eq!(
        answer,
        json!({"Items": [{"id": {"S": "a"}, "n": {"N": "1"}}], "Count": 1, "ScannedCount": 1})
    );
}

#[test]
fn pages_of_a_limit_hold_everything_once_in_both_directions() {
    let tables = Tables::new();
    sorted_items(&tables, 7);
    for forward in [true, false] {
        let mut found = Vec::new();
        let mut request = with(
            of_a("sorted", "seq >= :x", json!({":x": {"N": "1"}})),
            &json!({"Limit": 2, "ScanIndexForward": forward}),
        );
        loop {
            let answer = tables.ok("Query", request.clone());
            found.extend(numbers(&answer));
            let Some(last) = answer.get("LastEvaluatedKey") else { break };
            assert_eq!(answer["Count"], 2);
            request["ExclusiveStartKey"] = last.clone();
        }
        let mut expected: Vec<i64> = (1..7).collect();
        if !forward {
            expected.reverse();
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn a_limit_counts_what_was_evaluated_before_the_filter() {
    let tables = Tables::new();
    sorted_items(&tables, 6);
    let request = with(
        of_a("sorted", "", json!({":even": {"BOOL": true}})),
        &json!({"Limit": 3, "FilterExpression": "even = :even"}),
    );
    let answer = tables.ok("Query", request);
    assert_eq!(
        (numbers(&answer), &answer["Count"], &answer["ScannedCount"]),
        (vec![0, 2], &json!(2), &json!(3))
    );
    assert_eq!(answer["LastEvaluatedKey"], json!({"id": {"S": "a"}, "seq": {"N": "2"}}));
}

#[test]
fn a_page_ends_with_the_item_that_fills_a_megabyte() {
    let tables = Tables::new();
    for n in 0..5 {
        let item = json!({"id": {"S": "a"}, "seq": {"N": n.to_string()}, "b": {"S": "x".repeat(390 << 10)}});
        tables.put("sorted", &item);
    }
    let request =
        with(of_a("sorted", "", json!({})), &json!({"Select": "COUNT", "ReturnConsumedCapacity": "TOTAL"}));
    let answer = tables.ok("Query", request.clone());
    assert_eq!(
        answer,
        json!({
            "Count": 3, "ScannedCount": 3,
            "LastEvaluatedKey": {"id": {"S": "a"}, "seq": {"N": "2"}},
            "ConsumedCapacity": {"TableName": "sorted", "CapacityUnits": 146.5},
        })
    );
    let next = with(request, &json!({"ExclusiveStartKey": answer["LastEvaluatedKey"]}));
    let answer = tables.ok("Query", next);
    assert_eq!((&answer["Count"], answer.get("LastEvaluatedKey")), (&json!(2), None));
}

#[test]
fn a_query_may_count_or_show_parts() {
    let tables = Tables::new();
    sorted_items(&tables, 2);
    let query = |members: Value| tables.ok("Query", with(of_a("sorted", "", json!({})), &members));
    assert_eq!(query(json!({"Select": "COUNT"})), json!({"Count": 2, "ScannedCount": 2}));
    assert_eq!(
        query(json!({"ProjectionExpression": "even", "Select": "SPECIFIC_ATTRIBUTES"}))["Items"],
        json!([{"even": {"BOOL": true}}, {"even": {"BOOL": false}}])
    );
    assert_eq!(
        query(json!({"Select": "ALL_ATTRIBUTES"}))["Items"][1],
        json!({"id": {"S": "a"}, "seq": {"N": "1"}, "even": {"BOOL": false}})
    );
}

#[test]
fn a_legacy_filter_filters() {
    let tables = Tables::new();
    sorted_items(&tables, 4);
    let request = json!({
        "TableName": "sorted", "AttributesToGet": ["seq"],
        "KeyConditions": {"id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}},
        "QueryFilter": {"even": {"ComparisonOperator": "EQ", "AttributeValueList": [{"BOOL": false}]}},
    });
    let answer = tables.ok("Query", request);
    assert_eq!(answer["Items"], json!([{"seq": {"N": "1"}}, {"seq": {"N": "3"}}]));
    assert_eq!(answer["ScannedCount"], 4);
}

#[test]
fn nothing_found_costs_the_smallest_read() {
    let tables = Tables::new();
    let query = |consistent: bool| {
        let members = json!({"ReturnConsumedCapacity": "TOTAL", "ConsistentRead": consistent});
        tables.ok("Query", with(of_a("sorted", "", json!({})), &members))
    };
    let answer = |units: f64| {
        json!({"Items": [], "Count": 0, "ScannedCount": 0,
            "ConsumedCapacity": {"TableName": "sorted", "CapacityUnits": units}})
    };
    assert_eq!((query(false), query(true)), (answer(0.5), answer(1.0)));
}

#[test]
fn starting_keys_are_checked() {
    let tables = Tables::new();
    let from = |key: Value| {
        with(of_a("sorted", "seq > :x", json!({":x": {"N": "5"}})), &json!({"ExclusiveStartKey": key}))
    };
    tables.refuses("Query", [
        (
            from(json!({"id": {"S": "a"}, "seq": {}})),
            invalid(
                "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly \
                 one of the supported datatypes",
            ),
        ),
        (
            from(json!({"id": {"S": "a"}})),
            invalid("Exclusive Start Key must have same size as table's key schema"),
        ),
        (
            from(json!({"id": {"S": "a"}, "seq": {"S": "6"}})),
            invalid("The provided key element does not match the schema"),
        ),
        (
            from(json!({"id": {"S": "a"}, "x": {"N": "6"}})),
            invalid("The provided starting key is invalid"),
        ),
        (
            from(json!({"id": {"S": "b"}, "seq": {"N": "6"}})),
            invalid("The provided starting key is outside query boundaries based on provided conditions"),
        ),
        (
            from(json!({"id": {"S": "a"}, "seq": {"N": "5"}})),
            invalid("The provided starting key does not match the range key predicate"),
        ),
    ]);
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    let none = |members: Value| with(json!({"TableName": "none"}), &members);
    tables.refuses("Query", [
        (
            json!({"Limit": 0, "Select": "x", "IndexName": "a"}),
            violated(&[
                "Value 'x' at 'select' failed to satisfy constraint: Member must satisfy enum value set: \
                 [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal \
                 to 1",
                "Value 'a' at 'indexName' failed to satisfy constraint: Member must have length greater than or \
                 equal to 3",
            ]),
        ),
        (
            none(json!({"KeyConditions": {}, "QueryFilter": {}, "FilterExpression": "", "KeyConditionExpression": ""})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {QueryFilter, KeyConditions} Expression parameters: {FilterExpression, \
                 KeyConditionExpression}",
            ),
        ),
        (
            none(json!({"ProjectionExpression": "a", "ExpressionAttributeValues": {}})),
            invalid(
                "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and \
                 KeyConditionExpression are null",
            ),
        ),
        (
            none(json!({})),
            invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
        ),
        (
            none(json!({"KeyConditionExpression": ""})),
            invalid("Invalid KeyConditionExpression: The expression can not be empty;"),
        ),
        (of_a("none", "", json!({})), not_found()),
        (
            with(of_a("sorted", "", json!({})), &json!({"IndexName": "other"})),
            invalid("The table does not have the specified index: other"),
        ),
    ]);
}

#[test]
fn what_is_selected_must_fit_what_is_projected() {
    let tables = Tables::new();
    tables.refuses("Query", [
        (
            with(of_a("none", "", json!({})), &json!({"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "a"})),
            invalid("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"),
        ),
        (
            with(of_a("none", "", json!({})), &json!({"Select": "COUNT", "ProjectionExpression": "a"})),
            invalid("Cannot specify the ProjectionExpression when choosing to get only the Count"),
        ),
        (
            with(of_a("none", "", json!({})), &json!({"Select": "SPECIFIC_ATTRIBUTES"})),
            invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"),
        ),
        (
            with(of_a("none", "", json!({})), &json!({"Select": "ALL_PROJECTED_ATTRIBUTES"})),
            invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
        ),
    ]);
}

#[test]
fn conditions_must_fit_the_key() {
    let tables = Tables::new();
    tables.refuses("Query", [
        (
            json!({"TableName": "sorted", "KeyConditionExpression": "seq = :x",
                "ExpressionAttributeValues": {":x": {"N": "1"}}}),
            invalid("Query condition missed key schema element: id"),
        ),
        (
            of_a("sorted", "extra = :x", json!({":x": {"N": "1"}})),
            invalid("Query condition missed key schema element: seq"),
        ),
        (
            of_a("sorted", "seq = :x", json!({":x": {"S": "1"}})),
            invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type",
            ),
        ),
        (
            json!({"TableName": "sorted", "KeyConditionExpression": "id > :x",
                "ExpressionAttributeValues": {":x": {"S": "1"}}}),
            invalid("Query key condition not supported"),
        ),
        (
            json!({"TableName": "sorted", "KeyConditionExpression": "id = :x",
                "ExpressionAttributeValues": {":x": {"S": ""}}}),
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                 contain an empty string value. Key: id",
            ),
        ),
        (
            with(of_a("sorted", "", json!({":x": {"N": "1"}})), &json!({"FilterExpression": "seq = :x"})),
            invalid(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: seq",
            ),
        ),
    ]);
}
