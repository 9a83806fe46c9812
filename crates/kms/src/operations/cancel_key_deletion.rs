//! CancelKeyDeletion: saves a key from deletion and leaves it disabled.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::error::KmsError;
use crate::key::{KeyRecord, State};
use crate::key_id::Forms;
use crate::lookup::user;
use crate::members;
use crate::service::Kms;

/// The operation.
pub struct CancelKeyDeletion;

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The key's ARN.
    key_id: String,
}

impl Operation<Kms> for CancelKeyDeletion {
    const NAME: &'static str = "CancelKeyDeletion";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = String;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<String, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        fields.finish()?;
        Ok(key_name)
    }

    async fn run(room: &Kms, context: &CallContext, key_name: String) -> Result<Output, ApiError> {
        let key = room.find(&user(context, Self::NAME), &key_name, Forms::KeyOnly, Access::Use)?;
        let arn = key.record.arn(&room.home);
        let refusal = format!("{arn} is not pending deletion.");
        let next = move |record: &KeyRecord| match record.state {
            State::PendingDeletion { .. } => Ok(State::Disabled),
            State::Enabled | State::Disabled => Err(KmsError::InvalidState(refusal)),
        };
        room.transitions.bring(key.record.id, next).await?;
        Ok(Output { key_id: arn })
    }
}
