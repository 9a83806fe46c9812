//! Placeholders that come to mean something else.
//!
//! One placeholder may stand at several places of a query and, rewritten, mean something else at each. The first
//! meaning keeps the placeholder, so that most queries look as they did; each further one gets a new placeholder.

use std::collections::{BTreeMap, BTreeSet};

/// What a placeholder means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// What it meant.
    Same,
    /// A beacon, or the name of one's attribute.
    Text(String),
    /// The beacons of a set.
    Set(Vec<String>),
}

/// The placeholders of names, or of values.
pub struct Placeholders {
    taken: BTreeSet<String>,
    meanings: BTreeMap<String, Vec<(Meaning, String)>>,
}

impl Placeholders {
    /// Those of a query, none of which is used yet.
    pub fn new<'a>(taken: impl Iterator<Item = &'a String>) -> Self {
        Self { taken: taken.cloned().collect(), meanings: BTreeMap::new() }
    }

    /// What stands for `placeholder` where it means this.
    pub fn place(&mut self, placeholder: &str, meaning: Meaning) -> String {
        let known = self.meanings.entry(placeholder.to_owned()).or_default();
        if let Some((_, chosen)) = known.iter().find(|(other, _)| *other == meaning) {
            return chosen.clone();
        }
        let chosen = match known.len() {
            0 => placeholder.to_owned(),
            _ => free(&self.taken, placeholder),
        };
        self.taken.insert(chosen.clone());
        known.push((meaning, chosen.clone()));
        chosen
    }

    /// What changed: the placeholder of the query, the one that stands now, and what it means.
    pub fn changed(self) -> impl Iterator<Item = (String, String, Meaning)> {
        self.meanings.into_iter().flat_map(|(original, meanings)| {
            meanings.into_iter().map(move |(meaning, chosen)| (original.clone(), chosen, meaning))
        })
    }
}

fn free(taken: &BTreeSet<String>, placeholder: &str) -> String {
    let mut numbered = (1_u32..).map(|number| format!("{placeholder}_{number}"));
    numbered.find(|name| !taken.contains(name)).unwrap_or_default()
}
