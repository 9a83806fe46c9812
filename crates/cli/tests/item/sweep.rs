//! Tables swept in place.

use serde_json::{Value, json};

use crate::configs::{self, RAW_AES, WRAPPED};
use crate::fixture::{Place, Running};
use crate::run::{Said, command, item, said};
use crate::wire::call;

/// Of a table without sort key.
fn current() -> String {
    let config = configs::current(RAW_AES).replace("sort-key = \"number\"", "read-policy = [\"current\"]");
    assert!(config.contains("read-policy"));
    config
}

fn legacy() -> String {
    configs::legacy(WRAPPED).replace("sort-key = \"number\"", "")
}

fn dynamodb(server: &Running, operation: &str, body: &Value) -> Value {
    call(server, "dynamodb", &format!("DynamoDB_20120810.{operation}"), body)
}

/// A server with a table `Notes`.
fn table(place: &Place) -> Running {
    let server = place.start_known(&["--memory"]);
    let table = json!({
        "TableName": "Notes",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    assert!(dynamodb(&server, "CreateTable", &table)["TableDescription"].is_object());
    server
}

fn note(number: u32) -> Value {
    json!({
        "body": { "S": format!("canary {number}") },
        "id": { "S": format!("n{number}") },
        "tenant": { "S": "t" },
        "ttl": { "N": "1" },
    })
}

fn put(server: &Running, item: &Value) {
    dynamodb(server, "PutItem", &json!({ "TableName": "Notes", "Item": item }));
}

fn scanned(server: &Running) -> String {
    dynamodb(server, "Scan", &json!({ "TableName": "Notes" })).to_string()
}

/// `strongroom item <what> --config <config> --table Notes ...`
fn run(place: &Place, server: &Running, what: &str, config: &str, arguments: &[&str]) -> Said {
    let mut command = command(place, &[what, "--table", "Notes"], config);
    command.args(["--endpoint", server.url(), "--region", "us-east-1"]).args(arguments);
    said(command, Vec::new())
}

/// The counts of the report that are not zero, by name.
fn report(said: &Said) -> Value {
    let line = said.lines.last().unwrap_or_else(|| panic!("{}", said.stderr));
    let told: Value = serde_json::from_str(line).unwrap();
    let counts = told["Report"].as_object().unwrap().iter().filter(|(_, count)| **count != json!(0));
    Value::Object(counts.map(|(name, count)| (name.clone(), count.clone())).collect())
}

#[test]
fn a_plaintext_table_is_encrypted_in_place_and_verifies() {
    let place = Place::new();
    let server = table(&place);
    (0..30).for_each(|number| put(&server, &note(number)));
    let verified = run(&place, &server, "verify", &current(), &[]);
    assert_eq!((verified.status, verified.lines.len()), (Some(1), 31));
    assert!(
        verified.lines[0].contains("plaintext") && verified.lines[0].contains("read-policy"),
        "{}",
        verified.lines[0]
    );
    let dry = run(&place, &server, "encrypt-table", &current(), &["--dry-run"]);
    assert_eq!((dry.status, report(&dry)), (Some(0), json!({ "Scanned": 30, "Written": 30 })));
    assert!(dry.stderr.contains("nothing was written") && scanned(&server).contains("canary"));
    let done = run(&place, &server, "encrypt-table", &current(), &["--page", "7", "--rate", "100000"]);
    assert_eq!((done.status, report(&done)), (Some(0), json!({ "Scanned": 30, "Written": 30 })));
    assert!(!scanned(&server).contains("canary"));
    let verified = run(&place, &server, "verify", &current(), &[]);
    assert_eq!((verified.status, report(&verified)), (Some(0), json!({ "Scanned": 30, "Done": 30 })));
    let got = dynamodb(&server, "GetItem", &json!({ "TableName": "Notes", "Key": { "id": { "S": "n3" } } }));
    assert_eq!(item(&place, &["decrypt"], &current(), &got["Item"].to_string()).one(), note(3).to_string());
}

#[test]
fn refused_items_are_told_by_key_and_the_others_go_on() {
    let place = Place::new();
    let server = table(&place);
    let mut unknown = note(1);
    unknown["surprise"] = json!({ "S": "x" });
    [note(0), unknown, note(2)].iter().for_each(|item| put(&server, item));
    let done = run(&place, &server, "encrypt-table", &current(), &[]);
    assert_eq!((done.status, report(&done)), (Some(1), json!({ "Scanned": 3, "Written": 2, "Refused": 1 })));
    let told: Value = serde_json::from_str(&done.lines[0]).unwrap();
    assert_eq!(told["Key"], json!({ "id": { "S": "n1" } }));
    assert!(told["Error"].as_str().unwrap().contains("\"surprise\" has no action"), "{told}");
    assert!(done.stderr.contains("1 of 3 items were refused"), "{}", done.stderr);
}

#[test]
fn a_mixed_table_moves_to_the_current_format_and_to_new_keys_and_to_another_name() {
    let place = Place::new();
    let server = table(&place);
    let old = item(&place, &["encrypt"], &legacy(), &note(0).to_string()).one();
    let sealed = item(&place, &["encrypt"], &current(), &note(1).to_string()).one();
    for line in [old, sealed, note(2).to_string()] {
        put(&server, &serde_json::from_str(&line).unwrap());
    }
    let mixed = current().replace("[\"current\"]", "[\"current\", \"legacy\", \"plaintext\"]") + WRAPPED;
    assert_eq!(report(&run(&place, &server, "verify", &mixed, &[])), json!({ "Scanned": 3, "Done": 3 }));
    let migrated = report(&run(&place, &server, "migrate", &mixed, &[]));
    assert_eq!(migrated, json!({ "Scanned": 3, "Written": 1, "Done": 1, "LeftPlaintext": 1 }));
    run(&place, &server, "encrypt-table", &current(), &[]);
    let old = place.write("old.toml", &current());
    let new = current().replace("2026", "2027").replace("0001", "1001");
    let rewrapped = run(&place, &server, "rewrap", &new, &["--from", &old]);
    assert_eq!((rewrapped.status, report(&rewrapped)), (Some(0), json!({ "Scanned": 3, "Written": 3 })));
    let stable = new.replace("\"Notes\"", "\"notes-of-authors\"");
    let rebound = run(&place, &server, "rebind", &stable, &["--also", "Notes"]);
    assert_eq!((rebound.status, report(&rebound)), (Some(0), json!({ "Scanned": 3, "Written": 3 })));
    assert_eq!(report(&run(&place, &server, "verify", &stable, &[])), json!({ "Scanned": 3, "Done": 3 }));
}

#[test]
fn a_stopped_sweep_goes_on_from_its_checkpoint() {
    let place = Place::new();
    let server = table(&place);
    (0..20).for_each(|number| put(&server, &note(number)));
    let file = place.path("sweep.json").display().to_string();
    // The second page stops the sweep: nobody reads what it says of its refused items.
    let arguments = ["--checkpoint", &file, "--page", "5"];
    let id = &dynamodb(&server, "DescribeTable", &json!({ "TableName": "Notes" }))["Table"]["TableId"];
    let first = dynamodb(&server, "Scan", &json!({ "TableName": "Notes", "Limit": 5 }));
    let report_so_far = json!({
        "Scanned": 5, "Written": 5, "Done": 0, "LeftCurrent": 0, "LeftLegacy": 0, "LeftPlaintext": 0, "Refused": 0,
        "Gone": 0, "Conflicts": 0,
    });
    let segment = json!({ "Behind": first["LastEvaluatedKey"], "Done": false, "Report": report_so_far });
    let checkpoint =
        json!({ "Version": 1, "Command": "encrypt-table", "TableId": id, "Segments": [segment] });
    place.write("sweep.json", &checkpoint.to_string());
    let other = run(&place, &server, "rewrap", &current(), &arguments);
    assert!(other.status == Some(1) && other.stderr.contains("remove the file"), "{}", other.stderr);
    let done = run(&place, &server, "encrypt-table", &current(), &arguments);
    assert_eq!((done.status, report(&done)), (Some(0), json!({ "Scanned": 20, "Written": 20 })));
    assert!(!place.path("sweep.json").exists());
    // What the checkpoint said was done had not been touched.
    assert_eq!(scanned(&server).matches("canary").count(), 5);
}

#[test]
fn an_item_of_a_table_is_explained_by_its_key() {
    let place = Place::new();
    let server = table(&place);
    let sealed = item(&place, &["encrypt"], &current(), &note(1).to_string()).one();
    put(&server, &serde_json::from_str(&sealed).unwrap());
    let key = ["--key", r#"{"id":{"S":"n1"}}"#];
    let told = run(&place, &server, "explain", &current(), &key);
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    assert!(told.lines[0].contains("\"Opens\":true"), "{}", told.lines[0]);
    let restored = current().replace("\"Notes\"", "\"Notes-Restored\"");
    let told = run(&place, &server, "explain", &restored, &[key[0], key[1], "--also", "Notes"]);
    assert!(told.status == Some(1) && told.lines[0].contains("bound to the table name"), "{}", told.lines[0]);
    let missing = run(&place, &server, "explain", &current(), &["--key", r#"{"id":{"S":"n2"}}"#]);
    assert!(missing.stderr.contains("no item with this key"), "{}", missing.stderr);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let place = Place::new();
    let server = table(&place);
    put(&server, &note(0));
    let keyed = current().replace("partition-key = \"id\"", "partition-key = \"author\"");
    let run_with = |config: &str, what: &str| run(&place, &server, what, config, &[]).stderr;
    assert!(run_with(&keyed, "encrypt-table").contains("the table's key is [\"id\"]"));
    assert!(run_with(&legacy(), "encrypt-table").contains("writes the current format"));
    let unread = current().replace("[\"current\"]", "[\"current\", \"legacy\"]");
    assert!(run_with(&unread, "migrate").contains("[legacy-provider]"));
    let nowhere = run(&place, &server, "encrypt-table", &current(), &["--rate", "0"]);
    assert_eq!(nowhere.status, Some(2), "{}", nowhere.stderr);
    assert!(scanned(&server).contains("canary"));
}

#[test]
fn segments_are_swept_side_by_side_and_go_on_with_the_same_number() {
    let place = Place::new();
    let server = table(&place);
    (0..40).for_each(|number| put(&server, &note(number)));
    let done = run(
        &place,
        &server,
        "encrypt-table",
        &current(),
        &["--segments", "4", "--page", "3", "--rate", "100000"],
    );
    assert_eq!(
        (done.status, report(&done)),
        (Some(0), json!({ "Scanned": 40, "Written": 40 })),
        "{}",
        done.stderr
    );
    let verified = run(&place, &server, "verify", &current(), &["--segments", "7"]);
    assert_eq!(report(&verified), json!({ "Scanned": 40, "Done": 40 }));
    let id = &dynamodb(&server, "DescribeTable", &json!({ "TableName": "Notes" }))["Table"]["TableId"];
    let counts = json!({
        "Scanned": 5, "Written": 0, "Done": 5, "LeftCurrent": 0, "LeftLegacy": 0, "LeftPlaintext": 0, "Refused": 0,
        "Gone": 0, "Conflicts": 0,
    });
    let segment = |done: bool| json!({ "Behind": null, "Done": done, "Report": counts });
    let checkpoint = json!({
        "Version": 1, "Command": "verify", "TableId": id, "Segments": [segment(true), segment(false)],
    });
    let file = place.write("sweep.json", &checkpoint.to_string());
    let other = run(&place, &server, "verify", &current(), &["--checkpoint", &file]);
    assert!(other.stderr.contains("--segments 2"), "{}", other.stderr);
    let rest = run(&place, &server, "verify", &current(), &["--checkpoint", &file, "--segments", "2"]);
    let scanned = report(&rest)["Scanned"].as_u64().unwrap();
    // One segment was done, and the other begins; each had counted five.
    assert!(rest.status == Some(0) && (11..50).contains(&scanned), "{scanned} {}", rest.stderr);
    assert!(!place.path("sweep.json").exists());
    let none = run(&place, &server, "verify", &current(), &["--segments", "0"]);
    assert_eq!(none.status, Some(2), "{}", none.stderr);
}
