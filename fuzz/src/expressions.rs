//! Expressions of every kind: the first byte chooses, the rest is the text.

use std::str;

use dynamodb::expression::condition::Condition;
use dynamodb::expression::error::ExpressionKind;
use dynamodb::expression::key_condition::KeyConditions;
use dynamodb::expression::placeholders::Placeholders;
use dynamodb::expression::projection::Projection;
use dynamodb::expression::update::Update;
use dynamodb::value::json::read_item;
use dynamodb::value::{AttributeValue, Item};
use service::Node;

const ITEM: &str = r#"{"a":{"N":"5"},"b":{"S":"text"},"c":{"SS":["x","y"]},"d":{"L":[{"N":"1"},{"M":{"e":{"S":"z"}}}]},
    "m":{"M":{"p":{"M":{"q":{"NULL":true}}}}},"n":{"NS":["1","2"]},"o":{"B":"AQI="},"t":{"BOOL":true}}"#;
const VALUES: &str = r#"{":n":{"N":"1"},":s":{"S":"te"},":c":{"SS":["x"]},":l":{"L":[{"S":"x"}]},":b":{"B":"AQ=="},
    ":t":{"S":"S"},":z":{"NULL":true},":m":{"M":{"a":{"N":"0"}}},":f":{"BOOL":false},":x":{"NS":["2","3"]}}"#;

/// Whatever parses can be evaluated, and an update applied twice in a row still gives an item.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let mut placeholders = placeholders();
    let item = item(ITEM);
    match kind % 5 {
        0 => evaluate(Condition::parse(ExpressionKind::Condition, text, &mut placeholders).ok(), &item),
        1 => evaluate(Condition::parse(ExpressionKind::Filter, text, &mut placeholders).ok(), &item),
        2 => drop(KeyConditions::parse(text, &mut placeholders)),
        3 => apply(Update::parse(text, &mut placeholders).ok(), &item),
        _ => project(Projection::parse(text, &mut placeholders).ok(), &item),
    }
}

fn evaluate(condition: Option<Condition>, item: &Item) {
    if let Some(condition) = condition {
        let _on_item = condition.holds(Some(item));
        let _on_nothing = condition.holds(None);
    }
}

fn apply(update: Option<Update>, item: &Item) {
    let Some(update) = update else { return };
    if let Ok(new) = update.apply(item) {
        let _old = update.changed_in_old(item);
        let _new = update.changed_in_new(&new);
        let _again = update.apply(&new);
    }
}

/// A projection takes parts out and adds nothing: done again it changes nothing more than lists moved together.
fn project(projection: Option<Projection>, item: &Item) {
    if let Some(projection) = projection {
        let part = projection.of(item);
        assert!(serde_json::to_string(&part).is_ok_and(|text| text.len() <= ITEM.len() + 64));
    }
}

fn placeholders() -> Placeholders {
    let names = ["#a", "#b", "#c", "#d", "#m"].map(|key| (key.to_owned(), key[1..].to_owned()));
    let values: Vec<(String, AttributeValue)> =
        item(VALUES).iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    Placeholders::of_checked(Some(names.into()), Some(values)).expect("the placeholders are well")
}

fn item(text: &str) -> Item {
    let object = Node::parse_object(text.as_bytes()).expect("the text is JSON");
    read_item(object).expect("and an item").checked().expect("whose values are well")
}
