//! What the KMS refuses, in the words DynamoDB has for it.
//!
//! DynamoDB has no exception of its own for an unusable key: it embeds the KMS's exception as its Java
//! client words it. Every such text is built here.

use env::Random;
use env::random::random_bytes;
use envelope::{KeyServiceError, OnBehalfOf};
use service::ApiError;
use uuid::Uuid;

use crate::error::internal;

/// The exception for a refusal of the KMS.
#[must_use]
pub fn exception(refusal: &KeyServiceError, random: &dyn Random) -> ApiError {
    match refusal {
        KeyServiceError::Disabled(_) => {
            ApiError::validation(worded("KMS key disabled error", "DisabledException", refusal, random))
        }
        KeyServiceError::InvalidState(_) => {
            let java_class = "KMSInvalidStateException";
            ApiError::validation(worded("KMS validation error", java_class, refusal, random))
        }
        KeyServiceError::NotFound(_) => {
            ApiError::validation(worded("KMS validation error", "NotFoundException", refusal, random))
        }
        KeyServiceError::InvalidArn(_) => {
            ApiError::validation(worded("KMS validation error", "InvalidArnException", refusal, random))
        }
        KeyServiceError::AccessDenied(_) => {
            let message = worded("KMS key access denied error", "AWSKMSException", refusal, random);
            // No exception of DynamoDB's model: the framework's, as all of that name are.
            ApiError::framework("AccessDeniedException", message)
        }
        KeyServiceError::InvalidCiphertext(_) | KeyServiceError::Unavailable(_) => internal(refusal),
    }
}

/// The refusal of a key that is there, but for other services or for nobody.
#[must_use]
pub fn not_for_tables(who: &OnBehalfOf, key_arn: &str) -> KeyServiceError {
    let caller = who.caller_arn.as_deref().unwrap_or(who.service);
    KeyServiceError::AccessDenied(format!(
        "User: {caller} is not authorized to perform: kms:CreateGrant on resource: {key_arn} because no \
         resource-based policy allows the kms:CreateGrant action"
    ))
}

/// The refusal of a key that users do not see.
#[must_use]
pub fn not_found(key_arn: &str) -> KeyServiceError {
    KeyServiceError::NotFound(format!("Key '{key_arn}' does not exist"))
}

fn worded(prefix: &str, java_class: &str, refusal: &KeyServiceError, random: &dyn Random) -> String {
    let request_id = uuid::Builder::from_random_bytes(random_bytes(random)).into_uuid();
    format!(
        "{prefix}: com.amazonaws.services.kms.model.{java_class}: {refusal} {}",
        tail(refusal, request_id)
    )
}

fn tail(refusal: &KeyServiceError, request_id: Uuid) -> String {
    let code = refusal.code();
    format!("(Service: AWSKMS; Status Code: 400; Error Code: {code}; Request ID: {request_id}; Proxy: null)")
}

#[cfg(test)]
mod tests {
    use super::exception;
    use env::SeededRandom;
    use envelope::KeyServiceError;
    use service::error::Origin;

    #[test]
    fn a_denial_is_the_frameworks() {
        let denied = exception(&KeyServiceError::AccessDenied("no".into()), &SeededRandom::new(1));
        assert_eq!((denied.code.as_ref(), denied.origin), ("AccessDeniedException", Origin::Framework));
    }
}
