//! The exceptions of the DynamoDB API, mapped from the rooms below.

use std::error::Error;

use service::ApiError;

use crate::value::ValueError;
use crate::value::codec::CodecError;

/// `ResourceNotFoundException`, as item calls word it.
#[must_use]
pub fn table_not_found() -> ApiError {
    ApiError::service("ResourceNotFoundException", "Requested resource not found")
}

/// `InternalServerError`; the cause and what caused it go to the log only.
#[must_use]
pub fn internal(cause: &(dyn Error + 'static)) -> ApiError {
    tracing::error!(cause = %chain(cause), "a call failed inside");
    ApiError::internal("InternalServerError")
}

impl From<ValueError> for ApiError {
    fn from(error: ValueError) -> Self {
        Self::validation(error.to_string())
    }
}

/// A stored item that cannot be read is nothing a client can help.
impl From<CodecError> for ApiError {
    fn from(error: CodecError) -> Self {
        internal(&error)
    }
}

fn chain(cause: &(dyn Error + 'static)) -> String {
    let mut told = cause.to_string();
    let mut source = cause.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}
