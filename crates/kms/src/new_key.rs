//! Making keys: for users, and for services on first need.

use std::collections::BTreeMap;

use envelope::KeyManager;

use crate::alias::Alias;
use crate::caller::{Access, Caller};
use crate::error::KmsError;
use crate::key::{KeyRecord, State};
use crate::key_id::{Forms, KeyId, Reference};
use crate::managed::ManagedKey;
use crate::material::MaterialRecord;
use crate::service::Kms;
use crate::store::index::View;
use crate::store::{Change, Planning};

/// A key to be made.
pub(crate) struct NewKey {
    /// Who manages it.
    pub manager: KeyManager,
    /// Its description.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl NewKey {
    fn managed(key: &ManagedKey) -> Self {
        Self { manager: KeyManager::Service, description: key.description(), tags: BTreeMap::new() }
    }

    fn service_owned() -> Self {
        let description = "Protects DynamoDB data where no key is asked for".into();
        Self { manager: KeyManager::ServiceOwned, description, tags: BTreeMap::new() }
    }

    fn made(self, planning: &Planning<'_>) -> KeyRecord {
        let random = &*planning.env.random;
        let id = KeyId::generate(random);
        KeyRecord {
            id,
            manager: self.manager,
            description: self.description,
            created_ms: planning.view.now_ms,
            state: State::Enabled,
            tags: self.tags,
            material: MaterialRecord::generate(id, planning.sealing, random),
        }
    }
}

impl Kms {
    /// Makes a customer managed key.
    ///
    /// # Errors
    /// [`KmsError::Internal`].
    pub(crate) async fn create_key(&self, key: NewKey) -> Result<KeyRecord, KmsError> {
        let made = self.store.change(move |planning| {
            let record = key.made(&planning);
            Ok((vec![Change::key(record.clone())], record))
        });
        made.await
    }

    /// An AWS managed key, made on first need.
    ///
    /// # Errors
    /// [`KmsError::Internal`].
    pub(crate) async fn managed_key(&self, key: &'static ManagedKey) -> Result<KeyRecord, KmsError> {
        if let Some(record) = self.store.read(|view| managed_key(view, key)) {
            return Ok(record);
        }
        let made = self.store.change(|planning| match managed_key(planning.view, key) {
            Some(record) => Ok((vec![], record)),
            None => {
                let record = NewKey::managed(key).made(&planning);
                let now_ms = record.created_ms;
                let alias = Alias {
                    name: key.alias.into(),
                    target: record.id,
                    created_ms: now_ms,
                    updated_ms: now_ms,
                };
                Ok((vec![Change::key(record.clone()), Change::alias(alias)], record))
            }
        });
        made.await
    }

    /// Finds a key by any of its names, whatever its state; makes an AWS managed one on first need.
    ///
    /// # Errors
    /// As [`Kms::find`], and [`KmsError::Internal`].
    pub(crate) async fn describe_named(
        &self,
        caller: &Caller<'_>,
        name: &str,
    ) -> Result<KeyRecord, KmsError> {
        let managed = match self.home.parse(name, Forms::KeyOrAlias)? {
            Reference::Alias(alias) => ManagedKey::named(alias),
            _ => None,
        };
        match managed {
            Some(key) => self.managed_key(key).await,
            None => Ok(self.find(caller, name, Forms::KeyOrAlias, Access::Read)?.record.clone()),
        }
    }

    /// The AWS owned key, made on first need.
    ///
    /// # Errors
    /// [`KmsError::Internal`].
    pub(crate) async fn owned_key(&self) -> Result<KeyRecord, KmsError> {
        if let Some(record) = self.store.read(owned_key) {
            return Ok(record);
        }
        let made = self.store.change(|planning| match owned_key(planning.view) {
            Some(record) => Ok((vec![], record)),
            None => {
                let record = NewKey::service_owned().made(&planning);
                Ok((vec![Change::key(record.clone())], record))
            }
        });
        made.await
    }
}

fn managed_key(view: View<'_>, key: &ManagedKey) -> Option<KeyRecord> {
    let alias = view.alias(key.alias)?;
    Some(view.key(alias.target)?.record.clone())
}

fn owned_key(view: View<'_>) -> Option<KeyRecord> {
    Some(view.service_owned()?.record.clone())
}
