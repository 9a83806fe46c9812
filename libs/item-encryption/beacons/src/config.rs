//! How the items of a table are found: what an application declares.

use crate::transform::Transform;

/// The beacons of a table. All of them are version 1, the only one that AWS's clients know.
#[derive(Debug, Clone, Default)]
pub struct SearchConfig {
    /// Beacons of one value.
    pub standard: Vec<StandardBeacon>,
    /// Beacons of several, and of values in clear.
    pub compound: Vec<CompoundBeacon>,
    /// Values that stand in no item, made of those that do.
    pub virtual_fields: Vec<VirtualField>,
    /// Encrypted parts that constructors of any compound beacon may name.
    pub encrypted_parts: Vec<Part>,
    /// Signed parts that constructors of any compound beacon may name.
    pub signed_parts: Vec<Part>,
    /// Over how many partitions items are spread, 1 to 255; without, 1. Items of equal values in different
    /// partitions have different beacons, so that frequent values show less; a lookup asks once for each.
    pub partitions: Option<u8>,
    /// Where each tenant has a beacon key of its own: the attribute that says whose an item is.
    pub key_field: Option<String>,
}

/// A beacon of one encrypted value.
#[derive(Debug, Clone)]
pub struct StandardBeacon {
    /// Its name, by which queries call it.
    pub name: String,
    /// Its length in bits, 1 to 63.
    pub bits: u8,
    /// Where the value stands, or which virtual field it is; without, what has the beacon's name.
    pub location: Option<String>,
    /// How it is stored and compared.
    pub style: Style,
    /// Over how many of the table's partitions it is spread; without, over all.
    pub partitions: Option<u8>,
}

/// How a standard beacon is stored and compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Style {
    /// On its own.
    #[default]
    Plain,
    /// Only within compound beacons.
    PartOnly,
    /// Comparable with another standard beacon, whose name goes into its hash.
    Shared(String),
    /// Of each element of a set, as a set.
    AsSet,
    /// Of each element of a set, comparable with another standard beacon.
    SharedSet(String),
}

/// A beacon of several parts: `prefix value split prefix value ...`
#[derive(Debug, Clone)]
pub struct CompoundBeacon {
    /// Its name, by which queries call it.
    pub name: String,
    /// What stands between parts.
    pub split: char,
    /// Standard beacons that it may hold.
    pub encrypted: Vec<Part>,
    /// Values in clear that it may hold.
    pub signed: Vec<Part>,
    /// Which parts together, the first whose required parts an item has; without any, all signed parts and then all
    /// encrypted ones, each required.
    pub constructors: Vec<Constructor>,
}

/// A part of a compound beacon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// For an encrypted part, the standard beacon; for a signed one, the part's name.
    pub name: String,
    /// What it begins with, by which it is known in queries.
    pub prefix: String,
    /// For a signed part, where the value stands; without, the attribute of the part's name.
    pub location: Option<String>,
}

/// A way to make a compound beacon.
#[derive(Debug, Clone, Default)]
pub struct Constructor {
    /// Names of parts in their order, and whether each is required.
    pub parts: Vec<(String, bool)>,
}

/// A value that stands in no item.
#[derive(Debug, Clone)]
pub struct VirtualField {
    /// Its name.
    pub name: String,
    /// What it is made of, one after the other.
    pub parts: Vec<VirtualPart>,
}

/// A value of an item, transformed.
#[derive(Debug, Clone)]
pub struct VirtualPart {
    /// Where the value stands.
    pub location: String,
    /// What becomes of it, in order.
    pub transforms: Vec<Transform>,
}

impl StandardBeacon {
    /// A beacon of the attribute of its name.
    #[must_use]
    pub fn new(name: &str, bits: u8) -> Self {
        Self { name: name.to_owned(), bits, location: None, style: Style::Plain, partitions: None }
    }

    /// The same of a value elsewhere.
    #[must_use]
    pub fn at(mut self, location: &str) -> Self {
        self.location = Some(location.to_owned());
        self
    }

    /// The same in another style.
    #[must_use]
    pub fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

impl CompoundBeacon {
    /// A compound beacon without parts.
    #[must_use]
    pub fn new(name: &str, split: char) -> Self {
        let (name, none) = (name.to_owned(), Vec::new);
        Self { name, split, encrypted: none(), signed: none(), constructors: Vec::new() }
    }

    /// The same with an encrypted part.
    #[must_use]
    pub fn encrypted(mut self, name: &str, prefix: &str) -> Self {
        self.encrypted.push(Part::new(name, prefix));
        self
    }

    /// The same with a signed part.
    #[must_use]
    pub fn signed(mut self, name: &str, prefix: &str) -> Self {
        self.signed.push(Part::new(name, prefix));
        self
    }

    /// The same with a constructor: names of parts, and whether each is required.
    #[must_use]
    pub fn constructor(mut self, parts: &[(&str, bool)]) -> Self {
        let parts = parts.iter().map(|(name, required)| ((*name).to_owned(), *required)).collect();
        self.constructors.push(Constructor { parts });
        self
    }
}

impl Part {
    /// A part of the beacon or attribute `name`.
    #[must_use]
    pub fn new(name: &str, prefix: &str) -> Self {
        Self { name: name.to_owned(), prefix: prefix.to_owned(), location: None }
    }
}

impl VirtualField {
    /// A field without parts.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), parts: Vec::new() }
    }

    /// The same with a part behind.
    #[must_use]
    pub fn part(mut self, location: &str, transforms: &[Transform]) -> Self {
        self.parts.push(VirtualPart { location: location.to_owned(), transforms: transforms.to_vec() });
        self
    }
}
