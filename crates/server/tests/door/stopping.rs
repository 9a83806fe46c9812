//! How the door closes.

use std::time::Duration;

use server::Limits;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::{Client, ECHO, SLOW, SLOW_TIME, open, signed};

#[tokio::test]
async fn a_call_under_way_is_answered_and_idle_connections_are_closed() {
    let mut door = open(Limits::default()).await;
    let (mut busy, mut idle) = (Client::connect(&door).await, Client::connect(&door).await);
    assert_eq!(idle.ask(&signed(ECHO, b"{}", "")).await.status, 200);
    busy.say(&signed(SLOW, b"{}", "")).await;
    tokio::time::sleep(SLOW_TIME / 4).await;
    door.stop.take().unwrap().send(()).unwrap();
    assert!(idle.is_closed().await);
    assert!(TcpStream::connect(door.address).await.is_err());
    assert_eq!(busy.hear().await.map(|heard| heard.status), Some(200));
    assert!(timeout(Duration::from_secs(1), door.serving).await.is_ok());
}

#[tokio::test]
async fn a_client_that_does_not_finish_does_not_hold_the_door() {
    let mut door = open(Limits { drain_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let mut client = Client::connect(&door).await;
    client.say(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    door.stop.take().unwrap().send(()).unwrap();
    assert!(timeout(Duration::from_secs(2), door.serving).await.is_ok());
}
