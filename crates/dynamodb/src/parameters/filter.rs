//! What passes: `FilterExpression`, or `QueryFilter` or `ScanFilter` and `ConditionalOperator`.

use std::borrow::Cow;

use service::{ApiError, Fields};

use super::comparison::{ConditionEntry, read_conditional_operator};
use crate::expression::legacy::{self, ConditionalOperator};
use crate::expression::{Condition, ExpressionKind, Placeholders};

/// The members, as read.
pub struct FilterFields<'a> {
    expression: Option<Cow<'a, str>>,
    legacy: Option<Vec<ConditionEntry>>,
    legacy_name: &'static str,
    operator: Option<ConditionalOperator>,
}

impl<'a> FilterFields<'a> {
    /// Reads them; the older one is called `legacy_name`.
    pub fn read(fields: &mut Fields<'a>, legacy_name: &'static str) -> Self {
        Self {
            legacy: ConditionEntry::read_all(fields, legacy_name),
            legacy_name,
            operator: read_conditional_operator(fields),
            expression: fields.string("FilterExpression").optional(),
        }
    }

    /// How refusals call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.legacy.is_some() { self.legacy_name } else { "Filter Expression" }
    }

    /// The condition on what passes, where there is one.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse(self, placeholders: &mut Placeholders) -> Result<Option<Condition>, ApiError> {
        if let Some(text) = self.expression {
            return Ok(Some(Condition::parse(ExpressionKind::Filter, &text, placeholders)?));
        }
        let entries = self.legacy.unwrap_or_default().into_iter();
        let conditions = entries.filter_map(|entry| entry.checked().transpose());
        Ok(legacy::filter(conditions.collect::<Result<_, _>>()?, self.operator)?)
    }
}
