//! Malformed requests: the right exception, a server that is alive afterwards, and data that is as it was.
//!
//! Rows are data: a name, what is sent, what must come back. Each module lists the rows of one kind and runs
//! them against a server of its own: [`transport`] (HTTP itself) · [`signatures`] · [`targets`] · [`bodies`]
//! (JSON) · [`types`] (every member of every operation in every wrong type) · [`values`] (attribute values) ·
//! [`expressions`] · [`tables`] · [`items`] · [`keys`] (KMS).

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bodies;
mod expressions;
mod items;
mod keys;
mod row;
mod signatures;
mod tables;
mod targets;
mod transport;
mod types;
mod values;
mod world;

#[test]
fn there_are_at_least_300_rows() {
    let kinds = [
        ("transport", transport::rows()),
        ("signatures", signatures::rows()),
        ("targets", targets::rows()),
        ("bodies", bodies::rows()),
        ("types", types::rows()),
        ("values", values::rows()),
        ("expressions", expressions::rows()),
        ("tables", tables::rows()),
        ("items", items::rows()),
        ("keys", keys::rows()),
    ];
    let count: usize = kinds.iter().map(|(_, rows)| rows.len()).sum();
    for (kind, rows) in &kinds {
        println!("{kind}: {} rows", rows.len());
    }
    assert!(count >= 300, "{count} rows");
}
