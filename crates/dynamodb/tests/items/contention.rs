//! Many writers at once.

use futures::future::join_all;
use serde_json::json;

use crate::tables::Tables;

#[test]
fn no_increment_of_a_hot_counter_is_lost() {
    let tables = Tables::new();
    let add = json!({
        "TableName": "plain", "Key": {"id": {"S": "hot"}}, "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW",
    });
    let answers = tables.block_on(join_all((0..200).map(|_| tables.calling("UpdateItem", &add))));
    let mut seen: Vec<u64> = answers
        .into_iter()
        .map(|answer| answer.unwrap()["Attributes"]["n"]["N"].as_str().unwrap().parse().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<_>>());
}

#[test]
fn of_many_who_would_be_first_one_is() {
    let tables = Tables::new();
    let first = |n: usize| {
        json!({
            "TableName": "plain", "Item": {"id": {"S": "lock"}, "owner": {"N": n.to_string()}},
            "ConditionExpression": "attribute_not_exists(id)",
        })
    };
    let bodies: Vec<_> = (0..50).map(first).collect();
    let answers = tables.block_on(join_all(bodies.iter().map(|body| tables.calling("PutItem", body))));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}
