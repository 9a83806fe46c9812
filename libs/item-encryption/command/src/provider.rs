//! Where the legacy format's keys come from, as a configuration says.

use std::sync::Arc;

use item_encryption_format::legacy::{ContentKey, Digest, SigningKey, VerifyingKey, WrappingKey};
use item_encryption_keyrings::TableClient;
use item_encryption_keyrings::legacy::{LegacyProvider, MetaStore, MostRecent, SignatureKeys, meta_store};

use crate::config::legacy::SigningAlgorithm;
use crate::config::{Config, ConfigError, KeySource, LegacyProviderConfig};
use crate::connect::{Connect, Endpoint};
use crate::keyrings::limits;
use crate::table_file::TableFile;

/// The provider of a configuration.
///
/// # Errors
/// Keys that are missing or wrong.
pub fn provider(config: &Config, connect: &dyn Connect) -> Result<LegacyProvider, ConfigError> {
    let missing = || ConfigError::new("the legacy format needs a [legacy-provider]");
    made(config, config.legacy_provider.as_ref().ok_or_else(missing)?, connect)
}

fn made(
    config: &Config,
    entry: &LegacyProviderConfig,
    connect: &dyn Connect,
) -> Result<LegacyProvider, ConfigError> {
    match entry {
        LegacyProviderConfig::Static {
            key,
            signing_algorithm,
            signing_key,
            signing_private_key,
            signing_public_key,
        } => {
            let key = config.key("key", key)?;
            ContentKey::new(key.clone()).map_err(|_| ConfigError::new(CONTENT_LENGTH))?;
            let halves = [signing_key, signing_private_key, signing_public_key];
            Ok(LegacyProvider::Static(key, signature_keys(config, *signing_algorithm, halves)?))
        }
        LegacyProviderConfig::Wrapped {
            key,
            private_key,
            public_key,
            signing_algorithm,
            signing_key,
            signing_private_key,
            signing_public_key,
        } => {
            let halves = [signing_key, signing_private_key, signing_public_key];
            let (wrap, unwrap) =
                wrapping_keys(config, key.as_ref(), private_key.as_ref(), public_key.as_ref())?;
            Ok(LegacyProvider::Wrapped {
                wrap,
                unwrap,
                signature: signature_keys(config, *signing_algorithm, halves)?,
            })
        }
        LegacyProviderConfig::DirectKms { key_id, endpoint, region } => {
            let at = Endpoint::new(endpoint.as_ref(), region.as_ref()).near(key_id);
            Ok(LegacyProvider::DirectKms { client: connect.kms(&at)?, key_id: key_id.clone() })
        }
        LegacyProviderConfig::MostRecent { rows, .. }
            if matches!(**rows, LegacyProviderConfig::MostRecent { .. }) =>
        {
            Err(ConfigError::new(
                "the rows of a provider table are encrypted by static, wrapped or direct-kms",
            ))
        }
        LegacyProviderConfig::MostRecent { rows, .. } => {
            most_recent(config, entry, made(config, rows, connect)?, connect)
        }
    }
}

fn most_recent(
    config: &Config,
    entry: &LegacyProviderConfig,
    rows: LegacyProvider,
    connect: &dyn Connect,
) -> Result<LegacyProvider, ConfigError> {
    let LegacyProviderConfig::MostRecent {
        material_name,
        table,
        logical_name,
        rows_file,
        ttl_seconds,
        cache_capacity,
        endpoint,
        region,
        ..
    } = entry
    else {
        return Err(ConfigError::new("it is no most-recent provider"));
    };
    let tables: Box<dyn TableClient> = match rows_file {
        Some(file) => Box::new(TableFile::load(&config.folder.join(file), meta_store::VERSION)?),
        None => connect.tables(&Endpoint::new(endpoint.as_ref(), region.as_ref()))?,
    };
    let store = MetaStore::new(table, logical_name.as_ref().unwrap_or(table), tables.into(), rows);
    let limits = limits(*ttl_seconds, *cache_capacity)?;
    Ok(LegacyProvider::MostRecent(MostRecent::new(Arc::new(store), material_name, limits)))
}

fn signature_keys(
    config: &Config,
    algorithm: Option<SigningAlgorithm>,
    halves: [&Option<KeySource>; 3],
) -> Result<SignatureKeys, ConfigError> {
    let names = ["signing-key", "signing-private-key", "signing-public-key"];
    let read = |at: usize| halves[at].as_ref().map(|source| config.key(names[at], source)).transpose();
    let wrong = |_| ConfigError::new("an RSA signing key is neither PKCS8 (private) nor SPKI (public)");
    match (read(0)?, read(1)?, read(2)?) {
        (Some(hmac), None, None) => {
            let digest = digest(algorithm, Family::Hmac)?;
            let verifying = Arc::new(VerifyingKey::hmac(digest, &hmac));
            Ok(SignatureKeys { signing: Some(SigningKey::hmac(digest, &hmac)), verifying })
        }
        (None, private, Some(public)) => {
            let digest = digest(algorithm, Family::Rsa)?;
            let signing = private.map(|der| SigningKey::rsa(digest, &der)).transpose().map_err(wrong)?;
            Ok(SignatureKeys { signing, verifying: Arc::new(VerifyingKey::rsa(&public).map_err(wrong)?) })
        }
        _ => Err(ConfigError::new(
            "a provider signs with signing-key, or with signing-public-key and signing-private-key",
        )),
    }
}

#[derive(PartialEq)]
enum Family {
    Hmac,
    Rsa,
}

fn digest(algorithm: Option<SigningAlgorithm>, due: Family) -> Result<Digest, ConfigError> {
    let Some(algorithm) = algorithm else { return Ok(Digest::Sha256) };
    let (family, digest) = match algorithm {
        SigningAlgorithm::HmacSHA256 => (Family::Hmac, Digest::Sha256),
        SigningAlgorithm::HmacSHA384 => (Family::Hmac, Digest::Sha384),
        SigningAlgorithm::HmacSHA512 => (Family::Hmac, Digest::Sha512),
        SigningAlgorithm::Sha256WithRsa => (Family::Rsa, Digest::Sha256),
        SigningAlgorithm::Sha384WithRsa => (Family::Rsa, Digest::Sha384),
        SigningAlgorithm::Sha512WithRsa => (Family::Rsa, Digest::Sha512),
    };
    if family == due { Ok(digest) } else { Err(ConfigError::new(MISFIT)) }
}

const MISFIT: &str = "signing-algorithm is HmacSHA256, HmacSHA384 or HmacSHA512 with signing-key, and \
     SHA256withRSA, SHA384withRSA or SHA512withRSA with signing-public-key";

const CONTENT_LENGTH: &str = "a content key has 16, 24 or 32 bytes";

type WrappingKeys = (Option<WrappingKey>, Option<WrappingKey>);

fn wrapping_keys(
    config: &Config,
    key: Option<&KeySource>,
    private: Option<&KeySource>,
    public: Option<&KeySource>,
) -> Result<WrappingKeys, ConfigError> {
    let wrong =
        |_| ConfigError("an RSA wrapping key is neither PKCS8 (private) nor SPKI (public)".to_owned());
    if let Some(source) = key {
        let key = config.key("key", source)?;
        if private.is_some() || public.is_some() {
            return Err(ConfigError::new(
                "a wrapped provider has key (AES), or private-key and public-key (RSA)",
            ));
        }
        if !matches!(key.len(), 16 | 24 | 32) {
            return Err(ConfigError::new("key: an AES wrapping key has 16, 24 or 32 bytes"));
        }
        return Ok((Some(WrappingKey::Aes(key.clone())), Some(WrappingKey::Aes(key))));
    }
    let private = private.map(|source| config.key("private-key", source)).transpose()?;
    let public = public.map(|source| config.key("public-key", source)).transpose()?;
    let unwrap = private.as_ref().map(|der| WrappingKey::rsa_private(der)).transpose().map_err(wrong)?;
    let wrap = match (&public, &private) {
        (Some(der), _) => Some(WrappingKey::rsa_public(der).map_err(wrong)?),
        (None, Some(der)) => Some(WrappingKey::rsa_private(der).map_err(wrong)?),
        (None, None) => {
            return Err(ConfigError("a wrapped provider needs key, private-key or public-key".to_owned()));
        }
    };
    Ok((wrap, unwrap))
}
