//! Every seed through its target, without libFuzzer.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test; seeds are files"
)]

use std::fs;
use std::path::Path;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 9] = [
    ("beacon_query", fuzz::beacon_query::run),
    ("encrypted_item", fuzz::encrypted_item::run),
    ("expressions", fuzz::expressions::run),
    ("item_codec", fuzz::item_codec::run),
    ("json", fuzz::json::run),
    ("kms_blob", fuzz::kms_blob::run),
    ("log", fuzz::log::run),
    ("sigv4", fuzz::sigv4::run),
    ("sorted_file", fuzz::sorted_file::run),
];

#[test]
fn seeds_do_what_targets_promise() {
    for (name, run) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(seeds.len() >= 3, "{name} has hardly a seed");
        for seed in seeds {
            run(&fs::read(&seed).unwrap());
        }
    }
}

#[test]
fn no_target_minds_nonsense() {
    for (_, run) in TARGETS {
        for length in 0..200_u8 {
            run(&vec![length; usize::from(length)]);
            run(&(0..length).collect::<Vec<_>>());
        }
    }
}
