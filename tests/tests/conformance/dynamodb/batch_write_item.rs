use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, ReturnConsumedCapacity, WriteRequest};

use crate::world::{Item, World, code, invalid, item_of, key, s};

fn put(item: Item) -> WriteRequest {
    let request = PutRequest::builder().set_item(Some(item)).build().unwrap();
    WriteRequest::builder().put_request(request).build()
}

fn delete(key: Item) -> WriteRequest {
    let request = DeleteRequest::builder().set_key(Some(key)).build().unwrap();
    WriteRequest::builder().delete_request(request).build()
}

#[tokio::test]
async fn puts_and_deletes_of_several_tables_are_done_together() {
    let world = World::with_table().await;
    world.create_table("Other").await;
    world.put(item_of("old", 1, [])).await;
    let answer = world
        .dynamodb
        .batch_write_item()
        .request_items("Tasks", vec![put(item_of("new", 1, [("v", s("x"))])), delete(key("old", 1))])
        .request_items("Other", vec![put(key("o", 1))])
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert!(answer.unprocessed_items.unwrap().is_empty());
    assert_eq!(world.get("old", 1).await, None);
    assert_eq!(world.get("new", 1).await.unwrap()["v"], s("x"));
    let total: f64 = answer.consumed_capacity.unwrap().iter().filter_map(|c| c.capacity_units).sum();
    assert!((total - 3.0).abs() < f64::EPSILON, "{total}");
}

#[tokio::test]
async fn twenty_five_are_the_most() {
    let world = World::with_table().await;
    let puts = |count| (0..count).map(|sk| put(key("a", sk))).collect::<Vec<_>>();
    let write = |requests| world.dynamodb.batch_write_item().request_items("Tasks", requests).send();
    write(puts(25)).await.unwrap();
    assert!(world.get("a", 24).await.is_some());
    let _ = invalid(write(puts(26)).await);
    assert_eq!(world.get("a", 25).await, None);
}

#[tokio::test]
async fn one_bad_request_refuses_all_of_them() {
    let world = World::with_table().await;
    let write =
        |table: &str, requests| world.dynamodb.batch_write_item().request_items(table, requests).send();
    let twice = write("Tasks", vec![put(key("a", 1)), delete(key("a", 1))]).await;
    assert_eq!(invalid(twice), "Provided list of item keys contains duplicates");
    let half = write("Tasks", vec![put(key("a", 1)), delete(crate::world::item([("pk", s("a"))]))]).await;
    assert_eq!(invalid(half), "The provided key element does not match the schema");
    assert_eq!(code(write("Nowhere", vec![put(key("a", 1))]).await), "ResourceNotFoundException");
    assert_eq!(world.get("a", 1).await, None);
}
