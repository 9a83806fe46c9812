//! Beacons, in a configuration: `[search]`.
//!
//! ```toml
//! [search]
//! beacon-key = { base64 = "..." }            # one for all items; or branch-key-id, beacon-keys, key-store
//! maximum-number-of-partitions = 3
//!
//! [[search.standard-beacons]]
//! name = "title"
//! length = 24                                # bits
//!
//! [[search.virtual-fields]]
//! name = "initials"
//! parts = [{ location = "first", transforms = ["upper", { prefix = 1 }] }, { location = "last" }]
//!
//! [[search.compound-beacons]]
//! name = "about"
//! split = "."
//! encrypted = [{ name = "title", prefix = "T-" }]
//! signed = [{ name = "year", prefix = "Y-", location = "date.year" }]
//! constructors = [{ parts = [{ name = "title" }, { name = "year", required = false }] }]
//! ```

use std::collections::BTreeMap;

use item_encryption_beacons::Transform;
use item_encryption_beacons::config::{self as declared, SearchConfig};
use serde::Deserialize;

use super::{ConfigError, KeySource};

/// The beacons of a table, and whose keys they are under.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SearchSection {
    /// The version of all beacons, as AWS counts; there is only 1.
    pub version: Option<u8>,
    /// One beacon key for all items, at hand.
    pub beacon_key: Option<KeySource>,
    /// Beacon keys at hand, by the value of the key field.
    #[serde(default)]
    pub beacon_keys: BTreeMap<String, KeySource>,
    /// The attribute that says whose an item is; its value names a beacon key at hand, or a branch key.
    pub key_field_name: Option<String>,
    /// The branch key in the key store whose beacon key serves all items.
    pub branch_key_id: Option<String>,
    /// The table of branch keys; else that of the hierarchical keyring.
    pub key_store: Option<KeyStoreConfig>,
    /// Over how many partitions items are spread.
    pub maximum_number_of_partitions: Option<u8>,
    /// Over how many of them beacons are that do not say so; else over all.
    pub default_number_of_partitions: Option<u8>,
    /// Beacons of one value.
    #[serde(default)]
    pub standard_beacons: Vec<StandardBeacon>,
    /// Beacons of several, and of values in clear.
    #[serde(default)]
    pub compound_beacons: Vec<CompoundBeacon>,
    /// Values made of others.
    #[serde(default)]
    pub virtual_fields: Vec<VirtualField>,
    /// Encrypted parts that any constructor may name.
    #[serde(default)]
    pub encrypted_parts: Vec<EncryptedPart>,
    /// Signed parts that any constructor may name.
    #[serde(default)]
    pub signed_parts: Vec<SignedPart>,
}

/// A table of branch keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeyStoreConfig {
    /// Its name.
    pub table: String,
    /// The name that branch keys are bound to; else the table's.
    pub logical_name: Option<String>,
    /// The KMS key that encrypts branch keys; without it, whichever each names, for reading.
    pub kms_key_arn: Option<String>,
    /// Whether replicas of the KMS key in other Regions count as the same.
    #[serde(default)]
    pub multi_region: bool,
    /// How long a key stays in memory.
    #[serde(default = "KeyStoreConfig::default_ttl")]
    pub ttl_seconds: u64,
    /// How many do.
    #[serde(default = "KeyStoreConfig::default_capacity")]
    pub cache_capacity: usize,
    /// The URL of DynamoDB, and of the KMS where that has none of its own.
    pub endpoint: Option<String>,
    /// The KMS's URL.
    pub kms_endpoint: Option<String>,
    /// The Region that requests are signed for.
    pub region: Option<String>,
}

impl KeyStoreConfig {
    pub(super) const fn default_ttl() -> u64 {
        300
    }

    pub(super) const fn default_capacity() -> usize {
        1000
    }
}

/// A beacon of one encrypted value.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StandardBeacon {
    /// By which queries call it.
    pub name: String,
    /// In bits, 1 to 63.
    pub length: u8,
    /// Where the value stands, or which virtual field it is; else what has the beacon's name.
    pub location: Option<String>,
    /// How it is stored and compared.
    #[serde(default)]
    pub style: Style,
    /// Over how many of the partitions it is spread.
    pub number_of_partitions: Option<u8>,
}

/// How a standard beacon is stored and compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// On its own.
    #[default]
    Plain,
    /// Only within compound beacons.
    PartOnly,
    /// Comparable with another one.
    Shared(String),
    /// Of each element of a set.
    AsSet,
    /// Of each element of a set, comparable with another one.
    SharedSet(String),
}

/// A beacon of several parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CompoundBeacon {
    /// By which queries call it.
    pub name: String,
    /// What stands between parts.
    pub split: char,
    /// Standard beacons that it may hold.
    #[serde(default)]
    pub encrypted: Vec<EncryptedPart>,
    /// Values in clear that it may hold.
    #[serde(default)]
    pub signed: Vec<SignedPart>,
    /// Which parts together.
    #[serde(default)]
    pub constructors: Vec<Constructor>,
}

/// An encrypted part of a compound beacon.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EncryptedPart {
    /// The standard beacon.
    pub name: String,
    /// What it begins with.
    pub prefix: String,
}

/// A part of a compound beacon in clear.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignedPart {
    /// Its name.
    pub name: String,
    /// What it begins with.
    pub prefix: String,
    /// Where the value stands; else the attribute of the part's name.
    pub location: Option<String>,
}

/// A way to make a compound beacon.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Constructor {
    /// Its parts in order.
    pub parts: Vec<ConstructorPart>,
}

/// A part in a constructor.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConstructorPart {
    /// Which.
    pub name: String,
    /// Whether the constructor serves only items that have it.
    #[serde(default = "ConstructorPart::required")]
    pub required: bool,
}

impl ConstructorPart {
    const fn required() -> bool {
        true
    }
}

/// A value made of others.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VirtualField {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub parts: Vec<VirtualPart>,
}

/// A value of an item, transformed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VirtualPart {
    /// Where it stands.
    pub location: String,
    /// What becomes of it, in order.
    #[serde(default)]
    pub transforms: Vec<TransformName>,
}

/// What becomes of a text; AWS's `Upper`, `Lower`, `Insert`, `GetPrefix`, `GetSuffix`, `GetSubstring`,
/// `GetSegment`, `GetSegments`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransformName {
    /// ASCII letters in upper case.
    Upper,
    /// ASCII letters in lower case.
    Lower,
    /// A text behind.
    Insert(String),
    /// The first characters; below zero, all but the last.
    Prefix(i32),
    /// The last characters; below zero, all but the first.
    Suffix(i32),
    /// From `low`, inclusive, to `high`, exclusive.
    Substring {
        /// The first position.
        low: i32,
        /// The position behind the last.
        high: i32,
    },
    /// One of the segments between split characters.
    Segment {
        /// What stands between segments.
        split: char,
        /// Which.
        index: i32,
    },
    /// Segments from `low`, inclusive, to `high`, exclusive.
    Segments {
        /// What stands between segments.
        split: char,
        /// The first.
        low: i32,
        /// The one behind the last.
        high: i32,
    },
}

impl SearchSection {
    /// The beacons as the library takes them.
    ///
    /// # Errors
    /// A version that there is not.
    pub fn declared(&self) -> Result<SearchConfig, ConfigError> {
        if let Some(version) = self.version.filter(|version| *version != 1) {
            return Err(ConfigError(format!("search.version: beacons have version 1, not {version}")));
        }
        let default = self.default_number_of_partitions;
        Ok(SearchConfig {
            standard: self.standard_beacons.iter().map(|beacon| beacon.declared(default)).collect(),
            compound: self.compound_beacons.iter().map(Into::into).collect(),
            virtual_fields: self.virtual_fields.iter().map(Into::into).collect(),
            encrypted_parts: self.encrypted_parts.iter().map(Into::into).collect(),
            signed_parts: self.signed_parts.iter().map(Into::into).collect(),
            partitions: self.maximum_number_of_partitions,
            key_field: self.key_field_name.clone(),
        })
    }
}

impl StandardBeacon {
    fn declared(&self, default: Option<u8>) -> declared::StandardBeacon {
        declared::StandardBeacon {
            name: self.name.clone(),
            bits: self.length,
            location: self.location.clone(),
            style: (&self.style).into(),
            partitions: self.number_of_partitions.or(default),
        }
    }
}

impl From<&Style> for declared::Style {
    fn from(style: &Style) -> Self {
        match style {
            Style::Plain => Self::Plain,
            Style::PartOnly => Self::PartOnly,
            Style::Shared(other) => Self::Shared(other.clone()),
            Style::AsSet => Self::AsSet,
            Style::SharedSet(other) => Self::SharedSet(other.clone()),
        }
    }
}

impl From<&CompoundBeacon> for declared::CompoundBeacon {
    fn from(beacon: &CompoundBeacon) -> Self {
        Self {
            name: beacon.name.clone(),
            split: beacon.split,
            encrypted: beacon.encrypted.iter().map(Into::into).collect(),
            signed: beacon.signed.iter().map(Into::into).collect(),
            constructors: beacon.constructors.iter().map(Into::into).collect(),
        }
    }
}

impl From<&EncryptedPart> for declared::Part {
    fn from(part: &EncryptedPart) -> Self {
        Self { name: part.name.clone(), prefix: part.prefix.clone(), location: None }
    }
}

impl From<&SignedPart> for declared::Part {
    fn from(part: &SignedPart) -> Self {
        Self { name: part.name.clone(), prefix: part.prefix.clone(), location: part.location.clone() }
    }
}

impl From<&Constructor> for declared::Constructor {
    fn from(constructor: &Constructor) -> Self {
        let parts = constructor.parts.iter();
        Self { parts: parts.map(|part| (part.name.clone(), part.required)).collect() }
    }
}

impl From<&VirtualField> for declared::VirtualField {
    fn from(field: &VirtualField) -> Self {
        let part = |part: &VirtualPart| declared::VirtualPart {
            location: part.location.clone(),
            transforms: part.transforms.iter().map(Into::into).collect(),
        };
        Self { name: field.name.clone(), parts: field.parts.iter().map(part).collect() }
    }
}

impl From<&TransformName> for Transform {
    fn from(name: &TransformName) -> Self {
        match name {
            TransformName::Upper => Self::Upper,
            TransformName::Lower => Self::Lower,
            TransformName::Insert(text) => Self::Insert(text.clone()),
            TransformName::Prefix(length) => Self::Prefix(*length),
            TransformName::Suffix(length) => Self::Suffix(*length),
            TransformName::Substring { low, high } => Self::Substring { low: *low, high: *high },
            TransformName::Segment { split, index } => Self::Segment { split: *split, index: *index },
            TransformName::Segments { split, low, high } => {
                Self::Segments { split: *split, low: *low, high: *high }
            }
        }
    }
}
