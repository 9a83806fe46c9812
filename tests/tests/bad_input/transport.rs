//! HTTP itself: framing, lengths, heads, methods, encodings.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tests::Server;
use tests::http::Request;

use crate::row::{Open, Row, bytes, last_bytes};
use crate::world::{self, GET_ITEM};

const TOO_LONG: usize = 16 * 1024 * 1024 + 1;
/// What a server may say to a client that does not speak HTTP.
const NOT_HTTP: &[u16] = &[400, 405, 408, 413, 414, 431, 501, 505];

#[test]
fn broken_http_is_refused() {
    world::run(&rows());
}

/// The bytes of a well-signed GetItem, changed.
fn wire(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8> + 'static) -> Open {
    last_bytes(name, move |server| change(server.signed("DynamoDB_20120810.GetItem", GET_ITEM)))
}

/// The same with one text in the place of another, on a connection that stays open for the answer.
fn text(name: &str, from: impl Into<String>, to: &'static str) -> Open {
    let from = from.into();
    bytes(name, move |server| {
        let bytes = server.signed("DynamoDB_20120810.GetItem", GET_ITEM);
        String::from_utf8(bytes).unwrap().replacen(&from, to, 1).into_bytes()
    })
}

/// A GetItem whose body is sent under this encoding, well signed.
fn encoded(name: &str, encoding: &'static str, body: impl Fn() -> Vec<u8> + 'static) -> Open {
    bytes(name, move |server| {
        let host = server.address().to_string();
        let request = server.request("DynamoDB_20120810.GetItem", body());
        let request = request.with("content-encoding", encoding);
        server.signer("dynamodb").sign(request, &host).to_bytes(&host)
    })
}

pub fn rows() -> Vec<Row> {
    let mut rows = framing();
    rows.extend(lengths());
    rows.extend(heads());
    rows.extend(encodings());
    rows.extend(methods());
    rows
}

fn framing() -> Vec<Row> {
    let raw = |name: &str, content: &'static [u8]| last_bytes(name, move |_| content.to_vec());
    vec![
        raw("nothing at all", b"").refused(NOT_HTTP),
        raw("one zero byte", b"\0").refused(NOT_HTTP),
        raw("a line that is not HTTP", b"HELO example.com\r\n\r\n").refused(NOT_HTTP),
        raw("HTTP/0.9", b"GET /\r\n\r\n").refused(NOT_HTTP),
        raw("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").refused(NOT_HTTP),
        raw("HTTP/3.0", b"GET / HTTP/3.0\r\nhost: x\r\n\r\n").refused(NOT_HTTP),
        raw("a TLS client hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").refused(NOT_HTTP),
        raw("half a head", b"POST / HTTP/1.1\r\nhost: x\r\n").refused(NOT_HTTP),
        raw("a header without a colon", b"GET / HTTP/1.1\r\nhost\r\n\r\n").refused(NOT_HTTP),
        raw("a zero byte in a header", b"GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n").refused(NOT_HTTP),
        raw("a folded header", b"GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n").refused(NOT_HTTP),
        raw("a blank in the request line", b"GET / x HTTP/1.1\r\nhost: x\r\n\r\n").refused(NOT_HTTP),
        raw("a method of blanks", b"    / HTTP/1.1\r\nhost: x\r\n\r\n").refused(NOT_HTTP),
    ]
}

fn lengths() -> Vec<Row> {
    let length = || format!("content-length: {}", GET_ITEM.len());
    let declared = |name: &str, lie: &'static str| {
        wire(name, move |bytes| String::from_utf8(bytes).unwrap().replacen(&length(), lie, 1).into_bytes())
    };
    let chunked = |name: &str, body: &'static str| {
        last_bytes(name, move |_| {
            format!("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{body}").into_bytes()
        })
    };
    vec![
        declared("a length beyond the body", "content-length: 5000").refused(&[400, 408]),
        text("a length short of the body", length(), "content-length: 20").is("InvalidSignatureException"),
        text("a length of nothing", length(), "content-length: 0").is("InvalidSignatureException"),
        declared("a negative length", "content-length: -1").refused(NOT_HTTP),
        declared("a length that is a word", "content-length: many").refused(NOT_HTTP),
        declared("a hexadecimal length", "content-length: 0x10").refused(NOT_HTTP),
        declared("a length of 10^30", "content-length: 1000000000000000000000000000000").refused(NOT_HTTP),
        declared("a length of 10^18", "content-length: 1000000000000000000").refused(&[400, 413]),
        declared("a length of 1 GB", "content-length: 1073741824").refused(&[400, 413]),
        declared("two lengths", "content-length: 20\r\ncontent-length: 30").refused(NOT_HTTP),
        declared("length and chunks", "content-length: 20\r\ntransfer-encoding: chunked").refused(NOT_HTTP),
        text("no length", length(), "x-nothing: here").is("InvalidSignatureException"),
        wire("a truncated body", |bytes| bytes[..bytes.len() - 10].to_vec()).refused(&[400, 408]),
        wire("a truncated head", |bytes| bytes[..60].to_vec()).refused(&[400, 408]),
        chunked("a chunk length that is a word", "wide\r\nabc\r\n0\r\n\r\n").refused(&[400, 408]),
        chunked("a chunk shorter than told", "ff\r\nabc").refused(&[400, 408]),
        chunked("a chunk of 2^64", "ffffffffffffffff0\r\nabc\r\n0\r\n\r\n").refused(&[400, 413]),
        chunked("chunks without an end", "3\r\nabc\r\n").refused(&[400, 408]),
        bytes("a body of 16 MB and one byte", |server| {
            server.signed("DynamoDB_20120810.GetItem", vec![b' '; TOO_LONG])
        })
        .refused(&[400, 413]),
    ]
}

fn heads() -> Vec<Row> {
    let padded = |name: &str, lines: usize, width: usize| {
        last_bytes(name, move |_| {
            let padding: String = (0..lines).map(|n| format!("x-{n}: {}\r\n", "y".repeat(width))).collect();
            format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{padding}\r\n").into_bytes()
        })
    };
    vec![
        padded("one header of 1 MB", 1, 1 << 20).refused(NOT_HTTP),
        padded("ten thousand headers", 10_000, 10).refused(NOT_HTTP),
        last_bytes("a path of 1 MB", |_| {
            format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20)).into_bytes()
        })
        .refused(NOT_HTTP),
        text("a host that was not signed", "host: 127", "host: 128").is("InvalidSignatureException"),
        last_bytes("no host", |_| b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n".to_vec())
            .refused(&[400, 403, 404]),
    ]
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn encodings() -> Vec<Row> {
    const REFUSED: &[u16] = &[400, 413, 415];
    vec![
        encoded("gzip that is none", "gzip", || GET_ITEM.into()).status(REFUSED),
        encoded("half of a gzip", "gzip", || gzip(GET_ITEM.as_bytes())[..30].to_vec()).status(REFUSED),
        encoded("a gzip of nothing", "gzip", || gzip(b"")).status(REFUSED),
        encoded("a gzip of 64 MB of blanks", "gzip", || gzip(&vec![b' '; 64 << 20])).status(REFUSED),
        encoded("a gzip of a gzip", "gzip", || gzip(&gzip(GET_ITEM.as_bytes()))).status(REFUSED),
        encoded("an unknown encoding", "br", || GET_ITEM.into()).status(REFUSED),
        encoded("an empty gzip", "gzip", Vec::new).status(REFUSED),
    ]
}

fn methods() -> Vec<Row> {
    let with_method = |method: &'static str| {
        bytes(&format!("the method {method}"), move |server: &Server| {
            let host = server.address().to_string();
            let mut request = server.request("DynamoDB_20120810.GetItem", GET_ITEM);
            request.method = method.into();
            server.signer("dynamodb").sign(request, &host).to_bytes(&host)
        })
        .refused(&[400, 404, 405])
    };
    let mut rows: Vec<Row> = ["PUT", "DELETE", "PATCH", "OPTIONS", "post", "TRACE"].map(with_method).into();
    let path = |name: &str, path: &'static str| {
        bytes(name, move |server| Request::get(path).to_bytes(&server.address().to_string()))
    };
    rows.push(path("an unknown path", "/nothing/here").status(&[400, 403, 404]));
    rows.push(path("a path with dots", "/../../etc/passwd").status(&[400, 403, 404]));
    rows.push(path("a path with broken escapes", "/%zz%").status(&[400, 403, 404]));
    rows
}
