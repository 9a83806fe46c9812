//! How an application's items may change, and what is refused before it is too late.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]

use std::collections::HashMap;

use item_encryption_derive::EncryptedItem;
use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::wrapping::RawAes;
use item_encryption_format::{EncryptedItem, Error, fingerprint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::{AttributeValue, from_item, to_item};

type Item = HashMap<String, AttributeValue>;

#[derive(EncryptedItem, Serialize, Deserialize, Debug, PartialEq)]
#[ddb(logical_table = "Notes", suite = "0x6700")]
struct Note {
    #[ddb(pk)]
    id: String,
    #[ddb(sk)]
    seq: u64,
    #[ddb(encrypt)]
    body: String,
    #[ddb(sign)]
    #[serde(rename = "Link", skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[ddb(unsigned)]
    ttl: u64,
}

fn note() -> Note {
    Note { id: "n1".to_owned(), seq: 7, body: "é".to_owned(), link: Some("https://".to_owned()), ttl: 1 }
}

fn key() -> RawAes {
    RawAes::new("ours", "2026", vec![7; 32].into()).unwrap()
}

fn sealed<T: EncryptedItem + Serialize>(item: &T) -> Item {
    let (table, item): (_, Item) = (T::table_config(), to_item(item).unwrap());
    let mut materials =
        EncryptionMaterials::new(encryption_context(&item, &table).unwrap(), table.suite).unwrap();
    key().wrap(&mut materials).unwrap();
    encrypt(item, &table, &materials).unwrap()
}

fn opened<T: EncryptedItem + DeserializeOwned>(item: &Item) -> Result<T, Error> {
    let table = T::table_config();
    let names = std::iter::once(&table.logical_table_name).chain(&table.read_as);
    let open = |name| {
        let sealed = SealedItem::read(item.clone(), name, &table)?;
        let data_key = key().unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound()).unwrap()?;
        sealed.decrypt(&data_key)
    };
    let mut tried = names.map(|name| open(name));
    let item = tried.by_ref().find(Result::is_ok).unwrap_or_else(|| open(&table.logical_table_name))?;
    Ok(from_item(item).unwrap())
}

/// What comparing a type with another one's record says.
fn difference<New: EncryptedItem, Old: EncryptedItem>() -> String {
    fingerprint::check(&New::schema(), &fingerprint::recorded(&Old::schema())).err().unwrap_or_default()
}

#[test]
fn an_item_goes_through_its_type() {
    let stored = sealed(&note());
    assert!(matches!(&stored["body"], AttributeValue::B(_)));
    assert!(matches!((&stored["Link"], &stored["ttl"]), (AttributeValue::S(_), AttributeValue::N(_))));
    assert_eq!(opened::<Note>(&stored).unwrap(), note());
    let mut touched = stored;
    touched.insert("ttl".to_owned(), AttributeValue::N("2".to_owned()));
    assert_eq!(opened::<Note>(&touched).unwrap().ttl, 2);
    touched.insert("Link".to_owned(), AttributeValue::S("http://".to_owned()));
    assert_eq!(opened::<Note>(&touched).unwrap_err(), Error::Signature);
}

#[test]
fn restored_under_another_name_opens_with_read_as() {
    #[derive(EncryptedItem, Deserialize, Debug)]
    #[ddb(logical_table = "Notes-Restored", suite = "0x6700")]
    #[allow(dead_code, reason = "only opened")]
    struct Blind {
        #[ddb(pk)]
        id: String,
        #[ddb(sk)]
        seq: u64,
        #[ddb(encrypt)]
        body: String,
        #[ddb(sign)]
        #[serde(rename = "Link")]
        link: Option<String>,
        #[ddb(unsigned)]
        ttl: u64,
    }
    #[derive(EncryptedItem, Deserialize, Debug)]
    #[ddb(logical_table = "Notes-Restored", read_as = "Notes-2024", read_as = "Notes", suite = "0x6700")]
    #[allow(dead_code, reason = "only opened")]
    struct Reading {
        #[ddb(pk)]
        id: String,
        #[ddb(sk)]
        seq: u64,
        #[ddb(encrypt)]
        body: String,
        #[ddb(sign)]
        #[serde(rename = "Link")]
        link: Option<String>,
        #[ddb(unsigned)]
        ttl: u64,
    }
    let stored = sealed(&note());
    assert_eq!(opened::<Blind>(&stored).unwrap_err(), Error::Unwrap);
    assert_eq!(opened::<Reading>(&stored).unwrap().body, "é");
    let told = difference::<Blind, Note>();
    assert!(told.contains("items written before do not open") && told.contains("read_as"), "{told}");
}

#[test]
fn adding_an_attribute_in_two_stages() {
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct First {
        #[ddb(pk)]
        id: String,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Announced {
        #[ddb(pk)]
        id: String,
        #[ddb(announced(unsigned))]
        #[serde(default, skip_serializing)]
        score: Option<u32>,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Written {
        #[ddb(pk)]
        id: String,
        #[ddb(unsigned)]
        score: Option<u32>,
    }
    let new = sealed(&Written { id: "n".to_owned(), score: Some(3) });
    assert_eq!(opened::<First>(&new).unwrap_err(), Error::SignedScope { written: 1, found: 2 });
    assert_eq!(opened::<Announced>(&new).unwrap().score, Some(3));
    let quiet = sealed(&Announced { id: "n".to_owned(), score: Some(3) });
    assert!(!quiet.contains_key("score"));
    assert_eq!(opened::<First>(&quiet).unwrap().id, "n");

    let at_once = difference::<Written, First>();
    assert!(at_once.contains("\"score\"") && at_once.contains("Stage 1 of 2"), "{at_once}");
    assert!(at_once.contains("announced(unsigned)") && !at_once.contains("record:"), "{at_once}");
    let first = difference::<Announced, First>();
    assert!(first.contains("stage 1 of 2") && first.contains("every reader"), "{first}");
    assert!(first.contains("attribute \"score\" DO_NOTHING announced\n"), "{first}");
    let second = difference::<Written, Announced>();
    assert!(second.contains("stage 2 of 2") && second.contains("Confirm first"), "{second}");
    assert_eq!(difference::<Written, Written>(), "");
}

#[test]
fn removing_an_attribute_keeps_its_action() {
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Before {
        #[ddb(pk)]
        id: String,
        #[ddb(unsigned)]
        old: String,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Removed {
        #[ddb(pk)]
        id: String,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Retired {
        #[ddb(pk)]
        id: String,
        #[ddb(retired(unsigned))]
        #[serde(skip)]
        #[allow(dead_code, reason = "it stands for items written before")]
        old: (),
    }
    let stored = sealed(&Before { id: "n".to_owned(), old: "x".to_owned() });
    assert_eq!(opened::<Removed>(&stored).unwrap_err(), Error::SignedScope { written: 1, found: 2 });
    assert_eq!(opened::<Retired>(&stored).unwrap().id, "n");
    let told = difference::<Removed, Before>();
    assert!(told.contains("\"old\" is gone") && told.contains("retired(unsigned)"), "{told}");
    assert!(!told.contains("record:"), "{told}");
    assert!(difference::<Retired, Before>().contains("attribute \"old\" DO_NOTHING retired\n"));
    assert!(difference::<Removed, Retired>().contains("retired(unsigned)"));
}

#[test]
fn changing_an_action_is_found_before_it_breaks_reads() {
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Signed {
        #[ddb(pk)]
        id: String,
        #[ddb(sign)]
        tag: String,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Encrypted {
        #[ddb(pk)]
        id: String,
        #[ddb(encrypt)]
        tag: String,
    }
    #[derive(EncryptedItem, Serialize, Deserialize, Debug)]
    #[ddb(logical_table = "Notes", suite = "0x6700")]
    struct Unsigned {
        #[ddb(pk)]
        id: String,
        #[ddb(unsigned)]
        tag: String,
    }
    let stored = sealed(&Signed { id: "n".to_owned(), tag: "t".to_owned() });
    assert_eq!(opened::<Encrypted>(&stored).unwrap().tag, "t");
    assert!(opened::<Unsigned>(&stored).is_err());
    let safe = difference::<Encrypted, Signed>();
    assert!(safe.contains("in any order") && safe.contains("attribute \"tag\" ENCRYPT_AND_SIGN\n"), "{safe}");
    let unsafe_one = difference::<Unsigned, Signed>();
    assert!(unsafe_one.contains("\"tag\" moves between signed and not signed"), "{unsafe_one}");
    assert!(!unsafe_one.contains("record:"), "{unsafe_one}");
}

#[test]
fn a_fingerprint_lives_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("note.schema");
    let missing = fingerprint::check_file(&Note::schema(), &file).unwrap_err();
    let record = missing.split_once("\n\n").unwrap().1;
    std::fs::OpenOptions::new().create(true).write(true).truncate(true).open(&file).unwrap();
    let mut text = format!("# As deployed.\n\n{record}");
    std::io::Write::write_all(
        &mut std::fs::OpenOptions::new().write(true).open(&file).unwrap(),
        text.as_bytes(),
    )
    .unwrap();
    item_encryption_format::assert_schema_fingerprint!(Note, &file);
    text.push_str("nonsense\n");
    assert!(fingerprint::check(&Note::schema(), &text).unwrap_err().contains("no part of a record"));
}
