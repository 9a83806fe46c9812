//! Why a server does not start, and what to do about it.

use std::io;
use std::path::PathBuf;

use auth::credentials::CredentialError;
use dynamodb::table::catalog::CatalogError;
use engine::EngineError;
use envelope::shred::ShredError;
use kms::{OpenError, RootKeyError};

/// A start that failed; nothing was changed that the next start would mind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the data directory.
    #[error(
        "another server uses the data directory {folder}; stop it, or name another directory with --data-dir",
        folder = .0.display()
    )]
    InUse(PathBuf),
    /// The data directory cannot be made or locked.
    #[error(
        "the data directory {folder} cannot be used; name one with --data-dir that this user may write, or \
         use --memory",
        folder = folder.display()
    )]
    DataDir {
        /// Which.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The data directory cannot be unsealed.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The engine does not open.
    #[error(
        "the store in {folder} cannot be opened; free or repair the disk, or put back a copy of the data directory (where \
         it is the log that is damaged, --salvage-log starts without the records that cannot be read)",
        folder = folder.display()
    )]
    Engine {
        /// Its folder.
        folder: PathBuf,
        /// The cause.
        source: EngineError,
    },
    /// One of the server's own keyspaces does not open.
    #[error("the server's own records ({name}) cannot be opened; put back a copy of the data directory")]
    SystemKeyspace {
        /// Which.
        name: &'static str,
        /// The cause.
        source: EngineError,
    },
    /// The keys that make deletion final cannot be read.
    #[error("the shred keys cannot be opened; put back a copy of the data directory")]
    Shredder(#[from] ShredError),
    /// The KMS keys cannot be read.
    #[error("the KMS keys cannot be loaded; put back a copy of the data directory")]
    Kms(#[from] OpenError),
    /// The tables cannot be read.
    #[error("the tables cannot be loaded; put back a copy of the data directory")]
    Catalog(#[from] CatalogError),
    /// The root user's access key cannot be read or kept.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The address cannot be had.
    #[error(
        "cannot listen on {listen}; name a free address with --listen, or any port with --listen 127.0.0.1:0"
    )]
    Listen {
        /// Which.
        listen: String,
        /// The cause.
        source: io::Error,
    },
    /// A certificate or key file cannot be used.
    #[error("cannot use {file} for TLS: {cause}; give a PEM file there", file = file.display())]
    Tls {
        /// Which.
        file: PathBuf,
        /// Why not.
        cause: String,
    },
}
