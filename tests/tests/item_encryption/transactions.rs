//! TransactWriteItems and TransactGetItems.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{ConditionCheck, Get, Put, TransactGetItem, TransactWriteItem, Update};
use item_encryption_client::soundness::Unsound;
use item_encryption_client::{ClientError, EncryptedClient};

use serde_json::{Value, json};

use crate::fixture::{client, codec, note};
use crate::world::{World, dynamodb_client, key, n, s};

fn put(number: i64) -> TransactWriteItem {
    let put = Put::builder().table_name("Tasks").set_item(Some(note(number))).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

fn update(expression: &str) -> TransactWriteItem {
    let update =
        Update::builder().table_name("Tasks").set_key(Some(key("n", 1))).update_expression(expression);
    let update = update.expression_attribute_values(":v", n(2)).build().unwrap();
    TransactWriteItem::builder().update(update).build()
}

fn check(expression: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name("Tasks").set_key(Some(key("n", 1)));
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
        (check("body = :v"), Unsound::EncryptedCondition("body".to_owned())),
    ] {
        let refused = write(&db, vec![put(2), part]).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Unsound(reason) if *reason == expected), "{refused}");
    }
    assert_eq!(world.get("n", 2).await, None);
}

/// A transaction of the client as it goes over the wire, and an answer as it comes: the server at hand has no
/// transactions yet.
#[tokio::test]
async fn a_transaction_is_encrypted_on_the_wire_and_its_answer_decrypted() {
    let wire = Wire::open();
    let db = EncryptedClient::new(wire.client()).table("Tasks", codec());
    let sent = wire.answering(json!({}));
    write(&db, vec![put(1), update("SET seen = :v"), check("link = :v")]).await.unwrap();
    let sent = sent.join().unwrap();
    let (put, update) = (&sent["TransactItems"][0]["Put"]["Item"], &sent["TransactItems"][1]["Update"]);
    assert!(put["body"]["B"].is_string() && put["aws_dbe_foot"]["B"].is_string(), "{put}");
    assert!(!sent.to_string().contains("canary"));
    assert_eq!(update["ConditionExpression"], "attribute_exists(#item_encryption_key)");
    let answer = wire.answering(json!({ "Responses": [{ "Item": put }, {}] }));
    let get = |number| {
        let get = Get::builder().table_name("Tasks").set_key(Some(key("n", number)));
        let get = get.projection_expression("body, #v").expression_attribute_names("#v", "seen").build();
        TransactGetItem::builder().get(get.unwrap()).build()
    };
    let input = TransactGetItemsInput::builder().transact_items(get(1)).transact_items(get(9));
    let found = db.transact_get_items(input).await.unwrap().responses.unwrap();
    let found: Vec<_> = found.into_iter().map(|response| response.item).collect();
    let expected = [("body".to_owned(), s("canary")), ("seen".to_owned(), n(1))].into();
    assert_eq!(found, [Some(expected), None]);
    let asked = answer.join().unwrap();
    assert_eq!(asked["TransactItems"][0]["Get"].get("ProjectionExpression"), None);
}

/// The far end of a client, which answers one request with what it is told.
struct Wire(Arc<TcpListener>);

impl Wire {
    fn open() -> Self {
        Self(Arc::new(TcpListener::bind("127.0.0.1:0").unwrap()))
    }

    fn client(&self) -> aws_sdk_dynamodb::Client {
        dynamodb_client(&format!("http://{}", self.0.local_addr().unwrap()))
    }

    /// The next request's body.
    fn answering(&self, answer: Value) -> JoinHandle<Value> {
        let listener = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(stream);
            let mut len = 0;
            for line in stream.by_ref().lines() {
                let line = line.unwrap().to_lowercase();
                match line.strip_prefix("content-length:") {
                    Some(value) => len = value.trim().parse().unwrap(),
                    None if line.is_empty() => break,
                    None => {}
                }
            }
            let mut body = vec![0; len];
            stream.read_exact(&mut body).unwrap();
            let answer = answer.to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
            stream.get_mut().write_all((head + &answer).as_bytes()).unwrap();
            serde_json::from_slice(&body).unwrap()
        })
    }
}
