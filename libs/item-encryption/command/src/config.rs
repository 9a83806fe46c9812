//! The configuration file, TOML or JSON.
//!
//! ```toml
//! format = "dbesdk"                      # or "legacy"
//! suite = "0x6701"                       # dbesdk: 0x6701 (default) or 0x6700
//! logical-table-name = "Notes"
//! read-as = ["Notes-2024"]               # names that items may be bound to besides
//! read-policy = ["current", "legacy"]    # forms of items that are read: current, legacy, plaintext
//! partition-key = "id"
//! sort-key = "number"                    # where the table has one
//! unsigned-attributes = ["ttl"]
//! unsigned-prefix = ":"
//! default-action = "ENCRYPT_AND_SIGN"    # legacy: for attributes without an action of their own
//! write-legacy = true                    # legacy: else it is only read
//! written-for = "python"                 # legacy: or "java"
//!
//! [attribute-actions]
//! body = "ENCRYPT_AND_SIGN"
//!
//! [[keyrings]]                           # dbesdk: each is a recipient, any one opens
//! type = "raw-aes"
//! namespace = "ours"
//! name = "2026"
//! key = { file = "notes.key" }           # or { base64 = "..." }, { hex = "..." }, { pem = "..." }
//!
//! [materials-cache]                      # dbesdk: data keys that serve for a while
//! max-age-seconds = 60
//!
//! [legacy-provider]                      # legacy
//! type = "wrapped"
//! key = { base64 = "..." }
//! signing-key = { base64 = "..." }
//! ```
//!
//! Map: this file (the table, and keys' bytes) · [`keyring`] (the keyrings) · [`legacy`] (the legacy format's providers) ·
//! [`search`] (beacons).

mod key_source;
pub mod keyring;
pub mod legacy;
pub mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use item_encryption_format::{Action, Suite, TableConfig};
use serde::Deserialize;
use zeroize::Zeroizing;

pub use key_source::KeySource;
pub use keyring::{KeyringConfig, MaterialsCache};
pub use legacy::LegacyProviderConfig;
pub use search::SearchSection;

/// What is wrong with a configuration, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The file's content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Which of the two formats.
    pub format: Format,
    /// The suite for writing.
    #[serde(default)]
    pub suite: SuiteName,
    /// What items are bound to.
    pub logical_table_name: String,
    /// What they may be bound to besides.
    #[serde(default)]
    pub read_as: Vec<String>,
    /// The partition key's attribute.
    pub partition_key: String,
    /// The sort key's attribute.
    pub sort_key: Option<String>,
    /// Which forms of items are read; else the format's own.
    #[serde(default)]
    pub read_policy: BTreeSet<FormName>,
    /// What happens to each attribute.
    #[serde(default)]
    pub attribute_actions: BTreeMap<String, ActionName>,
    /// What happens to the others, in the legacy format.
    pub default_action: Option<ActionName>,
    /// Whether the legacy format is written.
    #[serde(default)]
    pub write_legacy: bool,
    /// Whose client reads what is written, in the legacy format.
    #[serde(default)]
    pub written_for: ClientName,
    /// Attributes that nobody signs.
    #[serde(default)]
    pub unsigned_attributes: BTreeSet<String>,
    /// What the names of further such attributes begin with.
    pub unsigned_prefix: Option<String>,
    /// Who may open items, in the current format.
    #[serde(default)]
    pub keyrings: Vec<KeyringConfig>,
    /// How long data keys may serve, in the current format; without it each item has a fresh one.
    pub materials_cache: Option<MaterialsCache>,
    /// Where keys come from, in the legacy format.
    pub legacy_provider: Option<LegacyProviderConfig>,
    /// How encrypted items are found, in the current format.
    pub search: Option<SearchSection>,
    /// Where relative file names begin.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The AWS Database Encryption SDK's.
    Dbesdk,
    /// The DynamoDB Encryption Client's.
    Legacy,
}

/// The forms in which items are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormName {
    /// The AWS Database Encryption SDK's.
    Current,
    /// The DynamoDB Encryption Client's.
    Legacy,
    /// Not encrypted.
    Plaintext,
}

/// The clients of the legacy format, each of which signs in an order of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientName {
    /// Python's.
    #[default]
    Python,
    /// Java's.
    Java,
}

/// The suites by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum SuiteName {
    /// With an ECDSA signature.
    #[default]
    #[serde(rename = "0x6701")]
    Ecdsa,
    /// Without.
    #[serde(rename = "0x6700")]
    NoEcdsa,
}

/// The actions in AWS's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionName {
    /// Encrypted and signed.
    EncryptAndSign,
    /// Signed, and part of the encryption context.
    SignAndIncludeInEncryptionContext,
    /// Signed.
    SignOnly,
    /// Neither.
    DoNothing,
}

impl Config {
    /// Reads a file: JSON where it ends in `.json`, else TOML.
    ///
    /// # Errors
    /// What is wrong, by line where it is syntax.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        #[allow(clippy::disallowed_methods, reason = "the library stands beside the house and its disk")]
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("cannot read {}: {error}", path.display())))?;
        let parsed = if path.extension().is_some_and(|ending| ending == "json") {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| told(&error, &text))
        };
        let config: Self = parsed.map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { folder, ..config })
    }

    /// The table as the current format knows it.
    #[must_use]
    pub fn table(&self) -> TableConfig {
        let mut table =
            TableConfig::new(&self.logical_table_name, &self.partition_key, self.sort_key.as_deref());
        table.read_as.clone_from(&self.read_as);
        table.actions = self.actions();
        table.unsigned.clone_from(&self.unsigned_attributes);
        table.unsigned_prefix.clone_from(&self.unsigned_prefix);
        table.suite = match self.suite {
            SuiteName::Ecdsa => Suite::Ecdsa,
            SuiteName::NoEcdsa => Suite::NoEcdsa,
        };
        table
    }

    /// What happens to each attribute.
    #[must_use]
    pub fn actions(&self) -> BTreeMap<String, Action> {
        self.attribute_actions.iter().map(|(name, action)| (name.clone(), (*action).into())).collect()
    }

    /// The attributes of the primary key.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        std::iter::once(&self.partition_key).chain(&self.sort_key).cloned().collect()
    }

    /// The names items may be bound to, the first of which is written.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.logical_table_name).chain(&self.read_as).map(String::as_str)
    }

    /// A key's bytes: for PEM, what stands in its first block. `name` is the key's in the file.
    ///
    /// # Errors
    /// A key that is not what it says, or a file that cannot be read.
    pub fn key(&self, name: &str, source: &KeySource) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        source.bytes(&self.folder).map_err(|reason| ConfigError(format!("{name}: {reason}")))
    }
}

impl From<ActionName> for Action {
    fn from(name: ActionName) -> Self {
        match name {
            ActionName::EncryptAndSign => Self::EncryptAndSign,
            ActionName::SignAndIncludeInEncryptionContext => Self::SignAndIncludeInEncryptionContext,
            ActionName::SignOnly => Self::SignOnly,
            ActionName::DoNothing => Self::DoNothing,
        }
    }
}

impl ConfigError {
    /// In these words.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// What is wrong and in which line, without the line itself, in which a key may stand.
fn told(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => format!("line {}: {}", before.matches('\n').count() + 1, error.message()),
        None => error.message().to_owned(),
    }
}
