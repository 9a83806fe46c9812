//! `AttributeUpdates`.

use std::sync::Arc;

use super::super::error::ExpressionError;
use super::super::update::{Action, Update, UpdateValue, Wording};
use super::{AttributeUpdate, LegacyAction, attribute_path, invalid};
use crate::value::{AttributeValue, ValueType};

/// The update of `AttributeUpdates`.
///
/// # Errors
/// Actions without a value that needs one, or with one of the wrong type.
pub fn attribute_updates(updates: Vec<AttributeUpdate>) -> Result<Update, ExpressionError> {
    let actions = updates.into_iter().map(action).collect::<Result<_, _>>()?;
    Ok(Update::worded(actions, Wording::Legacy))
}

fn action(update: AttributeUpdate) -> Result<Action, ExpressionError> {
    let path = attribute_path(update.attribute)?;
    let Some(value) = update.value else {
        return match update.action {
            LegacyAction::Delete => Ok(Action::Remove { path }),
            _ => Err(invalid("Only DELETE action is allowed when no attribute value is specified")),
        };
    };
    check_type(update.action, &value)?;
    let value = Arc::new(value);
    Ok(match update.action {
        LegacyAction::Put => Action::Set { path, value: UpdateValue::Value(value) },
        LegacyAction::Add => Action::Add { path, value },
        LegacyAction::Delete => Action::Delete { path, value },
    })
}

fn check_type(action: LegacyAction, value: &AttributeValue) -> Result<(), ExpressionError> {
    let value_type = value.value_type();
    let is_set = matches!(value_type, ValueType::SS | ValueType::NS | ValueType::BS);
    match action {
        LegacyAction::Add if !is_set && !matches!(value_type, ValueType::N | ValueType::L) => {
            Err(invalid(format_args!("ADD action is not supported for the type {}", value_type.name())))
        }
        LegacyAction::Delete if !is_set => Err(invalid(format_args!(
            "DELETE action with value is not supported for the type {}",
            value_type.name()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeUpdate, AttributeValue, LegacyAction, attribute_updates};
    use crate::value::{Item, Number, Set};

    fn number(value: u64) -> AttributeValue {
        AttributeValue::N(Number::from(value))
    }

    fn set(members: &[&str]) -> AttributeValue {
        AttributeValue::SS(
            Set::of_distinct(members.iter().map(|member| (*member).to_owned()).collect()).unwrap(),
        )
    }

    fn item(entries: &[(&str, AttributeValue)]) -> Item {
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn updated(
        old: &[(&str, AttributeValue)],
        updates: &[(&str, LegacyAction, Option<AttributeValue>)],
    ) -> Result<Item, String> {
        let updates = updates.iter().cloned().map(|(name, action, value)| AttributeUpdate {
            attribute: name.to_owned(),
            action,
            value,
        });
        let update = attribute_updates(updates.collect()).map_err(|error| error.to_string())?;
        update.apply(&item(old)).map_err(|error| error.to_string())
    }

    #[test]
    fn actions_mean_what_they_did() {
        use LegacyAction::{Add, Delete, Put};
        let old = [
            ("n", number(1)),
            ("s", set(&["a", "b"])),
            ("x", number(9)),
            ("one", set(&["a"])),
            ("list", AttributeValue::L(vec![number(1)])),
        ];
        let updates = [
            ("n", Add, Some(number(2))),
            ("s", Delete, Some(set(&["a"]))),
            ("x", Delete, None),
            ("new", Add, Some(set(&["c"]))),
            ("put", Put, Some(number(7))),
            ("one", Delete, Some(set(&["a"]))),
            ("list", Add, Some(AttributeValue::L(vec![number(2)]))),
            ("later", Add, Some(AttributeValue::L(vec![number(3)]))),
        ];
        let new = [
            ("n", number(3)),
            ("s", set(&["b"])),
            ("new", set(&["c"])),
            ("put", number(7)),
            ("list", AttributeValue::L(vec![number(1), number(2)])),
            ("later", AttributeValue::L(vec![number(3)])),
        ];
        assert_eq!(updated(&old, &updates), Ok(item(&new)));
    }

    #[test]
    fn what_cannot_be_is_told_in_the_words_of_aws() {
        use LegacyAction::{Add, Delete, Put};
        let invalid = "One or more parameter values were invalid: ";
        let text = || Some(AttributeValue::S("x".into()));
        for (update, told) in [
            (
                ("a", Put, None),
                format!("{invalid}Only DELETE action is allowed when no attribute value is specified"),
            ),
            (("a", Add, text()), format!("{invalid}ADD action is not supported for the type S")),
            (
                ("a", Delete, text()),
                format!("{invalid}DELETE action with value is not supported for the type S"),
            ),
            (
                ("a", Add, Some(AttributeValue::Null)),
                format!("{invalid}ADD action is not supported for the type NULL"),
            ),
            (("n", Add, Some(AttributeValue::L(vec![]))), "Type mismatch for attribute to update".into()),
            (("", Put, text()), format!("{invalid}Empty attribute name")),
            (("n", Add, Some(set(&["a"]))), "Type mismatch for attribute to update".into()),
        ] {
            assert_eq!(updated(&[("n", number(1))], &[update]), Err(told));
        }
    }

    #[test]
    fn very_many_changes_take_their_time_once() {
        let updates = (0..200_000_u64).map(|at| AttributeUpdate {
            attribute: format!("a{}", at * 7919 % 200_000),
            action: LegacyAction::Put,
            value: Some(number(at)),
        });
        let update = attribute_updates(updates.collect()).unwrap();
        let new = update.apply(&Item::new()).unwrap();
        assert_eq!(new.len(), 200_000);
        let removals = (0..200_000).map(|at| AttributeUpdate {
            attribute: format!("a{at}"),
            action: LegacyAction::Delete,
            value: None,
        });
        assert!(attribute_updates(removals.collect()).unwrap().apply(&new).unwrap().is_empty());
    }
}
