//! Parts of an item: what reads return of it.

use super::error::Problem;
use super::path::{Path, Step, first_clash};
use crate::value::{AttributeValue, Item, Map};

/// Which parts of an item are wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    /// In the order of the names' bytes.
    attributes: Vec<(String, Wanted)>,
}

/// What is wanted of a value.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Whole,
    Members(Vec<(String, Wanted)>),
    Elements(Vec<(usize, Wanted)>),
}

impl Projection {
    /// The projection to these paths.
    ///
    /// # Errors
    /// Paths that overlap or conflict.
    pub(super) fn of_paths(mut paths: Vec<Path>) -> Result<Self, Problem> {
        if let Some(clash) = first_clash(&paths.iter().collect::<Vec<_>>()) {
            return Err(clash.problem());
        }
        paths.sort_unstable();
        Ok(Self::of_sorted(&paths.iter().collect::<Vec<_>>()))
    }

    /// The projection to sorted paths that do not clash.
    pub(super) fn of_sorted(paths: &[&Path]) -> Self {
        let groups = paths.chunk_by(|one, next| one.attribute == next.attribute);
        let attribute = |group: &[&Path]| {
            let rests: Vec<&[Step]> = group.iter().map(|path| path.steps.as_slice()).collect();
            (group[0].attribute.clone(), wanted(&rests))
        };
        Self { attributes: groups.map(attribute).collect() }
    }

    /// Whether it wants of this attribute anything at all.
    #[must_use]
    pub fn wants(&self, attribute: &str) -> bool {
        self.attributes.binary_search_by(|(name, _)| name.as_str().cmp(attribute)).is_ok()
    }

    /// The wanted parts of an item. Elements of a list move together; documents of which nothing is there
    /// are left out.
    #[must_use]
    pub fn of(&self, item: &Item) -> Item {
        members(&self.attributes, item)
    }
}

/// What is wanted by sorted ways that do not clash: either one that is at its end, or all step alike.
fn wanted(ways: &[&[Step]]) -> Wanted {
    match ways.first().and_then(|way| way.first()) {
        None => Wanted::Whole,
        Some(Step::Name(_)) => Wanted::Members(grouped(ways, |step| match step {
            Step::Name(name) => Some(name.clone()),
            Step::Index(_) => None,
        })),
        Some(Step::Index(_)) => Wanted::Elements(grouped(ways, |step| match step {
            Step::Index(index) => Some(*index),
            Step::Name(_) => None,
        })),
    }
}

fn grouped<K>(ways: &[&[Step]], key: impl Fn(&Step) -> Option<K>) -> Vec<(K, Wanted)> {
    let groups = ways.chunk_by(|one, next| one.first() == next.first());
    let entry = |group: &[&[Step]]| {
        let rests: Vec<&[Step]> = group.iter().map(|way| &way[1..]).collect();
        Some((key(group[0].first()?)?, wanted(&rests)))
    };
    groups.filter_map(entry).collect()
}

fn members(wanted: &[(String, Wanted)], map: &Map) -> Map {
    let picked =
        wanted.iter().filter_map(|(name, wanted)| Some((name.clone(), part(wanted, map.get(name)?)?)));
    picked.collect()
}

fn part(wanted: &Wanted, value: &AttributeValue) -> Option<AttributeValue> {
    match (wanted, value) {
        (Wanted::Whole, _) => Some(value.clone()),
        (Wanted::Members(wanted), AttributeValue::M(map)) => {
            Some(members(wanted, map)).filter(|map| !map.is_empty()).map(AttributeValue::M)
        }
        (Wanted::Elements(wanted), AttributeValue::L(list)) => {
            let picked = wanted.iter().filter_map(|(index, wanted)| part(wanted, list.get(*index)?));
            Some(picked.collect::<Vec<_>>()).filter(|list| !list.is_empty()).map(AttributeValue::L)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Placeholders, path::tests::path};
    use super::Projection;
    use crate::value::json::read_item;

    fn projected(text: &str, json: &str) -> String {
        let item =
            read_item(service::Node::parse_object(json.as_bytes()).unwrap()).unwrap().checked().unwrap();
        let projection = Projection::parse(text, &mut Placeholders::default()).unwrap();
        serde_json::to_string(&projection.of(&item)).unwrap()
    }

    const ITEM: &str = r#"{"a":{"N":"1"},"l":{"L":[{"S":"0"},{"M":{"x":{"N":"1"},"y":{"N":"2"}}},{"S":"2"}]},"m":{"M":{"p":{"M":{"q":{"N":"3"},"r":{"N":"4"}}},"z":{"S":""}}}}"#;

    #[test]
    fn the_wanted_parts_keep_their_shape() {
        for (text, expected) in [
            ("a", r#"{"a":{"N":"1"}}"#),
            ("q", "{}"),
            ("a, m.z", r#"{"a":{"N":"1"},"m":{"M":{"z":{"S":""}}}}"#),
            ("m.p.q", r#"{"m":{"M":{"p":{"M":{"q":{"N":"3"}}}}}}"#),
            ("m.p.q, m.p.r, m.z", r#"{"m":{"M":{"p":{"M":{"q":{"N":"3"},"r":{"N":"4"}}},"z":{"S":""}}}}"#),
            ("l[2], l[0]", r#"{"l":{"L":[{"S":"0"},{"S":"2"}]}}"#),
            ("l[1].y", r#"{"l":{"L":[{"M":{"y":{"N":"2"}}}]}}"#),
            ("l[7], m.p.s, a.b", "{}"),
            ("l.x, m[0]", "{}"),
        ] {
            assert_eq!(projected(text, ITEM), expected, "{text}");
        }
    }

    #[test]
    fn wanted_attributes_are_known_before_an_item_is() {
        let projection = Projection::of_paths(vec![path("b.c"), path("a")]).unwrap();
        assert!(projection.wants("a") && projection.wants("b") && !projection.wants("c"));
    }
}
