//! Items as operators hold them: DynamoDB JSON, one item per line, under a configuration file.
//!
//! Map: [`config`] (the file, and what it means) · [`codec`] (items in and out) · [`explain`] (why an item
//! does not open) · `forms` (which forms
//! of items are read) · [`json`] (DynamoDB JSON) · `legacy_provider` (where the old format's keys come from).

pub mod codec;
pub mod config;
pub mod explain;
mod forms;
pub mod json;
mod legacy_provider;

pub use codec::{Codec, ItemError};
pub use config::{Config, ConfigError};

use item_encryption_keyrings::KmsClient;

/// Makes a client of the KMS at an endpoint and in a Region.
pub type ConnectKms<'a> = &'a dyn Fn(&config::KmsEndpoint) -> Result<Box<dyn KmsClient>, ConfigError>;
