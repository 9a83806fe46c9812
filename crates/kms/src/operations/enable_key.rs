//! EnableKey: makes a key usable.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key::{KeyRecord, State};
use crate::key_id::Forms;
use crate::lookup::user;
use crate::members;
use crate::service::Kms;

/// The operation.
pub struct EnableKey;

impl Operation<Kms> for EnableKey {
    const NAME: &'static str = "EnableKey";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = String;
    type Output = ();

    fn parse(mut fields: Fields<'_>) -> Result<String, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        fields.finish()?;
        Ok(key_name)
    }

    async fn run(room: &Kms, context: &CallContext, key_name: String) -> Result<(), ApiError> {
        let key = room.find(&user(context, Self::NAME), &key_name, Forms::KeyOnly, Access::Use)?;
        let home = room.home.clone();
        let next =
            move |record: &KeyRecord| record.check_not_pending_deletion(&home).map(|()| State::Enabled);
        room.transitions.bring(key.record.id, next).await?;
        Ok(())
    }
}
