//! What we build on is licensed as `deny.toml` allows.

use spdx::{Expression, LicenseReq, ParseMode};
use toml::{Table, Value};

use super::{Complaint, Repository};

const LIST: &str = "deny.toml";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let allowed = repository.text(LIST).map(allowed).unwrap_or_default();
    let strange =
        |licence: &Option<String>| !licence.as_deref().is_some_and(|text| is_allowed(text, &allowed));
    let packages = repository.packages.iter().filter(|(_, licence)| strange(licence));
    packages.map(|(name, licence)| Complaint::new(LIST, advice(name, licence.as_deref()))).collect()
}

fn allowed(list: &str) -> Vec<String> {
    let list: Table = list.parse().unwrap_or_default();
    let names = list.get("licenses").and_then(|licences| licences.get("allow")).and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether the allowed licences are enough for a licence expression; old ones write `/` for `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let is_listed = |licence: &LicenseReq| allowed.contains(&licence.to_string());
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(is_listed))
}

fn advice(package: &str, licence: Option<&str>) -> String {
    match licence {
        Some(licence) => {
            format!("does not allow `{licence}`, the licence of {package}: do without the package")
        }
        None => format!("cannot allow {package}, which names no licence: do without it"),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    fn complaints(licence: Option<&str>) -> usize {
        let mut repository = Repository::of(&[(
            "deny.toml",
            "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]",
        )]);
        repository.packages = vec![("package".to_owned(), licence.map(str::to_owned))];
        check(&repository).len()
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert_eq!(complaints(Some("MIT")), 0);
        assert_eq!(complaints(Some("GPL-3.0-only OR MIT")), 0);
        assert_eq!(complaints(Some("MIT/Apache-2.0")), 0);
        assert_eq!(complaints(Some("Apache-2.0 WITH LLVM-exception")), 0);
    }

    #[test]
    fn every_part_must_be_allowed() {
        assert_eq!(complaints(Some("GPL-3.0-only")), 1);
        assert_eq!(complaints(Some("MIT AND GPL-3.0-only")), 1);
        assert_eq!(complaints(Some("Apache-2.0")), 1);
        assert_eq!(complaints(Some("my own")), 1);
        assert_eq!(complaints(None), 1);
    }
}
