//! Where in an item a value stands: an attribute, or what is nested in one.
//!
//! ```text
//! location  name ( .key | ['key'] | [index] )*
//! ```

use std::collections::HashMap;

use item_encryption_format::{AttributeValue, View};

/// The longest a location may be.
const MAX_STEPS: usize = 32;

/// A parsed location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    attribute: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Location {
    /// Parses a location; `None` where the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (attribute, mut rest) = text.split_at(end);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = step(rest)?;
            steps.push(step);
            rest = behind;
        }
        let is_well = !attribute.is_empty() && steps.len() <= MAX_STEPS;
        is_well.then(|| Self { attribute: attribute.to_owned(), steps })
    }

    /// The attribute it begins with.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Whether it is the whole attribute.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.steps.is_empty()
    }

    /// The value there.
    #[must_use]
    pub fn find<'i, V: AttributeValue>(&self, item: &'i HashMap<String, V>) -> Option<&'i V> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (value.view(), step) {
            (View::M(map), Step::Key(key)) => map.into_iter().find(|(name, _)| name == key).map(|(_, v)| v),
            (View::L(list), Step::Index(at)) => list.get(*at).copied(),
            _ => None,
        })
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(text) = text.strip_prefix('.') {
        let (key, rest) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
        return (!key.is_empty()).then(|| (Step::Key(key.to_owned()), rest));
    }
    if let Some(text) = text.strip_prefix("['") {
        let (key, rest) = text.split_once("']")?;
        return Some((Step::Key(key.to_owned()), rest));
    }
    let (index, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use item_encryption_format::Value;

    use super::Location;

    #[test]
    fn a_location_finds_what_is_nested() {
        let text = |text: &str| Value::S(text.to_owned());
        let map = BTreeMap::from([("b.c".to_owned(), Value::L(vec![text("x"), text("y")]))]);
        let item = HashMap::from([("a".to_owned(), Value::M(map))]);
        let find = |at: &str| Location::parse(at).unwrap().find(&item);
        assert_eq!(find("a['b.c'][1]"), Some(&text("y")));
        for nothing in ["a.b.c", "a['b.c'][2]", "b", "a[0]"] {
            assert_eq!(find(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_location_is_refused() {
        for text in ["", ".a", "a.", "a[", "a[x]", "a[-1]", "a['b", "a[0]b"] {
            assert_eq!(Location::parse(text), None, "{text}");
        }
    }
}
