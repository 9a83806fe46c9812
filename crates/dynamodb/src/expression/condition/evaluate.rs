//! Whether a condition holds.
//!
//! What is not there, and what is of another type, equals nothing, is ordered before and behind nothing, and
//! differs (`<>`) from everything.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Comparator, Condition, Operand};
use crate::value::{AttributeValue, Item, Number};

impl Condition {
    /// Whether it holds of an item; of `None`, an item without attributes.
    #[must_use]
    pub fn holds(&self, item: Option<&Item>) -> bool {
        static NOTHING: Item = Item::new();
        self.holds_of(item.unwrap_or(&NOTHING))
    }

    fn holds_of(&self, item: &Item) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds_of(item)),
            Self::Or(parts) => parts.iter().any(|part| part.holds_of(item)),
            Self::Not(inner) => !inner.holds_of(item),
            Self::Compare { left, comparator, right } => {
                compare(left.resolve(item).as_deref(), *comparator, right.resolve(item).as_deref())
            }
            Self::Between { value, low, high } => is_between(value, low, high, item),
            Self::In { value, candidates } => is_among(value, candidates, item),
            Self::Exists(path) => path.find(item).is_some(),
            Self::NotExists(path) => path.find(item).is_none(),
            Self::HasType { path, value_type } => {
                path.find(item).is_some_and(|value| value.value_type() == *value_type)
            }
            Self::BeginsWith { value, prefix } => both(value, prefix, item, begins_with),
            Self::Contains { value, part } => both(value, part, item, contains),
        }
    }
}

impl Operand {
    fn resolve<'o>(&'o self, item: &'o Item) -> Option<Cow<'o, AttributeValue>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(inner) => {
                let length = length(&*inner.resolve(item)?)?;
                Some(Cow::Owned(AttributeValue::N(Number::from(length as u64))))
            }
        }
    }
}

fn both(
    one: &Operand,
    other: &Operand,
    item: &Item,
    holds: impl Fn(&AttributeValue, &AttributeValue) -> bool,
) -> bool {
    match (one.resolve(item), other.resolve(item)) {
        (Some(one), Some(other)) => holds(&one, &other),
        _ => false,
    }
}

fn compare(left: Option<&AttributeValue>, comparator: Comparator, right: Option<&AttributeValue>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return comparator == Comparator::NotEqual;
    };
    match comparator {
        Comparator::Equal => left == right,
        Comparator::NotEqual => left != right,
        Comparator::Less => left.order(right).is_some_and(Ordering::is_lt),
        Comparator::LessOrEqual => left.order(right).is_some_and(Ordering::is_le),
        Comparator::Greater => left.order(right).is_some_and(Ordering::is_gt),
        Comparator::GreaterOrEqual => left.order(right).is_some_and(Ordering::is_ge),
    }
}

fn is_between(value: &Operand, low: &Operand, high: &Operand, item: &Item) -> bool {
    both(low, value, item, |low, value| low.order(value).is_some_and(Ordering::is_le))
        && both(value, high, item, |value, high| value.order(high).is_some_and(Ordering::is_le))
}

fn is_among(value: &Operand, candidates: &[Operand], item: &Item) -> bool {
    let Some(value) = value.resolve(item) else {
        return false;
    };
    candidates.iter().any(|candidate| candidate.resolve(item).is_some_and(|candidate| candidate == value))
}

fn begins_with(value: &AttributeValue, prefix: &AttributeValue) -> bool {
    match (value, prefix) {
        (AttributeValue::S(value), AttributeValue::S(prefix)) => value.starts_with(prefix.as_str()),
        (AttributeValue::B(value), AttributeValue::B(prefix)) => value.starts_with(prefix),
        _ => false,
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::S(value), AttributeValue::S(part)) => value.contains(part.as_str()),
        (AttributeValue::B(value), AttributeValue::B(part)) => contains_bytes(value, part),
        (AttributeValue::SS(set), AttributeValue::S(member)) => set.contains(member),
        (AttributeValue::NS(set), AttributeValue::N(member)) => set.contains(member),
        (AttributeValue::BS(set), AttributeValue::B(member)) => set.contains(member),
        (AttributeValue::L(list), element) => list.contains(element),
        _ => false,
    }
}

/// By Knuth, Morris and Pratt: linear, whatever the bytes are.
fn contains_bytes(value: &[u8], part: &[u8]) -> bool {
    let borders = borders(part);
    let mut matched = 0;
    value.iter().any(|byte| {
        matched = extended(part, &borders, matched, *byte);
        matched == part.len()
    }) || part.is_empty()
}

/// For each beginning of `part`, the length of its longest proper beginning that is also its end.
fn borders(part: &[u8]) -> Vec<usize> {
    let mut borders = vec![0; part.len()];
    for at in 1..part.len() {
        borders[at] = extended(part, &borders, borders[at - 1], part[at]);
    }
    borders
}

/// How much of `part` is matched behind `byte`, where `matched` was before it.
fn extended(part: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && part.get(matched) != Some(&byte) {
        matched = borders[matched - 1];
    }
    matched + usize::from(part.get(matched) == Some(&byte))
}

/// What `size` gives: of a string its length in UTF-16 units, as the language has it in which AWS answers; of
/// bytes their count; of sets, lists and maps the count of what is in them.
fn length(value: &AttributeValue) -> Option<usize> {
    match value {
        AttributeValue::S(text) => Some(text.encode_utf16().count()),
        AttributeValue::B(bytes) => Some(bytes.len()),
        AttributeValue::SS(set) => Some(set.len()),
        AttributeValue::NS(set) => Some(set.len()),
        AttributeValue::BS(set) => Some(set.len()),
        AttributeValue::L(list) => Some(list.len()),
        AttributeValue::M(map) => Some(map.len()),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::super::{ExpressionKind, Placeholders};
    use super::{Condition, Item, contains_bytes};
    use crate::value::json::read_item;
    use crate::value::{AttributeValue, Number, Set};

    /// Numbers and strings stand for themselves in these texts, as `:1` and `:x`.
    fn holds(text: &str, item: Option<&Item>) -> bool {
        let words = text.split([' ', ',', '(', ')']).filter(|word| word.starts_with(':'));
        let values = words
            .map(|word| (word.to_owned(), value(&word[1..])))
            .collect::<std::collections::BTreeMap<_, _>>();
        let values = (!values.is_empty()).then(|| values.into_iter().collect());
        let mut placeholders = Placeholders::of_checked(None, values).unwrap();
        Condition::parse(ExpressionKind::Condition, text, &mut placeholders).unwrap().holds(item)
    }

    fn value(text: &str) -> AttributeValue {
        text.parse().map_or_else(|_| AttributeValue::S(text.into()), AttributeValue::N)
    }

    fn item() -> Item {
        let json = r#"{"n":{"N":"5"},"s":{"S":"hello"},"b":{"B":"AAEC"},"f":{"BOOL":false},"z":{"NULL":true},
            "ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"l":{"L":[{"N":"1"},{"S":"in"}]},
            "m":{"M":{"k":{"N":"7"},"e":{"S":""}}},"u":{"S":"\u00e9\ud83e\udd80"}}"#;
        read_item(service::Node::parse_object(json.as_bytes()).unwrap()).unwrap().checked().unwrap()
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for (text, expected) in [
            ("n = :5", true),
            ("n <> :5", false),
            ("n < :6 AND n <= :5 AND n > :4 AND n >= :5", true),
            ("n < :x", false),
            ("n > :x", false),
            ("n <> :x", true),
            ("s = :5", false),
            ("s > :hell", true),
            ("n BETWEEN :5 AND :6", true),
            ("n BETWEEN :6 AND :7", false),
            ("n IN (:1, :5)", true),
            ("n IN (:1, :x)", false),
            ("m.k = :7", true),
            ("l[0] = :1", true),
            ("l[2] = :1", false),
            ("m[0] = :1", false),
            ("l.k = :1", false),
            ("attribute_exists(m.k)", true),
            ("attribute_exists(m.q)", false),
            ("attribute_not_exists(m.q)", true),
            ("attribute_type(ss, :SS) AND attribute_type(f, :BOOL) AND attribute_type(z, :NULL)", true),
            ("attribute_type(q, :S)", false),
            ("begins_with(s, :he)", true),
            ("begins_with(s, :el)", false),
            ("begins_with(n, :x)", false),
            ("contains(s, :ell)", true),
            ("contains(ss, :x)", true),
            ("contains(ss, :q)", false),
            ("contains(ns, :1)", true),
            ("contains(ns, :x)", false),
            ("contains(l, :in)", true),
            ("contains(m, :k)", false),
            ("size(s) = :5 AND size(b) = :3 AND size(ss) = :2 AND size(l) = :2 AND size(m) = :2", true),
            ("size(u) = :3", true),
            ("size(n) < :100", false),
            ("size(q) < :100", false),
            ("NOT n = :5", false),
            ("NOT NOT n = :5", true),
            ("n = :1 OR s = :hello", true),
            ("n = :5 OR n = :1 AND s = :q", true),
            ("(n = :5 OR n = :1) AND s = :q", false),
            ("NOT n = :1 AND s = :hello", true),
        ] {
            assert_eq!(holds(text, Some(&item())), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_differs_from_all_and_is_nothing_else() {
        for (text, expected) in [
            ("a = :1", false),
            ("a <> :1", true),
            ("a < :1", false),
            ("NOT a = :1", true),
            ("a = b", false),
            ("a IN (:1)", false),
            ("a BETWEEN :1 AND :2", false),
            ("attribute_not_exists(a)", true),
        ] {
            assert_eq!(holds(text, None), expected, "{text}");
            assert_eq!(holds(text, Some(&item())), expected, "{text}");
        }
    }

    #[test]
    fn sets_are_equal_in_any_order() {
        let set = |members: [&str; 2]| Set::of_distinct(members.map(str::to_owned).to_vec()).unwrap();
        let values = vec![(":v".to_owned(), AttributeValue::SS(set(["y", "x"])))];
        let mut placeholders = Placeholders::of_checked(None, Some(values)).unwrap();
        let condition = Condition::parse(ExpressionKind::Filter, "ss = :v", &mut placeholders).unwrap();
        assert!(condition.holds(Some(&item())));
    }

    proptest! {
        #[test]
        fn bytes_are_found_where_they_are(value in prop::collection::vec(0..3_u8, 0..24), part in prop::collection::vec(0..3_u8, 0..5)) {
            let expected = part.is_empty() || value.windows(part.len()).any(|window| window == part);
            prop_assert_eq!(contains_bytes(&value, &part), expected);
        }

        #[test]
        fn comparators_agree_with_each_other(one: i16, other: i16) {
            let item: Item = [("n".to_owned(), AttributeValue::N(Number::from(i64::from(one))))].into_iter().collect();
            let holds = |comparator: &str| {
                let text = format!("n {comparator} :v");
                let values = vec![(":v".to_owned(), AttributeValue::N(Number::from(i64::from(other))))];
                let mut placeholders = Placeholders::of_checked(None, Some(values)).unwrap();
                Condition::parse(ExpressionKind::Filter, &text, &mut placeholders).unwrap().holds(Some(&item))
            };
            prop_assert_eq!(holds("="), one == other);
            prop_assert_eq!(holds("<>"), one != other);
            prop_assert_eq!(holds("<"), one < other);
            prop_assert_eq!(holds("<="), one <= other);
            prop_assert_eq!(holds(">"), one > other);
            prop_assert_eq!(holds(">="), one >= other);
        }
    }

    #[test]
    fn a_part_of_bytes_is_found_in_linear_time() {
        let mut part = vec![0; 200_000];
        part.push(1);
        assert!(!contains_bytes(&Bytes::from(vec![0; 400_000]), &part));
    }
}
