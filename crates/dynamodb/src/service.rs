//! The room, and the list of its operations.

use std::sync::Arc;

use ::service::Route;
use engine::Engine;
use env::Env;
use envelope::{KeyService, Shredder, TableKeys};

use crate::key_locks::KeyLocks;
use crate::table::Catalog;

/// The DynamoDB API of one account in one Region.
pub struct DynamoDb {
    /// The outside world.
    pub env: Env,
    /// Where items lie.
    pub engine: Arc<dyn Engine>,
    /// Where KMS keys are kept.
    pub keys: Arc<dyn KeyService>,
    /// What makes deletion final.
    pub shredder: Arc<Shredder>,
    /// The leases of table keys.
    pub table_keys: TableKeys,
    /// All tables.
    pub catalog: Arc<Catalog>,
    /// One writer at a time for a key.
    pub key_locks: KeyLocks,
    /// What the server was told at its start.
    pub config: Config,
}

/// What the server was told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Region it plays.
    pub region: String,
    /// The account whose tables it keeps.
    pub account_id: String,
}

/// The operations, by name.
pub const ROUTES: &[Route<DynamoDb>] = &[];
