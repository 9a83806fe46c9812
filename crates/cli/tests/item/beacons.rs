//! Beacons seen from the shell, and queries that ask for them.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::configs::{RAW_AES, current};
use crate::fixture::{Place, Running};
use crate::run::{NOTE, command, item, said};
use crate::wire::call;

const SEARCH: &str = r#"
[search]
version = 1
maximum-number-of-partitions = 5
[search.beacon-key]
hex = "0102030405"
[[search.standard-beacons]]
name = "picture"
length = 32
number-of-partitions = 1
[[search.standard-beacons]]
name = "each-tag"
length = 12
location = "tags"
style = "as-set"
[[search.standard-beacons]]
name = "shout"
length = 40
style = "part-only"
[[search.virtual-fields]]
name = "shout"
parts = [{ location = "tenant", transforms = ["upper", { insert = "!" }] }, { location = "body[0]" }]
[[search.compound-beacons]]
name = "about"
split = "."
encrypted = [{ name = "shout", prefix = "S-" }]
signed = [{ name = "tenant", prefix = "T-" }]
constructors = [{ parts = [{ name = "tenant" }, { name = "shout", required = false }] }]
[[search.compound-beacons]]
name = "place"
split = "~"
signed = [{ name = "tenant", prefix = "T-" }, { name = "number", prefix = "N-" }]
"#;

fn searchable() -> String {
    current(&format!("{RAW_AES}{SEARCH}"))
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn beacons_stand_beside_an_item_and_go_when_it_is_opened() {
    let place = Place::new();
    let told = json(&item(&place, &["beacons"], &searchable(), NOTE).one());
    let names: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["aws_dbe_b_about", "aws_dbe_b_each-tag", "aws_dbe_b_picture", "aws_dbe_v_1", "place"]);
    assert_eq!(told["place"], json!({ "S": "T-t~N-7.5" }));
    assert!(told["aws_dbe_b_about"]["S"].as_str().unwrap().starts_with("T-t.S-"), "{told}");
    let elsewhere = json(&item(&place, &["beacons", "--partition", "4"], &searchable(), NOTE).one());
    assert_eq!(elsewhere["aws_dbe_b_picture"], told["aws_dbe_b_picture"]);
    assert_ne!(elsewhere["aws_dbe_b_about"], told["aws_dbe_b_about"]);
    let beyond = item(&place, &["beacons", "--partition", "5"], &searchable(), NOTE);
    assert!(beyond.lines[0].contains("0 to 4"), "{:?}", beyond.lines);
    let sealed = item(&place, &["encrypt"], &searchable(), NOTE).one();
    for name in names {
        assert!(json(&sealed)[name].is_object(), "{name}");
    }
    let opened = json(&item(&place, &["decrypt"], &searchable(), &sealed).one());
    let mut note = json(NOTE);
    note["place"] = told["place"].clone();
    assert_eq!(opened, note, "a signed beacon is an attribute like others");
    let again = item(&place, &["encrypt"], &searchable(), &opened.to_string()).one();
    item(&place, &["decrypt"], &searchable(), &again).one();
    note["place"] = json!({ "S": "T-t~N-8" });
    let other = item(&place, &["encrypt"], &searchable(), &note.to_string());
    assert!(other.lines[0].contains("leave it out"), "{:?}", other.lines);
    assert!(item(&place, &["beacons"], &current(RAW_AES), NOTE).stderr.contains("[search]"));
}

#[test]
fn a_query_asks_for_beacons_of_every_partition() {
    let place = Place::new();
    let beacons = |partition: usize| {
        let partition = partition.to_string();
        json(&item(&place, &["beacons", "--partition", &partition], &searchable(), NOTE).one())
    };
    let request = json!({
        "TableName": "Notes", "Limit": 3, "FilterExpression": "#p = :p AND contains(#t, :t) AND tenant = :x",
        "ExpressionAttributeNames": { "#p": "picture", "#t": "each-tag" },
        "ExpressionAttributeValues": { ":p": { "B": "AQI=" }, ":t": { "S": "b" }, ":x": { "S": "t" } },
    });
    let rewrite = |request: &Value| item(&place, &["rewrite-query"], &searchable(), &request.to_string());
    let answer = json(&rewrite(&request).one());
    let requests = answer["Requests"].as_array().unwrap();
    assert_eq!(requests.len(), 5);
    for (partition, rewritten) in requests.iter().enumerate() {
        let (due, values) = (beacons(partition), &rewritten["ExpressionAttributeValues"]);
        assert_eq!((&rewritten["Limit"], &rewritten["TableName"]), (&json!(3), &json!("Notes")));
        assert_eq!(rewritten["ExpressionAttributeNames"]["#p"], "aws_dbe_b_picture");
        assert_eq!((&values[":p"], &values[":x"]), (&due["aws_dbe_b_picture"], &json!({ "S": "t" })));
        assert!(due["aws_dbe_b_each-tag"]["SS"].as_array().unwrap().contains(&values[":t"]["S"]));
    }
    let mut one = request.clone();
    one["ExpressionAttributeValues"][":aws_dbe_partition"] = json!({ "N": "3" });
    let answer = json(&rewrite(&one).one());
    assert_eq!(answer["Requests"], json!([requests[3]]));
    let with = |name: &str, value: Value| {
        let mut request = request.clone();
        request[name] = value;
        rewrite(&request).lines.remove(0)
    };
    assert!(with("FilterExpression", json!("body = :p")).contains("has no beacon"));
    assert!(with("FilterExpression", json!("#p < :p")).contains("only equality"));
    assert!(with("Select", json!("COUNT")).contains("by chance"));
    assert!(with("QueryFilter", json!({})).contains("older than expressions"));
    assert!(with("ExpressionAttributeValues", json!([])).contains("ExpressionAttributeValues"));
    let mixed = format!("read-policy = [\"current\", \"plaintext\"]\n{}", searchable());
    let refused = item(&place, &["rewrite-query"], &mixed, &request.to_string());
    assert!(refused.lines[0].contains("would lose them"), "{:?}", refused.lines);
}

#[test]
fn each_tenants_beacons_are_under_its_own_key() {
    let place = Place::new();
    let keys = "key-field-name = \"tenant\"\n[search.beacon-keys]\nt = { hex = \"0102030405\" }\nu = { hex = \"06\" }";
    let (head, tail) = SEARCH.split_once("[search.beacon-key]\nhex = \"0102030405\"").unwrap();
    let tenants = current(&format!("{RAW_AES}{head}{keys}{tail}"));
    let picture = |config: &str, note: &str| {
        json(&item(&place, &["beacons"], config, note).one())["aws_dbe_b_picture"].clone()
    };
    assert_eq!(picture(&tenants, NOTE), picture(&searchable(), NOTE));
    let note_of =
        |tenant: &str| NOTE.replace(r#""tenant":{"S":"t"}"#, &format!(r#""tenant":{{"S":"{tenant}"}}"#));
    assert_ne!(picture(&tenants, &note_of("u")), picture(&searchable(), &note_of("u")));
    let stranger = item(&place, &["encrypt"], &tenants, &note_of("v"));
    assert!(stranger.lines[0].contains("no key for"), "{:?}", stranger.lines);
    let request = |filter: &str| {
        let values = json!({ ":p": { "B": "AQI=" }, ":t": { "S": "u" } });
        let request = json!({ "FilterExpression": filter, "ExpressionAttributeValues": values });
        item(&place, &["rewrite-query"], &tenants, &request.to_string())
    };
    let asked = json(&request("picture = :p AND tenant = :t").one());
    assert_eq!(asked["Requests"][0]["ExpressionAttributeValues"][":p"], picture(&tenants, &note_of("u")));
    assert!(request("picture = :p").lines[0].contains("whose beacon key"));
}

/// Known answers that somebody else computed, where their folder stands beside the checkout.
#[test]
fn known_answers_come_out() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let path = repository.join("../shared/vectors/dbesdk/beacon_kat.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: no test vectors at {}", path.display());
        return;
    };
    let all: Value = serde_json::from_slice(&bytes).unwrap();
    let place = Place::new();
    let mut checked = 0;
    for answer in all["vectors"].as_array().unwrap() {
        let text = |name: &str| answer[name].as_str().unwrap_or_default();
        let name = text("name");
        let (actions, search, plain, attribute) = match text("kind") {
            "standard_beacon" => (
                json!({ name: "ENCRYPT_AND_SIGN" }),
                json!({ "standard-beacons": [{ "name": name, "length": answer["bits"] }] }),
                json!({ name: { "S": text("value") } }),
                format!("aws_dbe_b_{name}"),
            ),
            "compound_beacon" | "signed_compound" => compound(answer),
            // The key of a hash itself is none of a configuration's.
            _ => continue,
        };
        let mut config = json!({
            "format": "dbesdk", "logical-table-name": "Notes", "partition-key": "id", "attribute-actions": actions,
            "search": search,
        });
        let key = answer["beacon_key_hex"].as_str().unwrap_or("00");
        config["search"]["beacon-key"] = json!({ "hex": key });
        let file = place.write("items.json", &config.to_string());
        let command = place.command(&["item", "beacons", "--config", &file]);
        let told = json(&said(command, plain.to_string().into_bytes()).one());
        assert_eq!(told[&attribute]["S"], answer["expect"], "{answer}");
        checked += 1;
    }
    assert!(checked >= 8, "{checked} answers were checked");
}

fn compound(answer: &Value) -> (Value, Value, Value, String) {
    let is_signed = answer["kind"] == "signed_compound";
    let actions = json!({
        "Name": "ENCRYPT_AND_SIGN", "Title": "ENCRYPT_AND_SIGN", "Year": "SIGN_ONLY", "Month": "SIGN_ONLY",
    });
    let signed = json!([{ "name": "Year", "prefix": "Y_" }, { "name": "Month", "prefix": "M_" }]);
    let mut beacon = json!({ "name": answer["name"], "split": ".", "signed": signed });
    let mut search = json!({});
    if !is_signed {
        beacon["encrypted"] =
            json!([{ "name": "Name", "prefix": "N_" }, { "name": "Title", "prefix": "T_" }]);
        beacon["constructors"] = json!([{ "parts": [{ "name": "Name" }, { "name": "Year" }] }]);
        search["standard-beacons"] =
            json!([{ "name": "Name", "length": 32 }, { "name": "Title", "length": 32 }]);
    }
    search["compound-beacons"] = json!([beacon]);
    let plain = answer["item"].as_object().unwrap().iter();
    let plain: Map<String, Value> = plain.map(|(name, text)| (name.clone(), json!({ "S": text }))).collect();
    (actions, search, Value::Object(plain), answer["attribute"].as_str().unwrap().to_owned())
}

fn dynamodb(server: &Running, operation: &str, body: &Value) -> Value {
    call(server, "dynamodb", &format!("DynamoDB_20120810.{operation}"), body)
}

#[test]
fn beacons_come_to_a_table_by_rewrap_are_verified_and_found() {
    let place = Place::new();
    let server = place.start_known(&["--memory"]);
    let table = json!({
        "TableName": "Notes", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "id", "AttributeType": "S" }, { "AttributeName": "number", "AttributeType": "N" },
        ],
        "KeySchema": [
            { "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "number", "KeyType": "RANGE" },
        ],
    });
    assert!(dynamodb(&server, "CreateTable", &table)["TableDescription"].is_object());
    for line in [current(RAW_AES), searchable()].map(|config| item(&place, &["encrypt"], &config, NOTE).one())
    {
        let mut stored = json(&line);
        // The same note twice, under two keys, would not verify: the second takes the place of the first.
        stored["ttl"] = json!({ "N": "9" });
        dynamodb(&server, "PutItem", &json!({ "TableName": "Notes", "Item": stored }));
    }
    let sweep = |what: &str, config: &str| {
        let mut command = command(&place, &[what, "--table", "Notes"], config);
        command.args(["--endpoint", server.url(), "--region", "us-east-1"]);
        said(command, Vec::new())
    };
    assert_eq!(sweep("verify", &searchable()).status, Some(0));
    let changed = json!({
        "TableName": "Notes", "Key": { "id": { "S": "n1" }, "number": { "N": "7.5" } },
        "UpdateExpression": "SET aws_dbe_b_picture = :v", "ExpressionAttributeValues": { ":v": { "S": "0" } },
    });
    dynamodb(&server, "UpdateItem", &changed);
    let refused = sweep("verify", &searchable());
    assert!(
        refused.lines[0].contains("aws_dbe_b_picture") && refused.lines[0].contains("rewrap"),
        "{:?}",
        refused.lines
    );
    let stored = &dynamodb(&server, "Scan", &json!({ "TableName": "Notes" }))["Items"][0];
    let told = item(&place, &["explain"], &searchable(), &stored.to_string()).one();
    assert!(told.contains("do not find it"), "{told}");
    assert_eq!(sweep("rewrap", &searchable()).status, Some(0));
    assert_eq!(sweep("verify", &searchable()).status, Some(0));
    let request = json!({
        "TableName": "Notes", "FilterExpression": "picture = :p",
        "ExpressionAttributeValues": { ":p": { "B": "AQI=" } },
    });
    let asked = json(&item(&place, &["rewrite-query"], &searchable(), &request.to_string()).one());
    assert_eq!(dynamodb(&server, "Scan", &asked["Requests"][0])["Count"], 1);
    // Without [search] the beacons go again.
    assert_eq!(
        sweep("rewrap", &current(RAW_AES).replace("tags = \"E", "place = \"SIGN_ONLY\"\ntags = \"E")).status,
        Some(0)
    );
    let scanned = dynamodb(&server, "Scan", &json!({ "TableName": "Notes" }))["Items"].to_string();
    assert!(!scanned.contains("aws_dbe_b_") && !scanned.contains("aws_dbe_v_"), "{scanned}");
}
