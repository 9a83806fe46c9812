use aws_sdk_dynamodb::types::{Get, ReturnConsumedCapacity, TransactGetItem};

use crate::world::{World, code, invalid, item, item_of, key, n, s};

fn get(table: &str, sk: i64, projection: Option<&str>) -> TransactGetItem {
    let get = Get::builder().table_name(table).set_key(Some(key("a", sk)));
    let get = get.set_projection_expression(projection.map(str::to_owned)).build().unwrap();
    TransactGetItem::builder().get(get).build()
}

#[tokio::test]
async fn items_of_several_tables_come_in_order() {
    let world = World::with_table().await;
    world.create_table("Other").await;
    world.put(item_of("a", 1, [("v", s("x")), ("w", n(2))])).await;
    let gets = vec![get("Other", 1, None), get("Tasks", 1, Some("w")), get("Tasks", 2, None)];
    let ask = world.dynamodb.transact_get_items().set_transact_items(Some(gets));
    let answer = ask.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    let found: Vec<_> = answer.responses.unwrap().into_iter().map(|response| response.item).collect();
    assert_eq!(found, [None, Some(item([("w", n(2))])), None]);
    let consumed = answer.consumed_capacity.unwrap();
    assert_eq!(consumed[0].table_name.as_deref(), Some("Other"));
    assert_eq!((consumed[0].read_capacity_units, consumed[1].read_capacity_units), (Some(2.0), Some(4.0)));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let world = World::with_table().await;
    let ask = |gets| world.dynamodb.transact_get_items().set_transact_items(Some(gets)).send();
    let twice = ask(vec![get("Tasks", 1, None), get("Tasks", 1, Some("v"))]).await;
    assert_eq!(invalid(twice), "Transaction request cannot include multiple operations on one item");
    assert_eq!(code(ask(vec![get("Nowhere", 1, None)]).await), "ResourceNotFoundException");
    let _ = invalid(ask((0..101).map(|sk| get("Tasks", sk, None)).collect()).await);
}
