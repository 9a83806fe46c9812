//! Every byte of every file, at each stage of a table's life.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tests::canary::{self, Canary};
use tests::folder;
use tests::random::Random;
use tests::server::Server;

use crate::flock::Flock;

#[test]
fn no_canary_is_found_in_any_file_at_any_stage() {
    let mut random = Random::from_environment();
    let mut server = Server::start();
    let (key, other) = (server.create_key(), server.create_key());
    let of_keys = name_things(&server, &mut random, &key);
    let kinds = [
        json!({"Enabled": false}),
        json!({"Enabled": true}),
        json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key}),
    ];
    let mut flocks: Vec<Flock> = kinds.iter().map(|sse| Flock::settle(&server, &mut random, sse)).collect();
    let search = |server: &Server, flocks: &[Flock], stage: &str| {
        let mut canaries: Vec<Canary> = flocks.iter().flat_map(Flock::canaries).collect();
        canaries.extend(of_keys.iter().map(|(name, word)| Canary::new(name, word)));
        let sightings = canary::search(&server.data_dir(), &canaries).unwrap();
        assert!(sightings.is_empty(), "{stage}: {sightings:?}");
    };
    flocks.iter().for_each(|flock| flock.is_whole(&server));
    search(&server, &flocks, "while the server runs");
    server.kill();
    search(&server, &flocks, "after a kill");
    server.start_again();
    flocks.iter().for_each(|flock| flock.crowd(&server));
    flocks.iter().for_each(|flock| flock.is_whole(&server));
    assert!(count_of_sorted_files(&server) >= flocks.len(), "nothing was flushed");
    search(&server, &flocks, "after flush and compaction");
    server.stop();
    search(&server, &flocks, "after a clean stop");
    server.start_again();
    switch(&server, &flocks[2].table, &other);
    let _ = server.kms("DisableKey", &json!({ "KeyId": key })).ok();
    flocks[2].is_whole(&server);
    search(&server, &flocks, "after a key switch");
    flocks.iter_mut().for_each(|flock| flock.disturb(&server));
    server.restart();
    search(&server, &flocks, "after updates, deletes and a restart");
    flocks.iter().for_each(|flock| flock.scatter(&server));
    search(&server, &flocks, "after the tables were deleted");
    server.restart();
    search(&server, &flocks, "and a restart");
}

/// Files whose header (`docs/formats/`) says that they hold sorted entries.
fn count_of_sorted_files(server: &Server) -> usize {
    const SORTED_FILE: &[u8] = b"STRGROOM\x01\x05";
    let files = folder::files(&server.data_dir()).unwrap();
    files.iter().filter(|file| fs::read(file).is_ok_and(|content| content.starts_with(SORTED_FILE))).count()
}

/// Gives the key an alias, a tag and a description that are canaries, and encrypts one.
fn name_things(server: &Server, random: &mut Random, key: &str) -> Vec<(String, Vec<u8>)> {
    let mut word = |kind: &str| format!("{kind}{:016x}{:016x}", random.number(), random.number());
    let (alias, tag, value, description) = (word("alias"), word("tag"), word("value"), word("description"));
    let _ =
        server.kms("CreateAlias", &json!({"AliasName": format!("alias/{alias}"), "TargetKeyId": key})).ok();
    let tags = json!({"KeyId": key, "Tags": [{"TagKey": tag, "TagValue": value}]});
    assert_eq!(server.kms("TagResource", &tags).status, 200);
    let _ = server.kms("CreateKey", &json!({ "Description": description })).ok();
    let names = ["an alias", "a tag's key", "a tag's value", "a key's description"];
    names
        .into_iter()
        .map(str::to_owned)
        .zip([alias, tag, value, description].map(String::into_bytes))
        .collect()
}

fn switch(server: &Server, table: &str, key: &str) {
    let sse = json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
    let _ = server.dynamodb("UpdateTable", &json!({"TableName": table, "SSESpecification": sse})).ok();
    let description = || {
        server.dynamodb("DescribeTable", &json!({ "TableName": table })).ok()["Table"]["SSEDescription"]
            .clone()
    };
    let is_switched = |told: &Value| told["Status"] == "ENABLED" && told["KMSMasterKeyArn"] == key;
    while !is_switched(&description()) {
        thread::sleep(Duration::from_millis(10));
    }
}
