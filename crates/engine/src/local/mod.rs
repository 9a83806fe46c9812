//! The embedded engine.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]
#![allow(dead_code)]

mod header;
mod log;
mod reader;
mod store_file;
mod wiped;
