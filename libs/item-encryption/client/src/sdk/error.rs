//! Why a call is not answered.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};

use crate::codec::ItemError;
use crate::soundness::Unsound;

/// A call that failed, or was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The client knows no codec for the table.
    #[error(
        "no codec is known for the table {0:?}: name it with EncryptedClient::table, or use the SDK's client"
    )]
    UnknownTable(String),
    /// An item is refused.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The request does not mean on stored items what it says.
    #[error(transparent)]
    Unsound(#[from] Unsound),
    /// There is no item to modify.
    #[error("there is no item with this key")]
    NoItem,
    /// Others change the item all the time.
    #[error("others changed the item each of {0} times; try again")]
    Contended(u32),
    /// DynamoDB refused, or was not reached.
    #[error("{}", DisplayErrorContext(&**.0))]
    DynamoDb(Box<aws_sdk_dynamodb::Error>),
}

impl<E, R> From<SdkError<E, R>> for ClientError
where
    aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::DynamoDb(Box::new(error.into()))
    }
}

impl ClientError {
    /// Whether a condition of the request did not hold.
    #[must_use]
    pub fn is_condition_failed(&self) -> bool {
        let Self::DynamoDb(error) = self else { return false };
        matches!(**error, aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_))
    }

    /// Whether a transaction was done under its token in the last ten minutes, by a request of other bytes: what an
    /// earlier call with the same items was encrypted to, unless the token was given to another transaction.
    #[must_use]
    pub fn is_token_used(&self) -> bool {
        let Self::DynamoDb(error) = self else { return false };
        matches!(**error, aws_sdk_dynamodb::Error::IdempotentParameterMismatchException(_))
    }
}
