//! Item encryption without a KMS, which applications build into themselves, depends on few crates.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Complaint, Repository};

const CRATES: [&str; 2] =
    ["libs/item-encryption/format/Cargo.toml", "libs/item-encryption/keyrings/Cargo.toml"];
/// How many crates both name together, beside each other and what is behind a feature.
const MOST: usize = 15;

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let mut named = BTreeSet::new();
    for path in CRATES {
        let Some(text) = repository.text(path) else { continue };
        match text.parse() {
            Ok(manifest) => named.extend(direct(&manifest)),
            Err(error) => return vec![Complaint::new(path, format!("is not TOML: {error}"))],
        }
    }
    if named.len() <= MOST {
        return Vec::new();
    }
    let advice =
        format!("{} direct dependencies with {:?}, {MOST} at most: {named:?}", named.len(), CRATES[1]);
    vec![Complaint::new(CRATES[0], advice)]
}

/// What is always built, but for crates of the house.
fn direct(manifest: &Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(Value::as_table);
    let is = |value: &Value, key: &str| value.get(key).is_some_and(|value| value.as_bool() != Some(false));
    let counted =
        table.into_iter().flatten().filter(|(_, value)| !is(value, "optional") && !is(value, "path"));
    counted.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{CRATES, MOST, check};
    use crate::tidy::Repository;

    fn complaints(format: &str, keyrings: &str) -> usize {
        let manifests = [format, keyrings].map(|lines| format!("[dependencies]\n{lines}"));
        check(&Repository::of(&[(CRATES[0], &manifests[0]), (CRATES[1], &manifests[1])])).len()
    }

    fn lines(range: std::ops::Range<usize>) -> String {
        range.map(|at| format!("crate{at} = \"1\"\n")).collect()
    }

    #[test]
    fn crates_count_once_and_one_too_many_is_told() {
        assert_eq!(complaints(&lines(0..MOST), &lines(0..MOST)), 0);
        assert_eq!(complaints(&lines(0..MOST), &lines(MOST..MOST + 1)), 1);
        let free = "format = { path = \"../format\" }\nsdk = { version = \"1\", optional = true }";
        assert_eq!(complaints(&lines(0..MOST), free), 0);
    }
}
