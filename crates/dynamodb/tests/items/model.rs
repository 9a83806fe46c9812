//! Random calls, compared with the simplest thing that could be right.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::tables::Tables;

/// Items of table `sorted` by partition and sort key.
type Model = BTreeMap<(String, i64), Map<String, Value>>;

#[derive(Debug, Clone)]
enum Call {
    Put { id: String, at: i64, n: i64, only_new: bool },
    Delete { id: String, at: i64 },
    Add { id: String, at: i64, n: i64 },
    Remove { id: String, at: i64 },
    Get { id: String, at: i64 },
    BatchWrite { id: String, puts: Vec<i64>, delete: i64 },
    Query { id: String, low: i64, high: i64, limit: usize, forward: bool },
    Scan { limit: usize, segments: usize, least: i64 },
}

fn any_call() -> impl Strategy<Value = Call> {
    let id = || prop::sample::select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let at = || -6_i64..6;
    prop_oneof![
        3 => (id(), at(), -50_i64..50, any::<bool>())
            .prop_map(|(id, at, n, only_new)| Call::Put { id, at, n, only_new }),
        1 => (id(), at()).prop_map(|(id, at)| Call::Delete { id, at }),
        2 => (id(), at(), -50_i64..50).prop_map(|(id, at, n)| Call::Add { id, at, n }),
        1 => (id(), at()).prop_map(|(id, at)| Call::Remove { id, at }),
        1 => (id(), at()).prop_map(|(id, at)| Call::Get { id, at }),
        1 => (id(), prop::collection::btree_set(-6_i64..0, 0..5), 0_i64..6)
            .prop_map(|(id, puts, delete)| Call::BatchWrite { id, puts: puts.into_iter().collect(), delete }),
        1 => (id(), at(), at(), 1_usize..5, any::<bool>()).prop_map(|(id, one, other, limit, forward)| {
            Call::Query { id, low: one.min(other), high: one.max(other), limit, forward }
        }),
        1 => (1_usize..5, 1_usize..4, -50_i64..50)
            .prop_map(|(limit, segments, least)| Call::Scan { limit, segments, least }),
    ]
}

fn number(value: i64) -> Value {
    json!({"N": value.to_string()})
}

fn key(id: &str, at: i64) -> Map<String, Value> {
    let Value::Object(key) = json!({"id": {"S": id}, "seq": number(at)}) else { unreachable!() };
    key
}

fn item(id: &str, at: i64, n: i64) -> Map<String, Value> {
    let mut item = key(id, at);
    item.insert("n".into(), number(n));
    item
}

fn n_of(item: &Map<String, Value>) -> Option<i64> {
    Some(item.get("n")?["N"].as_str()?.parse().unwrap())
}

/// All pages of a read.
fn pages(tables: &Tables, operation: &str, mut request: Value, limit: usize) -> Vec<Value> {
    let mut found = Vec::new();
    request["Limit"] = json!(limit);
    loop {
        let answer = tables.ok(operation, request.clone());
        assert!(answer["ScannedCount"].as_u64().unwrap() <= limit as u64);
        found.extend(answer["Items"].as_array().unwrap().iter().cloned());
        match answer.get("LastEvaluatedKey") {
            Some(last) => request["ExclusiveStartKey"] = last.clone(),
            None => return found,
        }
    }
}

fn make(tables: &Tables, model: &mut Model, call: Call) {
    match call {
        Call::Put { id, at, n, only_new } => put(tables, model, (id, at), n, only_new),
        Call::Delete { id, at } => {
            let delete = json!({"TableName": "sorted", "Key": key(&id, at), "ReturnValues": "ALL_OLD"});
            let old = model.remove(&(id, at));
            assert_eq!(tables.ok("DeleteItem", delete).get("Attributes"), old.map(Value::Object).as_ref());
        }
        Call::Add { id, at, n } => add(tables, model, (id, at), n),
        Call::Remove { id, at } => {
            let update = json!({"TableName": "sorted", "Key": key(&id, at), "UpdateExpression": "REMOVE n"});
            tables.ok("UpdateItem", update);
            if let Some(item) = model.get_mut(&(id, at)) {
                item.remove("n");
            }
        }
        Call::Get { id, at } => {
            let found = tables.item("sorted", Value::Object(key(&id, at)));
            assert_eq!(found, model.get(&(id, at)).cloned().map(Value::Object));
        }
        Call::BatchWrite { id, puts, delete } => batch_write(tables, model, &id, &puts, delete),
        Call::Query { id, low, high, limit, forward } => {
            query(tables, model, &id, (low, high), limit, forward)
        }
        Call::Scan { limit, segments, least } => scan(tables, model, limit, segments, least),
    }
}

fn put(tables: &Tables, model: &mut Model, at: (String, i64), n: i64, only_new: bool) {
    let new = item(&at.0, at.1, n);
    let mut request = json!({"TableName": "sorted", "Item": new});
    if only_new {
        request["ConditionExpression"] = json!("attribute_not_exists(id)");
    }
    let is_refused = only_new && model.contains_key(&at);
    assert_eq!(tables.call("PutItem", &request).is_err(), is_refused);
    if !is_refused {
        model.insert(at, new);
    }
}

fn add(tables: &Tables, model: &mut Model, (id, at): (String, i64), n: i64) {
    let update = json!({
        "TableName": "sorted", "Key": key(&id, at), "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": number(n)}, "ReturnValues": "ALL_NEW",
    });
    let item = model.entry((id.clone(), at)).or_insert_with(|| key(&id, at));
    let sum = n_of(item).unwrap_or(0) + n;
    item.insert("n".into(), number(sum));
    assert_eq!(tables.ok("UpdateItem", update)["Attributes"], Value::Object(item.clone()));
}

fn batch_write(tables: &Tables, model: &mut Model, id: &str, puts: &[i64], delete: i64) {
    let mut requests = vec![json!({"DeleteRequest": {"Key": key(id, delete)}})];
    model.remove(&(id.to_owned(), delete));
    for at in puts {
        requests.push(json!({"PutRequest": {"Item": item(id, *at, 7)}}));
        model.insert((id.to_owned(), *at), item(id, *at, 7));
    }
    tables.ok("BatchWriteItem", json!({"RequestItems": {"sorted": requests}}));
}

fn query(tables: &Tables, model: &Model, id: &str, (low, high): (i64, i64), limit: usize, forward: bool) {
    let request = json!({
        "TableName": "sorted", "ScanIndexForward": forward,
        "KeyConditionExpression": "id = :id AND #at BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#at": "seq"},
        "ExpressionAttributeValues": {":id": {"S": id}, ":low": number(low), ":high": number(high)},
    });
    let range = (id.to_owned(), low)..=(id.to_owned(), high);
    let mut expected: Vec<Value> = model.range(range).map(|(_, item)| Value::Object(item.clone())).collect();
    if !forward {
        expected.reverse();
    }
    assert_eq!(pages(tables, "Query", request, limit), expected);
}

fn scan(tables: &Tables, model: &Model, limit: usize, segments: usize, least: i64) {
    let mut found: Vec<Value> = (0..segments)
        .flat_map(|segment| {
            let request = json!({
                "TableName": "sorted", "Segment": segment, "TotalSegments": segments,
                "FilterExpression": "n >= :n", "ExpressionAttributeValues": {":n": number(least)},
            });
            pages(tables, "Scan", request, limit)
        })
        .collect();
    let order = |item: &Value| {
        let at: i64 = item["seq"]["N"].as_str().unwrap().parse().unwrap();
        (item["id"]["S"].as_str().unwrap().to_owned(), at)
    };
    found.sort_by_key(order);
    let passes = |item: &&Map<String, Value>| n_of(item).is_some_and(|n| n >= least);
    let expected: Vec<Value> = model.values().filter(passes).cloned().map(Value::Object).collect();
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn calls_do_what_the_model_does(calls in prop::collection::vec(any_call(), 1..60)) {
        let tables = Tables::new();
        let mut model = Model::new();
        for call in calls {
            make(&tables, &mut model, call);
        }
        scan(&tables, &model, 3, 1, i64::MIN);
    }
}
