//! Nothing of a table can be read on disk, and nothing at all once its key is gone.
//!
//! [`nothing_readable`] puts canaries in every place where a user can put a byte and searches every byte of
//! every file, at each stage of a table's life, under each kind of key. [`shredding`] brings forgotten copies of
//! all files back after a deletion and shows that the root key does not open them.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; tests look at real files"
)]

mod flock;
mod nothing_readable;
mod shredding;
