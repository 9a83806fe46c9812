//! Random items of every type, the same for the same seed.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Value;
use item_encryption_format::{Action, Suite, TableConfig, number};

use crate::peer::Item;

/// Beginnings of names, by action; ends are of one, two, three and four bytes, and of two UTF-16 units.
const ENDS: [&str; 6] = ["", "a", "\u{e9}", "\u{4e9c}", "\u{1f980}", "\u{ff5e}\u{10000}"];
const ACTIONS: [(&str, Action); 4] = [
    ("e", Action::EncryptAndSign),
    ("s", Action::SignOnly),
    ("c", Action::SignAndIncludeInEncryptionContext),
    (":u", Action::DoNothing),
];
/// How deep lists and maps nest.
const DEPTH: u32 = 4;

/// The table of these items.
pub fn table(suite: Suite, has_context: bool) -> TableConfig {
    let mut table = TableConfig::new("N\u{f6}tes \u{1f980}", "id", Some("number"));
    for (name, action) in names(has_context) {
        table.actions.insert(name, action);
    }
    table.unsigned_prefix = Some(":".to_owned());
    table.suite = suite;
    table
}

fn names(has_context: bool) -> impl Iterator<Item = (String, Action)> {
    let actions = ACTIONS.iter().filter(move |(name, _)| has_context || *name != "c");
    actions.flat_map(|(begin, action)| ENDS.iter().map(move |end| (format!("{begin}{end}"), *action)))
}

/// An item.
pub fn item(seed: u64, has_context: bool) -> Item {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut item = HashMap::new();
    item.insert("id".to_owned(), Value::S(format!("{}-{seed}", random.text())));
    item.insert("number".to_owned(), Value::N(random.number()));
    for (name, _) in names(has_context) {
        // AWS's crate wants every attribute of the context to be there.
        if name.starts_with('c') || random.below(3) != 0 {
            item.insert(name, random.value(DEPTH));
        }
    }
    item
}

/// An item with its sets in order, so that those of two libraries compare.
pub fn sorted(item: Item) -> Item {
    item.into_iter().map(|(name, value)| (name, sorted_value(value))).collect()
}

fn sorted_value(value: Value) -> Value {
    match value {
        Value::Ss(mut set) => {
            set.sort();
            Value::Ss(set)
        }
        Value::Ns(mut set) => {
            set.sort();
            Value::Ns(set)
        }
        Value::Bs(mut set) => {
            set.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
            Value::Bs(set)
        }
        Value::L(list) => Value::L(list.into_iter().map(sorted_value).collect()),
        Value::M(map) => Value::M(sorted(map)),
        other => other,
    }
}

/// A generator of Marsaglia's.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn text(&mut self) -> String {
        let pieces = ["x", "\u{e9}", "\u{4e9c}", "\u{1f980}", "\u{ff5e}", "\u{10000}", "\n", "\u{0}"];
        (0..self.below(12)).map(|_| pieces[self.below(8) as usize]).collect()
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(40)).map(|_| self.next() as u8).collect()
    }

    /// A number in plain form, of up to 38 digits, up to the limits of the exponent.
    fn number(&mut self) -> String {
        let digits: String = (0..=self.below(38)).map(|_| char::from(b'0' + self.below(10) as u8)).collect();
        let sign = if self.below(2) == 0 { "-" } else { "" };
        let exponent = if self.below(4) == 0 { self.below(200) as i64 - 120 } else { 0 };
        number::plain(&format!("{sign}{}.{}e{exponent}", &digits[..1], &digits[1..]))
            .expect("a number")
            .into_owned()
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 8 } else { 10 }) {
            0 => Value::S(self.text()),
            1 => Value::N(self.number()),
            2 => Value::B(Blob::new(self.bytes())),
            3 => Value::Bool(self.below(2) == 0),
            4 => Value::Null(true),
            5 => Value::Ss(self.distinct(Self::text)),
            6 => Value::Ns(self.distinct(Self::number)),
            7 => Value::Bs(self.distinct(Self::bytes).into_iter().map(Blob::new).collect()),
            8 => Value::L((0..self.below(5)).map(|_| self.value(depth - 1)).collect()),
            _ => Value::M(
                (0..self.below(5))
                    .map(|at| (format!("k{at}{}", self.text()), self.value(depth - 1)))
                    .collect(),
            ),
        }
    }

    fn distinct<T: PartialEq>(&mut self, make: fn(&mut Self) -> T) -> Vec<T> {
        let mut set = vec![make(self)];
        for _ in 0..self.below(5) {
            let element = make(self);
            if !set.contains(&element) {
                set.push(element);
            }
        }
        set
    }
}
