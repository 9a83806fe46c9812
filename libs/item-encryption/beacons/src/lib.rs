//! Finding encrypted items: beacons written beside them, and queries about values rewritten to queries about
//! beacons. What AWS's Database Encryption SDK calls searchable encryption; items and queries of either find each
//! other.
//!
//! A writer adds [`Search::add_signed`] to an item, encrypts it, and adds [`Beacons::attributes`] to what came out.
//! A reader asks [`Beacons::rewrite`] of a query, decrypts what is found (which drops the beacons), and keeps what
//! [`Asked::matches`]. All of it is pure.
//!
//! Map: [`config`] (what an application declares) · `validate` (AWS's rules, once) · [`search`] (what came of it) ·
//! `write` (beacons of an item) · `values`, [`location`], [`transform`] (what they are made of) · [`query`] ·
//! `rewrite` (conditions about values into ones about beacons) · `placeholders` · `expression` (their language) ·
//! [`error`].
//!
//! Invariants: a rewritten query finds every item that was asked for, or is refused with the reason; what it
//! finds too much is dropped after decrypting; no value of an encrypted attribute leaves in a query.

pub mod config;
pub mod error;
mod expression;
pub mod location;
mod placeholders;
pub mod query;
mod rewrite;
pub mod search;
pub mod transform;
mod validate;
mod values;
mod write;

pub use config::SearchConfig;
pub use error::{ConfigError, ItemError, QueryError};
pub use query::{Asked, Query};
pub use search::Search;
pub use transform::Transform;
pub use write::Beacons;
