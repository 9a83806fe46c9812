//! Calls that are as they should be, and what answers carry.

use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;
use server::Limits;
use tokio::io::AsyncWriteExt;

use crate::fixture::{Client, ECHO, PANIC, SLOW, SLOW_TIME, ask, now_ms, open, signed, signed_head};

#[tokio::test]
async fn an_answer_carries_its_id_its_checksum_and_no_name_of_ours() {
    let door = open(Limits::default()).await;
    let heard = ask(&door, &signed(ECHO, b"{\"a\":1}", "")).await;
    assert_eq!((heard.status, heard.text()), (200, "{\"a\":1}"));
    assert_eq!(heard.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(heard.header("x-amz-crc32"), Some(crc32fast::hash(b"{\"a\":1}").to_string().as_str()));
    assert_eq!(heard.header("x-amzn-requestid").map(str::len), Some(36));
    assert_eq!(heard.header("server"), None);
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    let mut ids = HashSet::new();
    for n in 0..20 {
        let body = format!("{{\"n\":{n}}}");
        let heard = client.ask(&signed(ECHO, body.as_bytes(), "")).await;
        assert_eq!(heard.text(), body);
        assert!(ids.insert(heard.header("x-amzn-requestid").unwrap().to_owned()));
    }
}

#[tokio::test]
async fn pipelined_calls_are_answered_in_order() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    let bodies: Vec<String> = (0..8).map(|n| format!("{{\"n\":{n}}}")).collect();
    let calls: Vec<u8> = bodies.iter().flat_map(|body| signed(ECHO, body.as_bytes(), "")).collect();
    client.say(&calls).await;
    for body in bodies {
        assert_eq!(client.hear().await.unwrap().text(), body);
    }
}

#[tokio::test]
async fn a_client_that_has_said_all_it_wanted_still_hears_its_answer() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    client.say(&signed(SLOW, b"{}", "")).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.hear().await.map(|heard| heard.status), Some(200));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn chunked_bodies_are_read() {
    let door = open(Limits::default()).await;
    let mut call = signed_head(ECHO, b"{\"a\":1}", "transfer-encoding: chunked\r\n", now_ms());
    call.extend_from_slice(b"3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n");
    assert_eq!(ask(&door, &call).await.text(), "{\"a\":1}");
}

#[tokio::test]
async fn gzip_bodies_are_decompressed_after_their_signature_is_verified() {
    let door = open(Limits::default()).await;
    let compressed = gzip(b"{\"a\":1}");
    for coding in ["GZip", "x-gzip"] {
        let heard = ask(&door, &signed(ECHO, &compressed, &format!("content-encoding: {coding}\r\n"))).await;
        assert_eq!(heard.status, 200);
    }
    let heard = ask(&door, &signed(ECHO, &compressed, "content-encoding: gzip\r\n")).await;
    assert_eq!(heard.text(), "{\"a\":1}");
    let mut unsigned = signed(ECHO, &compressed, "content-encoding: gzip\r\n");
    *unsigned.last_mut().unwrap() ^= 1;
    assert!(ask(&door, &unsigned).await.text().contains("InvalidSignatureException"));
}

#[tokio::test]
async fn unreadable_compressions_are_refused() {
    let door = open(Limits::default()).await;
    for (body, encoding) in [(&b"not gzip"[..], "gzip"), (b"{}", "br"), (&gzip(b"{}")[..12], "gzip")] {
        let heard = ask(&door, &signed(ECHO, body, &format!("content-encoding: {encoding}\r\n"))).await;
        assert_eq!(heard.status, 400);
        assert!(heard.text().contains("MalformedHttpRequestException"), "{}", heard.text());
    }
}

#[tokio::test]
async fn unknown_and_missing_targets_are_unknown_operations() {
    let door = open(Limits::default()).await;
    let expected = r##"{"__type":"com.amazon.coral.service#UnknownOperationException"}"##;
    let unsigned = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";
    for call in [
        unsigned.as_bytes().to_vec(),
        unsigned.replace("content", "x-amz-target: S3.Get\r\ncontent").into_bytes(),
        unsigned.replace("content", "x-amz-target: nothing\r\ncontent").into_bytes(),
        signed("DynamoDB_20120810.Dance", b"{}", ""),
        signed("DynamoDB_20120810.", b"{}", ""),
    ] {
        let heard = ask(&door, &call).await;
        assert_eq!((heard.status, heard.text()), (400, expected));
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_connection_lives() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    let heard = client.ask(&signed(PANIC, b"{}", "")).await;
    assert_eq!(heard.status, 500);
    assert!(heard.text().contains("InternalServerError"));
    assert_eq!(client.ask(&signed(ECHO, b"{}", "")).await.status, 200);
}

#[tokio::test]
async fn an_operation_is_finished_also_where_its_client_goes_away() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    client.say(&signed(SLOW, b"{}", "")).await;
    tokio::time::sleep(SLOW_TIME / 4).await;
    drop(client);
    tokio::time::sleep(SLOW_TIME * 2).await;
    assert_eq!(door.echo.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_long_user_agent_is_cut() {
    let door = open(Limits::default()).await;
    let agent = format!("user-agent: {}\r\n", "a".repeat(5000));
    let heard = ask(&door, &signed("DynamoDB_20120810.Agent", b"{}", &agent)).await;
    assert_eq!(heard.body.len(), 1024);
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
