//! Items per second on one core, beside the bare cipher calls on as many bytes.
//!
//! All run in short turns, so that what else the machine does falls on them alike, and count by their quick batches,
//! which nothing interrupted.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement takes time and tells"
)]

mod bare;
mod rate;
mod sample;

use std::hint::black_box;

use item_encryption_format::{Suite, Value};

use crate::rate::{Rate, timed};

const ROUNDS: usize = 12;

fn main() {
    let key = sample::key();
    for (name, suite) in [("0x6700", Suite::NoEcdsa), ("0x6701", Suite::Ecdsa)] {
        let (table, item) = (sample::table(suite), sample::item::<Value>());
        let stored = sample::sealed(item.clone(), &table, &key);
        assert_eq!(sample::opened(stored.clone(), &table, &key), item);
        let bare = || bare::Bare::of(&stored, &table, suite);
        let mut bare = [bare(), bare().extracting_once()];
        compare(
            &format!("{name} encrypt"),
            || timed(|| item.clone(), |item| black_box(sample::sealed(item, &table, &key))),
            |bare| bare.encrypt(),
            &mut bare,
        );
        compare(
            &format!("{name} decrypt"),
            || timed(|| stored.clone(), |item| black_box(sample::opened(item, &table, &key))),
            |bare| bare.decrypt(),
            &mut bare,
        );
    }
}

/// Runs all in turns and tells their rates.
fn compare(
    name: &str,
    mut ours: impl FnMut() -> Rate,
    theirs: impl Fn(&mut bare::Bare),
    bare: &mut [bare::Bare; 2],
) {
    let mut rates: [Rate; 3] = Default::default();
    for _ in 0..ROUNDS {
        rates[0].add(&ours());
        rates[1].add(&timed(|| (), |()| theirs(&mut bare[0])));
        rates[2].add(&timed(|| (), |()| theirs(&mut bare[1])));
    }
    let [own, library, once] = rates.each_ref().map(Rate::per_second);
    let (to_library, to_once) = (own / library, own / once);
    println!(
        "{name}: {own:>6.0} items/s, bare {library:>6.0}, ratio {to_library:.3}; extracting once {once:>6.0}, ratio {to_once:.3}"
    );
}
