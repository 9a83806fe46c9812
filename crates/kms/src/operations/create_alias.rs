//! CreateAlias: gives a key a name.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::alias::{self, Alias};
use crate::caller::Access;
use crate::error::KmsError;
use crate::key_id::{ALIAS_PREFIX, Forms, Home, KeyId};
use crate::lookup::{find, user};
use crate::members;
use crate::service::Kms;
use crate::store::Change;
use crate::store::index::View;

/// The operation.
pub struct CreateAlias;

/// What it needs.
pub struct Input {
    pub(super) alias: String,
    pub(super) target: String,
}

impl Operation<Kms> for CreateAlias {
    const NAME: &'static str = "CreateAlias";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = ();

    fn parse(fields: Fields<'_>) -> Result<Input, ApiError> {
        parse(fields)
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<(), ApiError> {
        let (home, caller) = (room.home.clone(), user(context, Self::NAME));
        let made = room.store.change(move |planning| {
            let view = planning.view;
            let key = find(&home, view, &caller, &input.target, Forms::KeyOnly, Access::Use)?;
            key.record.check_not_pending_deletion(&home)?;
            check_is_free(&home, view, &input.alias)?;
            check_has_room(view, key.record.id, &home)?;
            let (target, now_ms) = (key.record.id, view.now_ms);
            let alias = Alias { name: input.alias, target, created_ms: now_ms, updated_ms: now_ms };
            Ok((vec![Change::alias(alias)], ()))
        });
        Ok(made.await?)
    }
}

/// Reads an alias and the key it shall name.
pub(super) fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
    let alias = alias::name_member(&mut fields);
    let target = members::key_name(&mut fields, "TargetKeyId");
    fields.finish()?;
    alias::check_name(&alias)?;
    if target.starts_with(ALIAS_PREFIX) || target.contains(":alias/") {
        return Err(KmsError::Validation("Aliases must refer to keys. Not aliases".into()).into());
    }
    Ok(Input { alias, target })
}

/// Whether a key may have one more alias.
pub(super) fn check_has_room(view: View<'_>, key_id: KeyId, home: &Home) -> Result<(), KmsError> {
    match view.alias_names_of(key_id).take(alias::MAX_PER_KEY).count() < alias::MAX_PER_KEY {
        true => Ok(()),
        false => {
            let arn = home.key_arn(key_id);
            Err(KmsError::LimitExceeded(format!("{arn} has {} aliases already.", alias::MAX_PER_KEY)))
        }
    }
}

fn check_is_free(home: &Home, view: View<'_>, alias: &str) -> Result<(), KmsError> {
    match view.alias(alias) {
        None => Ok(()),
        Some(_) => {
            let arn = home.alias_arn(alias);
            Err(KmsError::AlreadyExists(format!("An alias with the name {arn} already exists")))
        }
    }
}
