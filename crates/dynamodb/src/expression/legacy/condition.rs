//! `Expected`, `QueryFilter`, `ScanFilter` and `KeyConditions`.

use std::sync::Arc;

use super::super::condition::{Comparator, Condition, Operand};
use super::super::error::ExpressionError;
use super::super::key_condition::{KeyConditions, KeyTest};
use super::{
    AttributeCondition, ConditionalOperator, ExpectedAttribute, LegacyOperator, attribute_path, invalid,
};
use crate::value::{AttributeValue, ValueType};

/// The condition of `Expected`; `None` where it says nothing. `None` is also a `ConditionalOperator` that is
/// absent.
///
/// # Errors
/// Members that do not go together, operators with the wrong values.
pub fn expected(
    expected: Vec<ExpectedAttribute>,
    operator: Option<ConditionalOperator>,
) -> Result<Option<Condition>, ExpressionError> {
    check_operator(operator, expected.len())?;
    let conditions = expected.into_iter().map(of_expected).collect::<Result<Vec<_>, _>>()?;
    Ok(joined(conditions, operator))
}

/// The condition of `QueryFilter` or `ScanFilter`; `None` where it says nothing.
///
/// # Errors
/// Operators with the wrong values.
pub fn filter(
    filter: Vec<AttributeCondition>,
    operator: Option<ConditionalOperator>,
) -> Result<Option<Condition>, ExpressionError> {
    check_operator(operator, filter.len())?;
    let conditions = filter.into_iter().map(of_condition).collect::<Result<Vec<_>, _>>()?;
    Ok(joined(conditions, operator))
}

/// `KeyConditions`.
///
/// # Errors
/// Operators that no query can use, or with the wrong values; not one or two of them.
pub fn key_conditions(conditions: Vec<AttributeCondition>) -> Result<KeyConditions, ExpressionError> {
    let tests = conditions.into_iter().map(of_key_condition).collect::<Result<_, _>>()?;
    KeyConditions::of_tests(tests)
}

fn check_operator(operator: Option<ConditionalOperator>, conditions: usize) -> Result<(), ExpressionError> {
    let told = match (operator, conditions) {
        (None, _) | (Some(_), 2..) => return Ok(()),
        (Some(_), 0) => "ConditionalOperator cannot be used without Filter or Expected",
        (Some(_), 1) => {
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        }
    };
    Err(ExpressionError::Refused(told.to_owned()))
}

fn joined(conditions: Vec<Condition>, operator: Option<ConditionalOperator>) -> Option<Condition> {
    if conditions.is_empty() {
        return None;
    }
    Some(match operator.unwrap_or_default() {
        ConditionalOperator::And => Condition::And(conditions),
        ConditionalOperator::Or => Condition::Or(conditions),
    })
}

fn of_expected(expected: ExpectedAttribute) -> Result<Condition, ExpressionError> {
    let ExpectedAttribute { attribute, value, exists, operator, values } = expected;
    let refused = |told: &str| Err(invalid(format_args!("{told} for Attribute: {attribute}")));
    match (operator, exists, value, values) {
        (Some(_), Some(_), _, _) => refused("Exists and ComparisonOperator cannot be used together"),
        (_, _, Some(_), Some(_)) => refused("Value and AttributeValueList cannot be used together"),
        (None, _, _, Some(_)) => refused("AttributeValueList can only be used with a ComparisonOperator"),
        (Some(operator), None, Some(value), None) => compared(attribute, operator, vec![value]),
        (Some(operator), None, None, Some(values)) => compared(attribute, operator, values),
        (Some(operator), None, None, None) => without_values(attribute, operator),
        (None, Some(false), None, None) => Ok(Condition::NotExists(attribute_path(attribute)?)),
        (None, Some(false), Some(_), None) => refused("Value cannot be used when Exists is false"),
        (None, Some(true), None, None) => refused("Value must be provided when Exists is true"),
        (None, None, None, None) => refused("Value must be provided when Exists is null"),
        (None, Some(true) | None, Some(value), None) => {
            compared(attribute, LegacyOperator::Equal, vec![value])
        }
    }
}

fn without_values(attribute: String, operator: LegacyOperator) -> Result<Condition, ExpressionError> {
    match operator {
        LegacyOperator::Null | LegacyOperator::NotNull => compared(attribute, operator, Vec::new()),
        _ => Err(invalid(format_args!(
            "Value or AttributeValueList must be used with ComparisonOperator: {} for Attribute: {attribute}",
            operator.name()
        ))),
    }
}

fn of_condition(condition: AttributeCondition) -> Result<Condition, ExpressionError> {
    compared(condition.attribute, condition.operator, condition.values)
}

/// `attribute operator values` as a condition.
fn compared(
    attribute: String,
    operator: LegacyOperator,
    values: Vec<AttributeValue>,
) -> Result<Condition, ExpressionError> {
    use LegacyOperator as O;
    check_values(operator, &values)?;
    let path = attribute_path(attribute)?;
    let mut values = values.into_iter().map(|value| Operand::Value(Arc::new(value)));
    let comparator = match operator {
        O::Null => return Ok(Condition::NotExists(path)),
        O::NotNull => return Ok(Condition::Exists(path)),
        O::In => return Ok(Condition::In { value: Operand::Path(path), candidates: values.collect() }),
        O::Equal => Some(Comparator::Equal),
        O::NotEqual => Some(Comparator::NotEqual),
        O::LessOrEqual => Some(Comparator::LessOrEqual),
        O::Less => Some(Comparator::Less),
        O::GreaterOrEqual => Some(Comparator::GreaterOrEqual),
        O::Greater => Some(Comparator::Greater),
        O::Between | O::Contains | O::NotContains | O::BeginsWith => None,
    };
    let (value, first) = (Operand::Path(path), values.next().ok_or_else(|| wrong_count(operator))?);
    if let Some(comparator) = comparator {
        return Ok(Condition::Compare { left: value, comparator, right: first });
    }
    Ok(match operator {
        O::BeginsWith => Condition::BeginsWith { value, prefix: first },
        O::Contains => Condition::Contains { value, part: first },
        O::NotContains => Condition::Not(Box::new(Condition::Contains { value, part: first })),
        _ => {
            let high = values.next().ok_or_else(|| wrong_count(operator))?;
            Condition::Between { value, low: first, high }
        }
    })
}

fn of_key_condition(condition: AttributeCondition) -> Result<(String, KeyTest), ExpressionError> {
    use LegacyOperator as O;
    let AttributeCondition { attribute, operator, values } = condition;
    check_values(operator, &values)?;
    let mut values = values.into_iter().map(Arc::new);
    let mut next = || values.next().ok_or_else(|| wrong_count(operator));
    let test = match operator {
        O::Equal => KeyTest::Equal(next()?),
        O::LessOrEqual => KeyTest::LessOrEqual(next()?),
        O::Less => KeyTest::Less(next()?),
        O::GreaterOrEqual => KeyTest::GreaterOrEqual(next()?),
        O::Greater => KeyTest::Greater(next()?),
        O::BeginsWith => KeyTest::BeginsWith(next()?),
        O::Between => KeyTest::Between(next()?, next()?),
        O::NotEqual | O::In | O::NotNull | O::Null | O::Contains | O::NotContains => {
            let told = "Attempted conditional constraint is not an indexable operation";
            return Err(ExpressionError::Refused(told.to_owned()));
        }
    };
    Ok((attribute, test))
}

fn check_values(operator: LegacyOperator, values: &[AttributeValue]) -> Result<(), ExpressionError> {
    check_count(operator, values.len())?;
    if let Some(value) = values.iter().find(|value| !takes(operator, value.value_type())) {
        return Err(invalid(format_args!(
            "ComparisonOperator {} is not valid for {} AttributeValue type",
            operator.name(),
            value.value_type().name()
        )));
    }
    if values.windows(2).any(|pair| pair[0].value_type() != pair[1].value_type()) {
        return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
    }
    match (operator, values) {
        (LegacyOperator::Between, [low, high]) => check_bounds(low, high),
        _ => Ok(()),
    }
}

fn check_count(operator: LegacyOperator, count: usize) -> Result<(), ExpressionError> {
    let fits = match operator {
        LegacyOperator::Null | LegacyOperator::NotNull => count == 0,
        LegacyOperator::In => count >= 1,
        LegacyOperator::Between => count == 2,
        _ => count == 1,
    };
    if fits { Ok(()) } else { Err(wrong_count(operator)) }
}

fn wrong_count(operator: LegacyOperator) -> ExpressionError {
    invalid(format_args!("Invalid number of argument(s) for the {} ComparisonOperator", operator.name()))
}

/// Source: AWS's API reference, `ExpectedAttributeValue`.
fn takes(operator: LegacyOperator, value_type: ValueType) -> bool {
    match operator {
        LegacyOperator::Equal | LegacyOperator::NotEqual | LegacyOperator::Null | LegacyOperator::NotNull => {
            true
        }
        LegacyOperator::BeginsWith => matches!(value_type, ValueType::S | ValueType::B),
        _ => matches!(value_type, ValueType::S | ValueType::N | ValueType::B),
    }
}

fn check_bounds(low: &AttributeValue, high: &AttributeValue) -> Result<(), ExpressionError> {
    if low.order(high).is_some_and(std::cmp::Ordering::is_gt) {
        let told = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound";
        return Err(ExpressionError::Refused(told.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        AttributeCondition, AttributeValue, ConditionalOperator, ExpectedAttribute, LegacyOperator, expected,
        filter, key_conditions,
    };
    use crate::value::{Item, Number, Set};

    fn number(value: u64) -> AttributeValue {
        AttributeValue::N(Number::from(value))
    }

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn set() -> AttributeValue {
        AttributeValue::SS(Set::of_distinct(vec!["x".to_owned(), "y".to_owned()]).unwrap())
    }

    fn item() -> Item {
        let entries = [("n", number(5)), ("s", text("hello")), ("set", set())];
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn condition(attribute: &str, operator: &str, values: &[AttributeValue]) -> AttributeCondition {
        let operator = LegacyOperator::of_name(operator).unwrap();
        AttributeCondition { attribute: attribute.into(), operator, values: values.to_vec() }
    }

    fn holds(attribute: &str, operator: &str, values: &[AttributeValue]) -> bool {
        filter(vec![condition(attribute, operator, values)], None).unwrap().unwrap().holds(Some(&item()))
    }

    #[test]
    fn operators_mean_what_they_did() {
        assert!(holds("n", "EQ", &[number(5)]));
        assert!(holds("set", "EQ", &[set()]));
        assert!(holds("n", "NE", &[number(4)]) && holds("a", "NE", &[number(4)]));
        assert!(holds("n", "LE", &[number(5)]) && !holds("n", "LT", &[number(5)]));
        assert!(holds("n", "GE", &[number(5)]) && !holds("n", "GT", &[number(5)]));
        assert!(
            holds("n", "BETWEEN", &[number(5), number(6)]) && !holds("n", "BETWEEN", &[number(6), number(7)])
        );
        assert!(holds("n", "IN", &[number(1), number(5)]) && !holds("n", "IN", &[number(1)]));
        assert!(holds("n", "NOT_NULL", &[]) && holds("a", "NULL", &[]) && !holds("n", "NULL", &[]));
        assert!(holds("s", "CONTAINS", &[text("ell")]) && holds("set", "CONTAINS", &[text("x")]));
        assert!(holds("s", "NOT_CONTAINS", &[text("q")]) && !holds("set", "NOT_CONTAINS", &[text("x")]));
        assert!(holds("s", "BEGINS_WITH", &[text("he")]) && !holds("s", "BEGINS_WITH", &[text("el")]));
    }

    #[test]
    fn conditions_are_joined_as_asked() {
        let both = || vec![condition("n", "EQ", &[number(5)]), condition("s", "EQ", &[text("q")])];
        let holds = |operator| filter(both(), operator).unwrap().unwrap().holds(Some(&item()));
        assert!(
            !holds(None) && !holds(Some(ConditionalOperator::And)) && holds(Some(ConditionalOperator::Or))
        );
        assert_eq!(filter(vec![], None), Ok(None));
    }

    #[test]
    fn existence_can_be_expected() {
        let of = |attribute: &str, exists, value| ExpectedAttribute {
            attribute: attribute.into(),
            exists,
            value,
            ..ExpectedAttribute::default()
        };
        let holds = |entry| expected(vec![entry], None).unwrap().unwrap().holds(Some(&item()));
        assert!(holds(of("n", None, Some(number(5)))) && holds(of("n", Some(true), Some(number(5)))));
        assert!(holds(of("a", Some(false), None)) && !holds(of("n", Some(false), None)));
    }

    #[test]
    fn what_does_not_go_together_is_told_in_the_words_of_aws() {
        let entry = ExpectedAttribute { attribute: "a".into(), ..ExpectedAttribute::default() };
        let equal = Some(LegacyOperator::Equal);
        for (entry, told) in [
            (entry.clone(), "Value must be provided when Exists is null for Attribute: a"),
            (
                ExpectedAttribute { exists: Some(true), ..entry.clone() },
                "Value must be provided when Exists is true for Attribute: a",
            ),
            (
                ExpectedAttribute { exists: Some(false), value: Some(number(1)), ..entry.clone() },
                "Value cannot be used when Exists is false for Attribute: a",
            ),
            (
                ExpectedAttribute { exists: Some(true), operator: equal, ..entry.clone() },
                "Exists and ComparisonOperator cannot be used together for Attribute: a",
            ),
            (
                ExpectedAttribute { value: Some(number(1)), values: Some(vec![]), ..entry.clone() },
                "Value and AttributeValueList cannot be used together for Attribute: a",
            ),
            (
                ExpectedAttribute { values: Some(vec![]), ..entry.clone() },
                "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
            ),
            (
                ExpectedAttribute { operator: equal, ..entry.clone() },
                "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
            ),
            (
                ExpectedAttribute { operator: equal, values: Some(vec![]), ..entry },
                "Invalid number of argument(s) for the EQ ComparisonOperator",
            ),
        ] {
            let error = expected(vec![entry], None).unwrap_err().to_string();
            assert_eq!(error, format!("One or more parameter values were invalid: {told}"));
        }
    }

    #[test]
    fn values_fit_their_operator() {
        let invalid = "One or more parameter values were invalid: ";
        for (operator, values, told) in [
            ("LT", vec![set()], format!("{invalid}ComparisonOperator LT is not valid for SS AttributeValue type")),
            (
                "BEGINS_WITH",
                vec![number(1)],
                format!("{invalid}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
            ),
            ("NULL", vec![number(1)], format!("{invalid}Invalid number of argument(s) for the NULL ComparisonOperator")),
            ("BETWEEN", vec![number(1)], format!("{invalid}Invalid number of argument(s) for the BETWEEN ComparisonOperator")),
            (
                "IN",
                vec![number(1), text("x")],
                format!("{invalid}AttributeValues inside AttributeValueList must be of same type"),
            ),
            (
                "BETWEEN",
                vec![number(2), number(1)],
                "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound".into(),
            ),
        ] {
            assert_eq!(filter(vec![condition("a", operator, &values)], None).unwrap_err().to_string(), told);
        }
        let alone = filter(vec![condition("a", "NULL", &[])], Some(ConditionalOperator::Or)).unwrap_err();
        assert!(alone.to_string().starts_with("ConditionalOperator can only be used when"));
        assert!(filter(vec![], Some(ConditionalOperator::Or)).is_err());
    }

    #[test]
    fn key_conditions_take_what_has_an_order() {
        assert!(key_conditions(vec![condition("p", "EQ", &[text("x")])]).is_ok());
        let error = key_conditions(vec![condition("p", "NE", &[text("x")])]).unwrap_err();
        assert_eq!(error.to_string(), "Attempted conditional constraint is not an indexable operation");
        assert_eq!(
            key_conditions(vec![]).unwrap_err().to_string(),
            "Conditions can be of length 1 or 2 only"
        );
    }
}
