//! Beacons as they were found to be well: how they are stored, and what they are made of.

use std::collections::BTreeMap;

use item_encryption_format::TableConfig;
use item_encryption_format::beacon::attribute;

use crate::location::Location;
use crate::transform::Transform;

/// The beacons of a table, without their key.
#[derive(Debug)]
pub struct Search {
    pub(crate) table: TableConfig,
    pub(crate) standard: BTreeMap<String, Standard>,
    pub(crate) compound: BTreeMap<String, Compound>,
    pub(crate) virtual_fields: BTreeMap<String, Virtual>,
    pub(crate) partitions: u8,
    pub(crate) key_field: Option<String>,
}

/// A beacon of one value.
#[derive(Debug)]
pub(crate) struct Standard {
    pub name: String,
    pub bits: u8,
    pub source: Source,
    pub stored: Stored,
    /// The name that goes into its hash.
    pub hashed_as: String,
    pub partitions: u8,
}

/// Where a value comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Location(Location),
    /// The virtual field of a name.
    Virtual(String),
}

/// How a standard beacon is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Alone,
    InCompounds,
    AsSet,
}

/// A beacon of several parts.
#[derive(Debug)]
pub(crate) struct Compound {
    pub name: String,
    pub split: char,
    pub parts: Vec<CompoundPart>,
    pub constructors: Vec<Vec<Place>>,
}

/// A part in a constructor.
#[derive(Debug)]
pub(crate) struct Place {
    /// Which of the parts.
    pub part: usize,
    pub required: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct CompoundPart {
    pub name: String,
    pub prefix: String,
    pub source: PartSource,
}

#[derive(Debug, Clone)]
pub(crate) enum PartSource {
    Signed(Location),
    /// The standard beacon of a name.
    Encrypted(String),
}

/// A value that stands in no item.
#[derive(Debug)]
pub(crate) struct Virtual {
    pub name: String,
    pub parts: Vec<(Location, Vec<Transform>)>,
}

impl Search {
    /// The table, with the attributes of signed beacons.
    #[must_use]
    pub fn table(&self) -> &TableConfig {
        &self.table
    }

    /// Over how many partitions items are spread; a writer chooses one below it, at random.
    #[must_use]
    pub fn partitions(&self) -> u8 {
        self.partitions
    }

    /// The attribute that says whose beacon key is used, where each tenant has one.
    #[must_use]
    pub fn key_field(&self) -> Option<&str> {
        self.key_field.as_deref()
    }

    /// Whether an attribute is a compound beacon in clear, which is signed under its own name.
    #[must_use]
    pub fn is_signed_beacon(&self, attribute: &str) -> bool {
        self.compound.get(attribute).is_some_and(Compound::is_signed)
    }

    /// Whether there is anything to write beside items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.standard.is_empty() && self.compound.is_empty()
    }
}

impl Compound {
    /// Whether all of it stands in clear: then it is signed, under its own name.
    pub fn is_signed(&self) -> bool {
        self.parts.iter().all(|part| matches!(part.source, PartSource::Signed(_)))
    }

    /// The attribute that holds it.
    pub fn attribute(&self) -> String {
        if self.is_signed() { self.name.clone() } else { attribute(&self.name) }
    }
}
