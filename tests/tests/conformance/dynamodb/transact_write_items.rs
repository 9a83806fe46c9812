use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Get, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem, Update,
};
use futures::future::join_all;

use crate::world::{Item, World, code, invalid, item_of, key, n, s};

type Outcome = Result<(), SdkError<TransactWriteItemsError>>;

fn put(item: Item) -> TransactWriteItem {
    TransactWriteItem::builder()
        .put(Put::builder().table_name("Tasks").set_item(Some(item)).build().unwrap())
        .build()
}

fn put_new(item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name("Tasks")
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    let told = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    TransactWriteItem::builder().put(told.build().unwrap()).build()
}

fn delete(sk: i64) -> TransactWriteItem {
    let delete = Delete::builder().table_name("Tasks").set_key(Some(key("a", sk)));
    TransactWriteItem::builder().delete(delete.build().unwrap()).build()
}

fn check(table: &str, sk: i64, condition: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name(table).set_key(Some(key("a", sk)));
    TransactWriteItem::builder()
        .condition_check(check.condition_expression(condition).build().unwrap())
        .build()
}

/// Adds to the number of an item that stays above zero.
fn add(sk: i64, number: i64) -> TransactWriteItem {
    let update = Update::builder().table_name("Tasks").set_key(Some(key("a", sk)));
    let update =
        update.update_expression("ADD v :n").condition_expression("attribute_not_exists(v) OR v >= :least");
    let update = update.expression_attribute_values(":n", n(number));
    let update = update.expression_attribute_values(":least", n((-number).max(0)));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

async fn write(world: &World, parts: Vec<TransactWriteItem>) -> Outcome {
    world.dynamodb.transact_write_items().set_transact_items(Some(parts)).send().await.map(drop)
}

fn reasons(outcome: Outcome) -> Vec<CancellationReason> {
    match outcome.expect_err("it is cancelled").into_service_error() {
        TransactWriteItemsError::TransactionCanceledException(error) => error.cancellation_reasons.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_of_it_happens() {
    let world = World::with_table().await;
    world.create_table("Other").await;
    world.put(item_of("a", 2, [("v", s("old"))])).await;
    let parts = vec![
        put(item_of("a", 1, [("v", s("x"))])),
        delete(2),
        add(3, 5),
        check("Other", 1, "attribute_not_exists(pk)"),
    ];
    let ask = world.dynamodb.transact_write_items().set_transact_items(Some(parts));
    let answer = ask.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    let consumed = answer.consumed_capacity.unwrap();
    assert_eq!((consumed[0].write_capacity_units, consumed[1].write_capacity_units), (Some(6.0), Some(2.0)));
    assert_eq!(world.get("a", 1).await.unwrap()["v"], s("x"));
    assert_eq!(world.get("a", 2).await, None);
    assert_eq!(world.get("a", 3).await.unwrap()["v"], n(5));
}

#[tokio::test]
async fn or_none_of_it_and_the_reasons_are_told() {
    let world = World::with_table().await;
    let there = item_of("a", 2, [("v", s("old"))]);
    world.put(there.clone()).await;
    let parts = vec![
        put(item_of("a", 1, [])),
        put_new(key("a", 2)),
        add(3, 1),
        check("Tasks", 4, "attribute_exists(pk)"),
    ];
    let told = reasons(write(&world, parts).await);
    let codes: Vec<_> = told.iter().map(|reason| reason.code.as_deref().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None", "ConditionalCheckFailed"]);
    assert_eq!((&told[1].item, &told[3].item), (&Some(there), &None));
    assert_eq!((world.get("a", 1).await, world.get("a", 3).await), (None, None));
}

#[tokio::test]
async fn a_token_makes_it_once() {
    let mut world = World::with_table().await;
    for _ in 0..2 {
        for _ in 0..2 {
            let ask = world.dynamodb.transact_write_items().transact_items(add(1, 1));
            ask.client_request_token("once").send().await.unwrap();
        }
        let other = world.dynamodb.transact_write_items().transact_items(add(1, 2));
        let other = other.client_request_token("once").send().await;
        assert_eq!(code(other), "IdempotentParameterMismatchException");
        assert_eq!(world.get("a", 1).await.unwrap()["v"], n(1));
        // Of a commit that writes nothing the log is read, too.
        write(&world, vec![check("Tasks", 1, "attribute_exists(pk)")]).await.unwrap();
        world.restart();
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let world = World::with_table().await;
    let twice = write(&world, vec![put(key("a", 1)), delete(1)]).await;
    assert_eq!(invalid(twice), "Transaction request cannot include multiple operations on one item");
    assert_eq!(
        code(write(&world, vec![check("Nowhere", 1, "attribute_exists(pk)")]).await),
        "ResourceNotFoundException"
    );
    let _ = invalid(write(&world, (0..101).map(delete).collect()).await);
    let large = |sk| put(item_of("a", sk, [("v", s(&"x".repeat(390 << 10)))]));
    let text = invalid(write(&world, (0..11).map(large).collect()).await);
    assert!(text.starts_with("Transaction payload size cannot exceed 4MB."), "{text}");
    assert_eq!(world.get("a", 1).await, None);
}

/// Clients that move amounts between a few accounts, in any direction, beside others that write them one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn among_many_clients_money_is_neither_made_nor_lost() {
    const ACCOUNTS: i64 = 4;
    let world = World::with_table().await;
    for account in 0..ACCOUNTS {
        world.put(item_of("a", account, [("v", n(100))])).await;
    }
    let look = || {
        let get = |sk| Get::builder().table_name("Tasks").set_key(Some(key("a", sk))).build().unwrap();
        let gets = (0..ACCOUNTS).map(|sk| TransactGetItem::builder().get(get(sk)).build()).collect();
        world.dynamodb.transact_get_items().set_transact_items(Some(gets)).send()
    };
    let total = async || {
        let found = look().await.unwrap().responses.unwrap();
        let number = |item: &Item| item["v"].as_n().unwrap().parse::<i64>().unwrap();
        found.iter().map(|response| number(response.item.as_ref().unwrap())).sum::<i64>()
    };
    let client = async |number: i64| {
        for turn in 0..25 {
            let (from, to) = ((number + turn) % ACCOUNTS, (number + turn * 3 + 1) % ACCOUNTS);
            if from != to {
                let outcome = write(&world, vec![add(from, -7), add(to, 7)]).await;
                assert!(
                    outcome.is_ok() || reasons(outcome)[0].code.as_deref() == Some("ConditionalCheckFailed")
                );
            }
            let touch = world.dynamodb.update_item().table_name("Tasks").set_key(Some(key("a", from)));
            touch
                .update_expression("ADD touched :n")
                .expression_attribute_values(":n", n(1))
                .send()
                .await
                .unwrap();
            assert_eq!(total().await, ACCOUNTS * 100);
        }
    };
    join_all((0..8).map(client)).await;
}
