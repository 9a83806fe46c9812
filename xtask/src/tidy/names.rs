//! Files are named after the nouns of the field; nothing is called util, helper, common, misc.

use super::{Complaint, Repository};

const NO_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

pub fn check(repository: &Repository) -> Vec<Complaint> {
    repository.iter().filter_map(|(path, _)| complaint(path)).collect()
}

fn complaint(path: &str) -> Option<Complaint> {
    let stems = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let bad = stems.into_iter().find(|stem| NO_NAMES.contains(&stem.to_lowercase().as_str()))?;
    Some(Complaint::new(path, format!("`{bad}` says nothing: name the file after the noun it is about")))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    #[test]
    fn names_that_say_nothing_are_told() {
        let paths = ["crates/a/src/util.rs", "tests/common/mod.rs", "docs/misc.md", "src/helpers.py"];
        for path in paths {
            assert_eq!(check(&Repository::of(&[(path, "")])).len(), 1, "{path}");
        }
    }

    #[test]
    fn names_that_merely_contain_one_are_fine() {
        assert_eq!(check(&Repository::of(&[("src/common_prefix.rs", ""), ("src/miscount.rs", "")])), []);
    }
}
