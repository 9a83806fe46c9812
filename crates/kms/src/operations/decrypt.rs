//! Decrypt: what Encrypt or GenerateDataKey gave, under the same encryption context.

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
pub struct Decrypt;

/// What it needs.
pub struct Input {
    ciphertext: Ciphertext,
    dry_run: DryRun,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// The key's ARN.
    key_id: String,
    plaintext: WireBlob,
    encryption_algorithm: &'static str,
    key_material_id: MaterialId,
}

impl Operation<Kms> for Decrypt {
    const NAME: &'static str = "Decrypt";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let blob = fields.blob("CiphertextBlob").length(1..=MAX_BLOB_LEN).required();
        let context = members::encryption_context(&mut fields, "EncryptionContext");
        let key_name = members::optional_key_name(&mut fields, "KeyId");
        let asked = Asked::default()
            .grant_tokens(&mut fields)
            .algorithm(&mut fields, "EncryptionAlgorithm")
            .refuse(&fields, "Recipient")
            .refuse(&fields, "DryRunModifiers");
        let dry_run = DryRun::member(&mut fields);
        fields.finish()?;
        asked.check()?;
        Ok(Input { ciphertext: Ciphertext { blob, context, key_name }, dry_run })
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let decrypted = room.decrypt(&user(context, Self::NAME), &input.ciphertext).await?;
        input.dry_run.end()?;
        Ok(Output {
            key_id: decrypted.key.record.arn(&room.home),
            plaintext: decrypted.plaintext.into(),
            encryption_algorithm: KEY_SPEC,
            key_material_id: decrypted.key.record.material.id,
        })
    }
}
