//! A key: its record, its states, and how the API shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Version;
use envelope::{KeyDescription, KeyManager, KeyState};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::error::KmsError;
use crate::key_id::{Home, KeyId, SERVICE_ACCOUNT_ID};
use crate::material::{Material, MaterialId, MaterialRecord};
use crate::time::Seconds;

/// The one specification of keys there is so far.
pub const KEY_SPEC: &str = "SYMMETRIC_DEFAULT";
/// What such keys are for.
pub const KEY_USAGE: &str = "ENCRYPT_DECRYPT";

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its id.
    pub id: KeyId,
    /// Who manages it.
    pub manager: KeyManager,
    /// Up to 8192 characters of its owner.
    pub description: String,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// What it may be used for just now.
    pub state: State,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What it encrypts under.
    pub material: MaterialRecord,
}

/// The states of a key that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Usable.
    Enabled,
    /// Not usable until it is enabled.
    Disabled,
    /// Not usable; deleted when the window ends.
    PendingDeletion {
        /// The end of the window, in milliseconds since the epoch.
        deletion_ms: u64,
    },
}

impl KeyRecord {
    /// Whether the key's deletion window has ended, so that it is no longer there for anybody.
    #[must_use]
    pub fn is_due(&self, now_ms: u64) -> bool {
        matches!(self.state, State::PendingDeletion { deletion_ms } if deletion_ms <= now_ms)
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self, home: &Home) -> String {
        match self.manager {
            KeyManager::Customer | KeyManager::Service => home.key_arn(self.id),
            KeyManager::ServiceOwned => home.service_owned_arn(self.id),
        }
    }

    /// Whether the key may encrypt and decrypt.
    ///
    /// # Errors
    /// [`KmsError::Disabled`] and [`KmsError::InvalidState`].
    pub fn check_usable(&self, home: &Home) -> Result<(), KmsError> {
        match self.state {
            State::Disabled => Err(KmsError::Disabled(format!("{} is disabled.", self.arn(home)))),
            State::Enabled | State::PendingDeletion { .. } => self.check_not_pending_deletion(home),
        }
    }

    /// Whether the key may be changed.
    ///
    /// # Errors
    /// [`KmsError::InvalidState`].
    pub fn check_not_pending_deletion(&self, home: &Home) -> Result<(), KmsError> {
        match self.state {
            State::Enabled | State::Disabled => Ok(()),
            State::PendingDeletion { .. } => {
                Err(KmsError::InvalidState(format!("{} is pending deletion.", self.arn(home))))
            }
        }
    }

    /// As the joint describes it.
    #[must_use]
    pub fn description(&self, home: &Home) -> KeyDescription {
        KeyDescription { arn: self.arn(home), state: self.state.into(), manager: self.manager }
    }

    /// As the API describes it.
    #[must_use]
    pub fn metadata(&self, home: &Home) -> KeyMetadata {
        KeyMetadata {
            aws_account_id: self.account_id(home).to_owned(),
            key_id: self.id.to_string(),
            arn: self.arn(home),
            creation_date: Seconds::of_ms(self.created_ms),
            enabled: self.state == State::Enabled,
            description: self.description.clone(),
            key_usage: KEY_USAGE,
            key_state: self.state.name(),
            deletion_date: self.state.deletion_date(),
            origin: "AWS_KMS",
            key_manager: match self.manager {
                KeyManager::Customer => "CUSTOMER",
                KeyManager::Service | KeyManager::ServiceOwned => "AWS",
            },
            customer_master_key_spec: KEY_SPEC,
            key_spec: KEY_SPEC,
            encryption_algorithms: [KEY_SPEC],
            multi_region: false,
            current_key_material_id: self.material.id,
        }
    }

    fn account_id<'a>(&self, home: &'a Home) -> &'a str {
        match self.manager {
            KeyManager::Customer | KeyManager::Service => &home.account_id,
            KeyManager::ServiceOwned => SERVICE_ACCOUNT_ID,
        }
    }
}

impl State {
    /// The API's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }

    fn deletion_date(self) -> Option<Seconds> {
        match self {
            Self::PendingDeletion { deletion_ms } => Some(Seconds::of_ms(deletion_ms)),
            Self::Enabled | Self::Disabled => None,
        }
    }
}

impl From<State> for KeyState {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::Disabled => Self::Disabled,
            State::PendingDeletion { .. } => Self::PendingDeletion,
        }
    }
}

/// `KeyMetadata` of the API, as far as it applies to symmetric keys.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyMetadata {
    #[serde(rename = "AWSAccountId")]
    aws_account_id: String,
    key_id: String,
    arn: String,
    creation_date: Seconds,
    enabled: bool,
    description: String,
    key_usage: &'static str,
    key_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<Seconds>,
    origin: &'static str,
    key_manager: &'static str,
    customer_master_key_spec: &'static str,
    key_spec: &'static str,
    encryption_algorithms: [&'static str; 1],
    multi_region: bool,
    current_key_material_id: MaterialId,
}

/// A key in memory: its record as of a version, and its material where it was opened.
pub struct Key {
    /// As it is kept.
    pub record: KeyRecord,
    /// Of the record.
    pub(crate) version: Version,
    pub(crate) opened: OpenedMaterial,
}

/// The opened material of an enabled key. It goes, wiped, with the last who uses it.
#[derive(Default)]
pub(crate) struct OpenedMaterial(Mutex<Option<Arc<Material>>>);

impl OpenedMaterial {
    pub(crate) fn get(&self) -> Option<Arc<Material>> {
        self.0.lock().clone()
    }

    pub(crate) fn keep(&self, material: &Arc<Material>) {
        *self.0.lock() = Some(Arc::clone(material));
    }

    /// For the next version of the key's record: opened still where that one is enabled, else nothing.
    pub(crate) fn carried_over(&self, next: &KeyRecord) -> Self {
        let still = self.get().filter(|opened| next.state == State::Enabled && opened.id == next.material.id);
        Self(Mutex::new(still))
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyRecord, OpenedMaterial, State};
    use crate::key_id::KeyId;
    use crate::material::{Material, MaterialId, MaterialRecord};
    use crypto::SecretKey;
    use envelope::KeyManager;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn record(state: State) -> KeyRecord {
        let secret = serde_json::from_str(r#"{"epoch":1,"sealed":""}"#).unwrap();
        KeyRecord {
            id: KeyId::from_bytes([1; 16]),
            manager: KeyManager::Customer,
            description: String::new(),
            created_ms: 0,
            state,
            tags: BTreeMap::new(),
            material: MaterialRecord { id: MaterialId([2; 32]), secret },
        }
    }

    #[test]
    fn opened_material_is_wiped_when_its_key_is_no_longer_enabled() {
        let key = SecretKey::take(&mut [7; 32]);
        let material =
            Arc::new(Material { key_id: KeyId::from_bytes([1; 16]), id: MaterialId([2; 32]), key });
        let watched = Arc::downgrade(&material);
        let opened = OpenedMaterial::default();
        opened.keep(&material);
        drop(material);
        let enabled = opened.carried_over(&record(State::Enabled));
        drop(opened);
        assert!(watched.upgrade().is_some());
        let disabled = enabled.carried_over(&record(State::Disabled));
        drop(enabled);
        assert!(watched.upgrade().is_none());
        assert!(disabled.get().is_none());
    }

    #[test]
    fn a_window_ends_at_its_very_millisecond() {
        let pending = record(State::PendingDeletion { deletion_ms: 10 });
        assert!(!pending.is_due(9));
        assert!(pending.is_due(10));
        assert!(!record(State::Disabled).is_due(u64::MAX));
    }
}
