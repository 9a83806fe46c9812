//! Keys that stand in the configuration.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::configs::{RAW_AES, WRAPPED, current, legacy};
use crate::fixture::Place;
use crate::run::{NOTE, item, said};

#[test]
fn items_come_back_in_both_formats() {
    let place = Place::new();
    for config in [current(RAW_AES), legacy(WRAPPED)] {
        let sealed = item(&place, &["encrypt"], &config, NOTE).one();
        assert!(!sealed.contains('é') && !sealed.contains("\"SS\""), "{sealed}");
        assert_eq!(item(&place, &["decrypt"], &config, &sealed).one(), NOTE);
    }
}

#[test]
fn a_refused_item_is_a_line_and_the_others_go_on() {
    let place = Place::new();
    let sealed = item(&place, &["encrypt"], &current(RAW_AES), NOTE).one();
    let tampered = sealed.replace(r#""tenant":{"S":"t"}"#, r#""tenant":{"S":"u"}"#);
    let run = item(
        &place,
        &["decrypt"],
        &current(RAW_AES),
        &format!("{sealed}\n\n{tampered}\nno item\n{sealed}\n"),
    );
    assert_eq!(run.status, Some(1));
    assert_eq!((run.lines.len(), &*run.lines[0], &*run.lines[3]), (4, NOTE, NOTE));
    for refused in &run.lines[1..3] {
        let told: Value = serde_json::from_str(refused).unwrap();
        assert!(told["Error"].is_string() && told.as_object().unwrap().len() == 1, "{told}");
    }
    assert!(run.stderr.contains("2 of 4 items were refused"), "{}", run.stderr);
}

#[test]
fn a_line_without_end_is_refused_and_not_kept() {
    let place = Place::new();
    let config = place.write("items.toml", &current(RAW_AES));
    let mut input = vec![b' '; 17 << 20];
    input.extend_from_slice(format!("\n{NOTE}\n").as_bytes());
    let run = said(place.command(&["item", "encrypt", "--config", &config]), input);
    assert_eq!((run.status, run.lines.len()), (Some(1), 2));
    assert!(run.lines[0].contains("longer than 16777216 bytes"), "{}", run.lines[0]);
    assert!(run.lines[1].contains("aws_dbe_head"));
}

#[test]
fn an_item_is_answered_before_the_next_one_arrives() {
    let place = Place::new();
    let config = place.write("items.toml", &current(RAW_AES));
    let mut command = place.command(&["item", "encrypt", "--config", &config]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..2 {
        writeln!(stdin, "{NOTE}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.contains("aws_dbe_foot"), "{answer}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn restored_under_another_name_is_explained_and_opens_with_also() {
    let place = Place::new();
    for config in [current(RAW_AES), legacy(WRAPPED)] {
        let sealed = item(&place, &["encrypt"], &config, NOTE).one();
        let restored = config.replace("\"Notes\"", "\"Notes-Restored\"");
        assert_eq!(item(&place, &["decrypt"], &restored, &sealed).status, Some(1));
        let run = item(&place, &["explain", "--also", "Notes"], &restored, &sealed);
        let told: Value = serde_json::from_str(&run.lines[0]).unwrap();
        assert_eq!((run.status, &told["Opens"]), (Some(1), &Value::Bool(false)));
        assert!(told["Findings"][0].as_str().unwrap().contains("table name \"Notes\""), "{told}");
        assert_eq!(item(&place, &["decrypt", "--also", "Notes"], &restored, &sealed).one(), NOTE);
        let told: Value = serde_json::from_str(&item(&place, &["explain"], &config, &sealed).one()).unwrap();
        assert_eq!(told["Opens"], Value::Bool(true));
    }
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_before_any_item() {
    let place = Place::new();
    let wrong = current(RAW_AES).replace("partition-key", "partition_key");
    let run = item(&place, &["encrypt"], &wrong, NOTE);
    assert_eq!((run.status, run.lines.len()), (Some(1), 0));
    assert!(run.stderr.contains("items.toml") && run.stderr.contains("partition_key"), "{}", run.stderr);
}

#[test]
fn the_legacy_format_is_written_only_where_that_is_said() {
    let place = Place::new();
    let sealed = item(&place, &["encrypt"], &legacy(WRAPPED), NOTE).one();
    let reading = legacy(WRAPPED).replace("write-legacy = true", "");
    assert_eq!(item(&place, &["decrypt"], &reading, &sealed).one(), NOTE);
    let refused = item(&place, &["encrypt"], &reading, NOTE);
    assert_eq!((refused.status, refused.lines.len()), (Some(1), 0));
    for told in ["write-legacy = true", "AES-CBC", "not signed", "not stored", "format = \"dbesdk\""] {
        assert!(refused.stderr.contains(told), "{told}: {}", refused.stderr);
    }
    let meaningless = current(RAW_AES).replace("suite", "write-legacy = true\nsuite");
    assert!(item(&place, &["encrypt"], &meaningless, NOTE).stderr.contains("write-legacy"));
}
