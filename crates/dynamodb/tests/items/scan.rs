//! Scan.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::tables::{Tables, invalid, not_found, violated};

fn fill(tables: &Tables, count: usize) -> BTreeSet<String> {
    let ids: BTreeSet<String> = (0..count).map(|n| format!("{n:03}")).collect();
    for (n, id) in ids.iter().enumerate() {
        tables.put("plain", &json!({"id": {"S": id}, "n": {"N": n.to_string()}}));
    }
    ids
}

fn ids(answer: &Value) -> Vec<String> {
    let items = answer["Items"].as_array().unwrap();
    items.iter().map(|item| item["id"]["S"].as_str().unwrap().to_owned()).collect()
}

/// All pages of a scan; no item may come twice.
fn scanned(tables: &Tables, mut request: Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let answer = tables.ok("Scan", request.clone());
        for id in ids(&answer) {
            assert!(found.insert(id.clone()), "{id} came twice");
        }
        match answer.get("LastEvaluatedKey") {
            Some(key) => request["ExclusiveStartKey"] = key.clone(),
            None => return found,
        }
    }
}

#[test]
fn pages_hold_everything_once() {
    let tables = Tables::new();
    let all = fill(&tables, 30);
    for limit in [1, 7, 30, 1000] {
        assert_eq!(scanned(&tables, json!({"TableName": "plain", "Limit": limit})), all);
    }
}

#[test]
fn segments_hold_everything_once() {
    let tables = Tables::new();
    let all = fill(&tables, 30);
    for total in [1, 4, 1_000_000] {
        let of_segment = |segment: usize| {
            let request =
                json!({"TableName": "plain", "Limit": 2, "Segment": segment, "TotalSegments": total});
            scanned(&tables, request)
        };
        if total == 1_000_000 {
            assert!(of_segment(999_999).len() <= 1);
            continue;
        }
        let mut found = BTreeSet::new();
        for segment in 0..total {
            for id in of_segment(segment) {
                assert!(found.insert(id));
            }
        }
        assert_eq!(found, all);
    }
}

#[test]
fn a_filter_counts_what_it_passes() {
    let tables = Tables::new();
    fill(&tables, 10);
    let request = json!({
        "TableName": "plain", "FilterExpression": "n < :n", "ExpressionAttributeValues": {":n": {"N": "3"}},
        "ProjectionExpression": "id",
    });
    let answer = tables.ok("Scan", request);
    assert_eq!((&answer["Count"], &answer["ScannedCount"]), (&json!(3), &json!(10)));
    assert_eq!(
        ids(&answer).into_iter().collect::<BTreeSet<_>>(),
        ["000", "001", "002"].map(str::to_owned).into()
    );
    let legacy = json!({
        "TableName": "plain", "Select": "COUNT",
        "ScanFilter": {
            "n": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "8"}]},
            "id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "001"}]},
        },
        "ConditionalOperator": "OR",
    });
    assert_eq!(tables.ok("Scan", legacy), json!({"Count": 3, "ScannedCount": 10}));
}

#[test]
fn an_empty_table_is_an_empty_page() {
    let tables = Tables::new();
    let answer = tables.ok("Scan", json!({"TableName": "plain", "ReturnConsumedCapacity": "INDEXES"}));
    assert_eq!(
        answer,
        json!({"Items": [], "Count": 0, "ScannedCount": 0, "ConsumedCapacity": {
            "TableName": "plain", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}
        }})
    );
}

#[test]
fn a_scan_goes_on_behind_an_item_that_is_gone() {
    let tables = Tables::new();
    let all = fill(&tables, 10);
    let first = tables.ok("Scan", json!({"TableName": "plain", "Limit": 4}));
    let key = &first["LastEvaluatedKey"];
    tables.ok("DeleteItem", json!({"TableName": "plain", "Key": key}));
    let rest = scanned(&tables, json!({"TableName": "plain", "ExclusiveStartKey": key}));
    let seen: BTreeSet<String> = ids(&first).into_iter().collect();
    assert_eq!(&seen | &rest, all);
    assert!(seen.is_disjoint(&rest));
}

#[test]
fn what_is_wrong_is_told_in_the_order_of_aws() {
    let tables = Tables::new();
    let on = |table: &str, members: Value| {
        let mut request = members;
        request["TableName"] = json!(table);
        request
    };
    tables.refuses("Scan", [
        (
            json!({"TotalSegments": 1_000_001, "Segment": -1}),
            violated(&[
                "Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less \
                 than or equal to 1000000",
                "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
                "Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or \
                 equal to 0",
            ]),
        ),
        (
            on("none", json!({"ScanFilter": {}, "AttributesToGet": ["a"], "ProjectionExpression": "", "Segment": 1})),
            invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributesToGet, ScanFilter} Expression parameters: {ProjectionExpression}",
            ),
        ),
        (
            on("none", json!({"Segment": 0})),
            invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment \
                 parameter is present",
            ),
        ),
        (
            on("none", json!({"TotalSegments": 2})),
            invalid(
                "The Segment parameter is required but was not present in the request when parameter \
                 TotalSegments is present",
            ),
        ),
        (
            on("none", json!({"TotalSegments": 2, "Segment": 2})),
            invalid(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 \
                 is not less than TotalSegments: 2",
            ),
        ),
        (on("none", json!({})), not_found()),
        (on("plain", json!({"IndexName": "other"})), invalid("The table does not have the specified index: other")),
        (
            on("plain", json!({"ExclusiveStartKey": {"id": {"S": "a"}, "b": {"S": "a"}}})),
            invalid("Exclusive Start Key must have same size as table's key schema"),
        ),
        (
            on("plain", json!({"ExclusiveStartKey": {"id": {"N": "1"}}})),
            invalid("The provided starting key is invalid: The provided key element does not match the schema"),
        ),
    ]);
}

#[test]
fn a_starting_key_must_lie_in_the_segment() {
    let tables = Tables::new();
    let refusals = (0..2).filter(|segment| {
        let request = json!({
            "TableName": "plain", "Segment": segment, "TotalSegments": 2, "ExclusiveStartKey": {"id": {"S": "a"}},
        });
        let refusal = tables.call("Scan", &request).err().map(|error| error.message.unwrap());
        let told = format!(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with \
             correct Segment. TotalSegments: 2 Segment: {segment}"
        );
        assert!(refusal.as_ref().is_none_or(|refusal| *refusal == told), "{refusal:?}");
        refusal.is_some()
    });
    assert_eq!(refusals.count(), 1);
}
