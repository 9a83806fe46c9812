//! Item operations, called as the router calls them, over the engine in memory.
#![allow(clippy::unwrap_used, reason = "a test that finds no value has failed")]

mod batch_get_item;
mod batch_write_item;
mod closed;
mod contention;
mod delete_item;
mod get_item;
mod meddling;
mod model;
mod put_item;
mod query;
mod scan;
mod shapes;
mod tables;
mod transact_get_items;
mod transact_write_items;
mod transactions;
mod update_item;

// The world of the tests of tables, which need more of it than these do.
#[allow(dead_code)]
#[path = "../tables/kms.rs"]
mod kms;
#[allow(dead_code)]
#[path = "../tables/power.rs"]
mod power;
#[allow(dead_code)]
#[path = "../tables/world.rs"]
mod world;
