//! The table keys of all tables there are, for tools that look at a store while no server runs.

use crypto::SecretKey;
use engine::{Engine, KeyspaceId};
use envelope::{KeyService, Shredder, WrappedKey};

use super::Descriptor;
use super::catalog::{CatalogError, read_records};
use super::descriptor::RecordedKey;
use super::gate::by_itself;

/// A table and what opens it.
pub struct StoredKeys {
    /// The table's name.
    pub table: String,
    /// Where its items lie.
    pub keyspace: KeyspaceId,
    /// One key, or two where the table is changing it; those the KMS hands out.
    pub keys: Vec<SecretKey>,
    /// Why there is no key.
    pub refused: Option<String>,
}

/// Reads the catalog and asks the KMS for every table's key. The catalog's keyspace must be open.
///
/// # Errors
/// [`CatalogError`], where the catalog cannot be read.
pub async fn stored_keys(
    engine: &dyn Engine,
    shredder: &Shredder,
    kms: &dyn KeyService,
) -> Result<Vec<StoredKeys>, CatalogError> {
    let mut tables = Vec::new();
    for descriptor in read_records(engine).await? {
        tables.push(keys_of(descriptor, shredder, kms).await);
    }
    tables.sort_by(|one, other| one.table.cmp(&other.table));
    Ok(tables)
}

async fn keys_of(descriptor: Descriptor, shredder: &Shredder, kms: &dyn KeyService) -> StoredKeys {
    let binding = descriptor.key_binding();
    let (mut keys, mut refused) = (Vec::new(), None);
    for recorded in descriptor.encryption.recorded() {
        match unwrap(recorded, &binding, shredder, kms).await {
            Ok(key) => keys.push(key),
            Err(reason) => refused = Some(reason),
        }
    }
    let refused = refused.filter(|_| keys.is_empty());
    StoredKeys { table: descriptor.name, keyspace: descriptor.keyspace, keys, refused }
}

async fn unwrap(
    recorded: &RecordedKey,
    binding: &[u8],
    shredder: &Shredder,
    kms: &dyn KeyService,
) -> Result<SecretKey, String> {
    let secret = recorded.wrapped.as_ref().ok_or("the table is deleted")?;
    let record = shredder.unseal(secret, binding).await.map_err(|error| error.to_string())?;
    let wrapped: WrappedKey =
        serde_json::from_slice(&record).map_err(|_| "its wrapped table key is damaged")?;
    kms.unwrap(&by_itself(), &wrapped).await.map_err(|error| error.to_string())
}
