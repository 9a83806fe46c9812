//! What can go wrong in an engine, as far as a caller acts differently.

use std::io;

use crate::{CheckpointId, KeyspaceId};

/// A failed call to an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The keyspace is there, but no key of it is in memory.
    #[error("keyspace {0} is closed")]
    Closed(KeyspaceId),
    /// There is no such keyspace.
    #[error("there is no keyspace {0}")]
    Absent(KeyspaceId),
    /// There is such a keyspace already.
    #[error("keyspace {0} exists already")]
    Exists(KeyspaceId),
    /// There is no such checkpoint.
    #[error("there is no checkpoint {0}")]
    NoCheckpoint(CheckpointId),
    /// There is such a checkpoint already.
    #[error("checkpoint {0} exists already")]
    CheckpointExists(CheckpointId),
    /// The state asked for is older than what is kept, or not there yet.
    #[error("this state cannot be read: {0}")]
    NotKept(String),
    /// A commit was applied under this token, and came with another request.
    #[error("the token was used for another request")]
    TokenReused,
    /// The engine cannot do this at all.
    #[error("this engine cannot {0}")]
    Unsupported(&'static str),
    /// The key given is not the one the bytes lie under.
    #[error("the key does not open {0}")]
    WrongKey(String),
    /// Bytes on disk are not what was written: `file` (relative to the store) and the block or record.
    #[error("damaged data in {file}, {place}")]
    Damaged {
        /// The file, relative to the store's folder.
        file: String,
        /// The block, record or part of it.
        place: String,
    },
    /// Another process, or another engine of this one, has the store open.
    #[error("the store is in use")]
    InUse,
    /// The disk is full; reads go on, writes are refused until there is space.
    #[error("the disk is full")]
    DiskFull,
    /// A write or sync of the log failed earlier; what reached the disk is unknown, so no write is taken
    /// any more until a restart has read the log.
    #[error("the log failed and takes no more writes: {0}")]
    LogFailed(String),
    /// A key or value is larger than the engine takes, or a key is written twice in one commit.
    #[error("not a valid commit: {0}")]
    Invalid(&'static str),
    /// The file system answered with an error.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl EngineError {
    /// An error of the file system; a full disk is told apart.
    pub(crate) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { doing: doing.into(), source },
        }
    }

    /// Damage at an address.
    pub(crate) fn damaged(file: impl Into<String>, place: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), place: place.into() }
    }
}
