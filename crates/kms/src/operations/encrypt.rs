//! Encrypt: up to 4096 bytes under a key, bound to an encryption context.

use envelope::EncryptionContext;
use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};
use zeroize::Zeroizing;

use crate::blob::MAX_PLAINTEXT_LEN;
use crate::key::KEY_SPEC;
use crate::lookup::user;
use crate::members::{self, Asked, DryRun};
use crate::service::Kms;
use crate::wire_blob::WireBlob;

/// The operation.
pub struct Encrypt;

/// What it needs.
pub struct Input {
    key_name: String,
    plaintext: Zeroizing<Vec<u8>>,
    context: EncryptionContext,
    dry_run: DryRun,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    ciphertext_blob: WireBlob,
    /// The key's ARN.
    key_id: String,
    encryption_algorithm: &'static str,
}

impl Operation<Kms> for Encrypt {
    const NAME: &'static str = "Encrypt";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let plaintext = fields.blob("Plaintext").length(1..=MAX_PLAINTEXT_LEN).required();
        let context = members::encryption_context(&mut fields, "EncryptionContext");
        let asked = Asked::default().grant_tokens(&mut fields).algorithm(&mut fields, "EncryptionAlgorithm");
        let dry_run = DryRun::member(&mut fields);
        let input = Input { key_name, plaintext: Zeroizing::new(plaintext), context, dry_run };
        fields.finish()?;
        asked.check()?;
        Ok(input)
    }

    async fn run(room: &Kms, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let key = room.find_usable(&user(context, Self::NAME), &input.key_name)?;
        input.dry_run.end()?;
        let blob = room.encrypt(&key, &input.plaintext, &input.context).await?;
        Ok(Output {
            ciphertext_blob: blob.into(),
            key_id: key.record.arn(&room.home),
            encryption_algorithm: KEY_SPEC,
        })
    }
}
