//! TagResource: adds tags to a key, or changes their values.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key::KeyRecord;
use crate::key_id::Forms;
use crate::lookup::{find, user};
use crate::members;
use crate::service::Kms;
use crate::store::Change;
use crate::tag::{self, Presence, Tag};

/// The operation.
pub struct TagResource;

/// What it needs.
pub struct Input {
    key_name: String,
    tags: Vec<Tag>,
}

impl Operation<Kms> for TagResource {
    const NAME: &'static str = "TagResource";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = ();

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let tags = tag::tags_member(&mut fields, Presence::Required);
        fields.finish()?;
        Ok(Input { key_name, tags })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<(), ApiError> {
        let (home, caller) = (room.home.clone(), user(context, Self::NAME));
        let tagged = room.store.change(move |planning| {
            let key = find(&home, planning.view, &caller, &input.key_name, Forms::KeyOnly, Access::Use)?;
            key.record.check_not_pending_deletion(&home)?;
            let tags = tag::merged(&key.record.tags, &input.tags)?;
            Ok((vec![Change::key(KeyRecord { tags, ..key.record.clone() })], ()))
        });
        Ok(tagged.await?)
    }
}
