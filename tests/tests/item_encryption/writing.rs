//! PutItem, UpdateItem, DeleteItem, and changes of what is signed.

use aws_sdk_dynamodb::Error;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use item_encryption_client::soundness::Unsound;
use item_encryption_client::{ClientError, EncryptedClient};

use crate::fixture::{assert_encrypted, client, codec, kms_codec, note, stored};
use crate::world::{Item, World, key, n, s};

fn put(item: Item) -> PutItemInputBuilder {
    PutItemInput::builder().table_name("Tasks").set_item(Some(item))
}

fn update(number: i64) -> UpdateItemInputBuilder {
    UpdateItemInput::builder().table_name("Tasks").set_key(Some(key("n", number)))
}

async fn got(db: &EncryptedClient, number: i64) -> Item {
    let get = GetItemInput::builder().table_name("Tasks").set_key(Some(key("n", number)));
    db.get_item(get).await.unwrap().item.unwrap()
}

#[tokio::test]
async fn an_item_comes_back_and_lies_encrypted_in_the_table() {
    let world = World::with_table().await;
    for codec in [codec(), kms_codec(&world).await] {
        let db = client(&world, codec);
        db.put_item(put(note(1))).await.unwrap();
        assert_encrypted(&stored(&world, 1).await);
        assert_eq!(got(&db, 1).await, note(1));
    }
}

#[tokio::test]
async fn old_items_come_back_decrypted() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1))).await.unwrap();
    let old = db.put_item(put(note(1)).return_values(ReturnValue::AllOld)).await.unwrap();
    assert_eq!(old.attributes, Some(note(1)));
    let delete = DeleteItemInput::builder().table_name("Tasks").set_key(Some(key("n", 1)));
    let delete = delete.return_values(ReturnValue::AllOld).condition_expression("attribute_exists(body)");
    assert_eq!(db.delete_item(delete).await.unwrap().attributes, Some(note(1)));
    assert_eq!(world.get("n", 1).await, None);
}

#[tokio::test]
async fn conditions_hold_or_fail_on_what_stands_in_clear_and_are_refused_on_what_does_not() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1)).condition_expression("attribute_not_exists(body)")).await.unwrap();
    let signed = put(note(1)).condition_expression("link = :l").expression_attribute_values(":l", s("l"));
    db.put_item(signed).await.unwrap();
    let failed =
        db.put_item(put(note(1)).condition_expression("attribute_not_exists(body)")).await.unwrap_err();
    assert!(failed.is_condition_failed(), "{failed}");
    let compared =
        put(note(1)).condition_expression("body = :b").expression_attribute_values(":b", s("canary"));
    let refused = db.put_item(compared).await.unwrap_err();
    assert!(matches!(refused, ClientError::Unsound(Unsound::EncryptedCondition(_))), "{refused}");
}

#[tokio::test]
async fn the_item_that_a_failed_condition_met_comes_decrypted() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1))).await.unwrap();
    let failing = put(note(1))
        .condition_expression("attribute_not_exists(body)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let ClientError::DynamoDb(refused) = db.put_item(failing).await.unwrap_err() else {
        panic!("DynamoDB refuses")
    };
    let Error::ConditionalCheckFailedException(failed) = *refused else {
        panic!("the condition fails: {refused}")
    };
    assert_eq!(failed.item, Some(note(1)));
}

#[tokio::test]
async fn updates_of_unsigned_attributes_leave_the_signature_good() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1))).await.unwrap();
    let counted = update(1)
        .update_expression("ADD #v :one SET #c = :c")
        .expression_attribute_names("#v", "seen")
        .expression_attribute_names("#c", ":colour")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":c", s("red"))
        .return_values(ReturnValue::AllNew);
    let new = db.update_item(counted).await.unwrap().attributes.unwrap();
    assert_eq!((&new["seen"], &new[":colour"], &new["body"]), (&n(2), &s("red"), &s("canary")));
    assert_eq!(got(&db, 1).await, new);
}

#[tokio::test]
async fn updates_that_would_break_the_signature_are_refused() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    for (expression, expected) in [
        ("SET body = :x", Unsound::SignedUpdate("body".to_owned())),
        ("SET link = :x", Unsound::SignedUpdate("link".to_owned())),
        ("SET seen = body", Unsound::EncryptedOperand("body".to_owned())),
        ("REMOVE aws_dbe_head", Unsound::OwnAttribute("aws_dbe_head".to_owned())),
        ("SET other = :x", Unsound::NoAction("other".to_owned())),
    ] {
        let refused = db.update_item(update(1).update_expression(expression)).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Unsound(reason) if *reason == expected), "{refused}");
    }
}

#[tokio::test]
async fn an_update_makes_no_item_that_nobody_signed() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    let counted = update(9).update_expression("SET seen = :v").expression_attribute_values(":v", n(1));
    assert!(db.update_item(counted).await.unwrap_err().is_condition_failed());
    assert_eq!(world.get("n", 9).await, None);
}

#[tokio::test]
async fn what_is_signed_is_modified_where_nobody_came_first() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1))).await.unwrap();
    let changed = |mut item: Item| {
        item.insert("body".to_owned(), s("canary two"));
        item.remove("link");
        item
    };
    let now = db.modify("Tasks", key("n", 1), changed).await.unwrap();
    assert_eq!(got(&db, 1).await, now);
    assert_eq!((&now["body"], now.get("link")), (&s("canary two"), None));
    let nobody = db.modify("Tasks", key("n", 2), |item| item).await.unwrap_err();
    assert!(matches!(nobody, ClientError::NoItem), "{nobody}");
}

#[tokio::test]
async fn modifications_at_the_same_time_are_all_there_in_the_end() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    db.put_item(put(note(1))).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..12 {
        let db = db.clone();
        let tagged = move |mut item: Item| {
            let body = item["body"].as_s().unwrap().clone();
            item.insert("body".to_owned(), s(&format!("{body}{task:x}")));
            item
        };
        tasks.spawn(async move { db.modify("Tasks", key("n", 1), tagged).await.map(drop) });
        let db = client(&world, codec());
        let count = update(1).update_expression("ADD seen :one").expression_attribute_values(":one", n(1));
        tasks.spawn(async move { db.update_item(count).await.map(drop) });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }
    let item = got(&db, 1).await;
    let mut appended: Vec<char> =
        item["body"].as_s().unwrap().strip_prefix("canary").unwrap().chars().collect();
    appended.sort_unstable();
    assert_eq!(
        (appended.into_iter().collect::<String>(), &item["seen"]),
        ("0123456789ab".to_owned(), &n(13))
    );
}

#[tokio::test]
async fn a_table_without_codec_is_refused() {
    let world = World::with_table().await;
    let db = EncryptedClient::new(world.dynamodb.clone());
    let refused = db.put_item(put(note(1))).await.unwrap_err();
    assert!(matches!(refused, ClientError::UnknownTable(_)), "{refused}");
    assert_eq!(world.get("n", 1).await, None);
}
