//! Items encrypted by the client, through the AWS SDK for Rust, in a table of the real server.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../conformance/world.rs"]
#[allow(dead_code, reason = "the world serves other tests too")]
mod world;

#[path = "../../../libs/item-encryption/client/examples/restored_table.rs"]
mod restored_table;

mod batches;
mod branch_keys;
mod example;
mod fixture;
mod lost_answers;
mod meaning;
mod reading;
mod searching;
mod sweeping;
mod transactions;
mod writing;
