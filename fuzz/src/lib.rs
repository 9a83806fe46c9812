//! Decoders of untrusted bytes, each as a function that must never panic and whose laws must hold, whatever the
//! bytes are.
//!
//! `targets/` makes a libFuzzer binary of each (`cargo xtask fuzz`); `seeds/` holds inputs to begin with, which the
//! ordinary tests run as well. `cargo xtask tidy` knows which decoder each target is for.

#![forbid(unsafe_code)]

pub mod beacon_query;
pub mod encrypted_item;
pub mod expressions;
pub mod item_codec;
pub mod json;
pub mod kms_blob;
pub mod log;
pub mod sigv4;
pub mod sorted_file;
