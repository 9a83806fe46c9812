//! The rules of the house that a compiler does not know, one file each.
//!
//! | rule | says |
//! |---|---|
//! | [`ladder`] | a crate depends only on crates above its own line in the root `Cargo.toml` |
//! | [`names`] | nothing is called util, helper, common, misc |
//! | [`lengths`] | functions of at most 70 lines, files of at most 800 |
//! | [`operations`] | every operation has its file, its conformance test, its row in the table of differences |
//! | [`decoders`] | every decoder of untrusted bytes has its fuzz target, with seeds |
//! | [`comments`] | comments give reasons: no tickets, no history, no debts |
//! | [`papers`] | paths and links in the papers lead somewhere; every stored format has its fixture |
//! | [`cipher`] | only `crates/crypto` touches the cipher library |
//! | [`licences`] | what we are built of is licensed as `deny.toml` allows |
//! | [`budget`] | item encryption without a KMS names at most 15 crates |
//!
//! Clippy enforces the rest (`clippy.toml`: clocks, files and randomness only in `env`).

mod budget;
mod cipher;
mod comments;
mod decoders;
mod ladder;
mod lengths;
mod licences;
mod names;
mod operations;
mod papers;
mod repository;

use anyhow::Result;
use repository::Repository;

/// A broken rule: where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    place: String,
    advice: String,
}

impl Complaint {
    fn new(place: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { place: place.into(), advice: advice.into() }
    }
}

/// The targets that fuzz a decoder, each once.
pub fn fuzz_targets() -> Vec<&'static str> {
    let mut targets: Vec<_> = decoders::DECODERS.iter().map(|(_, target)| *target).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

type Rule = (&'static str, fn(&Repository) -> Vec<Complaint>);

const RULES: &[Rule] = &[
    ("ladder", ladder::check),
    ("names", names::check),
    ("lengths", lengths::check),
    ("operations", operations::check),
    ("decoders", decoders::check),
    ("comments", comments::check),
    ("papers", papers::check),
    ("cipher", cipher::check),
    ("licences", licences::check),
    ("budget", budget::check),
];

/// Applies every rule to the checkout and tells how it stands.
pub fn run() -> Result<bool> {
    let repository = Repository::read(&crate::root())?;
    let tidy = is_tidy(&repository);
    if tidy {
        println!("tidy: {} files keep all {} rules", repository.files.len(), RULES.len());
    }
    Ok(tidy)
}

/// The same, and silent where all is well.
pub fn run_quietly() -> Result<bool> {
    Ok(is_tidy(&Repository::read(&crate::root())?))
}

/// Tells what is broken.
fn is_tidy(repository: &Repository) -> bool {
    let mut tidy = true;
    for (name, rule) in RULES {
        for complaint in rule(repository) {
            println!("{}: {} [{name}]", complaint.place, complaint.advice);
            tidy = false;
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::{RULES, Repository};

    #[test]
    fn an_empty_repository_breaks_no_rule_but_that_of_its_papers() {
        let empty = Repository::of(&[]);
        for (name, rule) in RULES.iter().filter(|(name, _)| !["papers", "decoders"].contains(name)) {
            assert_eq!(rule(&empty), [], "{name}");
        }
    }
}
