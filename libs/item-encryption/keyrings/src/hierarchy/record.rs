//! An item of the key store, as AWS's clients lay it out.
//!
//! ```text
//!  branch-key-id  S   type  S: branch:ACTIVE │ branch:version:UUID │ beacon:ACTIVE
//!  enc  B: the key, encrypted by the KMS      kms-arn  S      create-time  S      hierarchy-version  N: 1
//!  version  S: branch:version:UUID, where the type is branch:ACTIVE
//!  aws-crypto-ec:NAME  S: pairs of the creator's own
//! ```
//!
//! All of them but `enc`, and the key store's logical name as `tablename`, are the KMS's encryption context.

use std::collections::BTreeMap;

use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_format::{Error, Value};

use crate::tables::Item;
use crate::version_id::VersionId;

pub const ID: &str = "branch-key-id";
pub const TYPE: &str = "type";
pub const ENCRYPTED: &str = "enc";
const VERSION: &str = "version";
const KMS_ARN: &str = "kms-arn";
const CREATED: &str = "create-time";
const HIERARCHY: &str = "hierarchy-version";
const LOGICAL_NAME: &str = "tablename";
const OWN: &str = "aws-crypto-ec:";
const ACTIVE: &str = "branch:ACTIVE";
const BEACON: &str = "beacon:ACTIVE";
const VERSIONED: &str = "branch:version:";

/// Which key of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The one that items are written under, which is also kept as its version.
    Active(VersionId),
    /// A version, for reading.
    Version(VersionId),
    /// The key of beacons.
    Beacon,
}

impl Kind {
    /// The sort key of the item.
    pub fn name(self) -> String {
        match self {
            Self::Active(_) => ACTIVE.to_owned(),
            Self::Version(version) => versioned(version),
            Self::Beacon => BEACON.to_owned(),
        }
    }
}

/// The primary key of an item.
pub fn key_of(id: &str, kind: &str) -> Item {
    let text = |text: &str| Value::S(text.to_owned());
    [(ID.to_owned(), text(id)), (TYPE.to_owned(), text(kind))].into()
}

/// The sort key of the active item.
pub const fn active() -> &'static str {
    ACTIVE
}

/// An item without its encrypted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub id: String,
    pub kind: Kind,
    pub kms_arn: String,
    pub created: String,
    /// Pairs of the creator's own, by names without their prefix.
    pub own: BTreeMap<String, String>,
}

impl Record {
    /// What the KMS binds the key to.
    pub fn context(&self, logical_name: &str) -> Result<EncryptionContext, Error> {
        let pairs: Vec<_> = self.pairs().collect();
        let named = pairs.iter().map(|(name, value)| (&**name, &**value));
        EncryptionContext::of(named.chain([(HIERARCHY, "1"), (LOGICAL_NAME, logical_name)]))
    }

    /// The item, with the key encrypted under that context.
    pub fn item(&self, encrypted: Vec<u8>) -> Item {
        let mut item: Item = self.pairs().map(|(name, text)| (name, Value::S(text))).collect();
        item.insert(HIERARCHY.to_owned(), Value::N("1".to_owned()));
        item.insert(ENCRYPTED.to_owned(), Value::B(encrypted));
        item
    }

    /// Reads an item; the second is the encrypted key.
    pub fn read(mut item: Item) -> Result<(Self, Vec<u8>), String> {
        let Some(Value::B(encrypted)) = item.remove(ENCRYPTED) else { return Err(lacks(ENCRYPTED)) };
        match item.remove(HIERARCHY) {
            Some(Value::N(version)) if version == "1" => {}
            Some(Value::N(version)) => {
                return Err(format!("{HIERARCHY} {version} cannot be read; branch keys of version 1 can"));
            }
            _ => return Err(lacks(HIERARCHY)),
        }
        let mut text = |name: &str| match item.remove(name) {
            Some(Value::S(text)) => Ok(text),
            _ => Err(lacks(name)),
        };
        let (id, kind, kms_arn, created) = (text(ID)?, text(TYPE)?, text(KMS_ARN)?, text(CREATED)?);
        let kind = match kind.as_str() {
            ACTIVE => Kind::Active(version_of(&text(VERSION)?)?),
            BEACON => Kind::Beacon,
            other => Kind::Version(version_of(other)?),
        };
        let own = item.into_iter().map(own_pair).collect::<Result<_, _>>()?;
        Ok((Self { id, kind, kms_arn, created, own }, encrypted))
    }

    fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        let version = match self.kind {
            Kind::Active(version) => Some((VERSION.to_owned(), versioned(version))),
            Kind::Version(_) | Kind::Beacon => None,
        };
        let named = [
            (ID, self.id.clone()),
            (TYPE, self.kind.name()),
            (KMS_ARN, self.kms_arn.clone()),
            (CREATED, self.created.clone()),
        ];
        let own = self.own.iter().map(|(name, value)| (format!("{OWN}{name}"), value.clone()));
        named.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(version).chain(own)
    }
}

fn versioned(version: VersionId) -> String {
    format!("{VERSIONED}{version}")
}

fn version_of(text: &str) -> Result<VersionId, String> {
    let id = text.strip_prefix(VERSIONED).and_then(VersionId::parse);
    id.ok_or_else(|| format!("{text:?} names no version of a branch key"))
}

fn own_pair((name, value): (String, Value)) -> Result<(String, String), String> {
    match (name.strip_prefix(OWN), value) {
        (Some(own), Value::S(text)) => Ok((own.to_owned(), text)),
        _ => Err(format!("the item has an attribute {name:?}, which no key store writes")),
    }
}

fn lacks(name: &str) -> String {
    format!("the item lacks {name:?}, or has it of another type; it is no branch key")
}
