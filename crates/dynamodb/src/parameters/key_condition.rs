//! Which items a query reads: `KeyConditionExpression`, or `KeyConditions`.

use std::borrow::Cow;

use service::{ApiError, Fields};

use super::comparison::ConditionEntry;
use crate::expression::{KeyConditions, Placeholders, legacy};

/// The members, as read.
pub struct KeyConditionFields<'a> {
    expression: Option<Cow<'a, str>>,
    legacy: Option<Vec<ConditionEntry>>,
}

impl<'a> KeyConditionFields<'a> {
    /// Reads them.
    pub fn read(fields: &mut Fields<'a>) -> Self {
        let legacy = ConditionEntry::read_all(fields, "KeyConditions");
        Self { legacy, expression: fields.string("KeyConditionExpression").optional() }
    }

    /// The conditions.
    ///
    /// # Errors
    /// `ValidationException`, also where there are none.
    pub fn parse(self, placeholders: &mut Placeholders) -> Result<KeyConditions, ApiError> {
        match (self.expression, self.legacy) {
            (Some(text), _) => Ok(KeyConditions::parse(&text, placeholders)?),
            (None, Some(entries)) => {
                let conditions = entries.into_iter().filter_map(|entry| entry.checked().transpose());
                Ok(legacy::key_conditions(conditions.collect::<Result<_, _>>()?)?)
            }
            (None, None) => Err(ApiError::validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            )),
        }
    }
}
