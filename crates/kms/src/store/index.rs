//! All records in memory, and how they look at a given time.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use engine::Version;
use envelope::KeyManager;

use super::Change;
use super::record::{Address, Record};
use crate::alias::Alias;
use crate::key::{Key, KeyRecord, OpenedMaterial};
use crate::key_id::KeyId;

/// All records, as last committed.
#[derive(Default)]
pub struct Index {
    keys: BTreeMap<KeyId, Arc<Key>>,
    aliases: BTreeMap<String, (Alias, Version)>,
    service_owned: Option<KeyId>,
    shred_owed: Option<Version>,
}

impl Index {
    /// A key, also one whose window has ended.
    #[must_use]
    pub fn key(&self, key_id: KeyId) -> Option<Arc<Key>> {
        self.keys.get(&key_id).cloned()
    }

    /// The ids of all keys.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.keys().copied()
    }

    pub(super) fn version(&self, address: &Address) -> Option<Version> {
        match address {
            Address::Key(key_id) => self.keys.get(key_id).map(|key| key.version),
            Address::Alias(name) => self.aliases.get(name).map(|(_, version)| *version),
            Address::ShredOwed => self.shred_owed,
        }
    }

    pub(super) fn apply(&mut self, changes: Vec<Change>, version: Version) {
        for change in changes {
            match change {
                Change::Put(record) => self.put(record, version),
                Change::Remove(address) => self.remove(&address),
            }
        }
    }

    pub(super) fn put(&mut self, record: Record, version: Version) {
        match record {
            Record::Key(record) => self.put_key(record, version),
            Record::Alias(alias) => {
                self.aliases.insert(alias.name.clone(), (alias, version));
            }
            Record::ShredOwed => self.shred_owed = Some(version),
        }
    }

    pub(super) fn remove(&mut self, address: &Address) {
        match address {
            Address::Key(key_id) => {
                self.keys.remove(key_id);
                self.service_owned = self.service_owned.filter(|owned| owned != key_id);
            }
            Address::Alias(name) => {
                self.aliases.remove(name);
            }
            Address::ShredOwed => self.shred_owed = None,
        }
    }

    fn put_key(&mut self, record: KeyRecord, version: Version) {
        if record.manager == KeyManager::ServiceOwned {
            self.service_owned = Some(record.id);
        }
        let before = self.keys.get(&record.id);
        let opened = before.map_or_else(OpenedMaterial::default, |key| key.opened.carried_over(&record));
        self.keys.insert(record.id, Arc::new(Key { record, version, opened }));
    }
}

/// The records as they look at a time: a key whose deletion window has ended is not there any more, nor are
/// its aliases, whether or not the worker has come round to deleting them.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What is in memory.
    pub(crate) index: &'a Index,
    /// The time, in milliseconds since the epoch.
    pub now_ms: u64,
}

impl<'a> View<'a> {
    /// A key by its id.
    #[must_use]
    pub fn key(self, key_id: KeyId) -> Option<&'a Arc<Key>> {
        self.index.keys.get(&key_id).filter(|key| !key.record.is_due(self.now_ms))
    }

    /// A key by its id as a request writes it.
    #[must_use]
    pub fn key_named(self, key_id: &str) -> Option<&'a Arc<Key>> {
        self.key(KeyId::parse(key_id)?)
    }

    /// An alias by its name with prefix.
    #[must_use]
    pub fn alias(self, name: &str) -> Option<&'a Alias> {
        let (alias, _) = self.index.aliases.get(name)?;
        self.key(alias.target).map(|_| alias)
    }

    /// The AWS owned key.
    #[must_use]
    pub fn service_owned(self) -> Option<&'a Arc<Key>> {
        self.key(self.index.service_owned?)
    }

    /// The keys of the account behind a position, in the order of their ids.
    pub fn keys_after(self, after: Option<KeyId>) -> impl Iterator<Item = &'a Arc<Key>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let keys = self.index.keys.range((start, Bound::Unbounded)).map(|(_, key)| key);
        keys.filter(move |key| {
            key.record.manager != KeyManager::ServiceOwned && !key.record.is_due(self.now_ms)
        })
    }

    /// The aliases of the account, in the order of their names.
    pub fn aliases(self) -> impl Iterator<Item = &'a Alias> {
        let aliases = self.index.aliases.values().map(|(alias, _)| alias);
        aliases.filter(move |alias| self.key(alias.target).is_some())
    }

    /// The names of all aliases of a key, also of one whose window has ended.
    pub fn alias_names_of(self, key_id: KeyId) -> impl Iterator<Item = &'a String> {
        let aliases = self.index.aliases.values().map(|(alias, _)| alias);
        aliases.filter(move |alias| alias.target == key_id).map(|alias| &alias.name)
    }

    /// The keys whose deletion window has ended, and who are still kept.
    pub fn due_keys(self) -> impl Iterator<Item = &'a Arc<Key>> {
        self.index.keys.values().filter(move |key| key.record.is_due(self.now_ms))
    }

    /// Whether material of deleted keys waits to be shredded.
    #[must_use]
    pub fn is_shred_owed(self) -> bool {
        self.index.shred_owed.is_some()
    }
}
