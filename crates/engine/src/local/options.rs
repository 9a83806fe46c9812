//! How large things may grow.
//!
//! Larger memtables make fewer sorted files, and a write of an item looks into fewer of them for the old one.

use std::time::Duration;

use super::compression::Compression;

/// Sizes of an engine. The default suits a server that should stay small.
#[derive(Debug, Clone)]
pub struct Options {
    /// A keyspace's memtable of this size is written to a file.
    pub memtable_bytes: usize,
    /// When all memtables together have this size, the largest is written to a file; at twice this size commits
    /// slow down, at four times they wait.
    pub memtables_bytes: usize,
    /// A log segment of this size is followed by another.
    pub log_segment_bytes: u64,
    /// What a log segment is pre-written with at first; later up to four times as much.
    pub log_extent_bytes: u64,
    /// When there are more log segments of this start, what the oldest still holds is flushed or parked.
    pub log_segments: usize,
    /// Decrypted blocks kept in memory.
    pub cache_bytes: u64,
    /// Data blocks of sorted files, before encryption, about.
    pub block_bytes: usize,
    /// Of the files of keyspaces that are created or adopted from now on; each keeps what it was created with.
    pub compression: Compression,
    /// A merge begins a new sorted file when one has this length.
    pub file_bytes: u64,
    /// When a keyspace has so many files as they were flushed, they are merged. At three times as many its
    /// commits slow down, at six times they wait.
    pub level0_files: usize,
    /// What is flushed is merged straight into the last level while that is not longer than this; then levels
    /// grow between them.
    pub level_bytes: u64,
    /// Each level may be this many times as long as the one above.
    pub level_growth: u64,
    /// Threads that merge files, for all keyspaces together.
    pub compaction_threads: usize,
    /// When nothing was committed for so long, what is in level 0 is merged though it is not full; zero: never.
    pub settle_after: Duration,
    /// What merges may write, in bytes a second; 0: as fast as they can.
    pub merge_bytes_per_second: u64,
    /// Sorted files held open at once.
    pub open_files: usize,
    /// Whether a start goes on without what is damaged in the log, instead of refusing.
    pub salvage_log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memtable_bytes: 32 << 20,
            memtables_bytes: 64 << 20,
            log_segment_bytes: 64 << 20,
            log_extent_bytes: 1 << 20,
            log_segments: 2,
            cache_bytes: 32 << 20,
            block_bytes: 4 << 10,
            compression: Compression::None,
            file_bytes: 64 << 20,
            level0_files: 8,
            level_bytes: 1 << 30,
            level_growth: 8,
            compaction_threads: 1,
            settle_after: Duration::from_millis(200),
            merge_bytes_per_second: 0,
            open_files: 512,
            salvage_log: false,
        }
    }
}
