//! ListResourceTags: the tags of a key, in the order of their keys.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key_id::Forms;
use crate::lookup::user;
use crate::members;
use crate::page::PageRequest;
use crate::service::Kms;
use crate::tag::{self, Tag};

/// The operation.
pub struct ListResourceTags;

/// What it needs.
pub struct Input {
    key_name: String,
    page: PageRequest,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

impl Operation<Kms> for ListResourceTags {
    const NAME: &'static str = "ListResourceTags";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let page = PageRequest::members(&mut fields, tag::MAX_PER_KEY, tag::MAX_PER_KEY);
        fields.finish()?;
        Ok(Input { key_name, page })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let key = room.find(&user(context, Self::NAME), &input.key_name, Forms::KeyOnly, Access::Read)?;
        let list = format!("ListResourceTags {}", key.record.id);
        let after = room.markers.position(&list, input.page.marker.as_deref())?;
        let tags = key.record.tags.iter().filter(|(tag_key, _)| Some(*tag_key) > after.as_ref());
        let tags = tags.map(|(tag_key, tag_value)| {
            (tag_key.clone(), Tag { tag_key: tag_key.clone(), tag_value: tag_value.clone() })
        });
        let page = room.markers.page(&list, input.page.limit, tags);
        Ok(Output {
            truncated: page.next_marker.is_some(),
            tags: page.elements,
            next_marker: page.next_marker,
        })
    }
}
