//! The log: every commit of every keyspace, on disk before it is acknowledged.
//!
//! One log per store, in numbered segments. A record is one commit over any keyspaces, so it applies as a
//! whole or not at all. It is encrypted twice: each keyspace's part under that keyspace's log key, then the
//! whole under the store's key, which hides ids and sizes. `docs/formats/log.md` draws the bytes.
//!
//! Map: [`part`] (one keyspace's writes, and their key) · [`record`] (frames) · [`scan`] (reading a segment,
//! telling a torn tail from damage) through a [`window`] · [`index`] (whose records lie where) · [`segment`] (the file)
//! · [`queue`] (order is given here) · [`writer`] (the one thread that writes; one sync per group).
//!
//! Invariants:
//! - A segment that existed before this start is never appended to (the same bytes may be written again); each has a
//!   fresh salt, one writer, and record indexes as nonces: no nonce repeats, not even in a store restored from a copy.
//! - What does not read as zeros, durably, is not written to, so a lost sector reads as zeros.
//! - A write or sync that failed is never retried: the log takes nothing more until a restart has read it.
//!
//! The previous record's tag is not chained into the next: indexes under a key with one writer fix the order
//! already, and a chain would keep recovery from authenticating a record behind a damaged one.

pub mod index;
pub mod part;
pub mod queue;
pub mod record;
pub mod scan;
pub mod segment;
pub mod window;
pub mod writer;

use std::path::{Path, PathBuf};

/// Where the first record of a segment begins: behind the sector of the header.
pub const FIRST_FRAME: usize = 512;

/// The path of a segment, relative to the store.
pub fn segment_name(number: u64) -> String {
    format!("log/{number:016x}.log")
}

/// The path of a segment.
pub fn segment_path(store: &Path, number: u64) -> PathBuf {
    store.join(segment_name(number))
}

/// The number of the segment with this file name.
pub fn segment_number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
    if name.len() == 16 { u64::from_str_radix(name, 16).ok() } else { None }
}
