//! Filters over encrypted attributes: the input is the filter's text.
//!
//! What is rewritten parses again, and finds every item of which the filter holds. Only of compound beacons it may
//! find fewer, since their encrypted parts are asked for whole.

use std::collections::HashMap;
use std::str;
use std::sync::{Arc, LazyLock};

use item_encryption_beacons::config::{CompoundBeacon, StandardBeacon, Style, VirtualField};
use item_encryption_beacons::location::Location;
use item_encryption_beacons::{Asked, Beacons, Query, Search, SearchConfig, Transform};
use item_encryption_format::{Action, TableConfig, Value};

type Item = HashMap<String, Value>;

/// Judges one filter.
///
/// # Panics
/// Where an item is lost, or what was rewritten does not parse.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Table { beacons, search, plain, items } = &*TABLE;
    let _location = Location::parse(text).map(|location| location.find(&items[0].0).is_some());
    let query = query(text);
    let Ok(queries) = beacons.rewrite(&query) else { return };
    let asked = Asked::new(search.clone(), query).expect("what is rewritten parses");
    let queries = queries.into_iter().map(|query| Asked::new(plain.clone(), query));
    let queries: Vec<_> = queries.map(|query| query.expect("and so does what came out")).collect();
    for (item, stored) in items {
        let is_found = queries.iter().any(|query| query.matches(stored).expect("nothing is undefined"));
        let is_wanted = asked.matches(item).unwrap_or(false) && !text.contains("mixed");
        assert!(is_found || !is_wanted, "an item is lost");
    }
}

fn query(filter: &str) -> Query<Value> {
    let names = ["#a", "#b", "#s"].map(|name| (name.to_owned(), name[1..].to_owned()));
    let text = |text: &str| Value::S(text.to_owned());
    let values = [
        (":x", text("x")),
        (":n", Value::N("7".to_owned())),
        (":u", text("X7")),
        (":m", text("A_x.N_7")),
        (":h", text("A_x.N_8")),
        (":p", text("A_")),
        (":s", Value::Ss(vec!["x".to_owned(), "y".to_owned()])),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value)).into();
    Query { filter: Some(filter.to_owned()), names: names.into(), values, ..Query::default() }
}

struct Table {
    beacons: Beacons,
    search: Arc<Search>,
    /// Of a table where every name is an attribute.
    plain: Arc<Search>,
    /// Items, each in clear and as it is stored.
    items: Vec<(Item, Item)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table = ["a", "b", "s", "e"].iter().fold(TableConfig::new("Notes", "id", None), |table, name| {
        table.action(name, Action::EncryptAndSign)
    });
    let table = table.action("n", Action::SignOnly);
    let search = Arc::new(Search::new(&config(), &table).expect("the beacons are well"));
    let plain = Search::new(&SearchConfig::default(), &TableConfig::new("Notes", "id", None));
    let beacons = Beacons::new(search.clone(), &[7; 32]).expect("the beacons have a key");
    let items = items().into_iter().map(|item| (item.clone(), stored(&item, &beacons))).collect();
    Table { beacons, search, plain: Arc::new(plain.expect("nothing is well")), items }
});

fn config() -> SearchConfig {
    let standard = vec![
        StandardBeacon::new("a", 8),
        StandardBeacon::new("b", 8).styled(Style::Shared("a".to_owned())),
        StandardBeacon::new("s", 8).styled(Style::AsSet),
        StandardBeacon::new("up", 8),
    ];
    let mixed = CompoundBeacon::new("mixed", '.').encrypted("a", "A_").signed("n", "N_");
    let mixed = mixed.constructor(&[("a", true), ("n", false)]);
    let virtual_fields = vec![VirtualField::new("up").part("a", &[Transform::Upper]).part("n", &[])];
    SearchConfig { standard, compound: vec![mixed], virtual_fields, ..SearchConfig::default() }
}

fn items() -> Vec<Item> {
    let text = |text: &str| Value::S(text.to_owned());
    let whole = Item::from([
        ("id".to_owned(), text("1")),
        ("a".to_owned(), text("x")),
        ("b".to_owned(), text("x")),
        ("n".to_owned(), Value::N("7".to_owned())),
        ("e".to_owned(), text("x")),
        ("s".to_owned(), Value::Ss(vec!["x".to_owned(), "y".to_owned()])),
    ]);
    let without = |names: &[&str]| {
        let mut item = whole.clone();
        item.retain(|name, _| !names.contains(&name.as_str()));
        item
    };
    let other = whole.keys().map(|name| (name.clone(), Value::N("8".to_owned()))).collect::<Item>();
    let mut other = other;
    other.remove("s");
    vec![without(&[]), without(&["a"]), without(&["b", "s"]), without(&["n", "e"]), other]
}

fn stored(item: &Item, beacons: &Beacons) -> Item {
    let mut stored = item.clone();
    for (name, value) in &mut stored {
        if beacons.search().table().actions.get(name) == Some(&Action::EncryptAndSign) {
            *value = Value::B(vec![0; 32]);
        }
    }
    stored.extend(beacons.attributes(item, 0).expect("its values have beacons"));
    stored
}
