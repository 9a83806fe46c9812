//! GenerateDataKeyWithoutPlaintext: a data key for later, encrypted only.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::data_key::DataKeyRequest;
use crate::material::MaterialId;
use crate::members::Asked;
use crate::service::Kms;
use crate::wire_blob::WireBlob;

/// The operation.
pub struct GenerateDataKeyWithoutPlaintext;

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    ciphertext_blob: WireBlob,
    /// The key's ARN.
    key_id: String,
    key_material_id: MaterialId,
}

impl Operation<Kms> for GenerateDataKeyWithoutPlaintext {
    const NAME: &'static str = "GenerateDataKeyWithoutPlaintext";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = DataKeyRequest;
    type Output = Output;

    fn parse(fields: Fields<'_>) -> Result<DataKeyRequest, ApiError> {
        DataKeyRequest::parse(fields, Asked::default())
    }

    async fn run(room: &Kms, context: &CallContext, input: DataKeyRequest) -> Result<Output, ApiError> {
        let made = room.data_key(context, Self::NAME, input).await?;
        Ok(Output {
            ciphertext_blob: made.blob.into(),
            key_id: made.key.record.arn(&room.home),
            key_material_id: made.key.record.material.id,
        })
    }
}
