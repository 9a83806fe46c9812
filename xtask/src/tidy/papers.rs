//! Paths and links in the papers lead somewhere; every stored format names a fixture that exists.

use super::{Complaint, Repository};

/// Where a path that a paper names may begin.
const FOLDERS: &[&str] = &["crates/", "docs/", "tests/", "fuzz/", "xtask/", "libs/"];
const FORMATS: &str = "docs/formats/";

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let papers = repository.iter().filter(|(path, _)| path.ends_with(".md"));
    let mut complaints: Vec<_> = papers.flat_map(|(path, text)| dead_links(repository, path, text)).collect();
    if let Some(text) = repository.text("ARCHITECTURE.md") {
        complaints.extend(dead_paths(repository, "ARCHITECTURE.md", text));
    }
    let formats = repository.iter().filter(|(path, _)| path.starts_with(FORMATS) && path.ends_with(".md"));
    complaints.extend(formats.filter_map(|(path, text)| without_fixture(repository, path, text)));
    complaints
}

fn dead_paths(repository: &Repository, paper: &str, text: &str) -> Vec<Complaint> {
    let dead = paths_in(text).filter(|path| !repository.exists(path));
    dead.map(|path| Complaint::new(paper, format!("`{path}` does not exist: say where it is now"))).collect()
}

/// Words that begin like a path of this checkout, without placeholders.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "`()[],;|".contains(c));
    let paths = words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
    paths.filter(|word| !word.contains(['<', '*', '…'])).map(|word| word.trim_end_matches(['.', ':']))
}

fn dead_links(repository: &Repository, paper: &str, text: &str) -> Vec<Complaint> {
    let folder = paper.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|link| !link.contains("://") && !link.starts_with('#'));
    let dead = local.filter(|link| !repository.exists(&resolve(folder, link)));
    dead.map(|link| Complaint::new(paper, format!("the link `{link}` leads nowhere"))).collect()
}

/// `docs`, `../SECURITY.md#x` -> `SECURITY.md`
fn resolve(folder: &str, link: &str) -> String {
    let path = link.split('#').next().unwrap_or(link);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn without_fixture(repository: &Repository, page: &str, text: &str) -> Option<Complaint> {
    let is_index = page.ends_with("/README.md");
    let is_code = |path: &str| [".rs", ".md", "/"].iter().any(|end| path.ends_with(end));
    let file = paths_in(text).any(|path| !is_code(path) && repository.exists(path));
    // Short formats have their first bytes in a test, which then says so in its name.
    let test = text.split('`').any(|word| word.ends_with("_for_ever") && has_function(repository, word));
    let fixture = file || test;
    let advice = "names no fixture that exists (a file, by its path from the root, or a test `…_for_ever`): a stored \
                  format must open for ever";
    (!is_index && !fixture).then(|| Complaint::new(page, advice))
}

fn has_function(repository: &Repository, name: &str) -> bool {
    let definition = format!("fn {name}(");
    repository.sources().any(|(_, text)| text.contains(&definition))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    #[test]
    fn paths_of_the_architecture_exist() {
        let text = "see `crates/env/src/clock.rs`, crates/env and `crates/<api>/src/x.rs`.";
        let clock = ("crates/env/src/clock.rs", "");
        assert_eq!(check(&Repository::of(&[("ARCHITECTURE.md", text), clock])), []);
        assert_eq!(check(&Repository::of(&[("ARCHITECTURE.md", text)])).len(), 2);
    }

    #[test]
    fn links_lead_somewhere() {
        let keys = ("docs/keys.md", "[up](../README.md) [web](https://example.com) [beside](a.md#part)");
        assert_eq!(check(&Repository::of(&[keys])).len(), 2);
        assert_eq!(check(&Repository::of(&[keys, ("README.md", ""), ("docs/a.md", "")])), []);
    }

    #[test]
    fn a_format_names_a_fixture_that_exists() {
        let page = (
            "docs/formats/log.md",
            "`crates/engine/src/log.rs`, fixture `crates/engine/fixtures/log-v1.bin`",
        );
        let code = ("crates/engine/src/log.rs", "fn log() {}");
        assert_eq!(check(&Repository::of(&[page, code])).len(), 1);
        assert_eq!(check(&Repository::of(&[page, code, ("crates/engine/fixtures/log-v1.bin", "")])), []);
        let short = ("docs/formats/item.md", "`first_bytes_stay_for_ever`");
        assert_eq!(check(&Repository::of(&[short])).len(), 1);
        assert_eq!(
            check(&Repository::of(&[short, ("crates/a.rs", "fn first_bytes_stay_for_ever() {}")])),
            []
        );
    }
}
