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

#[test]
fn what_cannot_be_is_refused_by_name() {
    let cases: &[(Change, &str)] = &[
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
        (
            |c| standard(c, StandardBeacon { partitions: Some(3), ..StandardBeacon::new("Secret", 8) }),
            "at most the table's",
        ),
        (
            |c| standard(c, StandardBeacon::new("Secret", 8).styled(Style::Shared("Name".into()))),
            "another length",
        ),
        (
            |c| standard(c, StandardBeacon::new("Secret", 8).styled(Style::Shared("None".into()))),
            "not a standard beacon",
        ),
        (|c| standard(c, StandardBeacon::new("Secret", 8).styled(Style::Shared("Secret".into()))), "itself"),
        (
            |c| standard(c, StandardBeacon::new("Secret", 32).styled(Style::SharedSet("Nick".into()))),
            "shares with another",
        ),
        (|c| c.partitions = Some(0), "1 to 255"),
        (|c| c.key_field = Some("Name".into()), "\"Name\": it is encrypted"),
        (
            |c| c.virtual_fields.push(VirtualField::new("V").part("Year", &[])),
            "\"V\": none of its parts is encrypted",
        ),
        (|c| c.virtual_fields.push(VirtualField::new("V").part("ttl", &[])), "\"ttl\" is not signed"),
        (|c| c.virtual_fields.push(VirtualField::new("Year").part("Name", &[])), "\"Year\": an attribute"),
        (|c| compound(c, CompoundBeacon::new("C", '.')), "\"C\": it has no parts"),
        (
            |c| compound(c, CompoundBeacon::new("Secret", '.').signed("Year", "Y_")),
            "\"Secret\": an attribute",
        ),
        (|c| compound(c, CompoundBeacon::new("C", '.').signed("Name", "N_")), "its content shows"),
        (|c| compound(c, CompoundBeacon::new("C", '.').signed("ttl", "N_")), "\"ttl\" is not signed"),
        (|c| compound(c, CompoundBeacon::new("C", '.').encrypted("Secret", "S_")), "not a standard beacon"),
        (|c| compound(c, CompoundBeacon::new("C", '.').encrypted("Tags", "T_")), "of a set"),
        (|c| compound(c, CompoundBeacon::new("C", '.').signed("Year", "")), "no prefix"),
        (|c| compound(c, CompoundBeacon::new("C", '_').signed("Year", "Y_")), "the split character"),
        (
            |c| compound(c, CompoundBeacon::new("C", '.').signed("Year", "Y").signed("Author", "YA")),
            "begins with the other",
        ),
        (|c| compound(c, CompoundBeacon::new("C", '.').signed("Year", "Y").signed("Year", "Z")), "two parts"),
        (|c| compound(c, CompoundBeacon::new("C", '.').signed("Year", "Y").constructor(&[])), "has no parts"),
        (
            |c| compound(c, CompoundBeacon::new("C", '.').signed("Year", "Y").constructor(&[("Z", true)])),
            "\"Z\", which there is not",
        ),
        (
            |c| {
                compound(
                    c,
                    CompoundBeacon::new("C", '.')
                        .signed("Year", "Y")
                        .constructor(&[("Year", true), ("Year", true)]),
                )
            },
            "twice",
        ),
        (
            |c| {
                compound(
                    c,
                    CompoundBeacon::new("C", '.')
                        .signed("Year", "Y")
                        .constructor(&[("Year", true)])
                        .constructor(&[("Year", false)]),
                )
            },
            "the same parts",
        ),
    ];
    for (change, reason) in cases {
        let error = refused(*change);
        assert!(error.contains(reason), "{error:?} does not tell {reason:?}");
    }
    assert_eq!(refused(|_| ()), "it is taken");
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
