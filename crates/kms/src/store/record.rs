//! How records lie in the engine.
//!
//! ```text
//!  partition (16 B, ASCII)    sort bytes            value
//!  "kms keys        "         key id, 36 letters    1 B version, 1 │ JSON of KeyRecord
//!  "kms aliases     "         name with prefix      1 B version, 1 │ JSON of Alias
//!  "kms state       "         "shred owed"          1 B version, 1 │ JSON null
//! ```

use bytes::Bytes;
use engine::{Key as EngineKey, Partition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::alias::Alias;
use crate::key::KeyRecord;
use crate::key_id::KeyId;

/// All partitions there are.
pub const PARTITIONS: [Partition; 3] = [KEYS, ALIASES, STATE];

const FORMAT_VERSION: u8 = 1;
const KEYS: Partition = Partition(*b"kms keys        ");
const ALIASES: Partition = Partition(*b"kms aliases     ");
const STATE: Partition = Partition(*b"kms state       ");
const SHRED_OWED: &[u8] = b"shred owed";

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A key.
    Key(KeyRecord),
    /// An alias.
    Alias(Alias),
    /// Keys were deleted, and the epoch their material was sealed under is not destroyed yet.
    ShredOwed,
}

/// Where a record lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A key's.
    Key(KeyId),
    /// An alias's, by its name with prefix.
    Alias(String),
    /// That of the one note about shredding.
    ShredOwed,
}

impl Record {
    /// Where it lies.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Key(record) => Address::Key(record.id),
            Self::Alias(alias) => Address::Alias(alias.name.clone()),
            Self::ShredOwed => Address::ShredOwed,
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// Never in practice: every record can be written as JSON.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        match self {
            Self::Key(record) => encode(record),
            Self::Alias(alias) => encode(alias),
            Self::ShredOwed => encode(&()),
        }
    }

    /// The record with these bytes at `address`; `None` where they are not one.
    #[must_use]
    pub fn decode(address: &Address, bytes: &[u8]) -> Option<Self> {
        let record = match address {
            Address::Key(_) => Self::Key(decode(bytes)?),
            Address::Alias(_) => Self::Alias(decode(bytes)?),
            Address::ShredOwed => decode::<()>(bytes).map(|()| Self::ShredOwed)?,
        };
        (record.address() == *address).then_some(record)
    }
}

impl Address {
    /// As the engine addresses it.
    #[must_use]
    pub fn key(&self) -> EngineKey {
        match self {
            Self::Key(id) => EngineKey { partition: KEYS, sort: id.to_string().into() },
            Self::Alias(name) => EngineKey { partition: ALIASES, sort: name.clone().into() },
            Self::ShredOwed => EngineKey { partition: STATE, sort: Bytes::from_static(SHRED_OWED) },
        }
    }

    /// The address that the engine's key is; `None` for a key that no record has.
    #[must_use]
    pub fn of(key: &EngineKey) -> Option<Self> {
        let name = std::str::from_utf8(&key.sort).ok()?;
        match key.partition {
            KEYS => KeyId::parse(name).map(Self::Key),
            ALIASES => Some(Self::Alias(name.to_owned())),
            STATE if name.as_bytes() == SHRED_OWED => Some(Self::ShredOwed),
            _ => None,
        }
    }
}

fn encode(record: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    let mut bytes = vec![FORMAT_VERSION];
    serde_json::to_writer(&mut bytes, record)?;
    Ok(bytes.into())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (version, json) = bytes.split_first()?;
    (*version == FORMAT_VERSION).then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Address, Record};
    use crate::alias::Alias;
    use crate::key::{KeyRecord, State};
    use crate::key_id::KeyId;
    use crate::material::{MaterialId, MaterialRecord};
    use envelope::KeyManager;
    use std::collections::BTreeMap;

    /// Made by the first version; they must be read for ever.
    const KEY: &str = include_str!("../../fixtures/key-record-1.hex");
    const ALIAS: &str = include_str!("../../fixtures/alias-record-1.hex");

    fn key() -> KeyRecord {
        let secret = r#"{"epoch":1,"sealed":"c2VjcmV0"}"#;
        KeyRecord {
            id: KeyId::from_bytes([1; 16]),
            manager: KeyManager::Customer,
            description: "orders".into(),
            created_ms: 1_700_000_000_000,
            state: State::PendingDeletion { deletion_ms: 1_700_000_000_001 },
            tags: BTreeMap::from([("team".into(), "a".into())]),
            material: MaterialRecord {
                id: MaterialId([2; 32]),
                secret: serde_json::from_str(secret).unwrap(),
            },
        }
    }

    fn alias() -> Alias {
        Alias { name: "alias/app".into(), target: KeyId::from_bytes([1; 16]), created_ms: 1, updated_ms: 2 }
    }

    #[test]
    fn the_first_records_ever_made_are_read() {
        for (record, fixture) in [(Record::Key(key()), KEY), (Record::Alias(alias()), ALIAS)] {
            let bytes = hex::decode(fixture.trim()).unwrap();
            assert_eq!(Record::decode(&record.address(), &bytes), Some(record.clone()));
            assert_eq!(record.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn a_record_at_another_address_or_of_another_version_is_none() {
        let record = Record::Key(key());
        let bytes = record.encode().unwrap();
        assert_eq!(Record::decode(&Address::Key(KeyId::from_bytes([9; 16])), &bytes), None);
        assert_eq!(Record::decode(&Address::Alias("alias/app".into()), &bytes), None);
        for version in [0, 2, 255] {
            let other = [&[version], &bytes[1..]].concat();
            assert_eq!(Record::decode(&record.address(), &other), None);
        }
        assert_eq!(Record::decode(&record.address(), &[]), None);
    }

    #[test]
    fn every_address_is_read_back_from_its_key() {
        for address in [Record::Key(key()).address(), Record::Alias(alias()).address(), Address::ShredOwed] {
            assert_eq!(Address::of(&address.key()), Some(address));
        }
    }
}
