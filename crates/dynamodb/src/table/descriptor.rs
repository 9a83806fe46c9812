//! What is recorded of a table. Laid out in `docs/formats/table-descriptor.md`.

use engine::KeyspaceId;
use envelope::{KeyManager, ShreddableSecret};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::KeySchema;

/// The format of a descriptor's record.
const FORMAT_VERSION: u8 = 1;

/// Everything recorded of a table.
#[derive(Clone, Serialize, Deserialize)]
pub struct Descriptor {
    /// The table's name.
    pub name: String,
    /// `TableId`.
    pub id: Uuid,
    /// Where its items lie.
    #[serde(with = "keyspace_hex")]
    pub keyspace: KeyspaceId,
    /// Its primary key.
    pub key_schema: KeySchema,
    /// What partition key values are hashed with: random, so that nobody can aim at one partition.
    #[serde(with = "envelope::base64_bytes")]
    pub partition_hash_key: Vec<u8>,
    /// When it was created, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Where it stands between creation and deletion.
    pub stage: Stage,
    /// How it is billed.
    pub billing: Billing,
    /// Whether `DeleteTable` is refused.
    pub deletion_protection: bool,
    /// Under which key it lies.
    pub encryption: Encryption,
    /// Its size when it was last looked at.
    pub size: Size,
}

/// Where a table stands between its creation and its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Nobody was told yet that it exists; undone where a crash leaves it so.
    Creating,
    /// It serves.
    Active,
    /// It will be gone; gone on with after a crash.
    Deleting,
    /// Its data and its table key are gone; forgotten copies of the wrapped key are still to be shredded.
    Shredding,
}

/// The billing modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillingMode {
    /// `PROVISIONED`
    Provisioned,
    /// `PAY_PER_REQUEST`
    OnDemand,
}

/// How a table is billed, with what `DescribeTable` tells of earlier changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billing {
    /// The mode.
    pub mode: BillingMode,
    /// Provisioned units; 0 on demand.
    pub throughput: Throughput,
    /// When it last became on demand.
    pub on_demand_since_ms: Option<u64>,
    /// When provisioned units last grew.
    pub last_increase_ms: Option<u64>,
    /// When provisioned units last shrank.
    pub last_decrease_ms: Option<u64>,
    /// How often they shrank on the UTC day of `last_decrease_ms`.
    pub decreases_that_day: u32,
}

/// Provisioned capacity units per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// `ReadCapacityUnits`
    pub read: u64,
    /// `WriteCapacityUnits`
    pub write: u64,
}

/// Under which key a table lies.
#[derive(Clone, Serialize, Deserialize)]
pub struct Encryption {
    /// The table key that opens the keyspace.
    pub table_key: RecordedKey,
    /// The table key it is changing to; which of the two opens the keyspace, the engine knows.
    pub pending: Option<RecordedKey>,
    /// When its key was changed during the last day, oldest first.
    pub changes_ms: Vec<u64>,
    /// Since when its KMS key is unusable.
    pub inaccessible_since_ms: Option<u64>,
}

/// A wrapped table key, and what may be told of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecordedKey {
    /// Who manages the KMS key.
    pub manager: KeyManager,
    /// The KMS key.
    pub kms_key_arn: String,
    /// The [`envelope::WrappedKey`] with its recorded context, as JSON; gone once the table is shredding.
    pub wrapped: Option<ShreddableSecret>,
}

/// Sizes, as `DescribeTable` tells them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// `ItemCount`
    pub items: u64,
    /// `TableSizeBytes`
    pub bytes: u64,
}

/// A record that is no descriptor.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// Written by a newer release.
    #[error("a table descriptor has version {0}, which this release does not read")]
    Version(u8),
    /// No descriptor.
    #[error("a table descriptor is damaged")]
    Damaged(#[source] serde_json::Error),
    /// Nothing.
    #[error("a table descriptor is empty")]
    Empty,
}

impl Descriptor {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT_VERSION];
        serde_json::to_writer(&mut bytes, self).expect("a descriptor has string keys and plain values only");
        bytes
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DescriptorError`], for anything [`Descriptor::encode`] did not write.
    pub fn decode(record: &[u8]) -> Result<Self, DescriptorError> {
        match record.split_first() {
            None => Err(DescriptorError::Empty),
            Some((&FORMAT_VERSION, json)) => serde_json::from_slice(json).map_err(DescriptorError::Damaged),
            Some((&version, _)) => Err(DescriptorError::Version(version)),
        }
    }

    /// What its wrapped table keys are bound to under the shred key.
    #[must_use]
    pub fn key_binding(&self) -> Vec<u8> {
        [b"strongroom table key".as_slice(), self.id.as_bytes()].concat()
    }
}

impl Encryption {
    /// The recorded keys: one, or two while the table changes its key.
    pub fn recorded(&self) -> impl Iterator<Item = &RecordedKey> {
        std::iter::once(&self.table_key).chain(&self.pending)
    }

    /// The same, to be changed.
    pub fn recorded_mut(&mut self) -> impl Iterator<Item = &mut RecordedKey> {
        std::iter::once(&mut self.table_key).chain(&mut self.pending)
    }

    /// Whether it hangs on this KMS key.
    #[must_use]
    pub fn hangs_on(&self, kms_key_arn: &str) -> bool {
        self.recorded().any(|key| key.kms_key_arn == kms_key_arn)
    }
}

mod keyspace_hex {
    use engine::KeyspaceId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &KeyspaceId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyspaceId, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(KeyspaceId(id.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, DescriptorError};
    use serde_json::Value;

    const FIRST_FORMAT: &[u8] = include_bytes!("descriptor-1.record");

    #[test]
    fn the_first_format_reads_and_writes_for_ever() {
        let descriptor = Descriptor::decode(FIRST_FORMAT).unwrap();
        assert_eq!((descriptor.name.as_str(), descriptor.billing.throughput.read), ("orders", 5));
        assert_eq!(descriptor.keyspace.to_string(), "000102030405060708090a0b0c0d0e0f");
        let written = descriptor.encode();
        let json = |record: &[u8]| serde_json::from_slice::<Value>(&record[1..]).unwrap();
        assert_eq!((written[0], json(&written)), (1, json(FIRST_FORMAT)));
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        assert!(matches!(Descriptor::decode(b""), Err(DescriptorError::Empty)));
        assert!(matches!(Descriptor::decode(b"\x02{}"), Err(DescriptorError::Version(2))));
        for len in 1..FIRST_FORMAT.len() {
            assert!(matches!(Descriptor::decode(&FIRST_FORMAT[..len]), Err(DescriptorError::Damaged(_))));
        }
    }
}
