//! Conditions on a primary key: which partition, and which stretch of it.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use engine::SortRange;

use super::condition::{Comparator, Condition, Operand};
use super::error::{ExpressionError, ExpressionKind};
use super::path::Path;
use super::placeholders::Placeholders;
use crate::value::key::{KeyValue, prefix_range};
use crate::value::{AttributeValue, ValueType};

/// What must hold of key attributes, not yet weighed against a key schema. At most one test each.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyConditions {
    tests: Vec<(String, KeyTest)>,
}

/// What must hold of one key attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyTest {
    /// `= value`
    Equal(Arc<AttributeValue>),
    /// `< value`
    Less(Arc<AttributeValue>),
    /// `<= value`
    LessOrEqual(Arc<AttributeValue>),
    /// `> value`
    Greater(Arc<AttributeValue>),
    /// `>= value`
    GreaterOrEqual(Arc<AttributeValue>),
    /// `BETWEEN low AND high`
    Between(Arc<AttributeValue>, Arc<AttributeValue>),
    /// `begins_with`
    BeginsWith(Arc<AttributeValue>),
}

/// A key attribute of the table or index that is queried.
#[derive(Debug, Clone, Copy)]
pub struct KeyElement<'s> {
    /// The attribute.
    pub name: &'s str,
    /// Its type: S, N or B.
    pub value_type: ValueType,
}

/// Key conditions that fit a key schema: values of the schema's types, neither empty nor too long.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyQuery {
    partition: Arc<AttributeValue>,
    range: SortRange,
}

impl KeyConditions {
    /// Parses a `KeyConditionExpression`.
    ///
    /// # Errors
    /// In AWS's words and order.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        let condition = Condition::parse(ExpressionKind::KeyCondition, text, placeholders)?;
        let mut tests = Vec::new();
        collect(condition, &mut tests)?;
        Self::of_tests(tests)
    }

    /// Tests by attribute.
    ///
    /// # Errors
    /// Two tests of one attribute, or more than two tests.
    pub(super) fn of_tests(tests: Vec<(String, KeyTest)>) -> Result<Self, ExpressionError> {
        let repeated = |at: usize| tests[..at].iter().any(|(name, _)| *name == tests[at].0);
        if (1..tests.len()).any(repeated) {
            return Err(refused("KeyConditionExpressions must only contain one condition per key"));
        }
        match tests.len() {
            1 | 2 => Ok(Self { tests }),
            _ => Err(refused("Conditions can be of length 1 or 2 only")),
        }
    }

    /// Weighs the conditions against a key schema.
    ///
    /// # Errors
    /// A key attribute without a condition, a condition on another attribute, an operator or a value that
    /// does not fit.
    pub fn bind(
        self,
        partition: KeyElement<'_>,
        sort: Option<KeyElement<'_>>,
    ) -> Result<KeyQuery, ExpressionError> {
        let mut tests = self.tests;
        let partition_test = take(&mut tests, partition.name).ok_or_else(|| missed(partition.name))?;
        let sort_test = match (tests.is_empty(), sort) {
            (true, _) => None,
            (false, None) => return Err(refused("Query key condition not supported")),
            (false, Some(sort)) => Some(take(&mut tests, sort.name).ok_or_else(|| missed(sort.name))?),
        };
        let KeyTest::Equal(value) = partition_test else {
            return Err(refused("Query key condition not supported"));
        };
        key_value(&value, partition)?.check_as_partition_key(partition.name)?;
        let range = match (&sort_test, sort) {
            (Some(test), Some(sort)) => test.range(sort)?,
            _ => SortRange::ALL,
        };
        Ok(KeyQuery { partition: value, range })
    }
}

impl KeyQuery {
    /// The value of the partition key.
    #[must_use]
    pub fn partition(&self) -> KeyValue<'_> {
        KeyValue::of(&self.partition).expect("`bind` lets only values of a key's types pass")
    }

    /// Where in the partition the wanted items lie.
    #[must_use]
    pub fn range(&self) -> &SortRange {
        &self.range
    }
}

impl KeyTest {
    fn range(&self, sort: KeyElement<'_>) -> Result<SortRange, ExpressionError> {
        let bytes = |value| sort_bytes(value, sort);
        let (start, end) = match self {
            Self::Equal(value) => (Bound::Included(bytes(value)?), Bound::Included(bytes(value)?)),
            Self::Less(value) => (Bound::Unbounded, Bound::Excluded(bytes(value)?)),
            Self::LessOrEqual(value) => (Bound::Unbounded, Bound::Included(bytes(value)?)),
            Self::Greater(value) => (Bound::Excluded(bytes(value)?), Bound::Unbounded),
            Self::GreaterOrEqual(value) => (Bound::Included(bytes(value)?), Bound::Unbounded),
            Self::Between(low, high) => (Bound::Included(bytes(low)?), Bound::Included(bytes(high)?)),
            Self::BeginsWith(prefix) => return Ok(prefix_range(bytes(prefix)?)),
        };
        Ok(SortRange { start, end })
    }

    fn compared(comparator: Comparator, value: Arc<AttributeValue>) -> Option<Self> {
        Some(match comparator {
            Comparator::Equal => Self::Equal(value),
            Comparator::NotEqual => return None,
            Comparator::Less => Self::Less(value),
            Comparator::LessOrEqual => Self::LessOrEqual(value),
            Comparator::Greater => Self::Greater(value),
            Comparator::GreaterOrEqual => Self::GreaterOrEqual(value),
        })
    }
}

/// Collects the tests of a condition. Recursion is bounded by the parser.
fn collect(condition: Condition, tests: &mut Vec<(String, KeyTest)>) -> Result<(), ExpressionError> {
    match condition {
        Condition::And(parts) => return parts.into_iter().try_for_each(|part| collect(part, tests)),
        Condition::Compare { left, comparator, right } => tests.push(comparison(left, comparator, right)?),
        Condition::Between { value: first, low, high } => {
            let name = first_attribute("BETWEEN", first)?;
            tests.push((name, KeyTest::Between(value(low)?, value(high)?)));
        }
        Condition::BeginsWith { value: first, prefix } => {
            let name = first_attribute("begins_with", first)?;
            tests.push((name, KeyTest::BeginsWith(value(prefix)?)));
        }
        Condition::Or(_) => return Err(invalid_operator("OR")),
        Condition::Not(_) => return Err(invalid_operator("NOT")),
        Condition::In { .. } => return Err(invalid_operator("IN")),
        Condition::Exists(_) => return Err(invalid_operator("attribute_exists")),
        Condition::NotExists(_) => return Err(invalid_operator("attribute_not_exists")),
        Condition::HasType { .. } => return Err(invalid_operator("attribute_type")),
        Condition::Contains { .. } => return Err(invalid_operator("contains")),
    }
    Ok(())
}

/// `attribute comparator :value`, or the reverse.
fn comparison(
    left: Operand,
    comparator: Comparator,
    right: Operand,
) -> Result<(String, KeyTest), ExpressionError> {
    let (path, comparator, value) = match (left, right) {
        (Operand::Path(path), Operand::Value(value)) => (path, comparator, value),
        (Operand::Value(value), Operand::Path(path)) => (path, comparator.reversed(), value),
        (Operand::Path(_), Operand::Path(_)) => return Err(several_attributes()),
        (Operand::Value(_), Operand::Value(_)) => {
            return Err(invalid_condition("No key attribute specified"));
        }
        _ => return Err(nested_operation()),
    };
    let test = KeyTest::compared(comparator, value).ok_or_else(|| invalid_operator(comparator.symbol()))?;
    Ok((attribute(path)?, test))
}

/// The attribute that comes first in an operator or function.
fn first_attribute(operator: &str, operand: Operand) -> Result<String, ExpressionError> {
    match operand {
        Operand::Path(path) => attribute(path),
        Operand::Size(_) => Err(nested_operation()),
        Operand::Value(_) => {
            let told = format!("{operator} operator must have the key attribute as its first operand");
            Err(invalid_condition(&told))
        }
    }
}

fn value(operand: Operand) -> Result<Arc<AttributeValue>, ExpressionError> {
    match operand {
        Operand::Value(value) => Ok(value),
        Operand::Path(_) => Err(several_attributes()),
        Operand::Size(_) => Err(nested_operation()),
    }
}

fn attribute(path: Path) -> Result<String, ExpressionError> {
    if path.steps.is_empty() {
        Ok(path.attribute)
    } else {
        Err(refused("KeyConditionExpressions cannot have conditions on nested attributes"))
    }
}

fn take(tests: &mut Vec<(String, KeyTest)>, name: &str) -> Option<KeyTest> {
    let at = tests.iter().position(|(attribute, _)| attribute == name)?;
    Some(tests.swap_remove(at).1)
}

fn key_value<'v>(
    value: &'v AttributeValue,
    element: KeyElement<'_>,
) -> Result<KeyValue<'v>, ExpressionError> {
    let fits = value.value_type() == element.value_type;
    KeyValue::of(value).filter(|_| fits).ok_or_else(|| {
        refused(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )
    })
}

fn sort_bytes(value: &AttributeValue, sort: KeyElement<'_>) -> Result<Bytes, ExpressionError> {
    let value = key_value(value, sort)?;
    value.check_as_sort_key(sort.name)?;
    Ok(value.sort_bytes())
}

fn missed(name: &str) -> ExpressionError {
    refused(format!("Query condition missed key schema element: {name}"))
}

fn invalid_operator(operator: &str) -> ExpressionError {
    refused(format!("Invalid operator used in KeyConditionExpression: {operator}"))
}

fn invalid_condition(told: &str) -> ExpressionError {
    refused(format!("Invalid condition in KeyConditionExpression: {told}"))
}

fn several_attributes() -> ExpressionError {
    invalid_condition("Multiple attribute names used in one condition")
}

fn nested_operation() -> ExpressionError {
    refused("KeyConditionExpressions cannot contain nested operations")
}

fn refused(text: impl Into<String>) -> ExpressionError {
    ExpressionError::Refused(text.into())
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use engine::SortRange;

    use super::{KeyConditions, KeyElement, ValueType};
    use crate::expression::Placeholders;
    use crate::value::AttributeValue;
    use crate::value::key::KeyValue;

    const PARTITION: KeyElement<'_> = KeyElement { name: "pk", value_type: ValueType::S };
    const SORT: KeyElement<'_> = KeyElement { name: "sk", value_type: ValueType::N };
    const TEXT_SORT: KeyElement<'_> = KeyElement { name: "sk", value_type: ValueType::S };

    /// `:v` is a string, `:n` is 5, `:m` is 7, `:e` is empty.
    fn bound(text: &str, sort: Option<KeyElement<'_>>) -> Result<SortRange, String> {
        let number = |text: &str| AttributeValue::N(text.parse().unwrap());
        let string = |text: &str| AttributeValue::S(text.to_owned());
        let values = [(":v", string("v")), (":n", number("5")), (":m", number("7")), (":e", string(""))];
        let values = values.map(|(key, value)| (key.to_owned(), value)).to_vec();
        let mut placeholders = Placeholders::of_checked(None, Some(values)).unwrap();
        let conditions = KeyConditions::parse(text, &mut placeholders).map_err(|error| error.to_string())?;
        let query = conditions.bind(PARTITION, sort).map_err(|error| error.to_string())?;
        assert_eq!(query.partition(), KeyValue::S("v"));
        Ok(query.range().clone())
    }

    #[test]
    fn conditions_become_ranges() {
        use Bound::{Excluded, Included, Unbounded};
        let bytes = |text: &str| KeyValue::N(text.parse().unwrap()).sort_bytes();
        let (five, seven) = (bytes("5"), bytes("7"));
        for (text, start, end) in [
            ("pk = :v", Unbounded, Unbounded),
            ("(pk = :v) AND (sk = :n)", Included(five.clone()), Included(five.clone())),
            ("sk < :n AND :v = pk", Unbounded, Excluded(five.clone())),
            ("pk = :v AND sk <= :n", Unbounded, Included(five.clone())),
            ("pk = :v AND sk > :n", Excluded(five.clone()), Unbounded),
            ("pk = :v AND :n <= sk", Included(five.clone()), Unbounded),
            ("pk = :v AND sk BETWEEN :n AND :m", Included(five), Included(seven)),
        ] {
            assert_eq!(bound(text, Some(SORT)), Ok(SortRange { start, end }), "{text}");
        }
        let prefix = SortRange { start: Included("v".into()), end: Excluded("w".into()) };
        assert_eq!(bound("pk = :v AND begins_with(sk, :v)", Some(TEXT_SORT)), Ok(prefix));
    }

    #[test]
    fn what_no_query_can_do_is_told_in_the_words_of_aws() {
        let invalid = "Invalid condition in KeyConditionExpression: ";
        for (text, told) in [
            ("pk < :v", "Query key condition not supported".to_owned()),
            ("pk = :v AND begins_with(sk, :v) AND a = :v", "Conditions can be of length 1 or 2 only".into()),
            ("sk = :n", "Query condition missed key schema element: pk".into()),
            ("pk = :v AND a = :n", "Query condition missed key schema element: sk".into()),
            ("pk = :v AND pk = :v", "KeyConditionExpressions must only contain one condition per key".into()),
            ("pk.a = :v", "KeyConditionExpressions cannot have conditions on nested attributes".into()),
            ("pk = :v OR sk = :n", "Invalid operator used in KeyConditionExpression: OR".into()),
            ("NOT pk = :v", "Invalid operator used in KeyConditionExpression: NOT".into()),
            ("pk IN (:v)", "Invalid operator used in KeyConditionExpression: IN".into()),
            ("pk <> :v", "Invalid operator used in KeyConditionExpression: <>".into()),
            ("contains(pk, :v)", "Invalid operator used in KeyConditionExpression: contains".into()),
            ("attribute_exists(pk)", "Invalid operator used in KeyConditionExpression: attribute_exists".into()),
            ("pk = sk", format!("{invalid}Multiple attribute names used in one condition")),
            ("pk BETWEEN sk AND :n", format!("{invalid}Multiple attribute names used in one condition")),
            (":v = :v", format!("{invalid}No key attribute specified")),
            (
                "begins_with(:v, sk)",
                format!("{invalid}begins_with operator must have the key attribute as its first operand"),
            ),
            ("size(pk) = :n", "KeyConditionExpressions cannot contain nested operations".into()),
            (
                "pk = :n",
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
                    .into(),
            ),
            (
                "pk = :e",
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot \
                 contain an empty string value. Key: pk"
                    .into(),
            ),
            (
                "pk = :v AND sk BETWEEN :m AND :n",
                "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or \
                 equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: \
                 AttributeValue: {N:5}"
                    .into(),
            ),
        ] {
            assert_eq!(bound(text, Some(SORT)), Err(told), "{text}");
        }
        assert_eq!(bound("pk = :v AND sk = :n", None), Err("Query key condition not supported".into()));
    }
}
