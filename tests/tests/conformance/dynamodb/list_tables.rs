use crate::world::{World, invalid};

#[tokio::test]
async fn names_come_in_order_and_in_pages() {
    let world = World::new();
    for name in ["Delta", "alpha", "Bravo", "Charlie"] {
        world.create_table(name).await;
    }
    let all = world.dynamodb.list_tables().send().await.unwrap();
    assert_eq!(all.table_names(), ["Bravo", "Charlie", "Delta", "alpha"]);
    assert_eq!(all.last_evaluated_table_name, None);
    let first = world.dynamodb.list_tables().limit(3).send().await.unwrap();
    assert_eq!(first.table_names(), ["Bravo", "Charlie", "Delta"]);
    assert_eq!(first.last_evaluated_table_name.as_deref(), Some("Delta"));
    let rest = world.dynamodb.list_tables().exclusive_start_table_name("Delta").send().await.unwrap();
    assert_eq!(rest.table_names(), ["alpha"]);
    // A start need not exist.
    let rest = world.dynamodb.list_tables().exclusive_start_table_name("Cab").send().await.unwrap();
    assert_eq!(rest.table_names(), ["Charlie", "Delta", "alpha"]);
}

#[tokio::test]
async fn a_page_holds_1_to_100_names() {
    let world = World::new();
    let text = invalid(world.dynamodb.list_tables().limit(101).send().await);
    assert_eq!(
        text,
        "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have \
         value less than or equal to 100"
    );
}
