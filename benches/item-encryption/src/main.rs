//! AWS's crate, ours, and the bare cipher calls on as many bytes, in one run: items per second of one core.
//!
//! Before anything is measured, random items go both ways between the two crates, through what either offers to
//! applications. `cargo xtask bench items [ITEMS]` builds and runs it; building takes a quarter of an hour of computing.

#[path = "../../../libs/item-encryption/format/benches/bare.rs"]
mod bare;
mod peer;
mod random;
#[path = "../../../libs/item-encryption/format/benches/rate.rs"]
mod rate;
#[path = "../../../libs/item-encryption/format/benches/sample.rs"]
mod sample;

use std::hint::black_box;

use item_encryption_format::wrapping::RawAes;
use item_encryption_format::{Suite, TableConfig, Value};

use crate::bare::Bare;
use crate::peer::{Item, Peer};
use crate::rate::{Rate, timed};

const ROUNDS: usize = 12;
/// Random items each way, for each suite and each version of the header.
const ITEMS: u64 = 250;
const SUITES: [(&str, Suite); 2] = [("0x6700", Suite::NoEcdsa), ("0x6701", Suite::Ecdsa)];

fn main() {
    let items = std::env::args().nth(1).map_or(ITEMS, |text| text.parse().expect("a number of items"));
    for (name, suite) in SUITES {
        for has_context in [false, true] {
            exchange(suite, has_context, items);
        }
        println!("{name}: {} random items each way, all as they were", 2 * items);
    }
    println!("\n                    items/s of one core          ratio");
    println!("                    AWS's     ours     bare   to AWS's  to bare");
    for (name, suite) in SUITES {
        measure(name, suite);
    }
}

/// Items of either crate open with the other, and are what they were.
fn exchange(suite: Suite, has_context: bool, items: u64) {
    let (table, key) = (random::table(suite, has_context), sample::key());
    let peer = peer(&table);
    for seed in 0..items {
        let item = random::item(seed, has_context);
        let theirs = sample::opened(peer.encrypt(item.clone()), &table, &key);
        assert_eq!(
            random::sorted(theirs),
            random::sorted(item.clone()),
            "theirs opens with ours, seed {seed}"
        );
        let ours = peer.decrypt(sample::sealed(item.clone(), &table, &key));
        assert_eq!(random::sorted(ours), random::sorted(item), "ours opens with theirs, seed {seed}");
    }
}

fn peer(table: &TableConfig) -> Peer {
    Peer::new(table, "ours", "2026", &[7; 32])
}

fn measure(name: &str, suite: Suite) {
    let (table, key) = (sample::table(suite), sample::key());
    let (peer, item) = (peer(&table), sample::item());
    let stored: Item = sample::sealed(item.clone(), &table, &key);
    assert_eq!(peer.decrypt(stored.clone()), item);
    let bare = Bare::of(&sample::sealed(sample::item::<Value>(), &table, &key), &table, suite);
    let mut turns = Turns { bare, rates: Default::default() };
    turns.run(
        || timed(|| item.clone(), |item| black_box(peer.encrypt(item))),
        || timed(|| item.clone(), |item| black_box(ours(item, &table, &key))),
        Bare::encrypt,
    );
    turns.tell(&format!("{name} encrypt"));
    turns.run(
        || timed(|| stored.clone(), |item| black_box(peer.decrypt(item))),
        || timed(|| stored.clone(), |item| black_box(sample::opened(item, &table, &key))),
        Bare::decrypt,
    );
    turns.tell(&format!("{name} decrypt"));
}

fn ours(item: Item, table: &TableConfig, key: &RawAes) -> Item {
    sample::sealed(item, table, key)
}

/// Measurements in short turns, so that what else the machine does falls on all alike.
struct Turns {
    bare: Bare,
    rates: [Rate; 3],
}

impl Turns {
    fn run(&mut self, theirs: impl Fn() -> Rate, ours: impl Fn() -> Rate, bare: impl Fn(&mut Bare)) {
        self.rates = Default::default();
        for _ in 0..ROUNDS {
            self.rates[0].add(&theirs());
            self.rates[1].add(&ours());
            self.rates[2].add(&timed(|| (), |()| bare(&mut self.bare)));
        }
    }

    fn tell(&self, name: &str) {
        let [theirs, ours, bare] = self.rates.each_ref().map(Rate::per_second);
        let (to_theirs, to_bare) = (ours / theirs, ours / bare);
        println!("{name:<16} {theirs:>8.0} {ours:>8.0} {bare:>8.0} {to_theirs:>9.1}x {to_bare:>8.3}");
    }
}
