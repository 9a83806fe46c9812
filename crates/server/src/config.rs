//! What a server is told at its start.

use std::path::PathBuf;

use auth::AccessKey;
use engine::local::Compression;
use kms::RootKeySource;

use crate::limits::Limits;
use crate::tls::TlsFiles;

/// What a server is told at its start; whoever builds it has checked each value by itself.
pub struct Config {
    /// Where to listen, `host:port`; port 0 is any free one.
    pub listen: String,
    /// The Region that the server plays.
    pub region: String,
    /// The account that the server plays, 12 digits.
    pub account_id: String,
    /// Where tables lie.
    pub storage: Storage,
    /// The root user's access key; `None` where the server makes and keeps one.
    pub root_credentials: Option<AccessKey>,
    /// The certificate; `None` where clients speak plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Whether the clock can be moved by a call.
    pub test_clock: bool,
    /// What clients may take.
    pub limits: Limits,
}

/// Where tables lie.
pub enum Storage {
    /// Nowhere but in memory: nothing is written, nothing survives.
    Memory,
    /// In a folder.
    Directory {
        /// The data directory.
        folder: PathBuf,
        /// What seals it.
        root_key: RootKeySource,
        /// How.
        store: StoreOptions,
    },
}

/// How tables are kept in a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// Of the files of tables made from now on.
    pub compression: Compression,
    /// Whether a start goes on without what is damaged in the log, instead of refusing.
    pub salvage_log: bool,
}
