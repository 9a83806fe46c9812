//! Damage in one table's files stops that table and no other; damage in the log, whose records nobody can tell
//! apart without opening them, stops the start unless it is told to go on without them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tests::verify::{Place, places, verify};
use tests::{Server, Setup};

const ITEMS: usize = 60;

#[test]
fn damage_in_one_tables_files_stops_no_other_table() {
    let mut server = two_tables();
    server.stop();
    let files = folders_with_files(&server);
    assert_eq!(files.len(), 2, "each table has a sorted file: {files:?}");
    let place = &files[0];
    flip(&server, place);
    server.start_again();
    let told: Vec<u16> = ["One", "Two"].iter().map(|table| scan(&server, table).status).collect();
    assert!(told == [500, 200] || told == [200, 500], "{told:?}");
    let sound = if told[0] == 200 { "One" } else { "Two" };
    assert_eq!(count(&scan(&server, sound).json()), ITEMS);
    put(&server, sound, ITEMS..ITEMS + 1);
    assert_eq!(count(&scan(&server, sound).json()), ITEMS + 1, "and goes on");
}

#[test]
fn damage_in_the_log_is_named_and_all_other_records_can_be_salvaged() {
    let mut server = two_tables();
    server.kill();
    let listed = places(&verify(&server, &["--list"]).text);
    let records: Vec<&Place> = listed
        .iter()
        .filter(|place| place.file.starts_with("store/log") && place.name.starts_with("record"))
        .collect();
    let last = records[records.len() - 1];
    flip(&server, last);
    assert!(server.try_start_again().is_err(), "it refuses");
    assert!(server.log().contains(&last.name) && server.log().contains("--salvage-log"), "{}", server.log());

    server.setup().options.push("--salvage-log".into());
    server.start_again();
    assert!(server.log().contains("commits are lost"), "{}", server.log());
    let counts = ["One", "Two"].map(|table| count(&scan(&server, table).ok()));
    assert_eq!(counts.iter().sum::<usize>(), 2 * ITEMS - 1, "all but one item: {counts:?}");
    let aside = server.data_dir().join(&last.file).with_extension("damaged");
    assert!(fs::metadata(aside).is_ok(), "the damaged segment is kept");

    server.setup().options.clear();
    server.restart();
    assert_eq!(
        ["One", "Two"].map(|table| count(&scan(&server, table).ok())),
        counts,
        "what was salvaged stays"
    );
}

fn two_tables() -> Server {
    let server = Setup::new().start();
    for table in ["One", "Two"] {
        let body = json!({
            "TableName": table, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]
        });
        let _ = server.dynamodb("CreateTable", &body).ok();
        put(&server, table, 0..ITEMS);
    }
    server
}

fn put(server: &Server, table: &str, numbers: std::ops::Range<usize>) {
    let mut caller = server.caller();
    for number in numbers {
        let item = json!({"pk": {"S": number.to_string()}, "text": {"S": "x".repeat(100)}});
        let _ = caller.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).unwrap().ok();
    }
}

fn scan(server: &Server, table: &str) -> tests::Answer {
    server.dynamodb("Scan", &json!({ "TableName": table }))
}

fn count(answer: &Value) -> usize {
    answer["Items"].as_array().unwrap().len()
}

/// A data block of each table's folder; the server's own keyspaces have names.
fn folders_with_files(server: &Server) -> Vec<Place> {
    let mut blocks: Vec<Place> = places(&verify(server, &["--list"]).text);
    blocks.retain(|place| place.name.starts_with("data block") && !is_the_servers(&place.file));
    blocks.dedup_by_key(|place| place.file.parent().map(PathBuf::from));
    blocks
}

/// Its id spells a name and ends in zeros.
fn is_the_servers(file: &std::path::Path) -> bool {
    file.parent().is_some_and(|folder| folder.to_string_lossy().ends_with("0000"))
}

fn flip(server: &Server, place: &Place) {
    let path = server.data_dir().join(&place.file);
    let mut content = fs::read(&path).unwrap();
    content[usize::try_from((place.start + place.end) / 2).unwrap()] ^= 1;
    fs::write(path, content).unwrap();
}
