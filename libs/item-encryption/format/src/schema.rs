//! The attributes of an application's items, as a type declares them.
//!
//! What is signed must be agreed between all writers and readers, and is not stored with an item. So an
//! attribute comes in two stages (readers know it, then writers write it), and never goes: it retires.
//! [`fingerprint`](crate::fingerprint) holds an application to that.

use crate::{Action, Suite, TableConfig};

/// A type whose values are encrypted items; derived by `#[derive(EncryptedItem)]`.
pub trait EncryptedItem {
    /// What it declares.
    fn schema() -> Schema;

    /// How its table is encrypted.
    #[must_use]
    fn table_config() -> TableConfig {
        Self::schema().table_config()
    }
}

/// What a type declares of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The name items are bound to.
    pub logical_table_name: String,
    /// Further names they may be bound to.
    pub read_as: Vec<String>,
    /// The partition key's attribute.
    pub partition_key: String,
    /// The sort key's attribute.
    pub sort_key: Option<String>,
    /// The other attributes, by name.
    pub attributes: Vec<Attribute>,
    /// The suite for writing.
    pub suite: Suite,
}

/// An attribute that is not a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What happens to it.
    pub action: Action,
    /// Whether it is written.
    pub stage: Stage,
}

/// Where an attribute is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Readers know it; nobody writes it yet.
    Announced,
    /// It is written.
    Written,
    /// Items that were written with it are still there.
    Retired,
}

impl Schema {
    /// A table's schema without attributes beside its keys.
    #[must_use]
    pub fn new(logical_table_name: &str, partition_key: &str, sort_key: Option<&str>) -> Self {
        Self {
            logical_table_name: logical_table_name.to_owned(),
            read_as: Vec::new(),
            partition_key: partition_key.to_owned(),
            sort_key: sort_key.map(str::to_owned),
            attributes: Vec::new(),
            suite: Suite::default(),
        }
    }

    /// The same with an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, action: Action, stage: Stage) -> Self {
        self.attributes.push(Attribute { name: name.to_owned(), action, stage });
        self.attributes.sort_by(|one, other| one.name.cmp(&other.name));
        self
    }

    /// The same with a further name that items may be bound to.
    #[must_use]
    pub fn read_as(mut self, name: &str) -> Self {
        self.read_as.push(name.to_owned());
        self
    }

    /// The same with another suite for writing.
    #[must_use]
    pub fn suite(mut self, suite: Suite) -> Self {
        self.suite = suite;
        self
    }

    /// How the table is encrypted.
    #[must_use]
    pub fn table_config(&self) -> TableConfig {
        let mut table =
            TableConfig::new(&self.logical_table_name, &self.partition_key, self.sort_key.as_deref());
        table.read_as.clone_from(&self.read_as);
        table.suite = self.suite;
        for attribute in &self.attributes {
            table = table.action(&attribute.name, attribute.action);
        }
        table
    }
}
