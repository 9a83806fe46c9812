//! How often an item asks for memory.

#![allow(missing_docs, reason = "a test")]

#[path = "../benches/sample.rs"]
mod sample;

use std::hint::black_box;

use item_encryption_format::{Suite, Value};

/// What an item may take, each way.
const MOST: u64 = 60;

#[test]
fn an_item_of_ten_attributes_takes_few_allocations() {
    let key = sample::key();
    for suite in [Suite::NoEcdsa, Suite::Ecdsa] {
        let (table, item) = (sample::table(suite), sample::item::<Value>());
        let stored = sample::sealed(item.clone(), &table, &key);
        let again = item.clone();
        let encrypting = allocation_counter::measure(|| drop(black_box(sample::sealed(again, &table, &key))));
        let again = stored.clone();
        let decrypting = allocation_counter::measure(|| drop(black_box(sample::opened(again, &table, &key))));
        let counts = (encrypting.count_total, decrypting.count_total);
        println!("{suite:?}: {} encrypting, {} decrypting", counts.0, counts.1);
        assert!(counts.0 <= MOST && counts.1 <= MOST, "{suite:?}: {counts:?}");
    }
}
