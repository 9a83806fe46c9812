//! A table with beacons of every kind, and items of it.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::HashMap;
use std::sync::Arc;

use item_encryption_beacons::config::{CompoundBeacon, SearchConfig, StandardBeacon, Style, VirtualField};
use item_encryption_beacons::{Beacons, Search, Transform};
use item_encryption_format::{Action, TableConfig, Value};

/// An item.
pub type Item = HashMap<String, Value>;

pub fn s(text: &str) -> Value {
    Value::S(text.to_owned())
}

pub fn n(text: &str) -> Value {
    Value::N(text.to_owned())
}

pub fn ss(texts: &[&str]) -> Value {
    Value::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
}

pub fn table() -> TableConfig {
    let mut table = TableConfig::new("Notes", "id", None);
    for name in ["Name", "Nick", "Title", "Phone", "Tags", "Secret", "Contact", "Few"] {
        table = table.action(name, Action::EncryptAndSign);
    }
    table.action("Year", Action::SignOnly).action("Author", Action::SignOnly).action("ttl", Action::DoNothing)
}

pub fn config(partitions: u8) -> SearchConfig {
    let mut few = StandardBeacon::new("Few", 8);
    few.partitions = Some(partitions.min(3));
    let mut title = StandardBeacon::new("Title", 24);
    title.partitions = Some(partitions.min(4));
    let standard = vec![
        StandardBeacon::new("Name", 32),
        StandardBeacon::new("Nick", 32).styled(Style::Shared("Name".to_owned())),
        title,
        few,
        StandardBeacon::new("PhoneBeacon", 20).at("Phone"),
        StandardBeacon::new("Tags", 16).styled(Style::AsSet),
        StandardBeacon::new("Part", 30).at("Contact.mail").styled(Style::PartOnly),
        StandardBeacon::new("Upper", 40),
        StandardBeacon::new("Short", 1).at("Shortened"),
    ];
    let mixed = CompoundBeacon::new("Mixed", '.')
        .encrypted("Name", "N_")
        .encrypted("Part", "P_")
        .signed("Year", "Y_")
        .constructor(&[("Name", true), ("Part", false), ("Year", true)])
        .constructor(&[("Year", true)]);
    let signed = CompoundBeacon::new("Signed", '.').signed("Year", "Y_").signed("Author", "A_");
    let virtual_fields = vec![
        VirtualField::new("Upper").part("Name", &[Transform::Upper]).part("Year", &[]),
        VirtualField::new("Shortened").part("Name", &[]),
    ];
    let partitions = Some(partitions);
    SearchConfig {
        standard,
        compound: vec![mixed, signed],
        virtual_fields,
        partitions,
        ..SearchConfig::default()
    }
}

pub fn search_of(config: &SearchConfig) -> Search {
    Search::new(config, &table()).unwrap()
}

pub fn search(partitions: u8) -> Search {
    search_of(&config(partitions))
}

pub fn beacons(partitions: u8) -> Beacons {
    Beacons::new(Arc::new(search(partitions)), &[7; 32]).unwrap()
}

pub fn item(name: &str, year: u32) -> Item {
    let mut item = HashMap::from([
        ("id".to_owned(), s("1")),
        ("Name".to_owned(), s(name)),
        ("Year".to_owned(), n(&year.to_string())),
        ("Author".to_owned(), s("x")),
    ]);
    search(1).add_signed(&mut item).unwrap();
    item
}

/// Items that differ in what they have.
pub fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for (at, year) in (0..48_u32).zip((1990..1996).cycle()) {
        let name = ["ann", "bob", "cy"][(at % 3) as usize];
        let mut item = item(name, year);
        let mut add = |rest: u32, name: &str, value: Value| {
            if at % rest != 0 {
                item.insert(name.to_owned(), value);
            }
        };
        add(4, "Nick", s(["ann", "bob"][(at % 2) as usize]));
        add(5, "Title", s(&format!("t{}", at % 10)));
        add(7, "Phone", n(["12", "13"][(at % 2) as usize]));
        add(2, "Tags", ss(&["blue", ["red", "green"][(at / 2 % 2) as usize]]));
        add(3, "Few", s("x"));
        let mail = Value::M([("mail".to_owned(), s("a@b"))].into());
        add(6, "Contact", mail);
        if at % 8 == 0 {
            item.remove("Name");
        }
        items.push(item);
    }
    items
}

/// What a table holds of an item: values in clear where they stand in clear, and beacons.
pub fn stored(item: &Item, beacons: &Beacons, partition: u8) -> Item {
    let mut stored = item.clone();
    for (name, value) in &mut stored {
        if beacons.search().table().actions.get(name) == Some(&Action::EncryptAndSign) {
            *value = Value::B(vec![0; 32]);
        }
    }
    stored.extend(beacons.attributes(item, partition).unwrap());
    stored
}
