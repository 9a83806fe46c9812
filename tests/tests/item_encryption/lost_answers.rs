//! Answers that are lost on the way, so that the SDK sends a write again that was done already.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use item_encryption_client::EncryptedClient;

use crate::fixture::{client, codec, note};
use crate::world::{Item, World, key, s};

/// A client whose every first answer to `operation` is lost, and how many requests of it were passed on.
fn forgetful(world: &World, operation: &'static str) -> (EncryptedClient, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (server, passed) = (world.server.address(), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&passed);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, counting) = (stream.unwrap(), Arc::clone(&counting));
            std::thread::spawn(move || pass_on(stream, server, operation, &counting));
        }
    });
    let retries = RetryConfig::standard().with_max_attempts(3);
    let config = world.dynamodb.config().to_builder().endpoint_url(endpoint).retry_config(retries);
    let sdk = aws_sdk_dynamodb::Client::from_conf(config.build());
    (EncryptedClient::new(sdk).table("Tasks", codec()), passed)
}

/// Passes requests and answers on until one is to be lost.
fn pass_on(client: TcpStream, server: SocketAddr, operation: &str, passed: &AtomicUsize) {
    let mut server = BufReader::new(TcpStream::connect(server).unwrap());
    let mut client = BufReader::new(client);
    while let Some(request) = message(&mut client) {
        server.get_mut().write_all(&request).unwrap();
        let answer = message(&mut server).unwrap();
        let target = format!(".{operation}\r\n");
        let is_it = request.windows(target.len()).any(|bytes| bytes == target.as_bytes());
        if is_it && passed.fetch_add(1, Ordering::SeqCst) == 0 {
            return;
        }
        client.get_mut().write_all(&answer).unwrap();
    }
}

/// A whole message of HTTP.
fn message(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut whole, mut len) = (Vec::new(), 0);
    loop {
        let begin = whole.len();
        if stream.read_until(b'\n', &mut whole).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&whole[begin..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let begin = whole.len();
    whole.resize(begin + len, 0);
    stream.read_exact(&mut whole[begin..]).ok()?;
    Some(whole)
}

#[tokio::test]
async fn a_modification_is_done_once() {
    let world = World::with_table().await;
    let put = PutItemInput::builder().table_name("Tasks").set_item(Some(note(1)));
    client(&world, codec()).put_item(put).await.unwrap();
    let (db, passed) = forgetful(&world, "UpdateItem");
    let longer = |mut item: Item| {
        let body = item["body"].as_s().unwrap().clone();
        item.insert("body".to_owned(), s(&format!("{body}!")));
        item
    };
    let now = db.modify("Tasks", key("n", 1), longer).await.unwrap();
    assert_eq!((&now["body"], passed.load(Ordering::SeqCst)), (&s("canary!"), 2));
}

#[tokio::test]
async fn a_transaction_is_done_once() {
    let world = World::with_table().await;
    let (db, passed) = forgetful(&world, "TransactWriteItems");
    let put = Put::builder().table_name("Tasks").set_item(Some(note(1)));
    let put = put.condition_expression("attribute_not_exists(pk)").build().unwrap();
    let part = TransactWriteItem::builder().put(put).build();
    // The second time its condition does not hold, which does not matter.
    db.transact_write_items(TransactWriteItemsInput::builder().transact_items(part)).await.unwrap();
    assert_eq!(passed.load(Ordering::SeqCst), 2);
    assert!(world.get("n", 1).await.is_some());
}
