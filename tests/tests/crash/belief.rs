//! What a writer knows of its items: what was acknowledged, and what may have happened besides.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::Server;

use crate::TABLE;

/// An item's key.
pub type Key = (String, u64);
/// What an item is: its version, or absent.
pub type State = Option<u64>;

/// How many keys one BatchGetItem takes.
const BATCH: usize = 100;

/// What is known of one item. Its writer does one thing after the other, so at most one may be unknown.
#[derive(Debug, Clone, Copy)]
struct Belief {
    acknowledged: State,
    perhaps: Option<State>,
}

/// What is known of all items of one writer.
#[derive(Debug, Default)]
pub struct Beliefs {
    items: BTreeMap<Key, Belief>,
    /// Changed since they were last read.
    recent: BTreeSet<Key>,
}

impl Beliefs {
    /// The item's last acknowledged state.
    pub fn of(&self, key: &Key) -> State {
        self.items.get(key).and_then(|belief| belief.acknowledged)
    }

    /// A change was sent.
    pub fn attempt(&mut self, key: &Key, state: State) {
        let belief = self.items.entry(key.clone()).or_insert(Belief { acknowledged: None, perhaps: None });
        belief.perhaps = Some(state);
        self.recent.insert(key.clone());
    }

    /// A change was acknowledged.
    pub fn acknowledge(&mut self, key: &Key, state: State) {
        self.items.insert(key.clone(), Belief { acknowledged: state, perhaps: None });
    }

    /// Reads what was changed lately; what is found is known from now on.
    pub fn check_recent(&mut self, server: &Server) {
        let keys: Vec<Key> = std::mem::take(&mut self.recent).into_iter().collect();
        for batch in keys.chunks(BATCH) {
            let found = read(server, batch);
            for key in batch {
                let state = found.get(key).copied();
                self.items[key].check(key, state);
                self.acknowledge(key, state);
            }
        }
    }

    /// Reads the whole table: nothing is missing, nothing is there that nobody wrote.
    pub fn check_all<'b>(all: impl Iterator<Item = &'b Self>, server: &Server) {
        let mut found = scan(server);
        for (key, belief) in all.flat_map(|beliefs| &beliefs.items) {
            belief.check(key, found.remove(key));
        }
        assert!(found.is_empty(), "nobody wrote {found:?}");
    }
}

impl Belief {
    fn check(&self, key: &Key, found: State) {
        let fits = found == self.acknowledged || self.perhaps == Some(found);
        assert!(fits, "{key:?}: found {found:?}, but {self:?}");
    }
}

fn read(server: &Server, keys: &[Key]) -> BTreeMap<Key, u64> {
    let mut found = BTreeMap::new();
    let mut wanted: Value =
        keys.iter().map(|(pk, sk)| json!({"pk": {"S": pk}, "sk": {"N": sk.to_string()}})).collect();
    while wanted.as_array().is_some_and(|keys| !keys.is_empty()) {
        let answer =
            server.dynamodb("BatchGetItem", &json!({"RequestItems": {TABLE: {"Keys": wanted}}})).ok();
        found.extend(answer["Responses"][TABLE].as_array().unwrap().iter().map(whole));
        wanted = answer["UnprocessedKeys"][TABLE]["Keys"].clone();
    }
    found
}

fn scan(server: &Server) -> BTreeMap<Key, u64> {
    let mut found = BTreeMap::new();
    let mut body = json!({ "TableName": TABLE });
    loop {
        let page = server.dynamodb("Scan", &body).ok();
        found.extend(page["Items"].as_array().unwrap().iter().map(whole));
        if page["LastEvaluatedKey"].is_null() {
            return found;
        }
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

/// The key and version of an item, all of whose attributes tell the same.
fn whole(item: &Value) -> (Key, u64) {
    let number = |name: &str| item[name]["N"].as_str().unwrap().parse::<u64>().unwrap();
    let (sk, version) = (number("sk"), number("a"));
    let key = (item["pk"]["S"].as_str().unwrap().to_owned(), sk);
    assert_eq!(number("b"), version, "half an item: {item}");
    let padding = item["padding"]["S"].as_str().unwrap_or_default();
    let expected = padding_of(&key.0, version);
    assert!(padding.is_empty() || padding == expected, "half an item: {key:?}");
    (key, version)
}

/// Text that depends on the item's version in content and length. Batches carry the long ones, so that memory
/// fills and files are written and merged while the server is being killed.
pub fn padding_of(pk: &str, version: u64) -> String {
    let length = if pk.starts_with("batch") { 4000 + version % 9000 } else { 10 + version % 200 };
    format!("{version}.").chars().cycle().take(usize::try_from(length).unwrap()).collect()
}
