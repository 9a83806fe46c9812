//! Whether a condition holds of an item in clear, as DynamoDB would tell.
//!
//! What is not there, and what is of another type, equals nothing, is ordered before and behind nothing, and
//! differs (`<>`) from everything.

use std::cmp::Ordering;
use std::collections::HashMap;

use item_encryption_format::dbesdk::serialize::{type_id, write};
use item_encryption_format::{AttributeValue, View, number};

use super::tree::{Comparator, Condition, Function, Operand, Path, Step};
use crate::error::QueryError;
use crate::search::Search;
use crate::values::{Found, text_of};

/// An item, and what the words of conditions mean in it.
pub struct Scope<'s, V> {
    pub search: &'s Search,
    pub names: &'s HashMap<String, String>,
    pub values: &'s HashMap<String, V>,
    pub item: &'s HashMap<String, V>,
}

type Evaluated<T> = Result<T, QueryError>;

/// A resolved operand: a value, or the size of one.
enum Resolved<'s, V> {
    Value(Found<'s, V>),
    Size(usize),
}

impl<'s, V: AttributeValue> Scope<'s, V> {
    /// Whether a condition holds. Recursion is bounded by what the parser lets nest.
    pub fn holds(&self, condition: &Condition) -> Evaluated<bool> {
        match condition {
            Condition::And(parts) => self.first_that_is(parts, false).map(|found| !found),
            Condition::Or(parts) => self.first_that_is(parts, true),
            Condition::Not(inner) => Ok(!self.holds(inner)?),
            Condition::Compare(left, comparator, right) => {
                Ok(compare(self.operand(left)?.as_ref(), *comparator, self.operand(right)?.as_ref()))
            }
            Condition::Between(value, low, high) => {
                let (value, low, high) = (self.operand(value)?, self.operand(low)?, self.operand(high)?);
                Ok(compare(low.as_ref(), Comparator::LessOrEqual, value.as_ref())
                    && compare(value.as_ref(), Comparator::LessOrEqual, high.as_ref()))
            }
            Condition::In(value, candidates) => {
                let value = self.operand(value)?;
                let mut is_among = false;
                for candidate in candidates {
                    is_among |= compare(value.as_ref(), Comparator::Equal, self.operand(candidate)?.as_ref());
                }
                Ok(is_among)
            }
            Condition::Exists(path) => Ok(self.path(path)?.is_some()),
            Condition::NotExists(path) => Ok(self.path(path)?.is_none()),
            Condition::Call(function, one, other) => self.call(*function, one, other),
        }
    }

    fn first_that_is(&self, parts: &[Condition], wanted: bool) -> Evaluated<bool> {
        for part in parts {
            if self.holds(part)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn call(&self, function: Function, one: &Operand, other: &Operand) -> Evaluated<bool> {
        let (Some(Resolved::Value(one)), Some(Resolved::Value(other))) =
            (self.operand(one)?, self.operand(other)?)
        else {
            return Ok(false);
        };
        let (one, other) = (one.view(), other.view());
        Ok(match function {
            Function::BeginsWith => begins_with(&one, &other),
            Function::Contains => contains(&one, &other),
            Function::HasType => matches!(other, View::S(name) if name == type_name(&one)),
        })
    }

    fn operand(&self, operand: &Operand) -> Evaluated<Option<Resolved<'s, V>>> {
        match operand {
            Operand::Path(path) => Ok(self.path(path)?.map(Resolved::Value)),
            Operand::Value(name) => {
                let value = self.values.get(name).ok_or_else(|| QueryError::Undefined(name.clone()))?;
                Ok(Some(Resolved::Value(Found::Value(value))))
            }
            Operand::Size(path) => {
                Ok(self.path(path)?.and_then(|value| size(&value.view())).map(Resolved::Size))
            }
        }
    }

    fn path(&self, path: &Path) -> Evaluated<Option<Found<'s, V>>> {
        let Some(mut value) = self.root(self.name(&path.root)?)? else { return Ok(None) };
        for step in &path.steps {
            let Found::Value(whole) = value else { return Ok(None) };
            let inner = match (whole.view(), step) {
                (View::M(map), Step::Key(key)) => {
                    let key = self.name(key)?;
                    map.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
                }
                (View::L(list), Step::Index(at)) => list.get(*at).copied(),
                _ => None,
            };
            let Some(inner) = inner else { return Ok(None) };
            value = Found::Value(inner);
        }
        Ok(Some(value))
    }

    fn name<'n>(&'n self, name: &'n str) -> Evaluated<&'n str> {
        match name.starts_with('#') {
            false => Ok(name),
            true => {
                self.names.get(name).map(String::as_str).ok_or_else(|| QueryError::Undefined(name.to_owned()))
            }
        }
    }

    /// An attribute, or what a beacon or virtual field of the name is made of, in clear.
    fn root(&self, name: &str) -> Evaluated<Option<Found<'s, V>>> {
        if let Some(beacon) = self.search.standard.get(name) {
            return Ok(self.search.source(beacon, self.item)?);
        }
        if let Some(field) = self.search.virtual_fields.get(name) {
            return Ok(field.of(self.item)?.map(Found::Text));
        }
        if let Some(beacon) = self.search.compound.get(name) {
            let clear = |_: &_, value: &Found<'_, V>| Ok(text_of(name, &value.view())?.into_owned());
            return Ok(self.search.composed(beacon, self.item, clear)?.map(Found::Text));
        }
        Ok(self.item.get(name).map(Found::Value))
    }
}

fn compare<V: AttributeValue>(
    left: Option<&Resolved<'_, V>>,
    comparator: Comparator,
    right: Option<&Resolved<'_, V>>,
) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return comparator == Comparator::NotEqual;
    };
    match comparator {
        Comparator::Equal => is_equal(left, right),
        Comparator::NotEqual => !is_equal(left, right),
        Comparator::Less => order(left, right).is_some_and(Ordering::is_lt),
        Comparator::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Comparator::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Comparator::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
    }
}

fn is_equal<V: AttributeValue>(left: &Resolved<'_, V>, right: &Resolved<'_, V>) -> bool {
    match (left, right) {
        (Resolved::Value(left), Resolved::Value(right)) => same(left.view(), right.view()),
        _ => order(left, right).is_some_and(Ordering::is_eq),
    }
}

/// Values are equal where their canonical bytes are: numbers in one spelling, sets in one order.
fn same<V: AttributeValue>(one: View<'_, V>, other: View<'_, V>) -> bool {
    type_id(&one) == type_id(&other)
        && bytes(one).is_some_and(|bytes_of_one| Some(bytes_of_one) == bytes(other))
}

fn bytes<V: AttributeValue>(view: View<'_, V>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    write(view, &mut bytes).ok()?;
    Some(bytes)
}

fn order<V: AttributeValue>(left: &Resolved<'_, V>, right: &Resolved<'_, V>) -> Option<Ordering> {
    match (left, right) {
        (Resolved::Size(left), Resolved::Size(right)) => Some(left.cmp(right)),
        (Resolved::Size(left), Resolved::Value(right)) => {
            order_numbers(&left.to_string(), number_of(&right.view())?)
        }
        (Resolved::Value(left), Resolved::Size(right)) => {
            order_numbers(number_of(&left.view())?, &right.to_string())
        }
        (Resolved::Value(left), Resolved::Value(right)) => match (left.view(), right.view()) {
            (View::S(left), View::S(right)) => Some(left.cmp(right)),
            (View::B(left), View::B(right)) => Some(left.cmp(right)),
            (View::N(left), View::N(right)) => order_numbers(left, right),
            _ => None,
        },
    }
}

fn number_of<'v, V>(view: &View<'v, V>) -> Option<&'v str> {
    if let View::N(text) = view { Some(text) } else { None }
}

fn order_numbers(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (number::plain(left)?, number::plain(right)?);
    Some(match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, None) => order_amounts(&left, &right),
        (Some(left), Some(right)) => order_amounts(right, left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    })
}

/// Plain decimal texts without superfluous zeros: the longer whole part is larger; else digits decide.
fn order_amounts(left: &str, right: &str) -> Ordering {
    let whole = |text: &str| text.find('.').unwrap_or(text.len());
    whole(left).cmp(&whole(right)).then_with(|| left.cmp(right))
}

fn begins_with<V>(value: &View<'_, V>, prefix: &View<'_, V>) -> bool {
    match (value, prefix) {
        (View::S(value), View::S(prefix)) => value.starts_with(prefix),
        (View::B(value), View::B(prefix)) => value.starts_with(prefix),
        _ => false,
    }
}

fn contains<V: AttributeValue>(value: &View<'_, V>, part: &View<'_, V>) -> bool {
    match (value, part) {
        (View::S(value), View::S(part)) => value.contains(part),
        (View::B(value), View::B(part)) => part.is_empty() || value.windows(part.len()).any(|at| at == *part),
        (View::Ss(set), View::S(member)) => set.contains(member),
        (View::Bs(set), View::B(member)) => set.contains(member),
        (View::Ns(set), View::N(member)) => {
            set.iter().any(|number| order_numbers(number, member) == Some(Ordering::Equal))
        }
        (View::L(list), element) => {
            let wanted = (type_id(element), canonical(element));
            list.iter().any(|value| (type_id(&value.view()), bytes(value.view())) == wanted)
        }
        _ => false,
    }
}

/// The canonical bytes of a scalar; other elements are looked for in no list.
fn canonical<V: AttributeValue>(element: &View<'_, V>) -> Option<Vec<u8>> {
    match element {
        View::S(text) => bytes::<V>(View::S(text)),
        View::N(text) => bytes::<V>(View::N(text)),
        View::B(of) => bytes::<V>(View::B(of)),
        View::Bool(value) => bytes::<V>(View::Bool(*value)),
        View::Null => bytes::<V>(View::Null),
        View::Ss(set) => bytes::<V>(View::Ss(set.clone())),
        View::Ns(set) => bytes::<V>(View::Ns(set.clone())),
        View::Bs(set) => bytes::<V>(View::Bs(set.clone())),
        View::L(list) => bytes::<V>(View::L(list.clone())),
        View::M(map) => bytes::<V>(View::M(map.clone())),
        View::Unknown => None,
    }
}

/// As DynamoDB counts: of a string its UTF-16 units, of bytes their count, else how many are in it.
fn size<V>(view: &View<'_, V>) -> Option<usize> {
    match view {
        View::S(text) => Some(text.encode_utf16().count()),
        View::B(bytes) => Some(bytes.len()),
        View::Ss(set) | View::Ns(set) => Some(set.len()),
        View::Bs(set) => Some(set.len()),
        View::L(list) => Some(list.len()),
        View::M(map) => Some(map.len()),
        View::N(_) | View::Bool(_) | View::Null | View::Unknown => None,
    }
}

fn type_name<V>(view: &View<'_, V>) -> &'static str {
    match view {
        View::S(_) => "S",
        View::N(_) => "N",
        View::B(_) => "B",
        View::Bool(_) => "BOOL",
        View::Null => "NULL",
        View::Ss(_) => "SS",
        View::Ns(_) => "NS",
        View::Bs(_) => "BS",
        View::L(_) => "L",
        View::M(_) => "M",
        View::Unknown => "",
    }
}
