//! Transactions among other transactions and among writes and reads of single items, all at once.

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::tables::Tables;

const ACCOUNTS: usize = 5;
const EACH: u64 = 100;

fn key(account: usize) -> Value {
    json!({"id": {"S": format!("account {account}")}})
}

fn change(account: usize, by: i64) -> Value {
    json!({
        "TableName": "plain", "Key": key(account), "UpdateExpression": "ADD n :n",
        "ConditionExpression": "n >= :least",
        "ExpressionAttributeValues": {":n": {"N": by.to_string()}, ":least": {"N": (-by).max(0).to_string()}},
    })
}

fn transfer(from: usize, to: usize, amount: i64) -> Value {
    json!({"TransactItems": [{"Update": change(from, -amount)}, {"Update": change(to, amount)}]})
}

fn with_accounts() -> Tables {
    let tables = Tables::new();
    for account in 0..ACCOUNTS {
        let mut item = key(account);
        item["n"] = json!({"N": EACH.to_string()});
        tables.put("plain", &item);
    }
    tables
}

fn sum(answer: &Value) -> u64 {
    let number = |item: &Value| item["Item"]["n"]["N"].as_str().unwrap().parse::<u64>().unwrap();
    answer["Responses"].as_array().unwrap().iter().map(number).sum()
}

#[test]
fn money_is_neither_made_nor_lost_whoever_looks_when() {
    let tables = with_accounts();
    let all: Vec<Value> =
        (0..ACCOUNTS).map(|n| json!({"Get": {"TableName": "plain", "Key": key(n)}})).collect();
    let look = json!({"TransactItems": all});
    // Both ways round, so that a fixed order of locks is needed.
    let transfers: Vec<Value> = (0..200).map(|n| transfer(n % ACCOUNTS, (n * 3 + 1) % ACCOUNTS, 7)).collect();
    let singles: Vec<Value> =
        (0..50).flat_map(|n| [change(n % ACCOUNTS, 1), change(n % ACCOUNTS, -1)]).collect();
    let moved = join_all(
        transfers
            .iter()
            .filter(|transfer| {
                let items = &transfer["TransactItems"];
                items[0]["Update"]["Key"] != items[1]["Update"]["Key"]
            })
            .map(|transfer| async {
                let answer = tables.calling("TransactWriteItems", transfer).await;
                tokio::task::yield_now().await;
                let seen = tables.calling("TransactGetItems", &look).await.unwrap();
                (answer, sum(&seen))
            }),
    );
    let added = join_all(singles.iter().map(|single| tables.calling("UpdateItem", single)));
    let (moved, added) = tables.block_on(join(moved, added));
    let total = ACCOUNTS as u64 * EACH;
    for (answer, seen) in moved {
        if let Err(error) = answer {
            assert_eq!(error.code, "TransactionCanceledException");
        }
        // Single writes add one and take it away again, so at most all of the first are seen.
        assert!((total..=total + 50).contains(&seen), "{seen}");
    }
    assert!(added.iter().all(Result::is_ok));
    assert_eq!(sum(&tables.ok("TransactGetItems", look)), total);
}

#[test]
fn of_many_with_one_token_one_is_done() {
    let tables = with_accounts();
    let mut body = transfer(0, 1, 1);
    body["ClientRequestToken"] = json!("token");
    let answers = tables.block_on(join_all((0..50).map(|_| tables.calling("TransactWriteItems", &body))));
    for answer in answers {
        if let Err(error) = answer {
            assert_eq!(error.code, "TransactionInProgressException");
            let told = "The transaction with the given request token is already in progress.";
            assert_eq!(error.message.as_deref(), Some(told));
        }
    }
    assert_eq!(tables.item("plain", key(0)).unwrap()["n"]["N"], (EACH - 1).to_string());
}

#[test]
fn of_many_who_need_what_one_changes_one_wins() {
    let tables = Tables::new();
    let claim = |n: usize| {
        let lock = json!({"TableName": "plain", "Item": {"id": {"S": "lock"}, "owner": {"N": n.to_string()}},
                          "ConditionExpression": "attribute_not_exists(id)"});
        let claimed = json!({"TableName": "plain", "Item": {"id": {"S": format!("claimed by {n}")}}});
        json!({"TransactItems": [{"Put": claimed}, {"Put": lock}]})
    };
    let bodies: Vec<_> = (0..50).map(claim).collect();
    let answers =
        tables.block_on(join_all(bodies.iter().map(|body| tables.calling("TransactWriteItems", body))));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let all = tables.ok("Scan", json!({"TableName": "plain"}));
    assert_eq!(all["Count"], 2);
}
