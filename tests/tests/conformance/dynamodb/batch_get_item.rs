use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};

use crate::world::{Item, World, code, invalid, item_of, key, n, s};

fn keys(keys: impl IntoIterator<Item = Item>) -> KeysAndAttributes {
    KeysAndAttributes::builder().set_keys(Some(keys.into_iter().collect())).build().unwrap()
}

#[tokio::test]
async fn items_of_several_tables_come_together() {
    let world = World::with_table().await;
    world.create_table("Other").await;
    world.put(item_of("a", 1, [("v", s("one"))])).await;
    let other = world.dynamodb.put_item().table_name("Other").set_item(Some(item_of("b", 2, [])));
    other.send().await.unwrap();
    let request = HashMap::from([
        ("Tasks".to_owned(), keys([key("a", 1), key("absent", 1)])),
        ("Other".to_owned(), keys([key("b", 2)])),
    ]);
    let answer = world
        .dynamodb
        .batch_get_item()
        .set_request_items(Some(request))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    let responses = answer.responses.unwrap();
    assert_eq!(responses["Tasks"], [item_of("a", 1, [("v", s("one"))])]);
    assert_eq!(responses["Other"], [key("b", 2)]);
    assert!(answer.unprocessed_keys.unwrap().is_empty());
    // Two keys of T (one absent) and one of Other, half a unit each.
    let mut units: Vec<_> = answer.consumed_capacity.unwrap();
    units.sort_by_key(|capacity| capacity.table_name.clone());
    assert_eq!(units.iter().map(|c| c.capacity_units.unwrap()).collect::<Vec<_>>(), [0.5, 1.0]);
}

#[tokio::test]
async fn a_projection_counts_for_all_keys_of_a_table() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", s("one")), ("w", n(1))])).await;
    let wanted = KeysAndAttributes::builder()
        .keys(key("a", 1))
        .projection_expression("#v")
        .expression_attribute_names("#v", "v")
        .consistent_read(true)
        .build()
        .unwrap();
    let answer = world.dynamodb.batch_get_item().request_items("Tasks", wanted).send().await.unwrap();
    assert_eq!(answer.responses.unwrap()["Tasks"], [crate::world::item([("v", s("one"))])]);
}

#[tokio::test]
async fn what_would_be_too_much_for_one_answer_is_left_for_the_next() {
    let world = World::with_table().await;
    for sk in 0..50 {
        world.put(item_of("a", sk, [("v", s(&"x".repeat(390_000)))])).await;
    }
    let all = keys((0..50).map(|sk| key("a", sk)));
    let answer = world.dynamodb.batch_get_item().request_items("Tasks", all).send().await.unwrap();
    let got = answer.responses.unwrap()["Tasks"].len();
    let left = answer.unprocessed_keys.unwrap()["Tasks"].keys.len();
    assert_eq!(got + left, 50);
    assert!((40..50).contains(&got), "16 MB hold {got} items of 390 KB");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    let get = |table: &str, keys| world.dynamodb.batch_get_item().request_items(table, keys);
    assert_eq!(code(get("Nowhere", keys([key("a", 1)])).send().await), "ResourceNotFoundException");
    let twice = get("Tasks", keys([key("a", 1), key("a", 1)])).send().await;
    assert_eq!(invalid(twice), "Provided list of item keys contains duplicates");
    let many = invalid(get("Tasks", keys((0..101).map(|sk| key("a", sk)))).send().await);
    assert!(many.ends_with("Member must have length less than or equal to 100"), "{many}");
    world.create_table("Other").await;
    let half = || keys((0..51).map(|sk| key("a", sk)));
    let together = get("Tasks", half()).request_items("Other", half()).send().await;
    assert_eq!(invalid(together), "Too many items requested for the BatchGetItem call");
}
