//! BatchGetItem and BatchWriteItem, and many items at a time.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::{StreamExt, stream};
use item_encryption_client::{decrypt_stream, encrypt_many};

use crate::fixture::{Codec, assert_encrypted, client, codec, note, stored};
use crate::world::{Item, World, key, s};

fn put(item: Item) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

fn delete(number: i64) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key("n", number))).build().unwrap();
    WriteRequest::builder().delete_request(delete).build()
}

#[tokio::test]
async fn batches_are_encrypted_on_the_way_in_and_decrypted_on_the_way_out() {
    let world = World::with_table().await;
    let db = client(&world, codec());
    let write = BatchWriteItemInput::builder()
        .request_items("Tasks", (0..5).map(|number| put(note(number))).collect());
    let written = db.batch_write_item(write).await.unwrap();
    assert!(written.unprocessed_items.is_none_or(|left| left.is_empty()));
    assert_encrypted(&stored(&world, 3).await);
    let mixed =
        BatchWriteItemInput::builder().request_items("Tasks", vec![delete(0), put(note(9)), delete(1)]);
    db.batch_write_item(mixed).await.unwrap();
    let keys = KeysAndAttributes::builder().set_keys(Some((0..10).map(|number| key("n", number)).collect()));
    let keys = keys.projection_expression("#k, body").expression_attribute_names("#k", "sk").build().unwrap();
    let found = db.batch_get_item(BatchGetItemInput::builder().request_items("Tasks", keys)).await.unwrap();
    let mut found = found.responses.unwrap().remove("Tasks").unwrap();
    found.sort_by_key(|item| item["sk"].as_n().unwrap().clone());
    let expected = [2, 3, 4, 9].map(|number| {
        note(number).into_iter().filter(|(name, _)| ["sk", "body"].contains(&name.as_str())).collect::<Item>()
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_batch_with_a_refused_item_is_not_sent() {
    let world = World::with_table().await;
    let mut unknown = note(2);
    unknown.insert("other".to_owned(), s("x"));
    let write = BatchWriteItemInput::builder().request_items("Tasks", vec![put(note(1)), put(unknown)]);
    assert!(client(&world, codec()).batch_write_item(write).await.is_err());
    assert_eq!(world.get("n", 1).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_items_come_back_in_their_order_over_the_cores() {
    let codec: Codec = Arc::new(codec());
    let items: Vec<Item> = (0..300).map(note).collect();
    let sealed = encrypt_many(&codec, items.clone(), 8).await;
    let sealed: Vec<Item> = sealed.into_iter().map(Result::unwrap).collect();
    let opened: Vec<Item> =
        decrypt_stream(codec, stream::iter(sealed), 8).map(|opened| opened.unwrap().item).collect().await;
    assert_eq!(opened, items);
}
