//! What KMS answers when it refuses, and how each refusal stands on the wire and at the joint.

use std::error::Error;

use envelope::KeyServiceError;
use service::ApiError;
use service::error::Origin;

/// A refusal: one variant per exception of the API, with AWS's text.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// `NotFoundException`
    #[error("{0}")]
    NotFound(String),
    /// `DisabledException`
    #[error("{0}")]
    Disabled(String),
    /// `KMSInvalidStateException`
    #[error("{0}")]
    InvalidState(String),
    /// `AccessDeniedException`
    #[error("{0}")]
    AccessDenied(String),
    /// `NotAuthorizedException`, which AWS sends without a text: names that belong to AWS.
    #[error("the name is reserved")]
    NotAuthorized,
    /// `InvalidArnException`
    #[error("{0}")]
    InvalidArn(String),
    /// `InvalidAliasNameException`
    #[error("{0}")]
    InvalidAliasName(String),
    /// `AlreadyExistsException`
    #[error("{0}")]
    AlreadyExists(String),
    /// `LimitExceededException`
    #[error("{0}")]
    LimitExceeded(String),
    /// `TagException`
    #[error("{0}")]
    Tag(&'static str),
    /// `MalformedPolicyDocumentException`
    #[error("{0}")]
    MalformedPolicy(String),
    /// `InvalidMarkerException`
    #[error("{0}")]
    InvalidMarker(String),
    /// `InvalidGrantTokenException`
    #[error("{0}")]
    InvalidGrantToken(&'static str),
    /// `InvalidKeyUsageException`
    #[error("{0}")]
    InvalidKeyUsage(String),
    /// `InvalidCiphertextException`: says nothing, as a failed decryption must.
    #[error("the ciphertext is not valid")]
    InvalidCiphertext,
    /// `IncorrectKeyException`
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    /// `DryRunOperationException`
    #[error("The request would have succeeded, but the DryRun option is set.")]
    DryRun,
    /// `UnsupportedOperationException`
    #[error("{0}")]
    Unsupported(String),
    /// `ValidationException`
    #[error("{0}")]
    Validation(String),
    /// `KMSInternalException`: the cause goes to the log, never to a client.
    #[error("cannot {doing}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl KmsError {
    /// A failure of the service itself.
    pub fn internal(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal { doing, source: source.into() }
    }

    /// Notes a cause that a client will not be told.
    fn log(&self) {
        if let Self::Internal { doing, source } = self {
            tracing::error!(doing, cause = source.as_ref(), "the key service failed");
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NotFoundException",
            Self::Disabled(_) => "DisabledException",
            Self::InvalidState(_) => "KMSInvalidStateException",
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::NotAuthorized => "NotAuthorizedException",
            Self::InvalidArn(_) => "InvalidArnException",
            Self::InvalidAliasName(_) => "InvalidAliasNameException",
            Self::AlreadyExists(_) => "AlreadyExistsException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::Tag(_) => "TagException",
            Self::MalformedPolicy(_) => "MalformedPolicyDocumentException",
            Self::InvalidMarker(_) => "InvalidMarkerException",
            Self::InvalidGrantToken(_) => "InvalidGrantTokenException",
            Self::InvalidKeyUsage(_) => "InvalidKeyUsageException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::DryRun => "DryRunOperationException",
            Self::Unsupported(_) => "UnsupportedOperationException",
            Self::Validation(_) => "ValidationException",
            Self::Internal { .. } => "KMSInternalException",
        }
    }
}

impl From<KmsError> for ApiError {
    fn from(error: KmsError) -> Self {
        error.log();
        match error {
            KmsError::InvalidCiphertext | KmsError::NotAuthorized => {
                Self::service(error.code(), "").without_message()
            }
            KmsError::Internal { .. } => Self::internal(error.code()),
            KmsError::Validation(text) => Self::validation(text),
            told => Self { origin: Origin::Service, ..Self::service(told.code(), told.to_string()) },
        }
    }
}

impl From<KmsError> for KeyServiceError {
    fn from(error: KmsError) -> Self {
        error.log();
        let text = error.to_string();
        match error {
            KmsError::Disabled(_) => Self::Disabled(text),
            KmsError::InvalidState(_) => Self::InvalidState(text),
            KmsError::InvalidArn(_) => Self::InvalidArn(text),
            KmsError::AccessDenied(_) => Self::AccessDenied(text),
            KmsError::InvalidCiphertext => Self::InvalidCiphertext(String::new()),
            KmsError::Internal { .. } => Self::Unavailable("The key service failed internally.".into()),
            // What is left can only be about how the key was named.
            _ => Self::NotFound(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KmsError;
    use envelope::KeyServiceError;
    use service::ApiError;

    #[test]
    fn a_failed_decryption_says_nothing() {
        let error = ApiError::from(KmsError::InvalidCiphertext);
        assert_eq!(
            (error.code.as_ref(), error.message, error.status),
            ("InvalidCiphertextException", None, 400)
        );
        let error = KeyServiceError::from(KmsError::InvalidCiphertext);
        assert_eq!(error, KeyServiceError::InvalidCiphertext(String::new()));
    }

    #[test]
    fn an_internal_cause_is_never_told() {
        let failed = || KmsError::internal("write a key's record", "disk /dev/x is on fire");
        let error = ApiError::from(failed());
        assert_eq!((error.code.as_ref(), error.status), ("KMSInternalException", 500));
        assert!(!error.message.unwrap().contains("fire"));
        assert!(!KeyServiceError::from(failed()).to_string().contains("fire"));
    }
}
