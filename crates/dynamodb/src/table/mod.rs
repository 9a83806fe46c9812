//! Tables: what is recorded of them, how they come, change, open, close and go.
//!
//! Map: [`descriptor`] (the record) · [`catalog`] (all tables, in memory and in the engine) · [`gate`] (the
//! one way to a table's items) · [`life`] (creation and deletion) · [`key_switch`] (another key) · [`stored_keys`]
//! (for tools that look at a store) ·
//! [`encryption`] (which key) · `accessibility` (what the KMS makes of a table's status) · [`kms_errors`] ·
//! [`key_schema`], [`billing`], [`name`], [`unsupported`] (what requests say) · [`description`], `size` (what
//! answers tell).

pub(crate) mod accessibility;
pub mod billing;
pub mod catalog;
pub mod description;
pub mod descriptor;
pub mod encryption;
pub mod gate;
mod iso_time;
pub mod key_schema;
pub mod key_switch;
pub mod kms_errors;
pub mod life;
pub mod name;
pub(crate) mod size;
pub mod stored_keys;
pub mod unsupported;

use std::sync::Arc;

use crypto::HmacKey;
use engine::{KeyspaceId, Partition};
use envelope::Lease;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

pub use catalog::Catalog;
pub use descriptor::{BillingMode, Descriptor};
pub use gate::OpenTable;

use crate::value::key::KeyValue;

/// A table as it is just now; a change makes a new one.
pub struct Table {
    descriptor: Descriptor,
    arn: String,
    partition_hash: HmacKey,
    lease: Arc<Lease>,
    /// Held by whoever changes its key; the KMS is asked meanwhile.
    turn: Arc<AsyncMutex<()>>,
}

/// A primary key: a partition key, with or without a sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    /// The partition key (`HASH`).
    pub partition: KeyAttribute,
    /// The sort key (`RANGE`).
    pub sort: Option<KeyAttribute>,
}

/// An attribute of a primary key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: KeyType,
}

/// The types a key attribute may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl KeyType {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

impl KeySchema {
    /// The partition key, then the sort key where there is one.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition).chain(&self.sort)
    }
}

impl Table {
    pub(crate) fn new(descriptor: Descriptor, arn: String, lease: Arc<Lease>) -> Self {
        let partition_hash = HmacKey::new(&descriptor.partition_hash_key);
        Self { descriptor, arn, partition_hash, lease, turn: Arc::default() }
    }

    /// The same table with another record.
    pub(crate) fn with(&self, descriptor: Descriptor) -> Self {
        let turn = Arc::clone(&self.turn);
        Self { turn, ..Self::new(descriptor, self.arn.clone(), Arc::clone(&self.lease)) }
    }

    /// Makes the lease hang on the KMS keys of the recorded table keys, and on no other.
    pub(crate) fn hang_lease(&self) {
        self.lease.hang_on(self.descriptor.encryption.recorded().map(|key| key.kms_key_arn.as_str()));
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.descriptor.name
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// `TableId`: another table of the same name has another one.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.descriptor.id
    }

    /// Where its items lie.
    #[must_use]
    pub fn keyspace(&self) -> KeyspaceId {
        self.descriptor.keyspace
    }

    /// Its primary key.
    #[must_use]
    pub fn key_schema(&self) -> &KeySchema {
        &self.descriptor.key_schema
    }

    /// Its billing mode.
    #[must_use]
    pub fn billing_mode(&self) -> BillingMode {
        self.descriptor.billing.mode
    }

    /// Everything recorded of it.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Where items of this partition key value lie.
    #[must_use]
    pub fn partition(&self, value: KeyValue<'_>) -> Partition {
        value.partition(&self.partition_hash)
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    pub(crate) fn turn(&self) -> &AsyncMutex<()> {
        &self.turn
    }
}
