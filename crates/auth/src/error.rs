//! Why a signature is refused, in AWS's words.

/// A refused signature. Displayed as the text that AWS sends with the exception [`AuthError::code`] names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nothing in the request claims to be a signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// What claims to be a signature lacks a part, or a part of it cannot be read.
    #[error("{0}")]
    Incomplete(String),
    /// Nobody has this access key; or a session token came along, which nobody gives out yet.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The signature is complete but for another scope or time, or does not stand alone.
    #[error("{0}")]
    WrongScope(String),
    /// The signature is not the one this request has under this key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS \
         Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl AuthError {
    /// The name of AWS's exception.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::WrongScope(_) | Self::Mismatch => "InvalidSignatureException",
        }
    }
}
