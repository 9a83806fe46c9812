//! The key store: branch keys in a DynamoDB table, each encrypted by a KMS key under its own context.
//!
//! The items of a branch key, or of a new version of one, are put in one transaction, as by AWS's clients: all of them are
//! there, or none.

use std::collections::BTreeMap;
use std::sync::Arc;

use item_encryption_format::wrapping::BranchKey;
use item_encryption_format::{Secret, Value};

use super::record::{ENCRYPTED, ID, Kind, Record, TYPE, active, key_of};
use crate::clock::{Clock, SystemClock, iso_8601};
use crate::kms::{refused, secret};
use crate::tables::{ConditionalPut, Item, Put, PutCondition, TableClient, TableShape};
use crate::version_id::VersionId;
use crate::{KeyArn, KeyringError, KmsClient};

/// Which KMS key encrypts branch keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKey {
    /// This one.
    One(KeyArn),
    /// This one; branch keys made under its replicas in other Regions open through it.
    MultiRegion(KeyArn),
    /// Whichever a branch key names; for reading.
    Any,
    /// The same, where multi-Region keys are asked for in this Region; for reading.
    AnyInRegion(String),
}

impl StoreKey {
    /// The name to ask the KMS for, where a branch key names `arn`.
    fn asked(&self, arn: &str) -> Option<String> {
        let named = KeyArn::parse(arn)?;
        match self {
            Self::One(own) => (*own == named).then(|| own.to_string()),
            Self::MultiRegion(own) => named.is_replica_of(own).then(|| own.to_string()),
            Self::Any => Some(named.to_string()),
            Self::AnyInRegion(region) if named.is_multi_region() => Some(named.in_region(region).to_string()),
            Self::AnyInRegion(region) => (named.region == *region).then(|| named.to_string()),
        }
    }

    /// The key for new branch keys.
    fn own(&self) -> Option<&KeyArn> {
        match self {
            Self::One(own) | Self::MultiRegion(own) => Some(own),
            Self::Any | Self::AnyInRegion(_) => None,
        }
    }
}

/// A table of branch keys.
pub struct KeyStore {
    table: String,
    logical_name: String,
    key: StoreKey,
    kms: Arc<dyn KmsClient>,
    tables: Arc<dyn TableClient>,
    clock: Arc<dyn Clock>,
}

impl KeyStore {
    /// The key store in `table`; its branch keys are bound to the logical name, which stays when the table is
    /// restored under another.
    #[must_use]
    pub fn new(
        table: &str,
        logical_name: &str,
        key: StoreKey,
        kms: Arc<dyn KmsClient>,
        tables: Arc<dyn TableClient>,
    ) -> Self {
        let (table, logical_name) = (table.to_owned(), logical_name.to_owned());
        Self { table, logical_name, key, kms, tables, clock: Arc::new(SystemClock::new()) }
    }

    /// Creates the table where there is none; answers whether it can be used already.
    ///
    /// # Errors
    /// A table of that name with other keys, and what DynamoDB refuses.
    pub async fn create_table(&self) -> Result<bool, KeyringError> {
        let (partition_key, sort_key) = (ID.to_owned(), TYPE.to_owned());
        let shape = TableShape { partition_key, sort_key, sort_key_is_number: false };
        match self.told(self.tables.describe(&self.table).await)? {
            Some(found) if found.shape.as_ref() == Some(&shape) => Ok(found.active),
            Some(_) => Err(self.wrong(&format!(
                "the table exists, but its keys are not {ID:?} and {TYPE:?}; name another table"
            ))),
            None => {
                self.told(self.tables.create(&self.table, &shape).await)?;
                Ok(false)
            }
        }
    }

    /// Makes a branch key and its beacon key; answers its id: the given one, else a random UUID. The pairs
    /// of `own` become part of the KMS's encryption context.
    ///
    /// # Errors
    /// A branch key of that id that exists, and what KMS and DynamoDB refuse.
    pub async fn create_key(
        &self,
        id: Option<&str>,
        own: BTreeMap<String, String>,
    ) -> Result<String, KeyringError> {
        let id = match id {
            Some(id) => id.to_owned(),
            None => VersionId::random()?.to_string(),
        };
        if self.find(&id, active()).await?.is_some() {
            return Err(self.exists(&id));
        }
        let new = Record {
            id: id.clone(),
            kind: Kind::Beacon,
            kms_arn: self.own_key()?.to_string(),
            created: iso_8601(self.clock.now()),
            own,
        };
        let encrypted = self.generated(&new).await?;
        let mut puts = vec![(new.item(encrypted), PutCondition::Absent(ID))];
        puts.extend(self.puts_of_version(&new, VersionId::random()?, PutCondition::Absent(ID)).await?);
        match self.told(self.tables.put(&self.table, puts).await)? {
            Put::Done => Ok(id),
            Put::Refused => Err(self.exists(&id)),
        }
    }

    /// Makes a new version of a branch key active; answers it. Items of former versions stay readable.
    ///
    /// # Errors
    /// No such branch key, a rotation of the same at the same time, and what KMS and DynamoDB refuse.
    pub async fn rotate_key(&self, id: &str) -> Result<[u8; 16], KeyringError> {
        let (old, encrypted) = self.existing(id, active()).await?;
        self.check_genuine(&old, &encrypted).await?;
        let kms_arn = self.own_key()?.to_string();
        let new = Record { created: iso_8601(self.clock.now()), kms_arn, ..old };
        let unchanged = PutCondition::Has(ENCRYPTED, Value::B(encrypted));
        let version = VersionId::random()?;
        let puts = self.puts_of_version(&new, version, unchanged).await?;
        match self.told(self.tables.put(&self.table, puts.into()).await)? {
            Put::Done => Ok(version.0),
            Put::Refused => Err(self.wrong(&format!(
                "the branch key {id:?} was rotated by somebody else at the same time; its version is new"
            ))),
        }
    }

    /// The version of a branch key that items are written under.
    ///
    /// # Errors
    /// No such branch key, and what KMS and DynamoDB refuse.
    pub async fn active_key(&self, id: &str) -> Result<BranchKey, KeyringError> {
        self.branch_key(id, active()).await
    }

    /// A version of a branch key.
    ///
    /// # Errors
    /// As [`KeyStore::active_key`].
    pub async fn key_version(&self, id: &str, version: VersionId) -> Result<BranchKey, KeyringError> {
        self.branch_key(id, &Kind::Version(version).name()).await
    }

    /// The key from which the keys of a branch's beacons follow.
    ///
    /// # Errors
    /// As [`KeyStore::active_key`].
    pub async fn beacon_key(&self, id: &str) -> Result<Secret, KeyringError> {
        let (record, encrypted) = self.existing(id, &Kind::Beacon.name()).await?;
        self.decrypted(&record, &encrypted).await
    }

    async fn branch_key(&self, id: &str, kind: &str) -> Result<BranchKey, KeyringError> {
        let (record, encrypted) = self.existing(id, kind).await?;
        let (Kind::Active(version) | Kind::Version(version)) = record.kind else {
            return Err(self.wrong("a beacon key stands where a branch key should"));
        };
        Ok(BranchKey::new(id, version.0, self.decrypted(&record, &encrypted).await?))
    }

    async fn decrypted(&self, record: &Record, encrypted: &[u8]) -> Result<Secret, KeyringError> {
        let (key, context) = (self.kms_key_of(record)?, record.context(&self.logical_name)?);
        let plain = self.kms.decrypt(&key, encrypted, &context).await;
        secret(plain.map_err(|reason| refused("Decrypt", &key, reason))?)
    }

    /// Has the KMS open what is to be replaced, so that a forged item does not become a branch key's parent.
    async fn check_genuine(&self, record: &Record, encrypted: &[u8]) -> Result<(), KeyringError> {
        let (key, context) = (self.kms_key_of(record)?, record.context(&self.logical_name)?);
        let again = self.kms.re_encrypt(&key, encrypted, &context, &context).await;
        again.map(|_| ()).map_err(|reason| refused("ReEncrypt", &key, reason))
    }

    /// A new version, and that it is active, under a condition: the same key under two contexts.
    async fn puts_of_version<'c>(
        &self,
        new: &Record,
        version: VersionId,
        condition: PutCondition<'c>,
    ) -> Result<[ConditionalPut<'c>; 2], KeyringError> {
        let versioned = Record { kind: Kind::Version(version), ..new.clone() };
        let activated = Record { kind: Kind::Active(version), ..new.clone() };
        let encrypted = self.generated(&versioned).await?;
        let (from, to) = (versioned.context(&self.logical_name)?, activated.context(&self.logical_name)?);
        let again = self.kms.re_encrypt(&new.kms_arn, &encrypted, &from, &to).await;
        let again = again.map_err(|reason| refused("ReEncrypt", &new.kms_arn, reason))?;
        Ok([(versioned.item(encrypted), PutCondition::Absent(ID)), (activated.item(again), condition)])
    }

    async fn generated(&self, record: &Record) -> Result<Vec<u8>, KeyringError> {
        let (key, context) = (&record.kms_arn, record.context(&self.logical_name)?);
        let made = self.kms.generate_data_key_without_plaintext(key, &context).await;
        made.map_err(|reason| refused("GenerateDataKeyWithoutPlaintext", key, reason))
    }

    async fn existing(&self, id: &str, kind: &str) -> Result<(Record, Vec<u8>), KeyringError> {
        let found = self.find(id, kind).await?;
        found.ok_or_else(|| self.wrong(&format!("there is no {kind} of the branch key {id:?}")))
    }

    async fn find(&self, id: &str, kind: &str) -> Result<Option<(Record, Vec<u8>)>, KeyringError> {
        let item: Option<Item> = self.told(self.tables.get(&self.table, key_of(id, kind)).await)?;
        let read = item.map(Record::read).transpose().map_err(|reason| self.wrong(&reason))?;
        match read {
            Some((record, _)) if record.id != id || record.kind.name() != kind => {
                Err(self.wrong("the table answered with another item"))
            }
            read => Ok(read),
        }
    }

    fn kms_key_of(&self, record: &Record) -> Result<String, KeyringError> {
        self.key.asked(&record.kms_arn).ok_or_else(|| {
            self.wrong(&format!(
                "the branch key {:?} is encrypted by {}, which is not the key store's KMS key",
                record.id, record.kms_arn
            ))
        })
    }

    fn own_key(&self) -> Result<&KeyArn, KeyringError> {
        let missing = || self.wrong("making branch keys needs a KMS key by its ARN, not discovery");
        self.key.own().ok_or_else(missing)
    }

    fn exists(&self, id: &str) -> KeyringError {
        self.wrong(&format!("the branch key {id:?} exists already; rotate it, or choose another id"))
    }

    fn told<T>(&self, answer: Result<T, String>) -> Result<T, KeyringError> {
        answer.map_err(|reason| self.wrong(&reason))
    }

    fn wrong(&self, reason: &str) -> KeyringError {
        KeyringError::KeyStore { table: self.table.clone(), reason: reason.to_owned() }
    }
}
