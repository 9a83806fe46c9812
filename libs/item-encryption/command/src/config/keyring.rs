//! The keyrings of a configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::KeySource;
use super::search::KeyStoreConfig;

/// A keyring.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum KeyringConfig {
    /// An AES key at hand.
    RawAes {
        /// The key namespace.
        namespace: String,
        /// The key name.
        name: String,
        /// 16, 24 or 32 bytes.
        key: KeySource,
    },
    /// An RSA key at hand.
    RawRsa {
        /// The key namespace.
        namespace: String,
        /// The key name.
        name: String,
        /// How wrapped keys are padded.
        padding: PaddingName,
        /// SPKI; for writing.
        public_key: Option<KeySource>,
        /// PKCS8; for reading and writing.
        private_key: Option<KeySource>,
    },
    /// Key agreement with a private key at hand.
    RawEcdh {
        /// Who agrees with whom.
        schema: EcdhSchema,
        /// Of both.
        curve: CurveName,
        /// PKCS8; one's own.
        private_key: Option<KeySource>,
        /// SPKI; the other's.
        recipient_public_key: Option<KeySource>,
    },
    /// Key agreement with a private key in a KMS.
    KmsEcdh {
        /// Who agrees with whom.
        schema: EcdhSchema,
        /// Of both.
        curve: CurveName,
        /// The KMS key's ARN.
        key_arn: String,
        /// SPKI; that key's public half.
        public_key: KeySource,
        /// SPKI; the other's.
        recipient_public_key: Option<KeySource>,
        /// The KMS's URL.
        endpoint: Option<String>,
        /// The Region that requests are signed for; else the ARN's.
        region: Option<String>,
    },
    /// A version of a branch key at hand.
    BranchKey {
        /// The branch key's id.
        id: String,
        /// Its version, a UUID.
        version: String,
        /// 32 bytes.
        key: KeySource,
    },
    /// Branch keys in a table.
    Hierarchical(Box<HierarchicalConfig>),
    /// A key that a KMS keeps.
    Kms {
        /// Its ARN.
        key_arn: String,
        /// Whether replicas in other Regions count as the same key.
        #[serde(default)]
        multi_region: bool,
        /// The KMS's URL.
        endpoint: Option<String>,
        /// The Region that requests are signed for; else the ARN's.
        region: Option<String>,
    },
    /// Whichever keys of a KMS items name; for reading.
    KmsDiscovery {
        /// The partition of admitted keys; else `aws`.
        partition: Option<String>,
        /// The accounts of admitted keys; without them, all.
        #[serde(default)]
        accounts: Vec<String>,
        /// Where keys are looked for, in this order.
        regions: Vec<String>,
        /// Whether replicas of keys of other Regions are looked for there.
        #[serde(default)]
        multi_region: bool,
        /// The KMS's URL, with one Region.
        endpoint: Option<String>,
    },
}

/// The table of branch keys, and which of them serve.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HierarchicalConfig {
    /// The table of branch keys.
    pub table: String,
    /// The name that branch keys are bound to; else the table's.
    pub logical_name: Option<String>,
    /// The KMS key that encrypts branch keys; without it, whichever each names, for reading.
    pub kms_key_arn: Option<String>,
    /// Whether replicas of the KMS key in other Regions count as the same.
    #[serde(default)]
    pub multi_region: bool,
    /// The branch key of all items.
    pub branch_key_id: Option<String>,
    /// Or how an item names its own.
    pub branch_key_id_from: Option<BranchKeyIdFrom>,
    /// How long a branch key stays in memory.
    #[serde(default = "KeyStoreConfig::default_ttl")]
    pub ttl_seconds: u64,
    /// How many do.
    #[serde(default = "KeyStoreConfig::default_capacity")]
    pub cache_capacity: usize,
    /// The URL of DynamoDB, and of the KMS where that has none of its own.
    pub endpoint: Option<String>,
    /// The KMS's URL.
    pub kms_endpoint: Option<String>,
    /// The Region that requests are signed for.
    pub region: Option<String>,
}

impl KeyringConfig {
    /// Whether the keys for reading stand in the configuration.
    pub(crate) fn opens_at_hand(&self) -> bool {
        match self {
            Self::RawAes { .. } | Self::BranchKey { .. } => true,
            Self::RawRsa { private_key, .. } | Self::RawEcdh { private_key, .. } => private_key.is_some(),
            Self::KmsEcdh { .. } | Self::Hierarchical(_) | Self::Kms { .. } | Self::KmsDiscovery { .. } => {
                false
            }
        }
    }

    /// The entry of a hierarchical keyring.
    pub(crate) fn hierarchical(&self) -> Option<&HierarchicalConfig> {
        match self {
            Self::Hierarchical(entry) => Some(entry),
            _ => None,
        }
    }
}

impl HierarchicalConfig {
    /// Its table of branch keys.
    pub(crate) fn key_store(&self) -> KeyStoreConfig {
        KeyStoreConfig {
            table: self.table.clone(),
            logical_name: self.logical_name.clone(),
            kms_key_arn: self.kms_key_arn.clone(),
            multi_region: self.multi_region,
            ttl_seconds: self.ttl_seconds,
            cache_capacity: self.cache_capacity,
            endpoint: self.endpoint.clone(),
            kms_endpoint: self.kms_endpoint.clone(),
            region: self.region.clone(),
        }
    }
}

/// How an item names its branch key.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BranchKeyIdFrom {
    /// By the value of this attribute.
    pub attribute: String,
    /// The branch key of each value.
    #[serde(default)]
    pub ids: BTreeMap<String, String>,
    /// For other values: the branch key is this and the value.
    pub prefix: Option<String>,
}

/// How long data keys may serve.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MaterialsCache {
    /// For writing and for reading.
    pub max_age_seconds: u64,
    /// How many writes of an item share one.
    #[serde(default = "MaterialsCache::default_uses")]
    pub max_uses: u64,
    /// How many bytes of them do.
    #[serde(default = "MaterialsCache::default_bytes")]
    pub max_bytes: u64,
    /// How many are kept.
    #[serde(default = "MaterialsCache::default_capacity")]
    pub capacity: usize,
}

impl MaterialsCache {
    /// The data key of an item that is written again and again is renewed at the latest after so many writes.
    const fn default_uses() -> u64 {
        1000
    }

    const fn default_bytes() -> u64 {
        1 << 30
    }

    const fn default_capacity() -> usize {
        1000
    }
}

/// Who agrees with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EcdhSchema {
    /// One's own key pair and another's, for writing and reading.
    Static,
    /// A key pair for each item and another's, for writing.
    Ephemeral,
    /// One's own key pair and anybody's, for reading.
    Discovery,
}

/// The curves in their common spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CurveName {
    /// NIST P-256.
    #[serde(rename = "P-256")]
    P256,
    /// NIST P-384.
    #[serde(rename = "P-384")]
    P384,
    /// NIST P-521.
    #[serde(rename = "P-521")]
    P521,
}

/// RSA paddings in AWS's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaddingName {
    /// PKCS1 v1.5.
    Pkcs1,
    /// OAEP with SHA-1.
    OaepSha1Mgf1,
    /// OAEP with SHA-256.
    OaepSha256Mgf1,
    /// OAEP with SHA-384.
    OaepSha384Mgf1,
    /// OAEP with SHA-512.
    OaepSha512Mgf1,
}
