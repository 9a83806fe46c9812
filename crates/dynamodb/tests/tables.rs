//! Calls about tables, driven through the pipeline over the engine in memory, a KMS that can be told what
//! to do, and a clock that can be moved.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "tables/access.rs"]
mod access;
#[path = "tables/billing.rs"]
mod billing;
#[path = "tables/crash.rs"]
mod crash;
#[path = "tables/creation.rs"]
mod creation;
#[path = "tables/deletion.rs"]
mod deletion;
#[path = "tables/encryption.rs"]
mod encryption;
#[path = "tables/key_switch.rs"]
mod key_switch;
#[path = "tables/kms.rs"]
mod kms;
#[path = "tables/power.rs"]
mod power;
#[path = "tables/world.rs"]
mod world;
