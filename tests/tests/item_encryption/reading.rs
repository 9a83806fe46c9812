//! GetItem: projections, tampering, and which forms of items are read.

use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use item_encryption_client::soundness::Unsound;
use item_encryption_client::{ClientError, EncryptedClient, Form, ItemError, ReadPolicy, TableCodec};

use crate::fixture::{client, codec, config, key, note, stored};
use crate::world::{Item, World, key as item_key, s};

fn get() -> GetItemInputBuilder {
    GetItemInput::builder().table_name("Tasks").set_key(Some(item_key("n", 1)))
}

async fn world_with_note() -> World {
    let world = World::with_table().await;
    let put = PutItemInput::builder().table_name("Tasks").set_item(Some(note(1)));
    client(&world, codec()).put_item(put).await.unwrap();
    world
}

async fn got(db: &EncryptedClient) -> Result<Item, ClientError> {
    Ok(db.get_item(get()).await?.item.unwrap())
}

#[tokio::test]
async fn a_projection_is_applied_after_the_signature_is_checked() {
    let world = world_with_note().await;
    let db = client(&world, codec());
    let projected = get().projection_expression("#b, seen").expression_attribute_names("#b", "body");
    let item = db.get_item(projected).await.unwrap().item.unwrap();
    assert_eq!(
        item,
        note(1).into_iter().filter(|(name, _)| ["body", "seen"].contains(&name.as_str())).collect()
    );
    let nested = db.get_item(get().projection_expression("tags[0]")).await.unwrap_err();
    assert!(matches!(nested, ClientError::Unsound(Unsound::NoWholeAttributes)), "{nested}");
    let old = db.get_item(get().attributes_to_get("body")).await.unwrap_err();
    assert!(matches!(old, ClientError::Unsound(Unsound::OldParameter("AttributesToGet"))), "{old}");
}

#[tokio::test]
async fn a_changed_item_is_refused() {
    let world = world_with_note().await;
    let mut changed = stored(&world, 1).await;
    changed.insert("link".to_owned(), s("elsewhere"));
    world.put(changed).await;
    let refused = got(&client(&world, codec())).await.unwrap_err();
    let ClientError::Item(ItemError::DoesNotOpen { tried, cause }) = refused else { panic!("{refused}") };
    assert_eq!(
        (tried, *cause),
        (vec!["Tasks".to_owned()], ItemError::Format(item_encryption_format::Error::Signature))
    );
}

#[tokio::test]
async fn restored_under_another_name_opens_with_read_as() {
    let world = world_with_note().await;
    let restored = || TableCodec::new(config("Tasks-Restored"), key("2026"));
    let refused = got(&client(&world, restored())).await.unwrap_err().to_string();
    assert!(refused.contains("[\"Tasks-Restored\"]") && refused.contains("read_as"), "{refused}");
    assert_eq!(got(&client(&world, restored().read_as(["Tasks"]))).await.unwrap(), note(1));
}

#[tokio::test]
async fn plaintext_is_read_only_where_the_policy_admits_it() {
    let world = World::with_table().await;
    world.put(note(1)).await;
    let refused = got(&client(&world, codec())).await.unwrap_err();
    assert!(matches!(refused, ClientError::Item(ItemError::NotAdmitted(Form::Plaintext))), "{refused}");
    let mixed = codec().read_policy(ReadPolicy::current().or_plaintext());
    assert_eq!(got(&client(&world, mixed)).await.unwrap(), note(1));
}

#[tokio::test]
async fn an_item_that_lost_its_header_is_no_plaintext() {
    let world = world_with_note().await;
    let mut headless = stored(&world, 1).await;
    headless.remove("aws_dbe_head");
    world.put(headless).await;
    let mixed = codec().read_policy(ReadPolicy::current().or_plaintext());
    assert!(got(&client(&world, mixed)).await.is_err());
}
