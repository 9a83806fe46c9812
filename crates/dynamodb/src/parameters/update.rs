//! What an update changes: `UpdateExpression`, or `AttributeUpdates`.

use std::borrow::Cow;

use service::{ApiError, Fields};

use super::comparison::read_one;
use crate::class;
use crate::expression::legacy::{AttributeUpdate, LegacyAction, attribute_updates};
use crate::expression::{Placeholders, Update};
use crate::value::AttributeValue;
use crate::value::json::Unchecked;

/// The members, as read.
pub struct UpdateFields<'a> {
    expression: Option<Cow<'a, str>>,
    legacy: Option<Vec<UpdateEntry>>,
}

struct UpdateEntry {
    attribute: String,
    action: LegacyAction,
    value: Option<Unchecked<AttributeValue>>,
}

impl<'a> UpdateFields<'a> {
    /// Reads them.
    pub fn read(fields: &mut Fields<'a>) -> Self {
        let entries = fields.structure_map("AttributeUpdates", class::ATTRIBUTE_VALUE_UPDATE).optional();
        Self {
            legacy: entries.map(|entries| entries.into_iter().map(UpdateEntry::read).collect()),
            expression: fields.string("UpdateExpression").optional(),
        }
    }

    /// The expression alone, of requests that have no older parameter.
    #[must_use]
    pub fn of_expression(expression: Cow<'a, str>) -> Self {
        Self { expression: Some(expression), legacy: None }
    }

    /// The update; one that changes nothing where the request names none.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse(self, placeholders: &mut Placeholders) -> Result<Update, ApiError> {
        match self.expression {
            Some(text) => Ok(Update::parse(&text, placeholders)?),
            None => {
                let entries = self.legacy.unwrap_or_default().into_iter().map(UpdateEntry::checked);
                Ok(attribute_updates(entries.collect::<Result<_, _>>()?)?)
            }
        }
    }
}

impl UpdateEntry {
    fn read((attribute, mut fields): (Cow<'_, str>, Fields<'_>)) -> Self {
        let value = read_one(&mut fields, "Value");
        let action = fields.string("Action").one_of(&["ADD", "DELETE", "PUT"]).optional();
        Self {
            attribute: attribute.into_owned(),
            action: action.and_then(|name| LegacyAction::of_name(&name)).unwrap_or_default(),
            value,
        }
    }

    fn checked(self) -> Result<AttributeUpdate, ApiError> {
        let (attribute, action) = (self.attribute, self.action);
        Ok(AttributeUpdate { attribute, action, value: self.value.map(Unchecked::checked).transpose()? })
    }
}
