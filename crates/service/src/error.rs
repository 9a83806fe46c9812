//! An AWS exception, as an answer to a client.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Whose model an exception belongs to; it decides the namespace in `__type` on JSON 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The framework's validation (`com.amazon.coral.validate`).
    Validation,
    /// The framework itself: signatures, serialisation, unknown operations (`com.amazon.coral.service`).
    Framework,
    /// The service's own model.
    Service,
}

/// An exception by name, with its text and further members.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// The exception's name, such as `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    /// Its text; `None` where AWS sends none.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// Whose exception it is.
    pub origin: Origin,
    /// Members beside the message, such as `Item` or `CancellationReasons`.
    pub members: Map<String, Value>,
}

impl ApiError {
    /// An exception of a service's own model, status 400.
    #[must_use]
    pub fn service(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Some(message.into()), 400, Origin::Service)
    }

    /// An exception of the framework, status 400.
    #[must_use]
    pub fn framework(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Some(message.into()), 400, Origin::Framework)
    }

    /// `ValidationException`.
    #[must_use]
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", Some(message.into()), 400, Origin::Validation)
    }

    /// `SerializationException`: the body is not what the model says.
    #[must_use]
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::framework("SerializationException", message)
    }

    /// `UnknownOperationException`, without a text, as AWS answers.
    #[must_use]
    pub fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", None, 400, Origin::Framework)
    }

    /// The service failed; the cause goes to the log, never to the client.
    #[must_use]
    pub fn internal(code: &'static str) -> Self {
        let message = "The request processing has failed because of an unknown error, exception or failure.";
        Self::new(code, Some(message.into()), 500, Origin::Service)
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same without a text.
    #[must_use]
    pub fn without_message(mut self) -> Self {
        self.message = None;
        self
    }

    /// The same with a further member.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.into(), value);
        self
    }

    fn new(code: &'static str, message: Option<String>, status: u16, origin: Origin) -> Self {
        Self { code: Cow::Borrowed(code), message, status, origin, members: Map::new() }
    }
}
