//! Items per second on one core, beside the bare cipher calls on as many bytes.
//!
//! Both run in short turns, so that what else the machine does falls on both alike, and are measured in the
//! time this thread had a processor, where the system tells it; the ratio is told of the sums.

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
        let mut bare = bare::Bare::of(&stored, &table, suite);
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

/// Runs both in turns and tells their rates.
fn compare(
    name: &str,
    mut ours: impl FnMut() -> Rate,
    theirs: impl Fn(&mut bare::Bare),
    bare: &mut bare::Bare,
) {
    let (mut own, mut other) = (Rate::default(), Rate::default());
    for _ in 0..ROUNDS {
        own.add(&ours());
        other.add(&timed(|| (), |()| theirs(bare)));
    }
    let (own, other) = (own.per_second(), other.per_second());
    println!("{name}: {own:>8.0} items/s, bare {other:>8.0}, ratio {:.3}", own / other);
}
