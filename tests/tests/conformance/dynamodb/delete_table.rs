use aws_sdk_dynamodb::types::TableStatus;

use crate::world::{World, code, invalid, item_of, key, refused, table};

#[tokio::test]
async fn a_deleted_table_is_gone_and_its_name_is_free() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [])).await;
    let answer = world.dynamodb.delete_table().table_name("Tasks").send().await.unwrap();
    assert_eq!(answer.table_description.unwrap().table_status, Some(TableStatus::Deleting));
    assert_eq!(world.dynamodb.list_tables().send().await.unwrap().table_names().len(), 0);
    let get = world.dynamodb.get_item().table_name("Tasks").set_key(Some(key("a", 1))).send().await;
    assert_eq!(code(get), "ResourceNotFoundException");
    table(&world.dynamodb, "Tasks").send().await.unwrap();
    assert_eq!(world.get("a", 1).await, None, "a new table of an old name is empty");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_deleted() {
    let world = World::new();
    let expected = "Requested resource not found: Table: Nowhere not found";
    let answer = world.dynamodb.delete_table().table_name("Nowhere").send().await;
    assert_eq!(refused(answer), ("ResourceNotFoundException".into(), expected.into()));
}

#[tokio::test]
async fn protection_holds_until_it_is_taken_away() {
    let world = World::new();
    table(&world.dynamodb, "Safe").deletion_protection_enabled(true).send().await.unwrap();
    let delete = || world.dynamodb.delete_table().table_name("Safe").send();
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Safe";
    let text = invalid(delete().await);
    assert!(
        text.contains("Resource cannot be deleted as it is currently protected against deletion"),
        "{text} ({arn})"
    );
    world.dynamodb.update_table().table_name("Safe").deletion_protection_enabled(false).send().await.unwrap();
    delete().await.unwrap();
}
