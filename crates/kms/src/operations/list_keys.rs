//! ListKeys: the keys of the account, in the order of their ids.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::key_id::KeyId;
use crate::members::Asked;
use crate::page::PageRequest;
use crate::service::Kms;

/// The operation.
pub struct ListKeys;

/// One key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    key_id: String,
    key_arn: String,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    keys: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

const LIST: &str = "ListKeys";

impl Operation<Kms> for ListKeys {
    const NAME: &'static str = "ListKeys";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = PageRequest;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<PageRequest, ApiError> {
        let page = PageRequest::members(&mut fields, 100, 1000);
        let asked = Asked::default().refuse(&fields, "ResourceOwners");
        fields.finish()?;
        asked.check()?;
        Ok(page)
    }

    async fn run(room: &Kms, _: &CallContext, request: PageRequest) -> Result<Output, ApiError> {
        let after = room.markers.position(LIST, request.marker.as_deref())?;
        let after = after.as_deref().and_then(KeyId::parse);
        let page = room.store.read(|view| {
            let keys = view.keys_after(after).map(|key| {
                let (id, key_arn) = (key.record.id.to_string(), key.record.arn(&room.home));
                (id.clone(), Entry { key_id: id, key_arn })
            });
            room.markers.page(LIST, request.limit, keys)
        });
        Ok(Output {
            truncated: page.next_marker.is_some(),
            keys: page.elements,
            next_marker: page.next_marker,
        })
    }
}
