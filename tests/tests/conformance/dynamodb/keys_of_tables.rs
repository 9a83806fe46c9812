//! What a KMS key's state means for the tables under it.

use aws_sdk_dynamodb::types::TableStatus;

use crate::world::{World, code, invalid, item_of, key, n, s, sse};

async fn under_key(world: &World) -> String {
    let arn = world.create_key().await;
    world.create_table_under("Tasks", &arn).await;
    world.put(item_of("a", 1, [("v", s("x"))])).await;
    arn
}

async fn status(world: &World) -> Option<TableStatus> {
    world.dynamodb.describe_table().table_name("Tasks").send().await.unwrap().table.unwrap().table_status
}

/// The refusal of every item operation, all the same.
async fn refusal(world: &World) -> String {
    let client = &world.dynamodb;
    let get = client.get_item().table_name("Tasks").set_key(Some(key("a", 1))).send().await;
    let text = invalid(get);
    assert_prefix(
        &text,
        &invalid(client.put_item().table_name("Tasks").set_item(Some(key("b", 1))).send().await),
    );
    assert_prefix(
        &text,
        &invalid(client.delete_item().table_name("Tasks").set_key(Some(key("a", 1))).send().await),
    );
    assert_prefix(
        &text,
        &invalid(client.update_item().table_name("Tasks").set_key(Some(key("a", 1))).send().await),
    );
    assert_prefix(&text, &invalid(client.scan().table_name("Tasks").send().await));
    let query = client.query().table_name("Tasks").key_condition_expression("pk = :p");
    assert_prefix(&text, &invalid(query.expression_attribute_values(":p", s("a")).send().await));
    text
}

/// The same but for the request's id.
fn assert_prefix(one: &str, other: &str) {
    let head = |text: &str| text.split("Request ID").next().unwrap_or_default().to_owned();
    assert_eq!(head(one), head(other));
}

#[tokio::test]
async fn a_disabled_key_closes_its_table_at_once_and_an_enabled_one_opens_it() {
    let mut world = World::new();
    let arn = under_key(&world).await;
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    let expected = format!(
        "KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: {arn} is disabled."
    );
    assert!(refusal(&world).await.starts_with(&expected));
    assert_eq!(status(&world).await, Some(TableStatus::InaccessibleEncryptionCredentials));
    let told = world
        .dynamodb
        .describe_table()
        .table_name("Tasks")
        .send()
        .await
        .unwrap()
        .table
        .unwrap()
        .sse_description
        .unwrap();
    assert!(told.inaccessible_encryption_date_time.is_some());
    world.restart();
    assert!(refusal(&world).await.starts_with(&expected), "also after a restart");
    world.kms.enable_key().key_id(&arn).send().await.unwrap();
    assert_eq!(world.get("a", 1).await, Some(item_of("a", 1, [("v", s("x"))])));
    assert_eq!(status(&world).await, Some(TableStatus::Active));
}

#[tokio::test]
async fn other_tables_do_not_notice() {
    let world = World::new();
    let arn = under_key(&world).await;
    world.create_table("Other").await;
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    let put = world.dynamodb.put_item().table_name("Other").set_item(Some(item_of("a", 1, [("v", n(1))])));
    put.send().await.unwrap();
}

#[tokio::test]
async fn a_scheduled_deletion_closes_until_it_is_cancelled_and_the_key_enabled() {
    let world = World::new();
    let arn = under_key(&world).await;
    world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    let text = refusal(&world).await;
    assert!(text.contains(&format!("{arn} is pending deletion.")), "{text}");
    world.kms.cancel_key_deletion().key_id(&arn).send().await.unwrap();
    assert!(refusal(&world).await.contains("is disabled"), "a cancelled deletion leaves the key disabled");
    world.kms.enable_key().key_id(&arn).send().await.unwrap();
    assert!(world.get("a", 1).await.is_some());
}

#[tokio::test]
async fn a_deleted_key_takes_its_table_with_it() {
    let mut world = World::with_test_clock();
    let arn = under_key(&world).await;
    world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    world.server.advance_clock(7 * 86_400 + 60);
    assert_eq!(code(world.kms.describe_key().key_id(&arn).send().await), "NotFoundException");
    let _ = refusal(&world).await;
    assert_eq!(status(&world).await, Some(TableStatus::InaccessibleEncryptionCredentials));
    world.restart();
    let _ = refusal(&world).await;
    world.dynamodb.delete_table().table_name("Tasks").send().await.unwrap();
    world.create_table("Tasks").await;
    assert_eq!(world.get("a", 1).await, None);
}

#[tokio::test]
async fn a_closed_table_can_be_described_protected_and_deleted_but_not_switched() {
    let world = World::new();
    let arn = under_key(&world).await;
    let other = world.create_key().await;
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    let update = world.dynamodb.update_table().table_name("Tasks").sse_specification(sse(&other));
    let text = invalid(update.send().await);
    assert!(text.contains(&format!("{arn} is disabled.")), "the text names the old key: {text}");
    for protected in [true, false] {
        let update = world.dynamodb.update_table().table_name("Tasks").deletion_protection_enabled(protected);
        update.send().await.unwrap();
    }
    assert_eq!(world.dynamodb.list_tables().send().await.unwrap().table_names(), ["Tasks"]);
    world.dynamodb.delete_table().table_name("Tasks").send().await.unwrap();
}
