//! A signed call of a running server.

use std::io::{Read, Write};
use std::net::TcpStream;

use auth::{AccessKey, Request, sign};
use env::{Clock, SystemClock};
use serde_json::Value;

use crate::fixture::{ID, Running, SECRET};

/// Calls an operation, `<api>.<operation>`; answers its body.
pub fn call(server: &Running, service: &str, target: &str, body: &Value) -> Value {
    let (host, body) = (server.url().strip_prefix("http://").unwrap(), body.to_string());
    let headers: [(&str, &[u8]); 2] = [("host", host.as_bytes()), ("x-amz-target", target.as_bytes())];
    let request = Request { method: "POST", path: "/", query: "", headers: &headers, body: body.as_bytes() };
    let key = AccessKey::new(ID.to_owned(), SECRET.to_owned()).unwrap();
    let signed = sign::sign(&request, &key, "us-east-1", service, SystemClock.now_ms());
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: {target}\r\nx-amz-date: {}\r\nauthorization: {}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        signed.date,
        signed.authorization,
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default()
}
