//! ReEncrypt: from one key and context to another, without the plaintext leaving.

use envelope::EncryptionContext;
use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::blob::MAX_BLOB_LEN;
use crate::key::KEY_SPEC;
use crate::lookup::user;
use crate::material::MaterialId;
use crate::members::{self, Asked, DryRun};
use crate::message::Ciphertext;
use crate::service::Kms;
use crate::wire_blob::WireBlob;

/// The operation.
pub struct ReEncrypt;

/// What it needs.
pub struct Input {
    source: Ciphertext,
    destination: String,
    destination_context: EncryptionContext,
    dry_run: DryRun,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    ciphertext_blob: WireBlob,
    /// The ARN of the key it came from.
    source_key_id: String,
    /// The ARN of the key it lies under now.
    key_id: String,
    source_encryption_algorithm: &'static str,
    destination_encryption_algorithm: &'static str,
    source_key_material_id: MaterialId,
    destination_key_material_id: MaterialId,
}

impl Operation<Kms> for ReEncrypt {
    const NAME: &'static str = "ReEncrypt";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let blob = fields.blob("CiphertextBlob").length(1..=MAX_BLOB_LEN).required();
        let context = members::encryption_context(&mut fields, "SourceEncryptionContext");
        let key_name = members::optional_key_name(&mut fields, "SourceKeyId");
        let destination = members::key_name(&mut fields, "DestinationKeyId");
        let destination_context = members::encryption_context(&mut fields, "DestinationEncryptionContext");
        let asked = Asked::default()
            .algorithm(&mut fields, "SourceEncryptionAlgorithm")
            .algorithm(&mut fields, "DestinationEncryptionAlgorithm")
            .grant_tokens(&mut fields)
            .refuse(&fields, "DryRunModifiers");
        let dry_run = DryRun::member(&mut fields);
        fields.finish()?;
        asked.check()?;
        let source = Ciphertext { blob, context, key_name };
        Ok(Input { source, destination, destination_context, dry_run })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let from = room.decrypt(&user(context, "ReEncryptFrom"), &input.source).await?;
        let to = room.find_usable(&user(context, "ReEncryptTo"), &input.destination)?;
        input.dry_run.end()?;
        let blob = room.encrypt(&to, &from.plaintext, &input.destination_context).await?;
        Ok(Output {
            ciphertext_blob: blob.into(),
            source_key_id: from.key.record.arn(&room.home),
            key_id: to.record.arn(&room.home),
            source_encryption_algorithm: KEY_SPEC,
            destination_encryption_algorithm: KEY_SPEC,
            source_key_material_id: from.key.record.material.id,
            destination_key_material_id: to.record.material.id,
        })
    }
}
