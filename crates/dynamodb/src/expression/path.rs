//! Where a value lies in an item: an attribute, and steps into its documents.

use std::fmt;

use super::error::Problem;
use crate::value::{AttributeValue, Item};

/// A document path, such as `a.b[0].c`.
///
/// Paths are ordered step by step, names before indexes, so that the paths below one lie right behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Path {
    /// The attribute.
    pub attribute: String,
    /// The way from there.
    pub steps: Vec<Step>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a map.
    Name(String),
    /// Into a list, from 0.
    Index(usize),
}

impl Path {
    /// The path of a whole attribute.
    #[must_use]
    pub fn of_attribute(name: impl Into<String>) -> Self {
        Self { attribute: name.into(), steps: Vec::new() }
    }

    /// What lies there in an item.
    #[must_use]
    pub fn find<'i>(&self, item: &'i Item) -> Option<&'i AttributeValue> {
        find_along(item.get(&self.attribute), &self.steps)
    }

    /// Whether one of the two leads to or through where the other leads.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self.steps.iter().zip(&other.steps).all(|(one, other)| one == other)
    }

    /// Whether both step into one value, one as into a map and the other as into a list.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let mut pairs = self.steps.iter().zip(&other.steps);
        let parting = pairs.find(|(one, other)| one != other);
        self.attribute == other.attribute
            && matches!(parting, Some((Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_))))
    }
}

/// What lies at the end of a way.
pub(super) fn find_along<'v>(start: Option<&'v AttributeValue>, way: &[Step]) -> Option<&'v AttributeValue> {
    way.iter().try_fold(start?, |value, step| step.down(value))
}

impl Step {
    /// The value one step down, to change.
    pub(super) fn down_mut<'v>(&self, value: &'v mut AttributeValue) -> Option<&'v mut AttributeValue> {
        match (self, value) {
            (Self::Name(name), AttributeValue::M(map)) => map.get_mut(name),
            (Self::Index(index), AttributeValue::L(list)) => list.get_mut(*index),
            _ => None,
        }
    }

    fn down<'v>(&self, value: &'v AttributeValue) -> Option<&'v AttributeValue> {
        match (self, value) {
            (Self::Name(name), AttributeValue::M(map)) => map.get(name),
            (Self::Index(index), AttributeValue::L(list)) => list.get(*index),
            _ => None,
        }
    }
}

/// As AWS tells paths: `[a, b, [0]]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.attribute)?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}

/// Two paths of which only one can be meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Clash<'p> {
    /// One leads to or through where the other leads.
    Overlap(&'p Path, &'p Path),
    /// One sees a map where the other sees a list.
    Conflict(&'p Path, &'p Path),
}

impl Clash<'_> {
    pub(super) fn problem(&self) -> Problem {
        match self {
            Self::Overlap(one, other) => Problem::PathsOverlap(one.to_string(), other.to_string()),
            Self::Conflict(one, other) => Problem::PathsConflict(one.to_string(), other.to_string()),
        }
    }
}

/// The first clash among paths. Sorted paths clash with a neighbour where they clash at all, so the search
/// for the first pair is made only where there is one.
pub(super) fn first_clash<'p>(paths: &[&'p Path]) -> Option<Clash<'p>> {
    let mut sorted = paths.to_vec();
    sorted.sort_unstable();
    if !sorted.windows(2).any(|pair| clash(pair[0], pair[1]).is_some()) {
        return None;
    }
    let with_later =
        |(at, one): (usize, &&'p Path)| paths[at + 1..].iter().find_map(|other| clash(one, other));
    paths.iter().enumerate().find_map(with_later)
}

fn clash<'p>(one: &'p Path, other: &'p Path) -> Option<Clash<'p>> {
    if one.overlaps(other) {
        Some(Clash::Overlap(one, other))
    } else if one.conflicts(other) {
        Some(Clash::Conflict(one, other))
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{Clash, Path, Step, clash, first_clash};

    /// A path from text such as `a.b.0`.
    pub(crate) fn path(text: &str) -> Path {
        let mut parts = text.split('.');
        let attribute = parts.next().unwrap().to_owned();
        let step = |part: &str| part.parse().map_or_else(|_| Step::Name(part.to_owned()), Step::Index);
        Path { attribute, steps: parts.map(step).collect() }
    }

    #[test]
    fn paths_are_told_as_aws_does() {
        assert_eq!(path("a.b.0.c").to_string(), "[a, b, [0], c]");
    }

    #[test]
    fn clashes_are_found() {
        let (a, ab, a0, b) = (path("a"), path("a.b"), path("a.0"), path("b"));
        assert_eq!(first_clash(&[&a, &b]), None);
        assert_eq!(first_clash(&[&ab, &b, &a]), Some(Clash::Overlap(&ab, &a)));
        assert_eq!(first_clash(&[&a0, &b, &ab]), Some(Clash::Conflict(&a0, &ab)));
        assert_eq!(first_clash(&[&ab, &path("a.c"), &b]), None);
        assert_eq!(first_clash(&[&b, &b]), Some(Clash::Overlap(&b, &b)));
    }

    proptest! {
        #[test]
        fn no_clash_is_missed(texts in prop::collection::vec("[ab](\\.[ab01]){0,3}", 0..6)) {
            let paths: Vec<Path> = texts.iter().map(|text| path(text)).collect();
            let all: Vec<&Path> = paths.iter().collect();
            let any = (0..all.len()).any(|at| all[at + 1..].iter().any(|other| clash(all[at], other).is_some()));
            prop_assert_eq!(first_clash(&all).is_some(), any);
        }
    }
}
