//! The wrapper of `aws-sdk-dynamodb`: requests go in as the SDK's own input builders, and answers come out as its own
//! outputs, with items decrypted.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use item_encryption_client::{EncryptedClient, TableCodec, ClientError};
//! # use aws_sdk_dynamodb::types::AttributeValue;
//! # use aws_sdk_dynamodb::operation::put_item::PutItemInput;
//! # async fn example(dynamodb: aws_sdk_dynamodb::Client, codec: TableCodec) -> Result<(), ClientError> {
//! let db = EncryptedClient::new(dynamodb).table("Notes-Restored", codec.read_as(["Notes"]));
//! let note = PutItemInput::builder()
//!     .table_name("Notes-Restored")
//!     .item("id", AttributeValue::S("n1".to_owned()))
//!     .item("body", AttributeValue::S("nobody reads this on the way".to_owned()))
//!     .condition_expression("attribute_not_exists(id)");
//! db.put_item(note).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Operations that can carry no item pass by the wrapper: use the SDK's client. PartiQL is not offered, since its
//! statements hide which attributes they touch.
//!
//! Map: this file (the client and its tables) · one file for each operation · [`modify`] (read, change, write where
//! nobody changed it) · `pages` (what Query and Scan have in common) · `answered` (items of answers, decrypted) · [`store`] (a table to be swept) · [`error`].

mod answered;
mod batch_get_item;
mod batch_write_item;
mod delete_item;
pub mod error;
mod get_item;
mod modify;
mod pages;
mod put_item;
mod query;
mod scan;
pub mod store;
mod transact_get_items;
mod transact_write_items;
mod update_item;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use item_encryption_format::TableConfig;

use crate::codec::ItemCodec;
use crate::many::usual_tasks;
use crate::search::Search;
use crate::searchable::Searchable;

pub use answered::ItemStream;
pub use error::ClientError;
pub use store::SdkStore;

/// An item, or a key, of the SDK.
pub type Item = crate::codec::Item<AttributeValue>;

/// A client of encrypted tables.
#[derive(Clone)]
pub struct EncryptedClient {
    client: Client,
    tables: HashMap<String, Table>,
    tasks: usize,
}

#[derive(Clone)]
struct Table {
    codec: Arc<dyn ItemCodec<AttributeValue>>,
    search: Option<Arc<dyn Search<AttributeValue>>>,
}

impl Table {
    fn config(&self) -> &TableConfig {
        self.codec.table()
    }
}

impl EncryptedClient {
    /// A client that knows no table yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, tables: HashMap::new(), tasks: usual_tasks() }
    }

    /// The same with a table, by the name or ARN that requests use. What items are bound to is the codec's logical
    /// table name, which need not be this one.
    #[must_use]
    pub fn table(self, name: &str, codec: impl ItemCodec<AttributeValue> + 'static) -> Self {
        self.shared_table(name, Arc::new(codec))
    }

    /// The same with a codec that others use too.
    #[must_use]
    pub fn shared_table(mut self, name: &str, codec: Arc<dyn ItemCodec<AttributeValue>>) -> Self {
        self.tables.insert(name.to_owned(), Table { codec, search: None });
        self
    }

    /// The same with a table whose items have beacons, and are found by them.
    #[must_use]
    pub fn searchable_table<C>(mut self, name: &str, codec: Searchable<C>) -> Self
    where
        C: ItemCodec<AttributeValue> + 'static,
    {
        let codec = Arc::new(codec);
        self.tables.insert(name.to_owned(), Table { codec: Arc::clone(&codec) as _, search: Some(codec) });
        self
    }

    /// The same with a way to find a table's items by encrypted attributes.
    ///
    /// # Errors
    /// [`ClientError::UnknownTable`] where the table was not named before.
    pub fn search(
        mut self,
        table: &str,
        search: impl Search<AttributeValue> + 'static,
    ) -> Result<Self, ClientError> {
        let known = self.tables.get_mut(table);
        known.ok_or_else(|| ClientError::UnknownTable(table.to_owned()))?.search = Some(Arc::new(search));
        Ok(self)
    }

    /// The same with so many items of an answer decrypted at a time.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// The SDK's client, for operations that carry no items.
    #[must_use]
    pub fn inner(&self) -> &Client {
        &self.client
    }

    fn known(&self, table: Option<&str>) -> Result<&Table, ClientError> {
        let name = table.unwrap_or_default();
        self.tables.get(name).ok_or_else(|| ClientError::UnknownTable(name.to_owned()))
    }
}
