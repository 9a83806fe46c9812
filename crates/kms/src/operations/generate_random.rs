//! GenerateRandom: unpredictable bytes, for which no key is needed.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};
use zeroize::Zeroizing;

use crate::error::KmsError;
use crate::members::Asked;
use crate::service::Kms;
use crate::wire_blob::WireBlob;

/// The operation.
pub struct GenerateRandom;

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    plaintext: WireBlob,
}

impl Operation<Kms> for GenerateRandom {
    const NAME: &'static str = "GenerateRandom";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    /// How many bytes.
    type Input = usize;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<usize, ApiError> {
        let asked = Asked::default().refuse(&fields, "CustomKeyStoreId").refuse(&fields, "Recipient");
        let bytes = fields.integer("NumberOfBytes").range(1..=1024).optional();
        fields.finish()?;
        asked.check()?;
        let len = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        len.ok_or_else(|| KmsError::Validation("NumberOfBytes is required.".into()).into())
    }

    async fn run(room: &Kms, _: &CallContext, len: usize) -> Result<Output, ApiError> {
        let mut plaintext = Zeroizing::new(vec![0; len]);
        room.env.random.fill(&mut plaintext);
        Ok(Output { plaintext: plaintext.into() })
    }
}
