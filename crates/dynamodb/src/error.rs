//! The exceptions of the DynamoDB API, mapped from the rooms below.
//!
//! Whatever a client cannot act upon is `InternalServerError`, with its cause in the log; what the KMS
//! refuses is worded in `table/kms_errors.rs`.

use std::error::Error;

use engine::EngineError;
use env::Random;
use envelope::{KeyServiceError, LeaseError, ShredError};
use service::ApiError;

use crate::expression::ExpressionError;
use crate::table::kms_errors;
use crate::value::ValueError;
use crate::value::codec::CodecError;

/// Why a table's keyspace does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The KMS, or the engine, refused or failed.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The recorded wrapped key does not come out from under the shred key.
    #[error("the recorded table key cannot be read")]
    Secret(#[from] ShredError),
    /// What comes out is no wrapped key.
    #[error("the recorded table key is damaged")]
    Record(#[from] serde_json::Error),
    /// None is recorded: the table is being deleted.
    #[error("no table key is recorded")]
    NoKey,
}

impl OpenError {
    /// The KMS's refusal, where it is one that another try does not change by itself.
    #[must_use]
    pub fn refusal(&self) -> Option<&KeyServiceError> {
        match self {
            Self::Lease(LeaseError::Key(KeyServiceError::Unavailable(_))) => None,
            Self::Lease(LeaseError::Key(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the key is not the one the keyspace lies under.
    #[must_use]
    pub fn is_wrong_key(&self) -> bool {
        matches!(self, Self::Lease(LeaseError::Engine(EngineError::WrongKey(_))))
    }

    /// The exception for it.
    #[must_use]
    pub fn into_api(self, random: &dyn Random) -> ApiError {
        match self {
            Self::Lease(error) => lease(error, random),
            Self::Secret(_) | Self::Record(_) | Self::NoKey => internal(&self),
        }
    }
}

/// The exception for a lease that does not run.
#[must_use]
pub fn lease(error: LeaseError, random: &dyn Random) -> ApiError {
    match error {
        LeaseError::Key(refusal) => kms_errors::exception(&refusal, random),
        LeaseError::Engine(error) => engine(&error),
        LeaseError::Overtaken => internal(&error),
    }
}

/// The exception for a failed call to the engine. A keyspace that is not there any more is a table that is
/// not there any more; for a closed one ask [`crate::DynamoDb::engine_refused`].
#[must_use]
pub fn engine(error: &EngineError) -> ApiError {
    match error {
        EngineError::Absent(_) => table_not_found(),
        EngineError::Closed(_)
        | EngineError::Exists(_)
        | EngineError::WrongKey(_)
        | EngineError::Damaged { .. }
        | EngineError::DiskFull
        | EngineError::InUse
        | EngineError::LogFailed(_)
        | EngineError::Invalid(_)
        | EngineError::NoCheckpoint(_)
        | EngineError::CheckpointExists(_)
        | EngineError::NotKept(_)
        | EngineError::TokenReused
        | EngineError::Unsupported(_)
        | EngineError::Io { .. } => internal(error),
    }
}

/// `ResourceNotFoundException`, as item calls word it.
#[must_use]
pub fn table_not_found() -> ApiError {
    ApiError::service("ResourceNotFoundException", "Requested resource not found")
}

/// `ResourceNotFoundException`, as table calls word it.
#[must_use]
pub fn table_gone(name: &str) -> ApiError {
    let message = format!("Requested resource not found: Table: {name} not found");
    ApiError::service("ResourceNotFoundException", message)
}

/// `ResourceInUseException`: `Table already exists`.
#[must_use]
pub fn table_exists(name: &str) -> ApiError {
    ApiError::service("ResourceInUseException", format!("Table already exists: {name}"))
}

/// `ResourceInUseException`: the table is on its way somewhere else.
#[must_use]
pub fn table_in_use(what: &str) -> ApiError {
    let message = format!("Attempt to change a resource which is still in use: {what}");
    ApiError::service("ResourceInUseException", message)
}

/// `LimitExceededException`.
#[must_use]
pub fn limit_exceeded(what: &str) -> ApiError {
    ApiError::service("LimitExceededException", format!("Subscriber limit exceeded: {what}"))
}

/// `ValidationException`: one or more parameter values were invalid.
#[must_use]
pub fn invalid_parameters(what: &str) -> ApiError {
    ApiError::validation(format!("One or more parameter values were invalid: {what}"))
}

/// `ValidationException`: part of the API that does not work yet, and is never ignored.
#[must_use]
pub fn unsupported(member: &str) -> ApiError {
    ApiError::validation(format!("{member} is not supported by this server yet."))
}

impl From<ExpressionError> for ApiError {
    fn from(error: ExpressionError) -> Self {
        Self::validation(error.to_string())
    }
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

/// `InternalServerError`; the cause and what caused it go to the log only.
#[must_use]
pub fn internal(cause: &(dyn Error + 'static)) -> ApiError {
    tracing::error!(cause = %chain(cause), "a call failed inside");
    ApiError::internal("InternalServerError")
}

/// An error and what caused it, for the log.
#[must_use]
pub fn chain(cause: &(dyn Error + 'static)) -> String {
    let mut told = cause.to_string();
    let mut source = cause.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}
