//! The embedded engine: a log, memtables, immutable sorted files, everything encrypted under keys of the
//! keyspace it belongs to.
//!
//! ```text
//! store/
//!   LOCK                              one engine at a time
//!   store                             what counts of all the rest                        store_file.rs
//!   log/<number>.log                  every commit since the last flush                  log/
//!   keyspaces/<id>/
//!     manifest-<number>               wrapped keys, list of files                        manifest.rs
//!     <random>.sst                    sorted entries                                     sorted_file/
//!     parked-<segment number>         parts of the log of a closed keyspace              parked.rs
//!   checkpoints/<id>/
//!     descriptor                      wrapped keys, list of files                        checkpoint/
//!     <random>.sst                    links to sorted files
//! ```
//! Keys: store key -> outer log key (per segment) · table key -> data encryption keys -> file keys and log
//! keys. Every file has a fresh salt and a commitment to its key in its [`header`]; nonces are positions.
//!
//! A write: [`commit`] checks guards and gives order under one short lock, one thread at a time (`log/writer.rs`)
//! writes and syncs what has gathered, the commit is published and acknowledged. [`flush`] turns memtables
//! into files, [`compaction`] moves them down the [`levels`], [`reclaim`] gives log segments back. A read ([`read`]) takes
//! a snapshot number and a [`tree`], and waits for nobody. [`founding`]: create, adopt. [`lifecycle`]: open, switch, drop.
//! [`checkpoint`]: images. [`versions`] and [`snapshot`]: older states. [`rotation`]: every file anew. [`tokens`]:
//! commits that apply once. [`buffers`]: memory used again. [`by_hand`]: no threads, for simulations. [`recovery`]: the start. [`verify`]: everything read and authenticated. [`decode`]: all decoders, for fuzzing.
//!
//! Invariants:
//! - Plaintext of a keyspace becomes bytes on disk only in `log/record.rs` and `sorted_file/writer.rs`; what
//!   else is written (`manifest.rs`, `parked.rs`, `store_file.rs`) is encrypted as well.
//! - A (salt, file id) is written once; a segment that existed before this start is never appended to.
//! - What was acknowledged is in the log, a parked file or a sorted file, durably, before the copy it had goes.
//! - Sequence numbers decide: everything may be applied again.
//! - What counts is what the file `store` names; nothing is removed before it is durably named no more.
//! - A manifest is installed with the keyspace's `lifecycle` lock held; `close` takes its keys away first, so
//!   nothing is installed for a keyspace that was closed.
//! - Locks are taken in this order: names, reclaiming, flushing or compacting, lifecycle, order. Nothing that
//!   waits for the disk is done under the order.
//!
//! Damage is found where it is read, and named by file and place. Damage in the log stops the start, unless told to salvage:
//! the outer encryption hides whose record it is. Damage in a keyspace's own files stops that keyspace only.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod buffers;
pub mod by_hand;
mod cache;
mod checkpoint;
mod commit;
mod compaction;
mod compression;
pub mod decode;
mod engine;
mod flush;
mod founding;
mod header;
mod keyspace;
mod level_cursor;
mod levels;
mod lifecycle;
mod log;
mod manifest;
mod memtable;
mod merge;
mod options;
mod pacing;
mod parked;
mod read;
mod reader;
mod reclaim;
mod recovery;
mod retention;
mod rotation;
pub(crate) mod seconds;
mod snapshot;
mod sorted_file;
mod store;
mod store_file;
mod store_record;
mod tokens;
mod tree;
mod unflushed;
pub mod verify;
mod versions;
mod wiped;

pub use compression::Compression;
pub use engine::LocalEngine;
pub use options::Options;
