//! What a client may not take: more bytes, more time, more connections.

use std::time::Duration;

use server::Limits;
use server::limits::{MAX_BODY_LEN, MAX_HEAD_LEN};
use tokio::time::timeout;

use crate::calls::gzip;
use crate::fixture::{Client, ECHO, SLOW, SLOW_TIME, ask, now_ms, open, signed, signed_head};

fn impatient() -> Limits {
    Limits {
        head_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(600),
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

#[tokio::test]
async fn the_largest_body_is_taken_and_a_larger_one_is_not() {
    let door = open(Limits::default()).await;
    let mut largest = vec![b' '; MAX_BODY_LEN];
    assert_eq!(ask(&door, &signed(ECHO, &largest, "")).await.body.len(), MAX_BODY_LEN);
    largest.push(b' ');
    let heard = ask(&door, &signed(ECHO, &largest, "")).await;
    assert_eq!(heard.status, 413);
    assert!(heard.text().contains("com.amazon.coral.service#RequestEntityTooLargeException"));
    assert_eq!(heard.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_body_that_only_claims_to_be_huge_is_refused_at_once() {
    let door = open(Limits::default()).await;
    let head = signed_head(ECHO, b"", "content-length: 1000000000000\r\n", now_ms());
    assert_eq!(ask(&door, &head).await.status, 413);
}

#[tokio::test]
async fn chunks_do_not_get_around_the_limit() {
    let door = open(Limits::default()).await;
    let mut call = signed_head(ECHO, b"", "transfer-encoding: chunked\r\n", now_ms());
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    (0..17).for_each(|_| call.extend_from_slice(&chunk));
    call.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(ask(&door, &call).await.status, 413);
}

#[tokio::test]
async fn a_gzip_bomb_is_refused() {
    let door = open(Limits::default()).await;
    let bomb = gzip(&vec![0; MAX_BODY_LEN + 1]);
    assert!(bomb.len() < 64 * 1024);
    assert_eq!(ask(&door, &signed(ECHO, &bomb, "content-encoding: gzip\r\n")).await.status, 413);
    let largest = gzip(&vec![b' '; MAX_BODY_LEN]);
    let heard = ask(&door, &signed(ECHO, &largest, "content-encoding: gzip\r\n")).await;
    assert_eq!(heard.body.len(), MAX_BODY_LEN);
}

#[tokio::test]
async fn a_body_shorter_than_told_gets_no_answer_of_an_operation() {
    let door = open(impatient()).await;
    let mut client = Client::connect(&door).await;
    let head = signed_head(ECHO, b"{}", "content-length: 10\r\n", now_ms());
    let heard = client.ask(&[head, b"{}".to_vec()].concat()).await;
    assert_eq!(heard.status, 408);
    assert!(heard.text().contains("RequestTimeoutException"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_body_longer_than_told_is_the_next_request_and_a_bad_one() {
    let door = open(impatient()).await;
    let mut client = Client::connect(&door).await;
    let head = signed_head(ECHO, b"{}", "content-length: 2\r\n", now_ms());
    let heard = client.ask(&[head, b"{}{}{}\r\n\r\n".to_vec()].concat()).await;
    assert_eq!(heard.text(), "{}");
    assert_eq!(client.hear().await.map(|heard| heard.status), Some(400));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn unreadable_heads_are_refused_and_the_server_lives() {
    let door = open(impatient()).await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(MAX_HEAD_LEN));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(200));
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        &long,
        &many,
    ] {
        let mut client = Client::connect(&door).await;
        client.say(bytes.as_bytes()).await;
        if let Some(heard) = client.hear().await {
            assert!(matches!(heard.status, 400 | 431), "{bytes:?}: {}", heard.status);
        }
    }
    assert_eq!(ask(&door, &signed(ECHO, b"{}", "")).await.status, 200);
}

#[tokio::test]
async fn slow_heads_end_the_connection() {
    let door = open(impatient()).await;
    for first in ["", "POST / HTTP/1.1\r\n", "P"] {
        let mut client = Client::connect(&door).await;
        client.say(first.as_bytes()).await;
        let closed = timeout(Duration::from_millis(500), client.is_closed()).await;
        assert_eq!(closed, Ok(true), "{first:?}");
    }
}

#[tokio::test]
async fn dripping_a_head_buys_no_time() {
    let door = open(impatient()).await;
    let mut client = Client::connect(&door).await;
    let dripping = async {
        for _ in 0..100 {
            if tokio::io::AsyncWriteExt::write_all(&mut client.stream, b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_millis(900), dripping).await.is_ok());
}

#[tokio::test]
async fn an_idle_connection_lives_longer_than_a_slow_head_and_not_for_ever() {
    let door = open(impatient()).await;
    let mut client = Client::connect(&door).await;
    assert_eq!(client.ask(&signed(ECHO, b"{}", "")).await.status, 200);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(client.ask(&signed(ECHO, b"{}", "")).await.status, 200);
    assert_eq!(timeout(Duration::from_millis(1200), client.is_closed()).await, Ok(true));
}

#[tokio::test]
async fn the_servers_own_time_is_not_the_clients() {
    let door = open(Limits { idle_timeout: SLOW_TIME / 4, ..impatient() }).await;
    assert_eq!(ask(&door, &signed(SLOW, b"{}", "")).await.status, 200);
}

#[tokio::test]
async fn an_answer_nobody_takes_ends_the_connection() {
    let door = open(impatient()).await;
    let body = vec![b' '; MAX_BODY_LEN];
    let mut client = Client::connect(&door).await;
    client.say(&signed(ECHO, &body, "")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let metrics = ask(&door, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let text = metrics.text();
    assert!(text.contains("strongroom_connections_expired_total 1"), "{text}");
    assert!(text.contains("strongroom_connections_open 1\n"), "{text}");
}

#[tokio::test]
async fn connections_over_the_limit_are_told_so_and_places_come_free() {
    let door = open(Limits { connections: 2, ..Limits::default() }).await;
    let mut inside = [Client::connect(&door).await, Client::connect(&door).await];
    for client in &mut inside {
        assert_eq!(client.ask(&signed(ECHO, b"{}", "")).await.status, 200);
    }
    let heard = ask(&door, &signed(ECHO, b"{}", "")).await;
    assert_eq!(heard.status, 503);
    assert!(heard.text().contains("ServiceUnavailableException"));
    drop(inside);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(&door, &signed(ECHO, b"{}", "")).await.status, 200);
}
