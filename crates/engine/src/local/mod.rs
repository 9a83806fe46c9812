//! The embedded engine.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod cache;
mod commit;
mod compaction;
mod engine;
mod flush;
mod header;
mod keyspace;
mod lifecycle;
mod log;
mod manifest;
mod memtable;
mod merge;
mod options;
mod parked;
mod read;
mod reader;
mod reclaim;
mod recovery;
mod retention;
mod sorted_file;
mod store;
mod store_file;
mod tree;
mod wiped;

pub use engine::LocalEngine;
pub use options::Options;
