//! ListKeyPolicies: every key has one policy, and one name for it.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::caller::Access;
use crate::key_id::Forms;
use crate::lookup::user;
use crate::members;
use crate::page::PageRequest;
use crate::policy::NAME;
use crate::service::Kms;

/// The operation.
pub struct ListKeyPolicies;

/// What it needs.
pub struct Input {
    key_name: String,
    page: PageRequest,
}

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy_names: [&'static str; 1],
    truncated: bool,
}

impl Operation<Kms> for ListKeyPolicies {
    const NAME: &'static str = "ListKeyPolicies";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let page = PageRequest::members(&mut fields, 100, 1000);
        fields.finish()?;
        Ok(Input { key_name, page })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let key = room.find(&user(context, Self::NAME), &input.key_name, Forms::KeyOnly, Access::Read)?;
        let list = format!("ListKeyPolicies {}", key.record.id);
        room.markers.position(&list, input.page.marker.as_deref())?;
        Ok(Output { policy_names: [NAME], truncated: false })
    }
}
