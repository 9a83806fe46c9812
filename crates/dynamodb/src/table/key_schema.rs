//! Reading a primary key: `KeySchema` and `AttributeDefinitions`.

use std::collections::HashSet;

use service::{ApiError, Fields};

use super::{KeyAttribute, KeySchema, KeyType};
use crate::class;
use crate::error::invalid_parameters;

/// `KeySchema` and `AttributeDefinitions`, read but not yet weighed against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchemaRequest {
    /// Names and roles (`HASH`, `RANGE`).
    elements: Vec<(String, String)>,
    /// Names and types.
    definitions: Vec<(String, String)>,
}

impl KeySchemaRequest {
    /// Reads both members.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let definitions = read_pairs(
            fields.structures("AttributeDefinitions", class::ATTRIBUTE_DEFINITION).required(),
            "AttributeType",
            &["B", "N", "S"],
        );
        let elements = fields.structures("KeySchema", class::KEY_SCHEMA_ELEMENT).count(1..=2).required();
        Self { elements: read_pairs(elements, "KeyType", &["HASH", "RANGE"]), definitions }
    }

    /// The primary key.
    ///
    /// # Errors
    /// `ValidationException` where the two do not make one.
    pub fn key_schema(self) -> Result<KeySchema, ApiError> {
        self.check_roles()?;
        self.check_definitions()?;
        let mut attributes = self.elements.iter().filter_map(|(name, _)| self.attribute(name));
        let partition = attributes.next().ok_or_else(not_a_hash_key)?;
        Ok(KeySchema { partition, sort: attributes.next() })
    }

    fn check_roles(&self) -> Result<(), ApiError> {
        let [(first, first_role), rest @ ..] = &self.elements[..] else { return Err(not_a_hash_key()) };
        if first_role != "HASH" {
            return Err(not_a_hash_key());
        }
        match rest {
            [(second, _)] if second == first => Err(ApiError::validation(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            )),
            [(_, role)] if role != "RANGE" => Err(ApiError::validation(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
            )),
            _ => Ok(()),
        }
    }

    fn check_definitions(&self) -> Result<(), ApiError> {
        if let Some(name) = self.repeated_definition() {
            let what = format!("Duplicate AttributeName '{name}' in AttributeDefinitions");
            return Err(invalid_parameters(&what));
        }
        if !self.elements.iter().all(|(name, _)| self.attribute(name).is_some()) {
            return Err(invalid_parameters(&format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], \
                 AttributeDefinitions: [{}]",
                names(&self.elements),
                names(&self.definitions)
            )));
        }
        match self.elements.len() == self.definitions.len() {
            true => Ok(()),
            false => Err(invalid_parameters(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in \
                 AttributeDefinitions",
            )),
        }
    }

    fn repeated_definition(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        self.definitions.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name))
    }

    fn attribute(&self, name: &str) -> Option<KeyAttribute> {
        let (name, kind) = self.definitions.iter().find(|(defined, _)| defined == name)?;
        let kind = [KeyType::S, KeyType::N, KeyType::B].into_iter().find(|known| known.name() == kind)?;
        Some(KeyAttribute { name: name.clone(), kind })
    }
}

fn read_pairs(list: Vec<Fields<'_>>, second: &str, values: &[&str]) -> Vec<(String, String)> {
    let pair = |mut fields: Fields<'_>| {
        let name = fields.string("AttributeName").length(1..=255).required();
        (name.into_owned(), fields.string(second).one_of(values).required().into_owned())
    };
    list.into_iter().map(pair).collect()
}

fn names(pairs: &[(String, String)]) -> String {
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn not_a_hash_key() -> ApiError {
    ApiError::validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
}

#[cfg(test)]
mod tests {
    use super::KeySchemaRequest;
    use crate::table::KeySchema;
    use service::{Fields, Node};

    fn read(definitions: &[(&str, &str)], elements: &[(&str, &str)]) -> Result<KeySchema, String> {
        let list = |pairs: &[(&str, &str)], second: &str| {
            let member = |(name, value): &(&str, &str)| {
                format!(r#"{{"AttributeName":"{name}","{second}":"{value}"}}"#)
            };
            pairs.iter().map(member).collect::<Vec<_>>().join(",")
        };
        let body = format!(
            r#"{{"AttributeDefinitions":[{}],"KeySchema":[{}]}}"#,
            list(definitions, "AttributeType"),
            list(elements, "KeyType")
        );
        let mut fields = Fields::of(Node::parse_object(body.as_bytes()).unwrap());
        let request = KeySchemaRequest::read(&mut fields);
        fields.finish().and_then(|()| request.key_schema()).map_err(|error| error.message.unwrap())
    }

    #[test]
    fn one_or_two_attributes_make_a_key() {
        let simple = read(&[("a", "S")], &[("a", "HASH")]).unwrap();
        assert_eq!((simple.partition.name.as_str(), simple.sort), ("a", None));
        let composite = read(&[("b", "N"), ("a", "B")], &[("a", "HASH"), ("b", "RANGE")]).unwrap();
        assert_eq!(composite.attributes().map(|a| a.kind.name()).collect::<String>(), "BN");
    }

    #[test]
    fn what_makes_no_key_is_told_in_awss_words() {
        let (a, b) = (("a", "S"), ("b", "S"));
        let (hash, range) = (("a", "HASH"), ("b", "RANGE"));
        let told = |definitions: &[_], elements: &[_]| read(definitions, elements).unwrap_err();
        assert_eq!(
            told(&[a], &[("a", "RANGE")]),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
        );
        assert_eq!(
            told(&[a, b], &[hash, ("b", "HASH")]),
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
        );
        assert_eq!(
            told(&[a], &[hash, ("a", "RANGE")]),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name"
        );
        assert_eq!(
            told(&[b], &[hash]),
            "One or more parameter values were invalid: Some index key attributes are not defined in \
             AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]"
        );
        assert_eq!(
            told(&[a, b], &[hash]),
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly \
             match number of attributes defined in AttributeDefinitions"
        );
        assert!(told(&[a, a], &[hash]).contains("Duplicate AttributeName 'a'"));
        assert!(told(&[a, b, ("c", "S")], &[hash, range, ("c", "RANGE")]).contains(
            "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"
        ));
        assert!(told(&[("a", "X")], &[hash]).contains(
            "Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: \
             Member must satisfy enum value set: [B, N, S]"
        ));
    }
}
