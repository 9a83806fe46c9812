//! Items as operators hold them: DynamoDB JSON, one item per line, under a configuration file.
//!
//! Map: [`config`] (the file, and what it means) · [`codec`] (items in and out) · [`explain`] (why an item
//! does not open) · `forms` (which forms of items are read) · [`json`] (DynamoDB JSON) · [`keyrings`] (the file's keyrings) · `provider` (where the old format's keys
//! come from) and `table_file` (a table that was exported) · [`search`] and `query` (beacons) · [`connect`] (reaching the services that the file names).

pub mod codec;
pub mod config;
pub mod connect;
pub mod explain;
mod forms;
pub mod json;
pub mod keyrings;
mod provider;
mod query;
pub mod search;
mod table_file;

pub use codec::{Codec, ItemError};
pub use config::{Config, ConfigError};
pub use connect::{Connect, Endpoint, Offline};
pub use forms::Verifying;
pub use search::Finder;
