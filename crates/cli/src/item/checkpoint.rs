//! Where a sweep goes on after it was stopped: `docs/formats/sweep-checkpoint.md`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use env::disk::read_file;
use env::{Disk, RealDisk};
use item_encryption_client::migration::Report;
use item_encryption_command::json::{Item, item_of, json_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const VERSION: u32 = 1;
/// A key has at most 3 KiB, as JSON a little more.
const MAX_LEN: u64 = 64 << 10;

/// What is kept of a sweep.
pub struct Checkpoint {
    path: Option<PathBuf>,
    command: &'static str,
    table_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Stored {
    version: u32,
    command: String,
    table_id: String,
    behind: Value,
    report: StoredReport,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, remote = "Report")]
struct StoredCounts {
    scanned: u64,
    written: u64,
    done: u64,
    left_current: u64,
    left_legacy: u64,
    left_plaintext: u64,
    refused: u64,
    gone: u64,
    conflicts: u64,
}

/// A report as it is stored and printed.
#[derive(Serialize, Deserialize)]
pub struct StoredReport(#[serde(with = "StoredCounts")] pub Report);

impl Checkpoint {
    /// Of a command over a table; without a file nothing is kept.
    pub fn new(path: Option<PathBuf>, command: &'static str, table_id: &str) -> Self {
        Self { path, command, table_id: table_id.to_owned() }
    }

    /// Where an earlier run of the same command over the same table stopped; the beginning where there was none.
    pub fn load(&self) -> anyhow::Result<(Option<Item>, Report)> {
        let Some(path) = &self.path else { return Ok((None, Report::default())) };
        match read_file(&RealDisk, path, MAX_LEN) {
            Ok(bytes) => self.parsed(&bytes).with_context(|| format!("the checkpoint {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((None, Report::default())),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read the checkpoint {}", path.display()))
            }
        }
    }

    fn parsed(&self, bytes: &[u8]) -> anyhow::Result<(Option<Item>, Report)> {
        let stored: Stored = serde_json::from_slice(bytes).context("is not one")?;
        if stored.version != VERSION {
            bail!("has version {}; this program knows version {VERSION}", stored.version);
        }
        if stored.command != self.command || stored.table_id != self.table_id {
            bail!(
                "is of `{}` over the table {}, and this is `{}` over {}: remove the file, or name another",
                stored.command,
                stored.table_id,
                self.command,
                self.table_id
            );
        }
        Ok((Some(item_of(stored.behind).map_err(anyhow::Error::msg)?), stored.report.0))
    }

    /// Keeps how far a run has come; at the end of the table the file is removed.
    pub fn save(&self, behind: Option<&Item>, report: &Report) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let saved = match behind {
            Some(key) => replace(path, self.text(key, report)?.as_bytes()),
            None => remove(path),
        };
        saved.with_context(|| format!("cannot write the checkpoint {}", path.display()))
    }

    fn text(&self, behind: &Item, report: &Report) -> anyhow::Result<String> {
        let stored = Stored {
            version: VERSION,
            command: self.command.to_owned(),
            table_id: self.table_id.clone(),
            behind: json_of(behind),
            report: StoredReport(*report),
        };
        Ok(serde_json::to_string(&stored)? + "\n")
    }
}

/// Writes beside the file and renames, so that whoever stops the program finds the old or the new one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    remove(beside)?;
    let file = RealDisk.create(beside)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    RealDisk.rename(beside, path)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match RealDisk.remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use item_encryption_client::migration::Report;
    use item_encryption_command::json::read_item;

    use super::Checkpoint;

    const FIXTURE: &str = include_str!("sweep-checkpoint-1.json");

    fn checkpoint(command: &'static str, table_id: &str) -> Checkpoint {
        Checkpoint::new(None, command, table_id)
    }

    #[test]
    fn the_first_version_opens_for_ever() {
        let of = checkpoint("encrypt-table", "5d1b5ca8-1a1f-4f0e-9d56-6f0a3f6a1c11");
        let (behind, report) = of.parsed(FIXTURE.as_bytes()).unwrap();
        let key = read_item(r#"{"author":{"S":"é"},"number":{"N":"7.5"}}"#).unwrap();
        let counts = Report {
            scanned: 70,
            written: 50,
            done: 10,
            refused: 8,
            gone: 2,
            conflicts: 1,
            ..Report::default()
        };
        assert_eq!((behind.as_ref(), report), (Some(&key), counts));
        assert_eq!(of.text(&key, &counts).unwrap(), FIXTURE);
    }

    #[test]
    fn another_table_command_or_version_is_refused() {
        let id = "5d1b5ca8-1a1f-4f0e-9d56-6f0a3f6a1c11";
        let refused = |of: Checkpoint, text: &str| of.parsed(text.as_bytes()).unwrap_err().to_string();
        assert!(refused(checkpoint("encrypt-table", "other"), FIXTURE).contains("remove the file"));
        assert!(refused(checkpoint("migrate", id), FIXTURE).contains("`encrypt-table`"));
        let later = FIXTURE.replace("\"Version\":1", "\"Version\":2");
        assert!(refused(checkpoint("encrypt-table", id), &later).contains("version 2"));
        assert!(refused(checkpoint("encrypt-table", id), "{}").contains("is not one"));
    }
}
