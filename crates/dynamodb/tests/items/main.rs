//! Item operations, called as the router calls them, over the engine in memory.
#![allow(clippy::unwrap_used, reason = "a test that finds no value has failed")]

mod batch_get_item;
mod batch_write_item;
mod closed;
mod contention;
mod delete_item;
mod get_item;
#[path = "../tables/kms.rs"]
#[allow(dead_code, reason = "the tests of tables need more of it")]
mod kms;
mod model;
mod put_item;
mod query;
mod scan;
mod tables;
mod update_item;
