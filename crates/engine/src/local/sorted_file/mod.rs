//! Sorted files: immutable, every block encrypted and bound to its place. `docs/formats/sorted-file.md`
//! draws the bytes.
//!
//! Entries are ordered by (user key, version descending), where a user key is partition and sort bytes
//! together. Some two hundred data blocks, the filter over their user keys and the index over their last
//! keys make a run; the top block finds the run. So a lookup reads one small filter first, and no part of a
//! file must be in memory as a whole.
//!
//! Map: [`block`] (prefix-compressed entries) · [`filter`] · [`layout`] (pieces, handles, footer) ·
//! [`writer`] · [`file`] (reading, through the cache) · [`cursor`] (walking) · [`walk`] (all of it, past damage) ·
//! [`digest`] (by which a manifest knows a file).
//!
//! Invariants: a file is written once, by one writer, under its own key, and never changed; minimum and
//! maximum keys lie inside it only; whatever bytes it holds, reading it gives entries or an error.

pub mod block;
pub mod cursor;
pub mod digest;
pub mod file;
pub mod filter;
pub mod layout;
pub mod walk;
pub mod writer;
