//! Data keys: random bytes, told in clear and under a key.

use std::sync::Arc;

use envelope::EncryptionContext;
use service::{ApiError, CallContext, Fields};
use zeroize::Zeroizing;

use crate::error::KmsError;
use crate::key::Key;
use crate::lookup::user;
use crate::members::{self, Asked, DryRun};
use crate::service::Kms;

/// What both operations that make data keys need.
pub struct DataKeyRequest {
    key_name: String,
    context: EncryptionContext,
    len: usize,
    dry_run: DryRun,
}

/// A data key.
pub struct DataKey {
    /// Under which key.
    pub key: Arc<Key>,
    /// In clear.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Encrypted.
    pub blob: Vec<u8>,
}

impl DataKeyRequest {
    /// Reads the members; `asked` are those that only one of the operations has.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn parse(mut fields: Fields<'_>, asked: Asked) -> Result<Self, ApiError> {
        let key_name = members::key_name(&mut fields, "KeyId");
        let context = members::encryption_context(&mut fields, "EncryptionContext");
        let bytes = fields.integer("NumberOfBytes").range(1..=1024).optional();
        let spec = fields.string("KeySpec").one_of(&["AES_256", "AES_128"]).optional().map(String::from);
        let asked = asked.grant_tokens(&mut fields);
        let dry_run = DryRun::member(&mut fields);
        fields.finish()?;
        asked.check()?;
        Ok(Self { key_name, context, len: len(bytes, spec.as_deref())?, dry_run })
    }
}

impl Kms {
    /// Makes a data key for a user.
    pub(crate) async fn data_key(
        &self,
        context: &CallContext,
        operation: &'static str,
        request: DataKeyRequest,
    ) -> Result<DataKey, KmsError> {
        let key = self.find_usable(&user(context, operation), &request.key_name)?;
        request.dry_run.end()?;
        let mut plaintext = Zeroizing::new(vec![0; request.len]);
        self.env.random.fill(&mut plaintext);
        let blob = self.encrypt(&key, &plaintext, &request.context).await?;
        Ok(DataKey { key, plaintext, blob })
    }
}

fn len(bytes: Option<i64>, spec: Option<&str>) -> Result<usize, KmsError> {
    match (bytes.and_then(|bytes| usize::try_from(bytes).ok()), spec) {
        (Some(bytes), None) => Ok(bytes),
        (None, Some("AES_128")) => Ok(16),
        (None, Some(_)) => Ok(32),
        (None, None) | (Some(_), Some(_)) => {
            Err(KmsError::Validation("Please specify either number of bytes or key spec.".into()))
        }
    }
}
