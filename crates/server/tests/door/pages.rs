//! Health, metrics, and what is no page.

use server::Limits;

use crate::fixture::{Client, ECHO, ask, open, signed};

fn request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn health_needs_no_signature() {
    let door = open(Limits::default()).await;
    let heard = ask(&door, &request("GET", "/")).await;
    assert_eq!((heard.status, heard.text()), (200, "healthy: dynamodb.us-east-1.amazonaws.com \n"));
    assert_eq!(ask(&door, &request("GET", "/healthz")).await.text(), "ok\n");
}

#[tokio::test]
async fn health_tells_of_a_storage_that_takes_no_writes() {
    let door = open(Limits::default()).await;
    door.echo.failed.store(true, std::sync::atomic::Ordering::Relaxed);
    let heard = ask(&door, &request("GET", "/healthz")).await;
    assert_eq!(heard.status, 503);
    assert!(heard.text().contains("the log failed"));
}

#[tokio::test]
async fn metrics_count_operations_that_exist_and_no_others() {
    let door = open(Limits::default()).await;
    let mut client = Client::connect(&door).await;
    client.ask(&signed(ECHO, b"{}", "")).await;
    client.ask(&signed("DynamoDB_20120810.Invented", b"{}", "")).await;
    client.ask(&signed("DynamoDB_20120810.Unsigned", b"{}", "")[..]).await;
    let heard = client.ask(&request("GET", "/metrics")).await;
    assert_eq!(heard.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = heard.text();
    assert!(text.contains(r#"strongroom_requests_total{operation="DynamoDB_20120810.Echo",status="200"} 1"#));
    assert!(text.contains(r#"strongroom_requests_total{operation="none",status="400"} 2"#));
    assert!(text.contains("strongroom_connections_open 1\n"));
    assert!(!text.contains("Invented"));
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_clearly() {
    let door = open(Limits::default()).await;
    for (method, path, status) in [
        ("OPTIONS", "/", 405),
        ("PUT", "/", 405),
        ("DELETE", "/", 405),
        ("POST", "/metrics", 405),
        ("GET", "/tables", 404),
        ("POST", "/tables", 404),
    ] {
        let heard = ask(&door, &request(method, path)).await;
        assert_eq!(heard.status, status, "{method} {path}");
        assert!(heard.text().contains("Calls of an API are POST requests to /."));
        assert_eq!(heard.header("allow").is_some(), status == 405);
    }
}
