//! UntagResource: takes tags off a key; those it does not have are fine.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key_id::Forms;
use crate::lookup::{find, user};
use crate::members;
use crate::service::Kms;
use crate::store::Change;
use crate::tag;

/// The operation.
pub struct UntagResource;

/// What it needs.
pub struct Input {
    key_name: String,
    tag_keys: Vec<String>,
}

impl Operation<Kms> for UntagResource {
    const NAME: &'static str = "UntagResource";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = ();

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let tag_keys = tag::tag_keys_member(&mut fields);
        fields.finish()?;
        Ok(Input { key_name, tag_keys })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<(), ApiError> {
        let (home, caller) = (room.home.clone(), user(context, Self::NAME));
        let untagged = room.store.change(move |planning| {
            let key = find(&home, planning.view, &caller, &input.key_name, Forms::KeyOnly, Access::Use)?;
            key.record.check_not_pending_deletion(&home)?;
            let mut record = key.record.clone();
            record.tags.retain(|tag_key, _| !input.tag_keys.contains(tag_key));
            Ok((vec![Change::key(record)], ()))
        });
        Ok(untagged.await?)
    }
}
