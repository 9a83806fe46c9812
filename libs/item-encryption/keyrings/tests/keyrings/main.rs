//! Items written with one keyring and read with another.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail it")]

mod at_hand;
mod cache;
mod ecdh;
mod hierarchy;
mod kms;
mod legacy;
mod legacy_vectors;
mod materials;
mod peer;
mod world;
