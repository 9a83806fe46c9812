//! ListAliases: the aliases of the account or of one key, in the order of their names.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::alias::{AliasEntry, DYNAMODB_ALIAS};
use crate::caller::Access;
use crate::key_id::{Forms, Home, KeyId};
use crate::lookup::user;
use crate::members;
use crate::page::PageRequest;
use crate::service::Kms;
use crate::store::index::View;

/// The operation.
pub struct ListAliases;

/// What it needs.
pub struct Input {
    key_name: Option<String>,
    page: PageRequest,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    aliases: Vec<AliasEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

impl Operation<Kms> for ListAliases {
    const NAME: &'static str = "ListAliases";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::optional_key_name(&mut fields, "KeyId");
        let page = PageRequest::members(&mut fields, 50, 100);
        fields.finish()?;
        Ok(Input { key_name, page })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let caller = user(context, Self::NAME);
        let find = |name: &String| room.find(&caller, name, Forms::KeyOnly, Access::Read);
        let of = input.key_name.as_ref().map(find).transpose()?.map(|key| key.record.id);
        let list = of.map_or_else(|| "ListAliases".into(), |key_id| format!("ListAliases {key_id}"));
        let after = room.markers.position(&list, input.page.marker.as_deref())?.unwrap_or_default();
        let page = room.store.read(|view| {
            let behind = entries(view, of, &room.home).filter(|(name, _)| *name > after);
            room.markers.page(&list, input.page.limit, behind)
        });
        Ok(Output {
            truncated: page.next_marker.is_some(),
            aliases: page.elements,
            next_marker: page.next_marker,
        })
    }
}

/// With the alias that AWS keeps for DynamoDB, also before there is a key for it.
fn entries<'a>(
    view: View<'a>,
    of: Option<KeyId>,
    home: &'a Home,
) -> impl Iterator<Item = (String, AliasEntry)> {
    let is_predefined = of.is_none() && view.alias(DYNAMODB_ALIAS).is_none();
    let wanted = view.aliases().filter(move |alias| of.is_none_or(|key_id| alias.target == key_id));
    let mut entries: Vec<_> = wanted.map(|alias| (alias.name.clone(), AliasEntry::of(alias, home))).collect();
    if is_predefined {
        let at = entries.partition_point(|(name, _)| name.as_str() < DYNAMODB_ALIAS);
        entries.insert(at, (DYNAMODB_ALIAS.into(), AliasEntry::predefined(DYNAMODB_ALIAS, home)));
    }
    entries.into_iter()
}
