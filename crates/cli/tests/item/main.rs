//! `strongroom item` from outside: items in, items out, and why they do not open.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests look at the real world from outside; a failed unwrap is a failed test"
)]

mod beacons;
mod configs;
#[path = "../serve/fixture.rs"]
#[allow(dead_code, reason = "the fixture serves other tests too")]
mod fixture;
mod guide;
mod key_tables;
mod keys_at_hand;
mod kms;
mod run;
mod sweep;
mod vectors;
mod wire;
