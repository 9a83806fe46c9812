//! The two envelopes of AWS's JSON protocols, and how an exception stands in each.

use serde_json::{Map, Value};

use crate::ApiError;
use crate::error::Origin;

/// An API's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// The version of the protocol.
    pub protocol: Protocol,
    /// What comes before the dot in `X-Amz-Target`.
    pub target: &'static str,
    /// The service in a credential's scope.
    pub signing_name: &'static str,
    /// The service's name in the audit trail.
    pub event_source: &'static str,
}

/// The versions of AWS's JSON protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Exceptions carry a namespace, answers a CRC-32 (DynamoDB).
    Json10,
    /// Exceptions are named plainly (KMS).
    Json11,
}

impl Protocol {
    /// The `Content-Type` of answers.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
        }
    }

    /// The body of an exception.
    #[must_use]
    pub fn error_body(self, error: &ApiError, service_namespace: &str) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("__type".into(), self.type_name(error, service_namespace).into());
        if let Some(message) = &error.message {
            members.insert(message_name(error).into(), message.clone().into());
        }
        members.extend(error.members.clone());
        Value::Object(members).to_string().into_bytes()
    }

    fn type_name(self, error: &ApiError, service_namespace: &str) -> String {
        let namespace = match (self, error.origin) {
            (Self::Json11, _) => return error.code.to_string(),
            (Self::Json10, Origin::Validation) => "com.amazon.coral.validate",
            (Self::Json10, Origin::Framework) => "com.amazon.coral.service",
            (Self::Json10, Origin::Service) => service_namespace,
        };
        format!("{namespace}#{}", error.code)
    }
}

impl Wire {
    /// The body of an exception of this API.
    #[must_use]
    pub fn error_body(&self, error: &ApiError) -> Vec<u8> {
        self.protocol.error_body(error, &self.service_namespace())
    }

    /// `DynamoDB_20120810` -> `com.amazonaws.dynamodb.v20120810`, as exceptions of a model are named.
    fn service_namespace(&self) -> String {
        match self.target.rsplit_once('_') {
            Some((name, version)) => format!("com.amazonaws.{}.v{version}", name.to_lowercase()),
            None => format!("com.amazonaws.{}", self.target.to_lowercase()),
        }
    }
}

/// AWS writes `Message` where the framework could not read the request or does not allow it, and in the exceptions
/// whose model spells it so; `message` elsewhere.
fn message_name(error: &ApiError) -> &'static str {
    match error.code.as_ref() {
        "SerializationException"
        | "AccessDeniedException"
        | "TransactionCanceledException"
        | "TransactionInProgressException"
        | "IdempotentParameterMismatchException" => "Message",
        _ => "message",
    }
}

#[cfg(test)]
mod tests {
    use super::{Protocol, Wire};
    use crate::ApiError;

    const DYNAMODB: Wire = Wire {
        protocol: Protocol::Json10,
        target: "DynamoDB_20120810",
        signing_name: "dynamodb",
        event_source: "dynamodb.amazonaws.com",
    };

    fn body(wire: &Wire, error: &ApiError) -> String {
        String::from_utf8(wire.error_body(error)).unwrap()
    }

    #[test]
    fn json_1_0_names_the_model_an_exception_comes_from() {
        let service = ApiError::service("ResourceNotFoundException", "Requested resource not found");
        assert_eq!(
            body(&DYNAMODB, &service),
            r##"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"##
        );
        let validation = body(&DYNAMODB, &ApiError::validation("no"));
        assert!(validation.contains("com.amazon.coral.validate#ValidationException"));
        assert_eq!(
            body(&DYNAMODB, &ApiError::unknown_operation()),
            r##"{"__type":"com.amazon.coral.service#UnknownOperationException"}"##
        );
    }

    #[test]
    fn json_1_1_names_exceptions_plainly() {
        let kms = Wire { protocol: Protocol::Json11, target: "TrentService", ..DYNAMODB };
        let error = ApiError::service("NotFoundException", "Invalid keyId 'x'");
        assert_eq!(body(&kms, &error), r#"{"__type":"NotFoundException","message":"Invalid keyId 'x'"}"#);
    }
}
