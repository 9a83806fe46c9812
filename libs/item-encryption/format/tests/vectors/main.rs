//! Items written by AWS's clients, and known answers, where their folder stands beside the checkout.

#![allow(clippy::disallowed_methods, reason = "test vectors are files, read where they lie")]

mod beacons;
mod dbesdk;
mod json;
mod legacy;

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// A file of the vectors; `None`, said plainly, where they are not here.
fn load(name: &str) -> Option<Json> {
    let path = folder().join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("the vectors are JSON")),
        Err(_) => {
            eprintln!("skipped: no test vectors at {}", path.display());
            None
        }
    }
}

fn folder() -> PathBuf {
    let repository =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).expect("libs/item-encryption/format");
    repository.join("../shared/vectors")
}
