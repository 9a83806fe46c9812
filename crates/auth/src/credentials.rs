//! The access key of the account's root user: given by the operator, or made at the first start and kept.
//!
//! A key that was made lies in the system keyspace `credentials`, whose table key is derived from the root
//! key; a key that was given is kept nowhere.
//!
//! ```text
//!  partition 0, sort bytes "root" : {"version":1,"access_key_id":"AKIA…","secret_access_key":"…"}
//! ```

use bytes::Bytes;
use engine::{Commit, Engine, EngineError, Guard, GuardedKey, Key, KeyspaceId, Outcome, Partition, Write};
use env::Random;
use env::random::random_bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Where made credentials lie.
pub const KEYSPACE: KeyspaceId = KeyspaceId::of_system("credentials");

const FORMAT_VERSION: u8 = 1;

/// An access key.
pub struct AccessKey {
    /// Its public name.
    pub id: String,
    /// Its secret.
    pub secret: SecretAccessKey,
}

/// A secret access key. Not `Clone`, not `Debug`, not `Serialize`; wiped on drop.
pub struct SecretAccessKey(Zeroizing<String>);

/// Where an access key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the operator.
    Given,
    /// From the keyspace, of an earlier start.
    Kept,
    /// Made just now.
    Made,
}

/// A failure to read, make or keep credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// What was given cannot be an access key.
    #[error("{0}")]
    Unusable(&'static str),
    /// What is kept cannot be read.
    #[error("the kept root credentials cannot be read")]
    Unreadable,
    /// The engine failed.
    #[error("cannot keep the root credentials")]
    Engine(#[from] EngineError),
}

impl AccessKey {
    /// The key of this name and secret.
    ///
    /// # Errors
    /// [`CredentialError::Unusable`]: a name that could not stand in a credential's scope, or no secret.
    pub fn new(id: String, secret: String) -> Result<Self, CredentialError> {
        if id.is_empty() || id.len() > 128 || !id.bytes().all(is_id_byte) {
            let text = "an access key id has 1 to 128 letters, digits, hyphens and underscores";
            return Err(CredentialError::Unusable(text));
        }
        Ok(Self { id, secret: SecretAccessKey::new(secret)? })
    }

    /// A fresh key in AWS's shape: 20 characters of id, 40 of secret.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        const ID: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const SECRET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let id = random_bytes::<16>(random).map(|byte| char::from(ID[usize::from(byte & 31)]));
        let bytes = Zeroizing::new(random_bytes::<40>(random));
        let secret = bytes.iter().map(|byte| char::from(SECRET[usize::from(byte & 63)])).collect();
        Self { id: format!("AKIA{}", String::from_iter(id)), secret: SecretAccessKey(Zeroizing::new(secret)) }
    }
}

impl SecretAccessKey {
    /// The secret with these characters.
    ///
    /// # Errors
    /// [`CredentialError::Unusable`]: empty, longer than 512 characters, or not printable ASCII.
    pub fn new(text: String) -> Result<Self, CredentialError> {
        let text = Zeroizing::new(text);
        if text.is_empty() || text.len() > 512 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let text = "a secret access key has 1 to 512 printable ASCII characters and no spaces";
            return Err(CredentialError::Unusable(text));
        }
        Ok(Self(text))
    }

    /// The characters themselves, for whoever signs with them or shows them at the first start.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The root user's key as kept in the open keyspace [`KEYSPACE`]; made and kept there where there is none.
///
/// # Errors
/// [`CredentialError::Unreadable`] and [`CredentialError::Engine`].
pub async fn kept_or_made(
    engine: &dyn Engine,
    random: &dyn Random,
) -> Result<(AccessKey, Origin), CredentialError> {
    if let Some(entry) = engine.get(KEYSPACE, &root_entry()).await? {
        return Ok((read(&entry.value)?, Origin::Kept));
    }
    let made = AccessKey::generate(random);
    match engine.commit(keeping(&made)).await? {
        Outcome::Applied(_) => Ok((made, Origin::Made)),
        Outcome::GuardFailed(_) | Outcome::MaybeApplied => Err(CredentialError::Unreadable),
    }
}

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

fn read(value: &[u8]) -> Result<AccessKey, CredentialError> {
    let record: Record<'_> = serde_json::from_slice(value).map_err(|_| CredentialError::Unreadable)?;
    if record.version != FORMAT_VERSION {
        return Err(CredentialError::Unreadable);
    }
    AccessKey::new(record.access_key_id.to_owned(), record.secret_access_key.to_owned())
}

fn keeping(key: &AccessKey) -> Commit {
    let record =
        Record { version: FORMAT_VERSION, access_key_id: &key.id, secret_access_key: key.secret.expose() };
    let value = serde_json::to_vec(&record).expect("a record of three strings is JSON");
    Commit {
        guards: vec![GuardedKey { keyspace: KEYSPACE, key: root_entry(), guard: Guard::Absent }],
        writes: vec![Write { keyspace: KEYSPACE, key: root_entry(), value: Some(Bytes::from(value)) }],
    }
}

fn root_entry() -> Key {
    Key { partition: Partition([0; 16]), sort: Bytes::from_static(b"root") }
}

#[cfg(test)]
mod tests {
    use super::{AccessKey, keeping, read};
    use env::SeededRandom;

    #[test]
    fn a_made_key_has_the_shape_of_aws_keys() {
        let key = AccessKey::generate(&SeededRandom::new(1));
        assert!(key.id.starts_with("AKIA"));
        assert_eq!((key.id.len(), key.secret.expose().len()), (20, 40));
        assert!(key.id.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)));
    }

    #[test]
    fn what_is_kept_reads_back() {
        let key = AccessKey::generate(&SeededRandom::new(2));
        let commit = keeping(&key);
        let again = read(commit.writes[0].value.as_ref().unwrap()).unwrap();
        assert_eq!((again.id, again.secret.expose()), (key.id, key.secret.expose()));
    }

    #[test]
    fn damaged_and_unknown_records_are_refused() {
        for value in [
            "",
            "{}",
            r#"{"version":2,"access_key_id":"A","secret_access_key":"s"}"#,
            r#"{"version":1,"access_key_id":"a/b","secret_access_key":"s"}"#,
            r#"{"version":1,"access_key_id":"A","secret_access_key":""}"#,
        ] {
            assert!(read(value.as_bytes()).is_err(), "{value}");
        }
    }

    #[test]
    fn unusable_given_keys_are_refused() {
        let new = |id: &str, secret: &str| AccessKey::new(id.into(), secret.into()).is_ok();
        assert!(new("test", "test"));
        assert!(!new("", "test"));
        assert!(!new("a b", "test"));
        assert!(!new("test", ""));
        assert!(!new("test", "tést"));
    }
}
