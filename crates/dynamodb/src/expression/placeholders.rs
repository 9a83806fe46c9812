//! `ExpressionAttributeNames` and `ExpressionAttributeValues`: what `#name` and `:value` stand for, and which
//! of them the expressions of a request have used.

use std::sync::Arc;

use super::ExpressionError;
use super::lexer::word_length;
use crate::value::json::Unchecked;
use crate::value::{AttributeValue, ValueError, size};

const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";
/// The longest placeholder, in bytes, `#` or `:` included.
const MAX_KEY_LEN: usize = 255;

/// The names and values of one request, shared by its expressions.
#[derive(Debug, Default)]
pub struct Placeholders {
    names: Vec<Placeholder<String>>,
    values: Vec<Placeholder<Arc<AttributeValue>>>,
    with_parts: AttributesWithParts,
}

/// The attributes of which the expressions of a request name parts: `a` of `a.b` and `a[0]`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AttributesWithParts(Vec<String>);

impl AttributesWithParts {
    /// Checks that none is of the primary key, whose attributes have no parts.
    ///
    /// # Errors
    /// The first attribute of which `is_key` holds.
    pub fn check_keys(&self, is_key: impl Fn(&str) -> bool) -> Result<(), ExpressionError> {
        let found = self.0.iter().find(|attribute| is_key(attribute));
        found.map_or(Ok(()), |attribute| Err(ExpressionError::KeyHasNoParts(attribute.clone())))
    }
}

#[derive(Debug)]
struct Placeholder<T> {
    key: String,
    meaning: T,
    used: bool,
}

impl Placeholders {
    /// The placeholders of a request; `None` where the parameter is absent. Keys come with `#` and `:`.
    ///
    /// # Errors
    /// An empty parameter, a key that is no placeholder, a name or value that is none.
    pub fn new(
        names: Option<Vec<(String, String)>>,
        values: Option<Vec<(String, Unchecked<AttributeValue>)>>,
    ) -> Result<Self, ExpressionError> {
        let values = values.map(|values| values.into_iter().map(checked).collect::<Result<_, _>>());
        Self::of_checked(names, values.transpose()?)
    }

    /// The same with values that are known to be well.
    ///
    /// # Errors
    /// As [`Placeholders::new`].
    pub fn of_checked(
        names: Option<Vec<(String, String)>>,
        values: Option<Vec<(String, AttributeValue)>>,
    ) -> Result<Self, ExpressionError> {
        if let Some(names) = &names {
            check_keys(NAMES, b'#', names)?;
            names.iter().try_for_each(|(key, name)| check_name(key, name))?;
        }
        if let Some(values) = &values {
            check_keys(VALUES, b':', values)?;
        }
        let names = sorted(names.unwrap_or_default().into_iter());
        let shared = values.unwrap_or_default().into_iter().map(|(key, value)| (key, Arc::new(value)));
        Ok(Self { names, values: sorted(shared), with_parts: AttributesWithParts::default() })
    }

    /// How many bytes the values are together.
    #[must_use]
    pub fn values_size(&self) -> usize {
        self.values.iter().map(|value| size::value_size(&value.meaning)).sum()
    }

    /// Checks, behind the last expression, that all were used; what they named is left.
    ///
    /// # Errors
    /// The unused names, else the unused values.
    pub fn finish(&mut self) -> Result<AttributesWithParts, ExpressionError> {
        check_used(NAMES, &self.names)?;
        check_used(VALUES, &self.values)?;
        Ok(std::mem::take(&mut self.with_parts))
    }

    /// Notes that an expression names a part of `attribute`.
    pub(super) fn note_parts(&mut self, attribute: &str) {
        self.with_parts.0.push(attribute.to_owned());
    }

    /// What `#name` stands for.
    pub(super) fn name(&mut self, key: &str) -> Option<&str> {
        use_of(&mut self.names, key).map(String::as_str)
    }

    /// What `:value` stands for.
    pub(super) fn value(&mut self, key: &str) -> Option<Arc<AttributeValue>> {
        use_of(&mut self.values, key).cloned()
    }
}

fn checked(
    (key, value): (String, Unchecked<AttributeValue>),
) -> Result<(String, AttributeValue), ExpressionError> {
    match value.checked() {
        Ok(value) => Ok((key, value)),
        Err(error) => Err(refused_value(key, error)),
    }
}

fn refused_value(key: String, error: ValueError) -> ExpressionError {
    ExpressionError::PlaceholderValue { key, error }
}

fn check_keys<T>(parameter: &'static str, mark: u8, entries: &[(String, T)]) -> Result<(), ExpressionError> {
    if entries.is_empty() {
        return Err(ExpressionError::NoPlaceholders(parameter));
    }
    entries.iter().try_for_each(|(key, _)| check_key(parameter, mark, key))
}

fn check_key(parameter: &'static str, mark: u8, key: &str) -> Result<(), ExpressionError> {
    if !is_placeholder(mark, key) {
        return Err(ExpressionError::PlaceholderSyntax { parameter, key: key.to_owned() });
    }
    if key.len() > MAX_KEY_LEN {
        return Err(ExpressionError::PlaceholderTooLong { parameter, length: key.len() });
    }
    Ok(())
}

fn is_placeholder(mark: u8, key: &str) -> bool {
    let rest = key.as_bytes().strip_prefix(&[mark]);
    rest.is_some_and(|rest| !rest.is_empty() && word_length(rest) == rest.len())
}

fn check_name(key: &str, name: &str) -> Result<(), ExpressionError> {
    size::check_name(name).map_err(|error| match error {
        ValueError::EmptyName => ExpressionError::EmptyPlaceholderName(key.to_owned()),
        _ => ExpressionError::LongPlaceholderName(key.to_owned()),
    })
}

fn sorted<T>(entries: impl Iterator<Item = (String, T)>) -> Vec<Placeholder<T>> {
    let mut placeholders: Vec<_> =
        entries.map(|(key, meaning)| Placeholder { key, meaning, used: false }).collect();
    placeholders.sort_by(|one, other| one.key.cmp(&other.key));
    placeholders
}

fn use_of<'p, T>(placeholders: &'p mut [Placeholder<T>], key: &str) -> Option<&'p T> {
    let at = placeholders.binary_search_by(|placeholder| placeholder.key.as_str().cmp(key)).ok()?;
    placeholders[at].used = true;
    Some(&placeholders[at].meaning)
}

fn check_used<T>(parameter: &'static str, placeholders: &[Placeholder<T>]) -> Result<(), ExpressionError> {
    let unused: Vec<&str> = placeholders.iter().filter(|one| !one.used).map(|one| one.key.as_str()).collect();
    if unused.is_empty() {
        Ok(())
    } else {
        Err(ExpressionError::Unused { parameter, keys: unused.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use service::Node;

    use super::{AttributeValue, Placeholders};
    use crate::expression::{Condition, ExpressionKind, Projection};
    use crate::value::json::read_value;

    fn names(entries: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(entries.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect())
    }

    fn values(keys: &[&str]) -> Option<Vec<(String, AttributeValue)>> {
        Some(keys.iter().map(|key| ((*key).to_owned(), AttributeValue::Null)).collect())
    }

    fn told<T: std::fmt::Debug>(result: Result<T, super::ExpressionError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_placeholder_is_told_in_the_words_of_aws() {
        for key in ["", "a", "#", "#a-b", "#é", ":a"] {
            assert_eq!(
                told(Placeholders::of_checked(names(&[(key, "x")]), None)),
                format!("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{key}\"")
            );
        }
        assert_eq!(
            told(Placeholders::of_checked(None, values(&["#a"]))),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"#a\""
        );
        assert_eq!(
            told(Placeholders::of_checked(names(&[]), None)),
            "ExpressionAttributeNames must not be empty"
        );
        assert_eq!(
            told(Placeholders::of_checked(None, values(&[]))),
            "ExpressionAttributeValues must not be empty"
        );
        assert!(
            told(Placeholders::of_checked(names(&[("#a", "")]), None))
                .starts_with("ExpressionAttributeNames")
        );
    }

    #[test]
    fn a_placeholder_has_255_bytes_at_most() {
        let key = |length: usize| format!("#{}", "a".repeat(length - 1));
        assert!(Placeholders::of_checked(names(&[(&key(255), "x")]), None).is_ok());
        assert_eq!(
            told(Placeholders::of_checked(names(&[(&key(256), "x")]), None)),
            "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too \
             long; key length: 256"
        );
    }

    #[test]
    fn a_wrong_value_is_told_with_its_key() {
        let values =
            vec![(":v".to_owned(), read_value(Node::Object(service::json::Object::default())).unwrap())];
        assert_eq!(
            told(Placeholders::new(None, Some(values))),
            "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain \
             exactly one of the supported datatypes for key :v"
        );
    }

    #[test]
    fn all_must_be_used_by_one_of_the_expressions() {
        let all = || {
            let names = names(&[("#b", "b"), ("#a", "a"), ("#c", "c")]);
            Placeholders::of_checked(names, values(&[":x", ":y"])).unwrap()
        };
        let mut placeholders = all();
        Condition::parse(ExpressionKind::Filter, "#b = :x", &mut placeholders).unwrap();
        assert_eq!(
            told(placeholders.finish()),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #c}"
        );
        Projection::parse("#a, #c", &mut placeholders).unwrap();
        assert_eq!(
            told(placeholders.finish()),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y}"
        );
        Condition::parse(ExpressionKind::Filter, "d = :y", &mut placeholders).unwrap();
        assert_eq!(placeholders.finish(), Ok(super::AttributesWithParts::default()));
    }
}
