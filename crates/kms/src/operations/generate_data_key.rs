//! GenerateDataKey: a data key, in clear and encrypted.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::data_key::DataKeyRequest;
use crate::material::MaterialId;
use crate::members::Asked;
use crate::service::Kms;
use crate::wire_blob::WireBlob;

/// The operation.
pub struct GenerateDataKey;

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    ciphertext_blob: WireBlob,
    plaintext: WireBlob,
    /// The key's ARN.
    key_id: String,
    key_material_id: MaterialId,
}

impl Operation<Kms> for GenerateDataKey {
    const NAME: &'static str = "GenerateDataKey";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = DataKeyRequest;
    type Output = Output;

    fn parse(fields: Fields<'_>) -> Result<DataKeyRequest, ApiError> {
        let asked = Asked::default().refuse(&fields, "Recipient");
        DataKeyRequest::parse(fields, asked)
    }

    async fn run(room: &Kms, context: &CallContext, input: DataKeyRequest) -> Result<Output, ApiError> {
        let made = room.data_key(context, Self::NAME, input).await?;
        Ok(Output {
            ciphertext_blob: made.blob.into(),
            plaintext: made.plaintext.into(),
            key_id: made.key.record.arn(&room.home),
            key_material_id: made.key.record.material.id,
        })
    }
}
