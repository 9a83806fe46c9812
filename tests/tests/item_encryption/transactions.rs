//! TransactWriteItems and TransactGetItems.

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Get, Put, ReturnValuesOnConditionCheckFailure as Told, TransactGetItem,
    TransactWriteItem, Update,
};
use item_encryption_client::soundness::Unsound;
use item_encryption_client::{ClientError, EncryptedClient};

use crate::fixture::{assert_encrypted, client, codec, note, stored};
use crate::world::{World, key, n, s};

fn put(number: i64) -> TransactWriteItem {
    let put = Put::builder().table_name("Tasks").set_item(Some(note(number))).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

fn update(expression: &str) -> TransactWriteItem {
    update_of(1, expression)
}

fn update_of(number: i64, expression: &str) -> TransactWriteItem {
    let update = Update::builder().table_name("Tasks").set_key(Some(key("n", number)));
    let update = update.update_expression(expression);
    let update = update.expression_attribute_values(":v", n(2)).build().unwrap();
    TransactWriteItem::builder().update(update).build()
}

fn check(pk: &str, number: i64, expression: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name("Tasks").set_key(Some(key(pk, number)));
    let check =
        check.condition_expression(expression).expression_attribute_values(":v", s("l")).build().unwrap();
    TransactWriteItem::builder().condition_check(check).build()
}

async fn write(db: &EncryptedClient, parts: Vec<TransactWriteItem>) -> Result<(), ClientError> {
    db.transact_write_items(TransactWriteItemsInput::builder().set_transact_items(Some(parts)))
        .await
        .map(drop)
}

#[tokio::test]
async fn parts_that_are_not_sound_are_refused_and_nothing_is_sent() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    for (part, expected) in [
        (update("SET body = :v"), Unsound::SignedUpdate("body".to_owned())),
        (check("n", 1, "body = :v"), Unsound::EncryptedCondition("body".to_owned())),
    ] {
        let refused = write(&db, vec![put(2), part]).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Unsound(reason) if *reason == expected), "{refused}");
    }
    assert_eq!(world.get("n", 2).await, None);
}

#[tokio::test]
async fn a_transaction_is_encrypted_in_the_table_and_its_items_come_back_decrypted() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    write(&db, vec![put(1), put(2)]).await.unwrap();
    write(&db, vec![put(3), update("SET seen = :v"), check("n", 2, "link = :v")]).await.unwrap();
    for number in [1, 2, 3] {
        assert_encrypted(&stored(&world, number).await);
    }
    let get = |number| {
        let get = Get::builder().table_name("Tasks").set_key(Some(key("n", number)));
        let get = get.projection_expression("body, #v").expression_attribute_names("#v", "seen").build();
        TransactGetItem::builder().get(get.unwrap()).build()
    };
    let input = TransactGetItemsInput::builder().transact_items(get(1)).transact_items(get(9));
    let found = db.transact_get_items(input).await.unwrap().responses.unwrap();
    let found: Vec<_> = found.into_iter().map(|response| response.item).collect();
    let expected = [("body".to_owned(), s("canary")), ("seen".to_owned(), n(2))].into();
    assert_eq!(found, [Some(expected), None]);
}

#[tokio::test]
async fn a_transaction_that_is_cancelled_changes_nothing_and_tells_the_items_decrypted() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    write(&db, vec![put(1), put(2), put(5)]).await.unwrap();
    let mut foreign = stored(&world, 2).await;
    foreign.insert("link".to_owned(), s("not signed"));
    world.put(foreign).await;
    let delete = |number| {
        let delete = Delete::builder().table_name("Tasks").set_key(Some(key("n", number)));
        let delete = delete.condition_expression("attribute_not_exists(body)");
        let delete = delete.return_values_on_condition_check_failure(Told::AllOld).build().unwrap();
        TransactWriteItem::builder().delete(delete).build()
    };
    let missing = update_of(9, "SET seen = :v");
    let refused = write(&db, vec![put(3), delete(1), delete(2), missing, check("n", 5, "link = :v")]).await;
    let ClientError::DynamoDb(error) = refused.unwrap_err() else { panic!("it is DynamoDB's") };
    let aws_sdk_dynamodb::Error::TransactionCanceledException(cancelled) = *error else { panic!("{error}") };
    let reasons = cancelled.cancellation_reasons();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
    let failed = "ConditionalCheckFailed";
    assert_eq!(codes, ["None", failed, failed, failed, "None"]);
    // What was changed behind the client's back does not open, and is not told.
    assert_eq!([&reasons[1].item, &reasons[2].item], [&Some(note(1)), &None]);
    assert_eq!(world.get("n", 3).await, None);
}

#[tokio::test]
async fn a_token_makes_it_once_though_items_are_encrypted_anew() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    let send = |parts| {
        let input = TransactWriteItemsInput::builder().set_transact_items(Some(parts));
        db.transact_write_items(input.client_request_token("once"))
    };
    send(vec![put(1)]).await.unwrap();
    let sealed = stored(&world, 1).await;
    assert!(send(vec![put(1)]).await.unwrap_err().is_token_used());
    assert_eq!(stored(&world, 1).await, sealed);
    let add = |token: &str| {
        let input = TransactWriteItemsInput::builder().transact_items(update("ADD seen :v"));
        db.transact_write_items(input.client_request_token(token))
    };
    for _ in 0..3 {
        add("the same bytes each time").await.unwrap();
    }
    assert_eq!(stored(&world, 1).await["seen"], n(3));
}
