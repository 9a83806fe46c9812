//! `strongroom verify`, as an operator runs it on the data directory of a stopped server.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests look at real files"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tests::verify::{places, run, verify};
use tests::{Server, folder};

#[test]
fn a_sound_directory_is_authentic_to_the_last_byte_and_stays_as_it_is() {
    for end in [Server::stop, Server::kill] {
        let mut server = filled();
        end(&mut server);
        let before = contents(&server.data_dir());
        let told = verify(&server, &["--list"]);
        assert_eq!(told.status, 0, "{}", told.text);
        assert!(told.text.contains("no damage found (content authenticated"), "{}", told.text);
        for name in ["Owned", "Mine", "kms (the server's own)", "catalog (the server's own)", "log"] {
            let line = told.text.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line.ends_with("authentic"), "{line}");
        }
        assert_covers(&before, &told.text);
        assert!(contents(&server.data_dir()) == before, "nothing is changed");
        server.start_again();
    }
}

#[test]
fn damage_is_named_by_file_and_place_and_ends_with_status_1() {
    let mut server = filled();
    server.kill();
    let sound = server.folder().join("sound");
    folder::copy(&server.data_dir(), &sound).unwrap();
    let (mut tried, mut kinds) = (0, BTreeSet::new());
    for place in places(&verify(&server, &["--list"]).text) {
        let new_kind = kinds.insert((place.file.parent().map(Path::to_owned), place.kind()));
        if !new_kind || place.start == place.end || place.finding == "unwritten" {
            continue;
        }
        flip(&server.data_dir().join(&place.file), (place.start + place.end) / 2);
        let told = verify(&server, &[]);
        assert_eq!(told.status, 1, "{place:?}\n{}", told.text);
        let line = format!("damaged: {}, {}", place.file.display(), place.name);
        assert!(told.text.lines().any(|told| told == line), "{line} is not in\n{}", told.text);
        folder::replace(&sound, &server.data_dir()).unwrap();
        tried += 1;
    }
    assert!(tried > 15, "{tried} kinds of places");
    fs::remove_file(server.data_dir().join("store/store")).unwrap();
    let told = verify(&server, &[]);
    assert!(told.status == 1 && told.text.contains("store/store, the file is missing"), "{}", told.text);
}

#[test]
fn without_the_root_key_structure_is_checked_and_said_to_be_all() {
    let mut server = filled();
    server.stop();
    let key = fs::read_dir(server.folder()).unwrap().map(|entry| entry.unwrap().path());
    let key = key.into_iter().find(|path| path.to_string_lossy().ends_with("root-key")).unwrap();
    let elsewhere = server.folder().join("elsewhere");
    fs::rename(&key, &elsewhere).unwrap();
    let told = verify(&server, &[]);
    assert_eq!(told.status, 0, "{}", told.text);
    assert!(
        told.text.contains("structure only") && told.text.contains("root key is not at"),
        "{}",
        told.text
    );

    let given = ["--root-key-file", elsewhere.to_str().unwrap()];
    assert!(verify(&server, &given).text.contains("content authenticated"));

    let log = folder::files(&server.data_dir().join("store/log")).unwrap().pop().unwrap();
    flip(&log, 20);
    let told = verify(&server, &[]);
    assert!(told.status == 1 && told.text.contains(".log, header"), "{}", told.text);
}

#[test]
fn what_cannot_be_verified_at_all_ends_with_status_2() {
    let mut server = filled();
    let told = verify(&server, &[]);
    assert!(
        told.status == 2 && told.text.contains("another server uses the data directory"),
        "{}",
        told.text
    );
    server.stop();
    let wrong = server.folder().join("wrong");
    fs::write(&wrong, "00".repeat(32)).unwrap();
    let told = verify(&server, &["--root-key-file", wrong.to_str().unwrap()]);
    assert!(told.status == 2 && told.text.contains("does not open"), "{}", told.text);
    let told = run(&["verify", "/nowhere"]);
    assert!(told.status == 2 && told.text.contains("/nowhere"), "{}", told.text);
}

#[test]
fn a_table_whose_key_is_disabled_is_said_to_be_closed() {
    let server = filled();
    let described = server.dynamodb("DescribeTable", &json!({"TableName": "Mine"})).ok();
    let key = described["Table"]["SSEDescription"]["KMSMasterKeyArn"].as_str().unwrap().to_owned();
    let _ = server.kms("DisableKey", &json!({ "KeyId": key })).ok();
    let mut server = server;
    server.stop();
    let told = verify(&server, &[]);
    assert_eq!(told.status, 0, "{}", told.text);
    assert!(told.text.contains("note: table Mine stays closed"), "{}", told.text);
    let line = told.text.lines().find(|line| line.starts_with("Mine")).unwrap();
    assert!(line.ends_with("not authenticated"), "{line}");
}

/// Two tables, one under a customer's key, with what is in files, parked and in the log.
fn filled() -> Server {
    let mut server = Server::start();
    let key = server.create_key();
    for (name, sse) in [("Owned", None), ("Mine", Some(&key))] {
        let mut body = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]
        });
        if let Some(key) = sse {
            body["SSESpecification"] = json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
        }
        let _ = server.dynamodb("CreateTable", &body).ok();
        put(&server, name, 0..40);
    }
    server.restart();
    put(&server, "Owned", 40..60);
    server.kill();
    server.start_again();
    put(&server, "Mine", 40..60);
    server
}

fn put(server: &Server, table: &str, numbers: std::ops::Range<u32>) {
    let mut caller = server.caller();
    for number in numbers {
        let item = json!({"pk": {"S": number.to_string()}, "text": {"S": "x".repeat(600)}});
        let _ = caller.dynamodb("PutItem", &json!({"TableName": table, "Item": item})).unwrap().ok();
    }
}

fn assert_covers(files: &BTreeMap<PathBuf, Vec<u8>>, list: &str) {
    let mut covered: BTreeMap<PathBuf, u64> = BTreeMap::new();
    for place in places(list) {
        *covered.entry(place.file).or_default() += place.end - place.start;
    }
    for (path, content) in files {
        let covered = covered.get(path).copied().unwrap_or_default();
        assert_eq!(covered, content.len() as u64, "what is listed of {}", path.display());
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = folder::files(folder).unwrap().into_iter();
    files.map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

fn flip(path: &Path, byte: u64) {
    let mut content = fs::read(path).unwrap();
    content[usize::try_from(byte).unwrap()] ^= 1;
    fs::write(path, content).unwrap();
}
