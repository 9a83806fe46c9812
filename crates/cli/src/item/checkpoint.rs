//! Where a sweep goes on after it was stopped: `docs/formats/sweep-checkpoint.md`.

use std::io::ErrorKind;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use env::disk::read_file;
use env::{Disk, RealDisk};
use item_encryption_client::migration::{Position, Report};
use item_encryption_command::json::{item_of, json_of};
use item_encryption_format::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

const VERSION: u32 = 1;
/// A key has at most 3 KiB, as JSON a little more; there are up to 1,024.
const MAX_LEN: u64 = 8 << 20;

/// What is kept of a sweep.
pub struct Checkpoint {
    path: Option<PathBuf>,
    command: &'static str,
    table_id: String,
    segments: NonZero<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Stored {
    version: u32,
    command: String,
    table_id: String,
    segments: Vec<StoredSegment>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StoredSegment {
    behind: Option<Json>,
    done: bool,
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
    /// Of a command over a table in so many segments; without a file nothing is kept.
    pub fn new(path: Option<PathBuf>, command: &'static str, table_id: &str, segments: NonZero<u32>) -> Self {
        Self { path, command, table_id: table_id.to_owned(), segments }
    }

    /// Where an earlier run of the same command over the same table stopped; the beginning where there was none.
    pub fn load(&self) -> anyhow::Result<Vec<Position<Value>>> {
        let beginning = || Ok(Position::beginning(self.segments));
        let Some(path) = &self.path else { return beginning() };
        match read_file(&RealDisk, path, MAX_LEN) {
            Ok(bytes) => self.parsed(&bytes).with_context(|| format!("the checkpoint {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => beginning(),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read the checkpoint {}", path.display()))
            }
        }
    }

    fn parsed(&self, bytes: &[u8]) -> anyhow::Result<Vec<Position<Value>>> {
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
        if stored.segments.len() != self.segments.get() as usize {
            let count = stored.segments.len();
            bail!(
                "is of {count} segments, and this run has {}: go on with --segments {count}",
                self.segments
            );
        }
        stored.segments.into_iter().map(position).collect()
    }

    /// Keeps how far a run has come; at the end of the table the file is removed.
    pub fn save(&self, positions: &[Position<Value>]) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let saved = match positions.iter().all(|position| position.done) {
            false => replace(path, self.text(positions)?.as_bytes()),
            true => remove(path),
        };
        saved.with_context(|| format!("cannot write the checkpoint {}", path.display()))
    }

    fn text(&self, positions: &[Position<Value>]) -> anyhow::Result<String> {
        let segment = |position: &Position<Value>| StoredSegment {
            behind: position.behind.as_ref().map(json_of),
            done: position.done,
            report: StoredReport(position.report),
        };
        let stored = Stored {
            version: VERSION,
            command: self.command.to_owned(),
            table_id: self.table_id.clone(),
            segments: positions.iter().map(segment).collect(),
        };
        Ok(serde_json::to_string(&stored)? + "\n")
    }
}

fn position(stored: StoredSegment) -> anyhow::Result<Position<Value>> {
    let StoredSegment { behind, done, report } = stored;
    let behind = behind.map(item_of).transpose().map_err(anyhow::Error::msg)?;
    Ok(Position { behind, done, report: report.0 })
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
    use std::num::NonZero;

    use item_encryption_client::migration::{Position, Report};
    use item_encryption_command::json::read_item;
    use item_encryption_format::Value;

    use super::Checkpoint;

    const FIXTURE: &str = include_str!("sweep-checkpoint-1.json");
    const ID: &str = "5d1b5ca8-1a1f-4f0e-9d56-6f0a3f6a1c11";

    fn checkpoint(command: &'static str, table_id: &str, segments: u32) -> Checkpoint {
        Checkpoint::new(None, command, table_id, NonZero::new(segments).unwrap())
    }

    fn positions() -> Vec<Position<Value>> {
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
        let end = Report { scanned: 3, written: 3, ..Report::default() };
        vec![
            Position { behind: Some(key), done: false, report: counts },
            Position { behind: None, done: true, report: end },
            Position { behind: None, done: false, report: Report::default() },
        ]
    }

    #[test]
    fn the_first_version_opens_for_ever() {
        let of = checkpoint("encrypt-table", ID, 3);
        assert_eq!(of.parsed(FIXTURE.as_bytes()).unwrap(), positions());
        assert_eq!(of.text(&positions()).unwrap(), FIXTURE);
    }

    #[test]
    fn another_table_command_version_or_number_of_segments_is_refused() {
        let refused = |of: Checkpoint, text: &str| of.parsed(text.as_bytes()).unwrap_err().to_string();
        assert!(refused(checkpoint("encrypt-table", "other", 3), FIXTURE).contains("remove the file"));
        assert!(refused(checkpoint("migrate", ID, 3), FIXTURE).contains("`encrypt-table`"));
        let later = FIXTURE.replace("\"Version\":1", "\"Version\":2");
        assert!(refused(checkpoint("encrypt-table", ID, 3), &later).contains("version 2"));
        assert!(refused(checkpoint("encrypt-table", ID, 1), FIXTURE).contains("--segments 3"));
        assert!(refused(checkpoint("encrypt-table", ID, 3), "{}").contains("is not one"));
    }
}
