//! Names to values.

use super::AttributeValue;

/// An item: its attributes by name.
pub type Item = Map;

/// Names to values, sorted by the bytes of the names, each name once.
///
/// One sorted vector: an item has about ten attributes, for which this beats trees and hash tables in space
/// and in time. Build large maps with [`FromIterator`], which sorts once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<(String, AttributeValue)>);

impl Map {
    /// Without attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.position(name).ok().map(|at| &self.0[at].1)
    }

    /// The value of this name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        self.position(name).ok().map(|at| &mut self.0[at].1)
    }

    /// Whether there is a value of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Puts a value under a name and hands back the one it replaces. Moves the entries behind it: for many
    /// names at once use [`FromIterator`] or [`Extend`].
    pub fn insert(&mut self, name: impl Into<String>, value: AttributeValue) -> Option<AttributeValue> {
        let name = name.into();
        match self.position(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        self.position(name).ok().map(|at| self.0.remove(at).1)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Keeps the attributes of which `wanted` holds.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| wanted(name));
    }

    /// From entries that are sorted and distinct already; `None` where they are not.
    #[must_use]
    pub fn from_sorted(entries: Vec<(String, AttributeValue)>) -> Option<Self> {
        entries.is_sorted_by(|one, next| one.0 < next.0).then_some(Self(entries))
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(key, _)| key.as_str().cmp(name))
    }
}

/// The last of several values of a name counts.
impl FromIterator<(String, AttributeValue)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, AttributeValue)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.reverse(); // the sort is stable and the first of equals is kept
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        entries.dedup_by(|later, kept| later.0 == kept.0);
        Self(entries)
    }
}

/// The new value of a name replaces the old one.
impl Extend<(String, AttributeValue)> for Map {
    fn extend<I: IntoIterator<Item = (String, AttributeValue)>>(&mut self, entries: I) {
        let entries: Vec<_> = entries.into_iter().collect();
        if entries.len() <= FEW {
            entries.into_iter().for_each(|(name, value)| drop(self.insert(name, value)));
        } else {
            let old = std::mem::take(&mut self.0);
            *self = old.into_iter().chain(entries).collect();
        }
    }
}

/// So many entries are inserted one by one.
const FEW: usize = 8;

impl IntoIterator for Map {
    type Item = (String, AttributeValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::{AttributeValue, Map};

    fn map(entries: &[(&str, bool)]) -> Map {
        entries.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::Bool(*value))).collect()
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        assert_eq!(map(&[("a", true), ("b", true), ("a", false)]), map(&[("b", true), ("a", false)]));
        let mut extended = map(&[("a", true), ("c", true)]);
        extended.extend(map(&[("a", false), ("b", true)]));
        assert_eq!(extended, map(&[("a", false), ("b", true), ("c", true)]));
        let many = || (0..100).map(|at| (format!("{at}"), AttributeValue::Bool(false)));
        extended.extend(many());
        assert_eq!((extended.len(), extended.get("7")), (103, Some(&AttributeValue::Bool(false))));
    }

    #[test]
    fn what_is_not_sorted_or_distinct_is_no_map() {
        let entry = |name: &str| (name.to_owned(), AttributeValue::Null);
        assert!(Map::from_sorted(vec![entry("a"), entry("b")]).is_some());
        assert!(Map::from_sorted(vec![entry("b"), entry("a")]).is_none());
        assert!(Map::from_sorted(vec![entry("a"), entry("a")]).is_none());
    }

    proptest! {
        #[test]
        fn it_behaves_as_a_tree_does(steps in prop::collection::vec(("[a-d]{1,2}", any::<Option<bool>>()), 0..40)) {
            let (mut map, mut model) = (Map::new(), BTreeMap::new());
            for (name, value) in steps {
                let value = value.map(AttributeValue::Bool);
                match value {
                    Some(value) => prop_assert_eq!(map.insert(name.clone(), value.clone()), model.insert(name, value)),
                    None => prop_assert_eq!(map.remove(&name), model.remove(&name)),
                }
            }
            let entries: Vec<_> = map.into_iter().collect();
            prop_assert_eq!(entries, model.into_iter().collect::<Vec<_>>());
        }
    }
}
