//! What requests say about conditions, updates and projections: the two generations of parameters that say
//! the same, expressions and what was there before them. A request uses one of the two.
//!
//! Map: here ([`Generations`]: that they are not mixed) · `placeholders` · one file for each pair of
//! parameters: `condition`, `filter`, `key_condition`, `projection`, `update` · `comparison` (the
//! entries of the older ones).
//!
//! All are read in two steps: `read` takes the members out and notes what breaks a constraint, `parse` tells
//! what is wrong with what they say.

mod comparison;
mod condition;
mod filter;
mod key_condition;
mod placeholders;
mod projection;
mod update;

pub use condition::ConditionFields;
pub use filter::FilterFields;
pub use key_condition::KeyConditionFields;
pub use placeholders::PlaceholderFields;
pub use projection::ProjectionFields;
pub use update::UpdateFields;

use service::{ApiError, Fields};

/// The parameters of an operation, in the order in which AWS lists them.
pub struct Generations {
    /// The expressions.
    pub expressions: &'static [&'static str],
    /// Those of them in which values may stand.
    pub with_values: &'static [&'static str],
    /// What was there before.
    pub legacy: &'static [&'static str],
}

impl Generations {
    /// Whether a request uses one generation, and names and values only with expressions. Look before the
    /// members are taken out, tell after [`Fields::finish`].
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn check(&self, fields: &Fields<'_>) -> Result<(), ApiError> {
        let expressions = present(fields, self.expressions);
        let legacy = present(fields, self.legacy);
        if !expressions.is_empty() && !legacy.is_empty() {
            return Err(mixed(&legacy, &expressions));
        }
        if fields.has("ExpressionAttributeNames") && expressions.is_empty() {
            return Err(ApiError::validation(
                "ExpressionAttributeNames can only be specified when using expressions",
            ));
        }
        let takes_values = self.with_values.iter().any(|name| fields.has(name));
        if fields.has("ExpressionAttributeValues") && !self.with_values.is_empty() && !takes_values {
            return Err(self.values_without_expression());
        }
        Ok(())
    }

    fn values_without_expression(&self) -> ApiError {
        let verb = if self.with_values.len() == 1 { "is" } else { "are" };
        let names = self.with_values.join(" and ");
        ApiError::validation(format!(
            "ExpressionAttributeValues can only be specified when using expressions: {names} {verb} null"
        ))
    }
}

fn present(fields: &Fields<'_>, names: &'static [&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| fields.has(name)).collect()
}

fn mixed(legacy: &[&str], expressions: &[&str]) -> ApiError {
    ApiError::validation(format!(
        "Can not use both expression and non-expression parameters in the same request: \
         Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
        legacy.join(", "),
        expressions.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use service::{Fields, Node};

    use super::Generations;

    const OF_UPDATE: Generations = Generations {
        expressions: &["UpdateExpression", "ConditionExpression"],
        with_values: &["UpdateExpression", "ConditionExpression"],
        legacy: &["AttributeUpdates", "Expected"],
    };

    fn told(body: &str) -> Option<String> {
        let fields = Fields::of(Node::parse_object(body.as_bytes()).unwrap());
        OF_UPDATE.check(&fields).err().and_then(|error| error.message)
    }

    #[test]
    fn generations_are_not_mixed() {
        assert_eq!(
            told(r#"{"UpdateExpression":"","Expected":{},"AttributeUpdates":{}}"#).unwrap(),
            "Can not use both expression and non-expression parameters in the same request: Non-expression \
             parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression}"
        );
        assert_eq!(told(r#"{"Expected":{}}"#), None);
    }

    #[test]
    fn names_and_values_need_an_expression() {
        assert_eq!(
            told(r##"{"ExpressionAttributeNames":{"#a":"a"},"Expected":{}}"##).unwrap(),
            "ExpressionAttributeNames can only be specified when using expressions"
        );
        assert_eq!(
            told(r#"{"ExpressionAttributeValues":{}}"#).unwrap(),
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and \
             ConditionExpression are null"
        );
        assert_eq!(told(r#"{"ConditionExpression":"x","ExpressionAttributeValues":{}}"#), None);
    }
}
