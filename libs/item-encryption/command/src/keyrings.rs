//! The keyrings that a configuration names.

use std::sync::Arc;
use std::time::Duration;

use item_encryption_format::Action;
use item_encryption_format::wrapping::ecdh::{Curve, EcdhKey, Point};
use item_encryption_format::wrapping::{BranchKey, RawAes, RawRsa, RsaPadding};
use item_encryption_keyrings::ecdh::KmsAgreement;
use item_encryption_keyrings::hierarchy::{BranchKeyIds, ByAttribute, OneBranchKey, StoreKey};
use item_encryption_keyrings::kms::DiscoveryFilter;
use item_encryption_keyrings::{
    CacheLimits, EphemeralEcdh, HierarchicalKeyring, KeyArn, KeyStore, Keyring, KmsDiscovery, KmsEcdh,
    KmsKeyring, MultiKeyring, RawEcdh, VersionId,
};

use crate::config::keyring::{CurveName, EcdhSchema, HierarchicalConfig, PaddingName};
use crate::config::search::KeyStoreConfig;
use crate::config::{Config, ConfigError, KeySource, KeyringConfig};
use crate::connect::{Connect, Endpoint, Offline};

type Made = Result<Box<dyn Keyring>, ConfigError>;

/// All of them together.
///
/// # Errors
/// Keys that are missing or wrong, and combinations that make no sense.
pub fn keyrings(config: &Config, connect: &dyn Connect) -> Result<MultiKeyring, ConfigError> {
    if config.keyrings.is_empty() {
        return Err(ConfigError::new("the dbesdk format needs at least one [[keyrings]] entry"));
    }
    refuse_replicas(&config.keyrings)?;
    let numbered = config.keyrings.iter().zip(1..);
    let keyrings = numbered.map(|(entry, number)| {
        keyring(config, entry, connect)
            .map_err(|error| ConfigError(format!("[[keyrings]] number {number}: {error}")))
    });
    Ok(MultiKeyring::new(keyrings.collect::<Result<_, _>>()?))
}

/// Those whose keys stand in the configuration and can open items, where there are several keyrings: asking them costs
/// no call.
///
/// # Errors
/// As [`keyrings`].
pub(crate) fn at_hand(config: &Config) -> Result<Vec<Box<dyn Keyring>>, ConfigError> {
    let several = config.keyrings.len() > 1;
    let entries = config.keyrings.iter().filter(|entry| several && entry.opens_at_hand());
    entries.map(|entry| keyring(config, entry, &Offline)).collect()
}

/// The table of branch keys that a configuration names.
///
/// # Errors
/// None, or several.
pub fn key_store(config: &Config, connect: &dyn Connect) -> Result<KeyStore, ConfigError> {
    let named = config.keyrings.iter().filter_map(KeyringConfig::hierarchical);
    match named.collect::<Vec<_>>()[..] {
        [entry] => store(&entry.key_store(), connect),
        [] => Err(ConfigError::new(
            "the configuration names no key store; add a [[keyrings]] entry of type \"hierarchical\"",
        )),
        _ => Err(ConfigError::new(
            "the configuration names several key stores; keep one [[keyrings]] entry of type \"hierarchical\" for this",
        )),
    }
}

/// The key store of a section, else the one of the keyrings; and how long and how many keys are kept.
pub(crate) fn key_store_of(
    config: &Config,
    own: Option<&KeyStoreConfig>,
    connect: &dyn Connect,
) -> Result<(KeyStore, (u64, usize)), ConfigError> {
    let Some(own) = own else {
        let keyrings = config.keyrings.iter();
        let kept = keyrings.filter_map(KeyringConfig::hierarchical).next();
        let kept = kept.map_or((1, 1), |entry| (entry.ttl_seconds, entry.cache_capacity));
        return Ok((key_store(config, connect)?, kept));
    };
    Ok((store(own, connect)?, (own.ttl_seconds, own.cache_capacity)))
}

/// With replicas of one key as several recipients, each reader would ask the KMS of one Region for all of them.
fn refuse_replicas(keyrings: &[KeyringConfig]) -> Result<(), ConfigError> {
    let multi_region = keyrings.iter().filter_map(|entry| match entry {
        KeyringConfig::Kms { key_arn, multi_region: true, .. } => KeyArn::parse(key_arn),
        _ => None,
    });
    let arns: Vec<KeyArn> = multi_region.collect();
    for (at, arn) in arns.iter().enumerate() {
        if let Some(other) = arns.iter().skip(at + 1).find(|other| arn.is_replica_of(other)) {
            return Err(ConfigError(format!(
                "{arn} and {other} are the same multi-Region key: keep the one of this program's Region"
            )));
        }
    }
    Ok(())
}

fn keyring(config: &Config, entry: &KeyringConfig, connect: &dyn Connect) -> Made {
    match entry {
        KeyringConfig::RawAes { namespace, name, key } => {
            let aes = RawAes::new(namespace, name, config.key("key", key)?);
            Ok(Box::new(aes.map_err(|_| ConfigError::new("a raw AES key has 16, 24 or 32 bytes"))?))
        }
        KeyringConfig::RawRsa { namespace, name, padding, public_key, private_key } => {
            let rsa = RawRsa::new(namespace, name, padding.into());
            raw_rsa(config, rsa, public_key.as_ref(), private_key.as_ref())
        }
        KeyringConfig::RawEcdh { schema, curve, private_key, recipient_public_key } => {
            let halves = (private_key.as_ref(), recipient_public_key.as_ref());
            raw_ecdh(config, *schema, curve.into(), halves)
        }
        KeyringConfig::KmsEcdh {
            schema,
            curve,
            key_arn,
            public_key,
            recipient_public_key,
            endpoint,
            region,
        } => {
            let at = Endpoint::new(endpoint.as_ref(), region.as_ref()).near(key_arn);
            let curve = curve.into();
            let own = KmsAgreement::new(
                connect.kms(&at)?,
                &arn(key_arn)?.to_string(),
                public(config, curve, ("public-key", public_key))?,
            );
            match (schema, recipient_public_key) {
                (EcdhSchema::Static, Some(peer)) => {
                    Ok(Box::new(KmsEcdh::between(curve, own, public(config, curve, (PEER, peer))?)))
                }
                (EcdhSchema::Discovery, None) => Ok(Box::new(KmsEcdh::discovery(curve, own))),
                _ => Err(ConfigError::new(
                    "kms-ecdh takes the schema static with a recipient-public-key, or discovery without",
                )),
            }
        }
        KeyringConfig::BranchKey { id, version, key } => branch_key(config, id, version, key),
        KeyringConfig::Hierarchical(entry) => hierarchical(config, entry, connect),
        KeyringConfig::Kms { key_arn, multi_region, endpoint, region } => {
            let arn = arn(key_arn)?.to_string();
            let client = connect.kms(&Endpoint::new(endpoint.as_ref(), region.as_ref()).near(key_arn))?;
            let new = if *multi_region { KmsKeyring::multi_region } else { KmsKeyring::new };
            Ok(Box::new(new(client, &arn)))
        }
        KeyringConfig::KmsDiscovery { partition, accounts, regions, multi_region, endpoint } => {
            let filter = discovery_filter(partition.as_ref(), accounts)?;
            discovery(filter, regions, *multi_region, endpoint.as_ref(), connect)
        }
    }
}

fn raw_rsa(
    config: &Config,
    mut rsa: RawRsa,
    public: Option<&KeySource>,
    private: Option<&KeySource>,
) -> Made {
    let wrong = |what| move |_| ConfigError::new(what);
    if public.is_none() && private.is_none() {
        return Err(ConfigError::new(
            "a raw-rsa keyring needs public-key (to write) or private-key (to read and write)",
        ));
    }
    if let Some(source) = public {
        rsa = rsa
            .with_public(&config.key("public-key", source)?)
            .map_err(wrong("a public RSA key is SPKI, DER or PEM"))?;
    }
    if let Some(source) = private {
        rsa = rsa
            .with_private(&config.key("private-key", source)?)
            .map_err(wrong("a private RSA key is PKCS8, DER or PEM"))?;
    }
    Ok(Box::new(rsa))
}

fn raw_ecdh(
    config: &Config,
    schema: EcdhSchema,
    curve: Curve,
    (private_key, peer): (Option<&KeySource>, Option<&KeySource>),
) -> Made {
    let own = |source| {
        let key = EcdhKey::from_pkcs8(curve, &config.key("private-key", source)?);
        key.map_err(|_| ConfigError(format!("a private key is PKCS8, DER or PEM, of the curve {curve:?}")))
    };
    match (schema, private_key, peer) {
        (EcdhSchema::Static, Some(private), Some(peer)) => {
            Ok(Box::new(RawEcdh::between(curve, own(private)?, public(config, curve, (PEER, peer))?)))
        }
        (EcdhSchema::Ephemeral, None, Some(peer)) => {
            Ok(Box::new(EphemeralEcdh::to(curve, public(config, curve, (PEER, peer))?)))
        }
        (EcdhSchema::Discovery, Some(private), None) => {
            Ok(Box::new(RawEcdh::discovery(curve, own(private)?)))
        }
        _ => Err(ConfigError::new(
            "raw-ecdh takes private-key and recipient-public-key with the schema static, \
             recipient-public-key alone with ephemeral, private-key alone with discovery",
        )),
    }
}

const PEER: &str = "recipient-public-key";

fn public(config: &Config, curve: Curve, (name, source): (&str, &KeySource)) -> Result<Point, ConfigError> {
    Point::from_spki(curve, &config.key(name, source)?)
        .map_err(|_| ConfigError(format!("{name}: a public key is SPKI, DER or PEM, of the curve {curve:?}")))
}

fn branch_key(config: &Config, id: &str, version: &str, key: &KeySource) -> Made {
    let bytes = <[u8; 32]>::try_from(config.key("key", key)?.as_slice());
    let bytes = bytes.map_err(|_| ConfigError::new("a branch key has 32 bytes"))?;
    let version = VersionId::parse(version)
        .ok_or_else(|| ConfigError(format!("the version {version:?} of a branch key is not a UUID")))?;
    Ok(Box::new(BranchKey::new(id, version.0, bytes.into())))
}

fn hierarchical(config: &Config, entry: &HierarchicalConfig, connect: &dyn Connect) -> Made {
    let (limits, ids) = (limits(entry.ttl_seconds, entry.cache_capacity)?, ids(config, entry)?);
    Ok(Box::new(HierarchicalKeyring::new(Arc::new(store(&entry.key_store(), connect)?), ids, limits)))
}

fn store(entry: &KeyStoreConfig, connect: &dyn Connect) -> Result<KeyStore, ConfigError> {
    let key = match (&entry.kms_key_arn, entry.multi_region, &entry.region) {
        (Some(text), false, _) => StoreKey::One(arn(text)?),
        (Some(text), true, _) => StoreKey::MultiRegion(arn(text)?),
        (None, false, _) => StoreKey::Any,
        (None, true, Some(region)) => StoreKey::AnyInRegion(region.clone()),
        (None, true, None) => {
            return Err(ConfigError::new("multi-region without kms-key-arn needs a region to ask in"));
        }
    };
    let own = entry.kms_key_arn.as_deref().unwrap_or_default();
    let at = |url| Endpoint::new(url, entry.region.as_ref()).near(own);
    let kms = connect.kms(&at(entry.kms_endpoint.as_ref().or(entry.endpoint.as_ref())))?;
    let tables = connect.tables(&at(entry.endpoint.as_ref()))?;
    let logical_name = entry.logical_name.as_ref().unwrap_or(&entry.table);
    Ok(KeyStore::new(&entry.table, logical_name, key, kms.into(), tables.into()))
}

fn ids(config: &Config, entry: &HierarchicalConfig) -> Result<Box<dyn BranchKeyIds>, ConfigError> {
    match (&entry.branch_key_id, &entry.branch_key_id_from) {
        (Some(id), None) => Ok(Box::new(OneBranchKey(id.clone()))),
        (None, Some(from)) => {
            let action = config.actions().get(&from.attribute).copied();
            let known = config.keys().contains(&from.attribute)
                || action == Some(Action::SignAndIncludeInEncryptionContext);
            if !known {
                return Err(ConfigError(format!(
                    "branch-key-id-from names {:?}, which is not in the encryption context: \
                     make it a key attribute, or give it SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
                    from.attribute
                )));
            }
            let (attribute, ids, prefix) = (from.attribute.clone(), from.ids.clone(), from.prefix.clone());
            Ok(Box::new(ByAttribute { attribute, ids, prefix }))
        }
        _ => Err(ConfigError::new(
            "a hierarchical keyring needs branch-key-id or branch-key-id-from, and not both",
        )),
    }
}

/// The bounds of a cache.
pub(crate) fn limits(ttl_seconds: u64, capacity: usize) -> Result<CacheLimits, ConfigError> {
    if ttl_seconds == 0 || capacity == 0 {
        return Err(ConfigError::new("ttl-seconds and cache-capacity are at least 1"));
    }
    Ok(CacheLimits { max_age: Duration::from_secs(ttl_seconds), capacity })
}

fn discovery_filter(
    partition: Option<&String>,
    accounts: &[String],
) -> Result<Option<DiscoveryFilter>, ConfigError> {
    let is_account = |text: &&String| text.len() == 12 && text.chars().all(|digit| digit.is_ascii_digit());
    if let Some(wrong) = accounts.iter().find(|account| !is_account(account)) {
        return Err(ConfigError(format!("{wrong:?} in accounts is no account: write its twelve digits")));
    }
    match (partition, accounts) {
        (None, []) => Ok(None),
        (Some(_), []) => {
            Err(ConfigError::new("a partition filters together with accounts; name at least one"))
        }
        (partition, accounts) => Ok(Some(DiscoveryFilter {
            partition: partition.map_or("aws", String::as_str).to_owned(),
            accounts: accounts.iter().cloned().collect(),
        })),
    }
}

fn discovery(
    filter: Option<DiscoveryFilter>,
    regions: &[String],
    multi_region: bool,
    endpoint: Option<&String>,
    connect: &dyn Connect,
) -> Made {
    if regions.is_empty() || regions.len() > 1 && (multi_region || endpoint.is_some()) {
        return Err(ConfigError::new(
            "kms-discovery looks into one or more regions; with multi-region or an endpoint, into one",
        ));
    }
    let new = if multi_region { KmsDiscovery::multi_region } else { KmsDiscovery::new };
    let keyrings = regions.iter().map(|region| {
        let client = connect.kms(&Endpoint::new(endpoint, Some(region)))?;
        Ok(Box::new(new(client, region, filter.clone())) as Box<dyn Keyring>)
    });
    Ok(Box::new(MultiKeyring::new(keyrings.collect::<Result<_, ConfigError>>()?)))
}

fn arn(text: &str) -> Result<KeyArn, ConfigError> {
    KeyArn::parse(text).ok_or_else(|| {
        ConfigError(format!(
            "{text:?} is not the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID); \
             items name their key by it, so neither an id nor an alias will do"
        ))
    })
}

impl From<&PaddingName> for RsaPadding {
    fn from(name: &PaddingName) -> Self {
        match name {
            PaddingName::Pkcs1 => Self::Pkcs1,
            PaddingName::OaepSha1Mgf1 => Self::OaepSha1,
            PaddingName::OaepSha256Mgf1 => Self::OaepSha256,
            PaddingName::OaepSha384Mgf1 => Self::OaepSha384,
            PaddingName::OaepSha512Mgf1 => Self::OaepSha512,
        }
    }
}

impl From<&CurveName> for Curve {
    fn from(name: &CurveName) -> Self {
        match name {
            CurveName::P256 => Self::P256,
            CurveName::P384 => Self::P384,
            CurveName::P521 => Self::P521,
        }
    }
}
