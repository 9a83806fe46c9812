//! The KMS of a configuration, through the binary's own client.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use item_encryption_command::ConfigError;
use item_encryption_command::config::KmsEndpoint;
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_keyrings::KmsClient;
use item_encryption_keyrings::kms::KmsAnswer;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::service::Service;

/// Makes clients; each needs an access key only when a configuration names a KMS.
pub fn connector(
    ca_cert: Option<PathBuf>,
) -> impl Fn(&KmsEndpoint) -> Result<Box<dyn KmsClient>, ConfigError> {
    move |kms| {
        let service = Service::new("kms", kms.endpoint.as_deref(), kms.region.as_deref(), ca_cert.clone());
        Ok(Box::new(Kms(service.map_err(|error| ConfigError(format!("{error:#}")))?)))
    }
}

struct Kms(Service);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered {
    plaintext: Zeroizing<String>,
    ciphertext_blob: Option<String>,
}

impl Kms {
    async fn call(&self, target: &str, body: Value) -> Result<Answered, String> {
        let answer = self.0.call(target, &body).await.map_err(|error| format!("{error:#}"))?;
        serde_json::from_slice(&answer).map_err(|_| "its answer cannot be read".to_owned())
    }
}

impl KmsClient for Kms {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        Box::pin(async move {
            let body = json!({ "KeyId": key, "NumberOfBytes": 32, "EncryptionContext": context });
            let answer = self.call("TrentService.GenerateDataKey", body).await?;
            let blob = answer.ciphertext_blob.as_deref().map(decoded).transpose()?;
            let blob = blob.ok_or_else(|| "its answer has no CiphertextBlob".to_owned())?;
            Ok((Zeroizing::new(decoded(&answer.plaintext)?), blob))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let blob = BASE64_STANDARD.encode(blob);
            let body = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionContext": context });
            let answer = self.call("TrentService.Decrypt", body).await?;
            Ok(Zeroizing::new(decoded(&answer.plaintext)?))
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|_| "its answer is not base64".to_owned())
}
