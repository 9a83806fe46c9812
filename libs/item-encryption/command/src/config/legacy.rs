//! Where the keys of the legacy format come from, in a configuration.

use std::path::PathBuf;

use serde::Deserialize;

use super::KeySource;

/// How items are signed, in Java's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256; where nothing is said, for a signing key.
    HmacSHA256,
    /// HMAC with SHA-384.
    HmacSHA384,
    /// HMAC with SHA-512.
    HmacSHA512,
    /// RSA with SHA-256; where nothing is said, for a private signing key.
    #[serde(rename = "SHA256withRSA")]
    Sha256WithRsa,
    /// RSA with SHA-384.
    #[serde(rename = "SHA384withRSA")]
    Sha384WithRsa,
    /// RSA with SHA-512.
    #[serde(rename = "SHA512withRSA")]
    Sha512WithRsa,
}

/// A provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum LegacyProviderConfig {
    /// One content key for all items.
    Static {
        /// 16, 24 or 32 bytes.
        key: KeySource,
        /// With which algorithm items are signed, and HMAC ones verified.
        signing_algorithm: Option<SigningAlgorithm>,
        /// HMAC key.
        signing_key: Option<KeySource>,
        /// RSA, PKCS8.
        signing_private_key: Option<KeySource>,
        /// RSA, SPKI.
        signing_public_key: Option<KeySource>,
    },
    /// A content key for each item, wrapped.
    Wrapped {
        /// AES, 16, 24 or 32 bytes.
        key: Option<KeySource>,
        /// RSA, PKCS8; for reading and writing.
        private_key: Option<KeySource>,
        /// RSA, SPKI; for writing.
        public_key: Option<KeySource>,
        /// With which algorithm items are signed, and HMAC ones verified.
        signing_algorithm: Option<SigningAlgorithm>,
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
        /// Its rows as they were exported, DynamoDB JSON by line, instead of the table itself; for reading.
        rows_file: Option<PathBuf>,
        /// What encrypts its rows: static, wrapped or direct-kms.
        rows: Box<LegacyProviderConfig>,
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
