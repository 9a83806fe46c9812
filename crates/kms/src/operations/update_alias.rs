//! UpdateAlias: points an alias at another key.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use super::create_alias::{self, Input};
use crate::alias::Alias;
use crate::caller::Access;
use crate::key_id::Forms;
use crate::lookup::{alias_not_found, find, user};
use crate::service::Kms;
use crate::store::Change;

/// The operation.
pub struct UpdateAlias;

impl Operation<Kms> for UpdateAlias {
    const NAME: &'static str = "UpdateAlias";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = ();

    fn parse(fields: Fields<'_>) -> Result<Input, ApiError> {
        create_alias::parse(fields)
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<(), ApiError> {
        let (home, caller) = (room.home.clone(), user(context, Self::NAME));
        let updated = room.store.change(move |planning| {
            let view = planning.view;
            let alias = view.alias(&input.alias).ok_or_else(|| alias_not_found(&home, &input.alias))?;
            let key = find(&home, view, &caller, &input.target, Forms::KeyOnly, Access::Use)?;
            key.record.check_not_pending_deletion(&home)?;
            let target = key.record.id;
            if target != alias.target {
                create_alias::check_has_room(view, target, &home)?;
            }
            let alias = Alias { target, updated_ms: view.now_ms, ..alias.clone() };
            Ok((vec![Change::alias(alias)], ()))
        });
        Ok(updated.await?)
    }
}
