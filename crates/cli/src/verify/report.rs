//! What a walk found, as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use server::verify::{Finding, KeyspaceId, Place, Verification};

/// Sums and damage of a walk.
pub struct Report<'a> {
    verification: &'a Verification,
    parts: BTreeMap<Part, Sums>,
    damage: Vec<String>,
}

/// What the sums are kept for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Seal, shred keys, the file `store`.
    Keys,
    Log,
    Keyspace(KeyspaceId),
    /// By the name of its folder.
    Checkpoint(String),
}

#[derive(Default)]
struct Sums {
    files: BTreeSet<String>,
    places: u64,
    bytes: u64,
    entries: u64,
    damaged: u64,
    unread: u64,
}

impl<'a> Report<'a> {
    pub fn new(verification: &'a Verification) -> Self {
        Self { verification, parts: BTreeMap::new(), damage: Vec::new() }
    }

    pub fn add(&mut self, place: &Place) {
        let sums = self.parts.entry(part_of(place)).or_default();
        sums.files.insert(place.file.clone());
        sums.places += 1;
        sums.bytes += place.bytes.end - place.bytes.start;
        sums.entries += place.entries;
        match place.finding {
            Finding::Damaged => {
                sums.damaged += 1;
                self.damage.push(format!("{}, {}", place.file, place.name));
            }
            Finding::Unread | Finding::Sound => sums.unread += 1,
            Finding::Authentic | Finding::Unwritten | Finding::Leftover => {}
        }
    }

    /// What was not proved of a checkpoint, and what was.
    fn doubts(&self) -> impl Iterator<Item = String> {
        let unread = self.parts.iter().filter(|(_, sums)| sums.unread > 0);
        unread.filter_map(|(part, _)| match part {
            Part::Checkpoint(id) => Some(format!(
                "checkpoint {id}: where no key was at hand, files were compared with its list by name, header and length"
            )),
            _ => None,
        })
    }

    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    fn name(&self, part: &Part) -> String {
        match part {
            Part::Keys => "keys and store".to_owned(),
            Part::Log => "log".to_owned(),
            Part::Checkpoint(id) => format!("checkpoint {id}"),
            Part::Keyspace(id) => self.verification.name(*id).map_or_else(|| id.to_string(), str::to_owned),
        }
    }
}

fn part_of(place: &Place) -> Part {
    let checkpoint = || place.file.strip_prefix("store/checkpoints/")?.split('/').next();
    match (place.keyspace, checkpoint()) {
        (Some(id), _) => Part::Keyspace(id),
        (None, Some(id)) => Part::Checkpoint(id.to_owned()),
        (None, None) if place.file.starts_with("store/log") => Part::Log,
        (None, None) => Part::Keys,
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<40} {:>6} {:>9} {:>15} {:>10}  state", "", "files", "places", "bytes", "entries")?;
        for (part, sums) in &self.parts {
            let name = self.name(part);
            let (files, places, bytes, entries) = (sums.files.len(), sums.places, sums.bytes, sums.entries);
            writeln!(f, "{name:<40} {files:>6} {places:>9} {bytes:>15} {entries:>10}  {}", sums.state())?;
        }
        for damage in &self.damage {
            writeln!(f, "damaged: {damage}")?;
        }
        for note in self.verification.notes.iter().cloned().chain(self.doubts()) {
            writeln!(f, "note: {note}")?;
        }
        let proof = match self.verification.has_root_key() {
            true => "content authenticated, as far as keys could be had",
            false => {
                "structure only: without the root key, headers, lengths and names were checked, and no content"
            }
        };
        match self.damage.len() {
            0 => writeln!(f, "no damage found ({proof})"),
            1 => writeln!(f, "1 damaged place ({proof})"),
            many => writeln!(f, "{many} damaged places ({proof})"),
        }
    }
}

impl Sums {
    fn state(&self) -> String {
        match (self.damaged, self.unread) {
            (0, 0) => "authentic".to_owned(),
            (0, unread) => format!("{unread} not authenticated"),
            (damaged, 0) => format!("{damaged} DAMAGED"),
            (damaged, unread) => format!("{damaged} DAMAGED, {unread} not authenticated"),
        }
    }
}

/// A place, as `--list` shows it.
pub fn line(place: &Place) -> String {
    let finding = match place.finding {
        Finding::Authentic => "authentic",
        Finding::Sound => "sound",
        Finding::Unread => "unread",
        Finding::Unwritten => "unwritten",
        Finding::Leftover => "leftover",
        Finding::Damaged => "damaged",
    };
    format!("{finding}\t{}\t{}\t{}\t{}", place.file, place.bytes.start, place.bytes.end, place.name)
}
