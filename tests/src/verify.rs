//! `strongroom verify` on a server's data directory, and what it lists.

use std::path::PathBuf;
use std::process::Command;

use crate::Server;
use crate::server::binary;

/// What the command said, and its status.
pub struct Told {
    /// Both streams, stdout first.
    pub text: String,
    /// The exit status.
    pub status: i32,
}

/// A place, as `--list` shows it.
#[derive(Debug, Clone)]
pub struct Place {
    /// What was found there.
    pub finding: String,
    /// Relative to the data directory.
    pub file: PathBuf,
    /// The first byte.
    pub start: u64,
    /// The byte behind the last.
    pub end: u64,
    /// As errors name it.
    pub name: String,
}

impl Place {
    /// What of its name does not count up, and the file's extension.
    #[must_use]
    pub fn kind(&self) -> String {
        let extension = self.file.extension().unwrap_or_default().to_string_lossy().into_owned();
        self.name.chars().take_while(|c| !c.is_ascii_digit()).collect::<String>() + &extension
    }
}

/// Verifies a server's data directory.
#[must_use]
pub fn verify(server: &Server, arguments: &[&str]) -> Told {
    let folder = server.data_dir().display().to_string();
    run(&[&["verify", &folder], arguments].concat())
}

/// Runs the binary to its end.
///
/// # Panics
/// Where it cannot be run.
#[must_use]
pub fn run(arguments: &[&str]) -> Told {
    let output = Command::new(binary()).args(arguments).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    Told { text, status: output.status.code().unwrap() }
}

/// Reads what `--list` wrote.
///
/// # Panics
/// Where a line of places is not one.
#[must_use]
pub fn places(list: &str) -> Vec<Place> {
    let place = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [finding, file, start, end, name] = fields[..] else { return None };
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        Some(Place { finding: finding.into(), file: file.into(), start, end, name: name.into() })
    };
    list.lines().filter_map(place).collect()
}
