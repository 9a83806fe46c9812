//! The nouns of checkpoints: consistent images of keyspaces that outlive them.

use std::fmt;

use env::Random;
use env::random::random_bytes;

use crate::Version;

/// The name of a checkpoint: random, and the name of its folder on disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointId(pub [u8; 16]);

impl CheckpointId {
    /// A fresh id.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self(random_bytes(random))
    }
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointId({self})")
    }
}

/// What a checkpoint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointInfo {
    /// Every commit to the keyspace up to this version is in it, and none behind it.
    pub version: Version,
    /// The oldest version whose state can be adopted from it.
    pub oldest: Version,
    /// When it was taken, in seconds since 1970; the state at any whole second before can be asked for.
    pub second: u64,
    /// Entries; an estimate, as in [`crate::KeyspaceStats`].
    pub entries: u64,
    /// Bytes of their values.
    pub value_bytes: u64,
    /// Bytes of the files it shares with its keyspace and others.
    pub disk_bytes: u64,
}

/// Which of the states a checkpoint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The one at which it was taken.
    Checkpoint,
    /// The one after this version was written, and nothing behind it.
    Version(Version),
    /// The one at the end of this second since 1970.
    Second(u64),
}
