//! The embedded engine.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]
#![allow(dead_code)]

mod cache;
mod header;
mod log;
mod manifest;
mod memtable;
mod merge;
mod reader;
mod sorted_file;
mod store_file;
mod wiped;
