//! UpdateKeyDescription: replaces what a key's owner says of it.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key::KeyRecord;
use crate::key_id::Forms;
use crate::lookup::{find, user};
use crate::members;
use crate::service::Kms;
use crate::store::Change;

/// The operation.
pub struct UpdateKeyDescription;

/// What it needs.
pub struct Input {
    key_name: String,
    description: String,
}

impl Operation<Kms> for UpdateKeyDescription {
    const NAME: &'static str = "UpdateKeyDescription";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = ();

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let description = fields.string("Description").length(0..=8192).required().into_owned();
        fields.finish()?;
        Ok(Input { key_name, description })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<(), ApiError> {
        let (home, caller) = (room.home.clone(), user(context, Self::NAME));
        let updated = room.store.change(move |planning| {
            let key = find(&home, planning.view, &caller, &input.key_name, Forms::KeyOnly, Access::Use)?;
            key.record.check_not_pending_deletion(&home)?;
            let description = input.description;
            Ok((vec![Change::key(KeyRecord { description, ..key.record.clone() })], ()))
        });
        Ok(updated.await?)
    }
}
