//! Bodies that are not one JSON object in UTF-8, each with its member once.

use crate::row::{Row, call};
use crate::world;

const SERIALIZATION: &str = "SerializationException";

#[test]
fn bodies_that_are_not_json_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let targets = ["DynamoDB_20120810.PutItem", "DynamoDB_20120810.CreateTable", "TrentService.Encrypt"];
    let mut rows = Vec::new();
    for target in targets {
        for (name, body) in broken() {
            rows.push(call(format!("{target}: {name}"), target, body).is(SERIALIZATION));
        }
    }
    rows
}

fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"TableName\":{}1{}}}", open.repeat(depth), close.repeat(depth)).into_bytes()
    };
    vec![
        ("nothing", Vec::new()),
        ("blanks", text("   ")),
        ("null", text("null")),
        ("a number", text("17")),
        ("a string", text("\"TableName\"")),
        ("an array", text("[]")),
        ("two objects", text("{}{}")),
        ("half an object", text("{\"TableName\":\"Th")),
        ("an object without its end", text("{\"TableName\":\"Things\"")),
        ("a comma too many", text("{\"TableName\":\"Things\",}")),
        ("single quotes", text("{'TableName':'Things'}")),
        ("a comment", text("{/* hello */}")),
        ("a name without quotes", text("{TableName:\"Things\"}")),
        ("a number of words", text("{\"TableName\":NaN}")),
        ("a number with leading zeros", text("{\"TableName\":007}")),
        ("a number without digits", text("{\"TableName\":-}")),
        ("a raw line break in a string", b"{\"TableName\":\"a\nb\"}".to_vec()),
        ("an unknown escape", text("{\"TableName\":\"\\q\"}")),
        ("half a surrogate pair", text("{\"TableName\":\"\\ud800\"}")),
        ("a byte that is not UTF-8", b"{\"TableName\":\"\xff\"}".to_vec()),
        ("an overlong encoding", b"{\"TableName\":\"\xc0\xaf\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"TableName\":\"\xed\xa0\x80\"}".to_vec()),
        ("half a character", b"{\"TableName\":\"\xe2\x82\"}".to_vec()),
        ("a byte order mark and UTF-16", b"\xff\xfe{\0}\0".to_vec()),
        ("a member twice", text("{\"TableName\":\"Things\",\"TableName\":\"Other\"}")),
        ("a member twice, once escaped", text("{\"TableName\":\"a\",\"Table\\u004eame\":\"b\"}")),
        ("a member twice, deep inside", text("{\"Item\":{\"a\":{\"S\":\"1\",\"S\":\"2\"}}}")),
        ("10,000 arrays", nested("[", "]", 10_000)),
        ("10,000 objects", nested("{\"a\":", "}", 10_000)),
        ("10,000 open arrays", b"[".repeat(10_000)),
        ("1,000,000 open objects", b"{\"a\":".repeat(1_000_000)),
        ("10,000 lists of attribute values", nested("{\"L\":[", "]}", 10_000)),
        ("10,000 maps of attribute values", nested("{\"M\":{\"a\":", "}}", 10_000)),
        (
            "a number of 100,000 digits and no end",
            [b"{\"TableName\":".to_vec(), vec![b'9'; 100_000]].concat(),
        ),
    ]
}
