//! Every decoder of untrusted bytes has its fuzz target, with seeds to start from.

use super::{Complaint, Repository};

/// Who decodes bytes from the network or the disk, and the target that fuzzes it.
pub const DECODERS: &[(&str, &str)] = &[
    ("crates/service/src/json.rs", "json"),
    ("crates/dynamodb/src/value/json.rs", "json"),
    ("crates/dynamodb/src/expression/parser", "expressions"),
    ("crates/auth/src/sigv4/authorization.rs", "sigv4"),
    ("crates/auth/src/sigv4/claim.rs", "sigv4"),
    ("crates/engine/src/local/header.rs", "log"),
    ("crates/engine/src/local/log", "log"),
    ("crates/engine/src/local/manifest.rs", "log"),
    ("crates/engine/src/local/parked.rs", "log"),
    ("crates/engine/src/local/store_record.rs", "log"),
    ("crates/engine/src/local/seconds.rs", "log"),
    ("crates/engine/src/local/checkpoint/descriptor.rs", "log"),
    ("crates/engine/src/local/sorted_file", "sorted_file"),
    ("crates/dynamodb/src/value/codec", "item_codec"),
    ("crates/kms/src/blob.rs", "kms_blob"),
    ("libs/item-encryption/format/src/dbesdk/header.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/dbesdk/sealed.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/dbesdk/serialize.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/legacy/description.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/legacy/item.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/legacy/keys.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/legacy/serialize.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/wrapping/branch_key.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/wrapping/ecdh.rs", "encrypted_item"),
    ("libs/item-encryption/format/src/wrapping/raw_aes.rs", "encrypted_item"),
    ("libs/item-encryption/beacons/src/expression/parser.rs", "beacon_query"),
    ("libs/item-encryption/beacons/src/location.rs", "beacon_query"),
    ("libs/item-encryption/beacons/src/rewrite.rs", "beacon_query"),
];

const MANIFEST: &str = "fuzz/Cargo.toml";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (source, target) in DECODERS {
        complaints.extend(incomplete(repository, source, target));
    }
    complaints.extend(unknown_targets(repository));
    complaints
}

fn incomplete(repository: &Repository, source: &str, target: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut need = |place: &str, is_there: bool, advice: String| {
        if !is_there {
            complaints.push(Complaint::new(place, advice));
        }
    };
    let list = "xtask/src/tidy/decoders.rs";
    need(list, repository.exists(source), format!("`{source}` does not exist: say where the decoder is now"));
    let file = format!("fuzz/targets/{target}.rs");
    need(&file, repository.exists(&file), format!("is missing: fuzz `{source}` there"));
    let line = format!("name = \"{target}\"");
    let built = repository.text(MANIFEST).is_some_and(|manifest| manifest.contains(&line));
    need(MANIFEST, built, format!("add the binary `{target}`, or it is never built"));
    let seeds = format!("fuzz/seeds/{target}");
    need(
        &seeds,
        repository.exists(&seeds),
        "is missing: a fuzzer that starts from nothing finds little".into(),
    );
    complaints
}

fn unknown_targets(repository: &Repository) -> Vec<Complaint> {
    let files = repository.iter().map(|(path, _)| path);
    let targets = files.filter_map(|path| path.strip_prefix("fuzz/targets/")?.strip_suffix(".rs"));
    let unknown = targets.filter(|name| !DECODERS.iter().any(|(_, target)| target == name));
    let advice = "is not in the list of xtask/src/tidy/decoders.rs: say whose decoder it fuzzes";
    unknown.map(|name| Complaint::new(format!("fuzz/targets/{name}.rs"), advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::{DECODERS, check};
    use crate::tidy::Repository;

    #[test]
    fn a_decoder_needs_its_target_binary_and_seeds() {
        assert_eq!(check(&Repository::of(&[])).len(), 4 * DECODERS.len());
    }

    #[test]
    fn a_target_that_fuzzes_nobody_is_told() {
        let before = check(&Repository::of(&[])).len();
        let stray = Repository::of(&[("fuzz/targets/stray.rs", "")]);
        assert_eq!(check(&stray).len(), before + 1);
    }
}
