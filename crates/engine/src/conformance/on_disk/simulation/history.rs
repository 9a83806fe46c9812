//! Every version of every entry of a keyspace that somebody may still ask for.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{Entry, Key};

/// The version of what was written and never acknowledged, until it is found.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// One state: what is shown at one version.
pub(super) type Entries = BTreeMap<Key, (u64, Bytes)>;

/// Versions of entries, oldest first; `None` where it was removed.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    versions: BTreeMap<Key, Vec<(u64, Option<Bytes>)>>,
    /// States before this version are forgotten.
    pub oldest: u64,
}

impl History {
    /// One that begins with a state, before which nothing can be asked for.
    pub fn beginning_with(entries: Entries, oldest: u64) -> Self {
        let first = |(key, (version, value))| (key, vec![(version, Some(value))]);
        Self { versions: entries.into_iter().map(first).collect(), oldest }
    }

    /// Notes a write.
    pub fn write(&mut self, key: &Key, version: u64, value: Option<&Bytes>) {
        self.versions.entry(key.clone()).or_default().push((version, value.cloned()));
    }

    /// The entry that a version shows.
    pub fn get(&self, key: &Key, version: u64) -> Option<(u64, &Bytes)> {
        shown(self.versions.get(key)?, version)
    }

    /// The state that a version shows.
    pub fn at(&self, version: u64) -> Entries {
        let shown = self.versions.iter().filter_map(|(key, versions)| {
            let (at, value) = shown(versions, version)?;
            Some((key.clone(), (at, value.clone())))
        });
        shown.collect()
    }

    /// The newest state.
    pub fn now(&self) -> Entries {
        self.at(u64::MAX)
    }

    /// Forgets what only states before `version` show.
    pub fn forget_before(&mut self, version: u64) {
        self.oldest = self.oldest.max(version);
        self.versions.retain(|_, versions| {
            let shown = versions.iter().rposition(|(at, _)| *at <= version);
            versions.drain(..shown.unwrap_or(0));
            !matches!(versions[..], [(at, None)] if at <= version)
        });
    }

    /// What was written without being acknowledged turned out to have this version.
    pub fn found(&mut self, version: u64) {
        for (at, _) in self.versions.values_mut().filter_map(|versions| versions.last_mut()) {
            if *at == UNKNOWN {
                *at = version;
            }
        }
    }
}

fn shown(versions: &[(u64, Option<Bytes>)], version: u64) -> Option<(u64, &Bytes)> {
    let (at, value) = versions.iter().rev().find(|(at, _)| *at <= version)?;
    value.as_ref().map(|value| (*at, value))
}

/// A state as it was read.
pub(super) fn entries_of(entries: Vec<Entry>) -> Entries {
    entries.into_iter().map(|entry| (entry.key, (entry.version.0, entry.value))).collect()
}

/// Whether a state is the one that was expected, but for versions that nobody knows yet.
pub(super) fn is_same(found: &Entries, expected: &Entries) -> bool {
    let mut pairs = found.iter().zip(expected);
    found.len() == expected.len() && pairs.all(|(one, other)| one.0 == other.0 && is_alike(one.1, other.1))
}

fn is_alike(found: &(u64, Bytes), expected: &(u64, Bytes)) -> bool {
    found.1 == expected.1 && (expected.0 == UNKNOWN || found.0 == expected.0)
}

/// How two states differ, for people.
pub(super) fn differences(found: &Entries, expected: &Entries) -> Vec<String> {
    let brief = |entry: Option<&(u64, Bytes)>| {
        entry.map(|(version, value)| (*version, value.len(), value.first().copied()))
    };
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let told = keys.into_iter().filter_map(|key| {
        let (found, expected) = (found.get(key), expected.get(key));
        let same = match (found, expected) {
            (Some(one), Some(other)) => is_alike(one, other),
            (None, None) => true,
            _ => false,
        };
        (!same).then(|| format!("{key:?}: {:?}, expected {:?}", brief(found), brief(expected)))
    });
    told.collect()
}
