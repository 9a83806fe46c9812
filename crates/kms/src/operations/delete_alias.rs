//! DeleteAlias: takes a key's name away; the key stays.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::alias;
use crate::lookup::alias_not_found;
use crate::service::Kms;
use crate::store::Change;
use crate::store::record::Address;

/// The operation.
pub struct DeleteAlias;

impl Operation<Kms> for DeleteAlias {
    const NAME: &'static str = "DeleteAlias";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = String;
    type Output = ();

    fn parse(mut fields: Fields<'_>) -> Result<String, ApiError> {
        let alias = alias::name_member(&mut fields);
        fields.finish()?;
        alias::check_name(&alias)?;
        Ok(alias)
    }

    async fn run(room: &Kms, _: &CallContext, alias: String) -> Result<(), ApiError> {
        let home = room.home.clone();
        let deleted = room.store.change(move |planning| match planning.view.alias(&alias) {
            None => Err(alias_not_found(&home, &alias)),
            Some(_) => Ok((vec![Change::Remove(Address::Alias(alias))], ())),
        });
        Ok(deleted.await?)
    }
}
