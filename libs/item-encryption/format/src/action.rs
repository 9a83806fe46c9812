//! What happens to each attribute, and how a table is configured.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::dbesdk::RESERVED_PREFIX;

/// What happens to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Encrypted and signed.
    EncryptAndSign,
    /// Signed in clear, and part of the encryption context. The keys must have it too where any attribute has.
    SignAndIncludeInEncryptionContext,
    /// Signed in clear.
    SignOnly,
    /// Neither; may change without anybody noticing.
    DoNothing,
}

/// Which signature an item carries beside the recipients' authentication codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suite {
    /// 0x6701: AES-256-GCM, HKDF-SHA-512, key commitment, HMAC-SHA-384, ECDSA P-384. AWS's default.
    #[default]
    Ecdsa,
    /// 0x6700: the same without ECDSA; about ten times faster. Whoever can read can then also write.
    NoEcdsa,
}

/// How the items of one table are encrypted.
#[derive(Debug, Clone)]
pub struct TableConfig {
    /// The name items are bound to; need not be the table's name, and should stay when the table moves.
    pub logical_table_name: String,
    /// Further names that items may be bound to, tried when reading: the old names of a restored table.
    pub read_as: Vec<String>,
    /// The partition key's attribute.
    pub partition_key: String,
    /// The sort key's attribute.
    pub sort_key: Option<String>,
    /// What happens to each attribute.
    pub actions: BTreeMap<String, Action>,
    /// Attributes that are not signed, besides those whose action says so.
    pub unsigned: BTreeSet<String>,
    /// Attributes whose names begin so are not signed.
    pub unsigned_prefix: Option<String>,
    /// The suite for writing; both are read.
    pub suite: Suite,
}

impl TableConfig {
    /// A table with these keys, which are signed; every other attribute needs an action.
    #[must_use]
    pub fn new(logical_table_name: &str, partition_key: &str, sort_key: Option<&str>) -> Self {
        Self {
            logical_table_name: logical_table_name.to_owned(),
            read_as: Vec::new(),
            partition_key: partition_key.to_owned(),
            sort_key: sort_key.map(str::to_owned),
            actions: BTreeMap::new(),
            unsigned: BTreeSet::new(),
            unsigned_prefix: None,
            suite: Suite::default(),
        }
    }

    /// The same with an attribute's action.
    #[must_use]
    pub fn action(mut self, attribute: &str, action: Action) -> Self {
        self.actions.insert(attribute.to_owned(), action);
        self
    }

    /// The attributes of the primary key.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition_key.as_str()).chain(self.sort_key.as_deref())
    }

    /// What happens to an attribute when an item is written.
    ///
    /// # Errors
    /// [`Error::NoAction`] and [`Error::KeyAction`].
    pub(crate) fn write_action(&self, attribute: &str) -> Result<Action, Error> {
        let action = self.actions.get(attribute).copied();
        if self.keys().any(|key| key == attribute) {
            return self.key_action(attribute, action);
        }
        match action {
            Some(action) => Ok(action),
            None if self.is_listed_unsigned(attribute) => Ok(Action::DoNothing),
            None => Err(Error::NoAction(attribute.to_owned())),
        }
    }

    /// Whether a reader counts an attribute as signed: an unknown one is, so that nobody can slip it in. The
    /// format's own, beacons among them, never are; they go when the item is opened.
    #[must_use]
    pub fn reads_as_signed(&self, attribute: &str) -> bool {
        match self.actions.get(attribute) {
            _ if attribute.starts_with(RESERVED_PREFIX) => false,
            Some(action) => *action != Action::DoNothing,
            None => !self.is_listed_unsigned(attribute),
        }
    }

    /// Whether any attribute goes into the encryption context, which makes the header's version 2.
    pub(crate) fn has_context_attributes(&self) -> bool {
        self.actions.values().any(|action| *action == Action::SignAndIncludeInEncryptionContext)
    }

    fn key_action(&self, attribute: &str, action: Option<Action>) -> Result<Action, Error> {
        let due = if self.has_context_attributes() {
            Action::SignAndIncludeInEncryptionContext
        } else {
            Action::SignOnly
        };
        match action {
            None => Ok(due),
            Some(action) if action == due => Ok(due),
            Some(_) => Err(Error::KeyAction(attribute.to_owned())),
        }
    }

    fn is_listed_unsigned(&self, attribute: &str) -> bool {
        self.unsigned.contains(attribute)
            || self.unsigned_prefix.as_deref().is_some_and(|prefix| attribute.starts_with(prefix))
    }
}
