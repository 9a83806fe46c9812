//! Where the keys of the legacy format come from, in a configuration.

use serde::Deserialize;

use super::KeySource;

/// A provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum LegacyProviderConfig {
    /// One content key for all items.
    Static {
        /// 16, 24 or 32 bytes.
        key: KeySource,
        /// HMAC key.
        signing_key: Option<KeySource>,
        /// RSA, PKCS8.
        signing_private_key: Option<KeySource>,
        /// RSA, SPKI.
        signing_public_key: Option<KeySource>,
    },
    /// A content key for each item, wrapped.
    Wrapped {
        /// AES, 16 or 32 bytes.
        key: Option<KeySource>,
        /// RSA, PKCS8; for reading and writing.
        private_key: Option<KeySource>,
        /// RSA, SPKI; for writing.
        public_key: Option<KeySource>,
        /// HMAC key.
        signing_key: Option<KeySource>,
        /// RSA, PKCS8.
        signing_private_key: Option<KeySource>,
        /// RSA, SPKI.
        signing_public_key: Option<KeySource>,
    },
    /// A data key of a KMS for each item.
    DirectKms {
        /// The KMS key: id, ARN or alias.
        key_id: String,
        /// The KMS's URL.
        endpoint: Option<String>,
        /// The Region that requests are signed for; else the ARN's.
        region: Option<String>,
    },
    /// Keys of a provider table, by material name.
    MostRecent {
        /// The name of the keys.
        material_name: String,
        /// The provider table.
        table: String,
        /// The name that its rows are bound to; else the table's.
        logical_name: Option<String>,
        /// What encrypts its rows: static, wrapped or direct-kms.
        rows: Box<LegacyProviderConfig>,
        /// Whether items are written with the most recent keys.
        #[serde(default)]
        write: bool,
        /// How long keys stay in memory.
        #[serde(default = "LegacyProviderConfig::default_ttl")]
        ttl_seconds: u64,
        /// How many do.
        #[serde(default = "LegacyProviderConfig::default_capacity")]
        cache_capacity: usize,
        /// DynamoDB's URL.
        endpoint: Option<String>,
        /// The Region that requests are signed for.
        region: Option<String>,
    },
}

impl LegacyProviderConfig {
    const fn default_ttl() -> u64 {
        300
    }

    const fn default_capacity() -> usize {
        1000
    }
}
