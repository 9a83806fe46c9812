//! The schema as deployed, in a small file of the application's repository.
//!
//! ```text
//! table "Notes"
//! partition-key "id"
//! sort-key "seq"
//! attribute "body" ENCRYPT_AND_SIGN
//! attribute "link" SIGN_ONLY retired
//! attribute "score" ENCRYPT_AND_SIGN announced
//! ```
//!
//! A test of the application compares it with the code. Any difference fails, and the failure says whether
//! the change may be deployed, in which order, and what to record.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::Action;
use crate::schema::{Schema, Stage};

/// Fails a test when a type's schema is not the recorded one; the path begins at the crate's manifest.
#[macro_export]
macro_rules! assert_schema_fingerprint {
    ($item:ty, $path:expr) => {
        let path = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($path);
        let schema = <$item as $crate::EncryptedItem>::schema();
        if let Err(difference) = $crate::fingerprint::check_file(&schema, &path) {
            panic!("{difference}");
        }
    };
}

/// Compares a schema with the file that records it.
///
/// # Errors
/// What differs and what to do.
pub fn check_file(schema: &Schema, path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("cannot read {}: {error}\nTo begin, write it with:\n\n{}", path.display(), recorded(schema))
    })?;
    check(schema, &text).map_err(|difference| format!("{}: {difference}", path.display()))
}

/// The record of a schema.
#[must_use]
pub fn recorded(schema: &Schema) -> String {
    let mut text = String::new();
    for (key, value) in lines(schema) {
        let _ = writeln!(text, "{key}{value}");
    }
    text
}

/// Compares a schema with its record.
///
/// # Errors
/// What differs and what to do: a sentence for each, then the record to write, where one may be written.
pub fn check(schema: &Schema, record: &str) -> Result<(), String> {
    let (now, then) = (lines(schema), parsed(record)?);
    let mut told = Vec::new();
    let mut breaks = false;
    for key in now.keys().chain(then.keys().filter(|key| !now.contains_key(*key))) {
        let verdict = judged(key, then.get(key).map(String::as_str), now.get(key).map(String::as_str));
        let Some(verdict) = verdict else { continue };
        breaks |= matches!(verdict, Verdict::Breaks(_));
        let (Verdict::Breaks(text) | Verdict::Deploy(text)) = verdict;
        told.push(text);
    }
    if told.is_empty() {
        return Ok(());
    }
    let mut text = told.join("\n");
    if !breaks {
        let _ = write!(text, "\nWhen that is done, record:\n\n{}", recorded(schema));
    }
    Err(text)
}

/// What a difference means.
enum Verdict {
    /// Items would not open any more.
    Breaks(String),
    /// It may be recorded when something has been deployed.
    Deploy(String),
}

fn judged(key: &str, then: Option<&str>, now: Option<&str>) -> Option<Verdict> {
    let name = key.strip_prefix("attribute ").map(str::trim);
    Some(match (name, then, now) {
        (_, None, None) => return None,
        (_, Some(then), Some(now)) if then == now => return None,
        (Some(name), None, Some(now)) => arrived(name, now),
        (Some(name), Some(then), None) => Verdict::Breaks(gone(name, then)),
        (Some(name), Some(then), Some(now)) => changed(name, then, now),
        (None, then, now) => Verdict::Breaks(bound_otherwise(key, then, now)),
    })
}

fn arrived(name: &str, now: &str) -> Verdict {
    if now.ends_with(" announced") {
        return Verdict::Deploy(format!(
            "stage 1 of 2: {name} is announced. Deploy this version to every reader; nobody writes {name} yet."
        ));
    }
    Verdict::Breaks(format!(
        "{name} is new, and would be written before others know its action: they refuse it when they write the item \
         again, and, where it is not signed, when they read it. \
         Stage 1 of 2: declare it `announced({})` with #[serde(skip_serializing)], record and deploy that everywhere; \
         only then let it be written.",
        spelled_in_code(now)
    ))
}

fn gone(name: &str, then: &str) -> String {
    format!(
        "{name} is gone, but items that carry it are still there, and a reader that does not know its action \
         refuses them. Keep it as #[ddb(retired({}))] with #[serde(skip)].",
        spelled_in_code(then)
    )
}

fn changed(name: &str, then: &str, now: &str) -> Verdict {
    let ((action_then, stage_then), (action_now, stage_now)) = (split(then), split(now));
    if (action_then == "DO_NOTHING") != (action_now == "DO_NOTHING") {
        return Verdict::Breaks(format!(
            "{name} moves between signed and not signed ({action_then} -> {action_now}): every item written before \
             stops to open. Take the change back, and use a new attribute instead."
        ));
    }
    if action_then != action_now {
        return Verdict::Deploy(format!(
            "{name} changes from {action_then} to {action_now}. Items of the current format say what was done to \
             them, so readers and writers may be deployed in any order; items of the legacy format would not open."
        ));
    }
    match (stage_then, stage_now) {
        ("announced", "written") => Verdict::Deploy(format!(
            "stage 2 of 2: {name} begins to be written. Confirm first that every reader runs a version in which it \
             is announced."
        )),
        ("retired", "written") => Verdict::Deploy(format!("{name} is written again; every reader knows it.")),
        _ => Verdict::Deploy(format!("{name} is now {stage_now}; readers keep its action.")),
    }
}

fn bound_otherwise(key: &str, then: Option<&str>, now: Option<&str>) -> String {
    let (then, now) = (then.unwrap_or("nothing"), now.unwrap_or("nothing"));
    let advice = match key.trim() {
        "table" => {
            "Keep logical_table, whatever the table is called; or let every reader read_as the new name first, \
             and read_as the old one from then on"
        }
        _ => "Items are bound to their key attributes; a table with other keys is another table",
    };
    format!("the {} changes from {then} to {now}: items written before do not open. {advice}.", key.trim())
}

fn split(value: &str) -> (&str, &str) {
    value.split_once(' ').unwrap_or((value, "written"))
}

fn spelled_in_code(value: &str) -> &'static str {
    match split(value).0 {
        "ENCRYPT_AND_SIGN" => "encrypt",
        "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT" => "context",
        "SIGN_ONLY" => "sign",
        _ => "unsigned",
    }
}

/// The record's lines, split where the value begins.
fn lines(schema: &Schema) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    lines.insert("table ".to_owned(), format!("{:?}", schema.logical_table_name));
    lines.insert("partition-key ".to_owned(), format!("{:?}", schema.partition_key));
    if let Some(key) = &schema.sort_key {
        lines.insert("sort-key ".to_owned(), format!("{key:?}"));
    }
    for attribute in &schema.attributes {
        let stage = match attribute.stage {
            Stage::Announced => " announced",
            Stage::Written => "",
            Stage::Retired => " retired",
        };
        lines.insert(
            format!("attribute {:?} ", attribute.name),
            format!("{}{stage}", attribute.action.name()),
        );
    }
    lines
}

fn parsed(record: &str) -> Result<BTreeMap<String, String>, String> {
    let meant = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    record.lines().filter(meant).map(parsed_line).collect()
}

fn parsed_line(line: &str) -> Result<(String, String), String> {
    let line = line.trim_end();
    let unknown = || format!("the line {line:?} is no part of a record");
    let at = match line.strip_prefix("attribute ") {
        Some(rest) => line.len() - rest.len() + rest.rfind("\" ").ok_or_else(unknown)? + 2,
        None => line.find(' ').ok_or_else(unknown)? + 1,
    };
    let (key, value) = line.split_at(at);
    Ok((key.to_owned(), value.to_owned()))
}

impl Action {
    /// Its name in AWS's spelling.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EncryptAndSign => "ENCRYPT_AND_SIGN",
            Self::SignAndIncludeInEncryptionContext => "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
            Self::SignOnly => "SIGN_ONLY",
            Self::DoNothing => "DO_NOTHING",
        }
    }
}
