//! ListAliases: the aliases of the account or of one key, in the order of their names.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::alias::AliasEntry;
use crate::caller::Access;
use crate::key_id::{Forms, Home, KeyId};
use crate::lookup::user;
use crate::managed::PREDEFINED;
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

/// With the aliases that AWS keeps for its own keys, also before there are keys for them.
fn entries<'a>(
    view: View<'a>,
    of: Option<KeyId>,
    home: &'a Home,
) -> impl Iterator<Item = (String, AliasEntry)> {
    let wanted = view.aliases().filter(move |alias| of.is_none_or(|key_id| alias.target == key_id));
    let mut entries: Vec<_> = wanted.map(|alias| (alias.name.clone(), AliasEntry::of(alias, home))).collect();
    if of.is_none() {
        let unmade = PREDEFINED.iter().filter(|key| view.alias(key.alias).is_none());
        entries.extend(unmade.map(|key| (key.alias.to_owned(), AliasEntry::predefined(key.alias, home))));
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    }
    entries.into_iter()
}
