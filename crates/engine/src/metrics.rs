//! What an engine counts.

use std::time::Duration;

/// What an engine counted since its start. An engine that has none of these things counts nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineMetrics {
    /// Commits that had to wait for the background, which was behind.
    pub stalls: u64,
    /// How long they waited, all together.
    pub stalled: Duration,
    /// Bytes in memory that are not in files yet, now.
    pub memory_bytes: u64,
    /// Bytes of files written from memory.
    pub flushed_bytes: u64,
    /// Bytes of files written to take the place of others.
    pub merged_bytes: u64,
}
