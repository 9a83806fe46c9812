//! What is shown of items: `ProjectionExpression`, or `AttributesToGet`.

use std::borrow::Cow;

use service::{ApiError, Fields};

use crate::expression::{Placeholders, Projection, legacy};

/// The members, as read.
#[derive(Clone)]
pub struct ProjectionFields {
    /// `ProjectionExpression`
    pub expression: Option<String>,
    /// `AttributesToGet`
    pub attributes: Option<Vec<String>>,
}

impl ProjectionFields {
    /// Reads them.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let attributes = fields.strings("AttributesToGet").count(1..=usize::MAX).optional();
        let owned = |names: Vec<Cow<'_, str>>| names.into_iter().map(Cow::into_owned).collect();
        let expression = fields.string("ProjectionExpression").optional();
        Self { expression: expression.map(Cow::into_owned), attributes: attributes.map(owned) }
    }

    /// Reads the expression alone, of requests that have no older parameter.
    pub fn read_expression(fields: &mut Fields<'_>) -> Self {
        let expression = fields.string("ProjectionExpression").optional();
        Self { expression: expression.map(Cow::into_owned), attributes: None }
    }

    /// The parameter that is there, if one is.
    #[must_use]
    pub fn parameter(&self) -> Option<&'static str> {
        match (&self.expression, &self.attributes) {
            (Some(_), _) => Some("ProjectionExpression"),
            (None, Some(_)) => Some("AttributesToGet"),
            (None, None) => None,
        }
    }

    /// The projection, where there is one.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse(self, placeholders: &mut Placeholders) -> Result<Option<Projection>, ApiError> {
        match (self.expression, self.attributes) {
            (Some(text), _) => Ok(Some(Projection::parse(&text, placeholders)?)),
            (None, Some(names)) => Ok(Some(legacy::attributes_to_get(names)?)),
            (None, None) => Ok(None),
        }
    }
}
