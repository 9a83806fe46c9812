//! DescribeKey: tells all about a key but its secret; makes an AWS managed key on first need.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::key::KeyMetadata;
use crate::lookup::user;
use crate::members::{self, Asked};
use crate::service::Kms;

/// The operation.
pub struct DescribeKey;

/// Its answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    key_metadata: KeyMetadata,
}

impl Operation<Kms> for DescribeKey {
    const NAME: &'static str = "DescribeKey";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = String;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<String, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let asked = Asked::default().grant_tokens(&mut fields);
        fields.finish()?;
        asked.check()?;
        Ok(key_name)
    }

    async fn run(room: &Kms, context: &CallContext, key_name: String) -> Result<Output, ApiError> {
        let record = room.describe_named(&user(context, Self::NAME), &key_name).await?;
        Ok(Output { key_metadata: record.metadata(&room.home) })
    }
}
