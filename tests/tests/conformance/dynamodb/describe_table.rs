use aws_sdk_dynamodb::types::TableStatus;

use crate::world::{World, item_of, refused, s};

#[tokio::test]
async fn a_table_is_found_by_name_and_by_arn() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [("v", s("x"))])).await;
    let describe = |name: &str| world.dynamodb.describe_table().table_name(name).send();
    let by_name = describe("Tasks").await.unwrap().table.unwrap();
    assert_eq!(by_name.table_status, Some(TableStatus::Active));
    assert!(by_name.creation_date_time.is_some());
    let by_arn = describe(by_name.table_arn.as_deref().unwrap()).await.unwrap().table.unwrap();
    assert_eq!(by_arn.table_id, by_name.table_id);
}

#[tokio::test]
async fn an_absent_table_is_named() {
    let world = World::new();
    let answer = world.dynamodb.describe_table().table_name("Nowhere").send().await;
    let expected = "Requested resource not found: Table: Nowhere not found";
    assert_eq!(refused(answer), ("ResourceNotFoundException".into(), expected.into()));
}

#[tokio::test]
async fn a_table_is_the_same_after_a_restart() {
    let mut world = World::with_table().await;
    let before = world.dynamodb.describe_table().table_name("Tasks").send().await.unwrap().table;
    world.restart();
    let after = world.dynamodb.describe_table().table_name("Tasks").send().await.unwrap().table;
    assert_eq!(before, after);
}
