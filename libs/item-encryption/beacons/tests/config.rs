//! Configurations that cannot be are refused by the name of what is wrong.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod sample;

use item_encryption_beacons::config::{CompoundBeacon, Part, StandardBeacon, Style, VirtualField};
use item_encryption_beacons::{Beacons, ItemError, Search, SearchConfig};

use sample::{s, table};

type Change = fn(&mut SearchConfig);

fn refused(change: Change) -> String {
    let mut config = sample::config(2);
    change(&mut config);
    Search::new(&config, &table()).map(|_| "it is taken".to_owned()).unwrap_or_else(|error| error.to_string())
}

fn standard(config: &mut SearchConfig, beacon: StandardBeacon) {
    config.standard.push(beacon);
}

fn compound(config: &mut SearchConfig, beacon: CompoundBeacon) {
    config.compound.push(beacon);
}

fn asserts_refusal(cases: &[(Change, &str)]) {
    for (change, reason) in cases {
        let error = refused(*change);
        assert!(error.contains(reason), "{error:?} does not tell {reason:?}");
    }
    assert_eq!(refused(|_| ()), "it is taken");
}

/// A standard beacon of what nothing else is of.
fn secret(style: Style, bits: u8) -> StandardBeacon {
    StandardBeacon::new("Secret", bits).styled(style)
}

#[test]
fn standard_beacons_that_cannot_be_are_refused_by_name() {
    asserts_refusal(&[
        (|c| standard(c, StandardBeacon::new("Secret", 0)), "\"Secret\": its length is 1 to 63"),
        (|c| standard(c, StandardBeacon::new("Secret", 64)), "\"Secret\": its length is 1 to 63"),
        (|c| standard(c, StandardBeacon::new("Name", 8)), "\"Name\": another beacon"),
        (|c| standard(c, StandardBeacon::new("aws_dbe_x", 8)), "\"aws_dbe_x\": names that begin"),
        (
            |c| standard(c, StandardBeacon::new("Other", 8)),
            "\"Other\": the attribute \"Other\" has no action",
        ),
        (|c| standard(c, StandardBeacon::new("Year", 8)), "\"Year\" is not encrypted"),
        (|c| standard(c, StandardBeacon::new("Other", 8).at("Name")), "\"Name\" is of the same value"),
        (|c| standard(c, StandardBeacon::new("Year", 8).at("Secret")), "\"Year\": an attribute has its name"),
        (|c| standard(c, StandardBeacon::new("Other", 8).at("Secret[")), "not the location"),
        (|c| standard(c, StandardBeacon::new("Upper", 8).at("Secret")), "another beacon"),
        (|c| c.standard[0].partitions = Some(3), "at most the table's"),
        (|c| standard(c, secret(Style::Shared("Name".into()), 8)), "another length"),
        (|c| standard(c, secret(Style::Shared("None".into()), 8)), "not a standard beacon"),
        (|c| standard(c, secret(Style::Shared("Secret".into()), 8)), "itself"),
        (|c| standard(c, secret(Style::SharedSet("Nick".into()), 32)), "shares with another"),
    ]);
}

#[test]
fn tables_and_virtual_fields_that_cannot_be_are_refused_by_name() {
    asserts_refusal(&[
        (|c| c.partitions = Some(0), "1 to 255"),
        (|c| c.key_field = Some("Name".into()), "\"Name\": it is encrypted"),
        (
            |c| c.virtual_fields.push(VirtualField::new("V").part("Year", &[])),
            "none of its parts is encrypted",
        ),
        (|c| c.virtual_fields.push(VirtualField::new("V").part("ttl", &[])), "\"ttl\" is not signed"),
        (|c| c.virtual_fields.push(VirtualField::new("Year").part("Name", &[])), "\"Year\": an attribute"),
    ]);
}

#[test]
fn compound_beacons_that_cannot_be_are_refused_by_name() {
    asserts_refusal(&[
        (|c| compound(c, of('.')), "\"C\": it has no parts"),
        (
            |c| compound(c, CompoundBeacon::new("Secret", '.').signed("Year", "Y_")),
            "\"Secret\": an attribute",
        ),
        (|c| compound(c, of('.').signed("Name", "N_")), "its content shows"),
        (|c| compound(c, of('.').signed("ttl", "N_")), "\"ttl\" is not signed"),
        (|c| compound(c, of('.').encrypted("Secret", "S_")), "not a standard beacon"),
        (|c| compound(c, of('.').encrypted("Tags", "T_")), "of a set"),
        (|c| compound(c, of('.').signed("Year", "")), "no prefix"),
        (|c| compound(c, of('_').signed("Year", "Y_")), "the split character"),
        (|c| compound(c, of('.').signed("Year", "Y").signed("Author", "YA")), "begins with the other"),
        (|c| compound(c, of('.').signed("Year", "Y").signed("Year", "Z")), "two parts"),
        (|c| compound(c, of_years().constructor(&[])), "has no parts"),
        (|c| compound(c, of_years().constructor(&[("Z", true)])), "\"Z\", which there is not"),
        (|c| compound(c, of_years().constructor(&[("Year", true), ("Year", true)])), "twice"),
        (
            |c| compound(c, of_years().constructor(&[("Year", true)]).constructor(&[("Year", false)])),
            "the same parts",
        ),
    ]);
}

fn of(split: char) -> CompoundBeacon {
    CompoundBeacon::new("C", split)
}

fn of_years() -> CompoundBeacon {
    of('.').signed("Year", "Y")
}

#[test]
fn parts_of_all_compounds_stand_where_a_constructor_names_them() {
    let mut config = sample::config(1);
    config.signed_parts.push(Part::new("Author", "A_"));
    config.encrypted_parts.push(Part::new("Title", "T_"));
    compound(&mut config, CompoundBeacon::new("C", '.').constructor(&[("Author", true), ("Title", false)]));
    let beacons = Beacons::new(Search::new(&config, &table()).unwrap().into(), &[7; 32]).unwrap();
    let attributes = beacons.attributes(&sample::item("ann", 1990), 0).unwrap();
    let found = attributes.iter().find(|(name, _)| name == "aws_dbe_b_C").map(|(_, value)| value);
    assert_eq!(found, Some(&s("A_x")));
}

#[test]
fn a_signed_beacon_is_what_its_parts_give() {
    let mut item = sample::item("ann", 1990);
    assert_eq!(item["Signed"], s("Y_1990.A_x"));
    sample::search(1).add_signed(&mut item).unwrap();
    item.insert("Author".to_owned(), s("y"));
    let refused = sample::search(1).add_signed(&mut item);
    assert_eq!(refused, Err(ItemError::Differs("Signed".to_owned())));
    item.remove("Signed");
    item.insert("Author".to_owned(), s("a.b"));
    assert!(sample::search(1).add_signed(&mut item).unwrap_err().to_string().contains("split character"));
}
