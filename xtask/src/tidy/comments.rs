//! Comments give reasons: no ticket ids, no history, no debts.

use super::{Complaint, Repository};

/// Words of a diary. What the code was before, version control knows.
const HISTORY: &[&str] = &[
    "previously",
    "formerly",
    "used to be",
    "has been renamed",
    "was renamed",
    "renamed from",
    "moved from",
    "we changed",
    "refactored",
    "in the old version",
];

/// Debts. What is missing is refused with an error, and stands in the papers.
const DEBTS: &[&str] = &["todo", "fixme", "xxx", "hack"];

/// What trackers call their entries.
const TRACKERS: &[&str] = &["issue", "ticket", "bug", "pr", "gh"];

pub fn check(repository: &Repository) -> Vec<Complaint> {
    let sources = repository.sources().filter(|(path, _)| *path != "xtask/src/tidy/comments.rs");
    sources.flat_map(|(path, text)| complaints_of(path, text)).collect()
}

fn complaints_of(path: &str, text: &str) -> Vec<Complaint> {
    let numbered = text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, comment_in(line)?)));
    numbered
        .filter_map(|(line, comment)| Some(Complaint::new(format!("{path}:{line}"), wrong_with(comment)?)))
        .collect()
}

/// The comment of a line: what follows a `//` that stands outside a string and is not part of an address.
fn comment_in(line: &str) -> Option<&str> {
    let outside = |at: usize| line[..at].replace("\\\"", "").matches('"').count().is_multiple_of(2);
    let starts = line.match_indices("//").map(|(at, _)| at);
    let start = starts.into_iter().find(|&at| outside(at) && !line[..at].ends_with(':'))?;
    Some(&line[start + 2..])
}

fn wrong_with(comment: &str) -> Option<String> {
    let lower = comment.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != '#').filter(|word| !word.is_empty()).collect();
    let plain = words.join(" ");
    let has = |phrase: &&&str| format!(" {plain} ").contains(&format!(" {phrase} "));
    if let Some(ticket) = ticket_in(&words) {
        return Some(format!("`{ticket}` names a ticket: give the reason instead"));
    }
    if let Some(phrase) = HISTORY.iter().find(has) {
        return Some(format!("`{phrase}` tells history: say why the code is as it is"));
    }
    let debt = DEBTS.iter().find(has)?;
    Some(format!("`{debt}` is a debt: do it, or refuse it with an error and say so in the papers"))
}

fn ticket_in(words: &[&str]) -> Option<String> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let hash = words.iter().find(|word| word.strip_prefix('#').is_some_and(is_number));
    let named = words.windows(2).find(|pair| TRACKERS.contains(&pair[0]) && is_number(pair[1]));
    hash.map(|word| (*word).to_owned()).or_else(|| named.map(|pair| pair.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::Repository;

    fn complaints(line: &str) -> usize {
        check(&Repository::of(&[("src/a.rs", line)])).len()
    }

    #[test]
    fn tickets_history_and_debts_are_told() {
        let lines = [
            "// see #12",
            "let a = 1; // issue 7",
            "/// Previously a list.",
            "//! This used to be a map.",
            "// TODO: more",
            "// FIXME",
        ];
        for line in lines {
            assert_eq!(complaints(line), 1, "{line}");
        }
    }

    #[test]
    fn reasons_are_fine() {
        let lines = [
            "// the nonce is the record's number",
            "#[derive(Debug)] // used to derive file keys",
            "let text = \"// TODO\";",
            "let address = \"http://example.com/#12\";",
            "// RFC 5869 section 2.2; an issue with 3 sides",
        ];
        for line in lines {
            assert_eq!(complaints(line), 0, "{line}");
        }
    }
}
