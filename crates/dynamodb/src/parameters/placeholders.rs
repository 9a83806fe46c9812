//! `ExpressionAttributeNames` and `ExpressionAttributeValues`.

use std::borrow::Cow;

use service::fields::map_class;
use service::{ApiError, Fields};

use crate::attribute_fields::or_noted;
use crate::class;
use crate::expression::Placeholders;
use crate::value::AttributeValue;
use crate::value::json::{Unchecked, read_value};

/// The two members, as read.
pub struct PlaceholderFields {
    names: Option<Vec<(String, String)>>,
    values: Option<Vec<(String, Unchecked<AttributeValue>)>>,
}

impl PlaceholderFields {
    /// Reads both.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self { names: read_names(fields), values: read_values(fields) }
    }

    /// Reads the names, of operations that have no values.
    pub fn read_names(fields: &mut Fields<'_>) -> Self {
        Self { names: read_names(fields), values: None }
    }

    /// The names, as read.
    #[must_use]
    pub fn names(&self) -> Option<&[(String, String)]> {
        self.names.as_deref()
    }

    /// What they stand for.
    ///
    /// # Errors
    /// `ValidationException` for a placeholder that is none, or that stands for nothing.
    pub fn checked(self) -> Result<Placeholders, ApiError> {
        Ok(Placeholders::new(self.names, self.values)?)
    }
}

fn read_names(fields: &mut Fields<'_>) -> Option<Vec<(String, String)>> {
    let names = fields.string_map("ExpressionAttributeNames").optional()?;
    Some(names.into_iter().map(|(key, name)| (key.into_owned(), name.into_owned())).collect())
}

fn read_values(fields: &mut Fields<'_>) -> Option<Vec<(String, Unchecked<AttributeValue>)>> {
    let object = fields.object("ExpressionAttributeValues", &map_class(class::ATTRIBUTE_VALUE))?;
    let pairs = object.0.into_iter();
    let read = pairs.map(|(key, node): (Cow<'_, str>, _)| Ok((key.into_owned(), read_value(node)?)));
    or_noted(fields, read.collect())
}
