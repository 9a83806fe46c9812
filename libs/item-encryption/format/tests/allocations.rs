//! How often an item asks for memory.

#![allow(missing_docs, reason = "a test")]

#[path = "../benches/sample.rs"]
mod sample;

use std::hint::black_box;

use item_encryption_format::{AttributeValue, Suite, Value};

/// What an item may take when it is encrypted, and when it is decrypted. Sixty are promised.
const MOST: [(Suite, u64, u64); 2] = [(Suite::NoEcdsa, 27, 17), (Suite::Ecdsa, 39, 21)];

#[test]
fn an_item_of_ten_attributes_takes_few_allocations() {
    takes_few::<Value>(0);
}

#[cfg(feature = "aws-sdk-dynamodb")]
#[test]
fn an_item_of_the_aws_sdk_takes_as_few() {
    // Its binary values ask once more where bytes have room behind them, as the header's.
    takes_few::<aws_sdk_dynamodb::types::AttributeValue>(1);
}

#[cfg(feature = "serde_dynamo")]
#[test]
fn an_item_of_serde_dynamo_takes_as_few() {
    takes_few::<serde_dynamo::AttributeValue>(0);
}

fn takes_few<V: AttributeValue + Clone>(more: u64) {
    let key = sample::key();
    for (suite, encrypting, decrypting) in MOST {
        let (table, item) = (sample::table(suite), sample::item::<V>());
        let stored = sample::sealed(item.clone(), &table, &key);
        let to_encrypt = item.clone();
        let encrypted =
            allocation_counter::measure(|| drop(black_box(sample::sealed(to_encrypt, &table, &key))));
        let decrypted = allocation_counter::measure(|| drop(black_box(sample::opened(stored, &table, &key))));
        let counts = (encrypted.count_total, decrypted.count_total);
        assert!(counts.0 <= encrypting + more && counts.1 <= decrypting, "{suite:?}: {counts:?}");
    }
}
