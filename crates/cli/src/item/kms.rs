//! The KMS of a configuration, through the binary's own client.

use std::env::var;
use std::path::{Path, PathBuf};

use anyhow::Context;
use auth::AccessKey;
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

use crate::client::{self, Call};

/// Makes clients; each needs an access key only when a configuration names a KMS.
pub fn connector(
    ca_cert: Option<PathBuf>,
) -> impl Fn(&KmsEndpoint) -> Result<Box<dyn KmsClient>, ConfigError> {
    move |kms| {
        let client = Kms::new(kms, ca_cert.clone()).map_err(|error| ConfigError(format!("{error:#}")))?;
        Ok(Box::new(client))
    }
}

struct Kms {
    endpoint: String,
    region: String,
    key: AccessKey,
    ca_cert: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered {
    plaintext: Zeroizing<String>,
    ciphertext_blob: Option<String>,
}

impl Kms {
    fn new(kms: &KmsEndpoint, ca_cert: Option<PathBuf>) -> anyhow::Result<Self> {
        let variable = |names: [&str; 2]| names.iter().find_map(|name| var(name).ok());
        let region = kms.region.clone().or_else(|| variable(["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let region = region.context("a KMS needs a region, in the file or as AWS_REGION")?;
        let endpoint = kms.endpoint.clone();
        let endpoint = endpoint.or_else(|| variable(["AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"]));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com"));
        if endpoint.starts_with("https:") && ca_cert.is_none() {
            anyhow::bail!("{endpoint} speaks https: name the certificates to trust with --ca-cert");
        }
        if var("AWS_SESSION_TOKEN").is_ok() {
            anyhow::bail!("AWS_SESSION_TOKEN is set, but temporary credentials cannot be used here yet");
        }
        Ok(Self { endpoint, region, key: client::access_key(None)?, ca_cert })
    }

    async fn call(&self, target: &str, body: Value) -> Result<Answered, String> {
        let call = Call {
            endpoint: &self.endpoint,
            ca_cert: self.ca_cert.as_deref().map(Path::new),
            key: &self.key,
            region: &self.region,
            service: "kms",
            target,
            body: body.to_string().into(),
        };
        let answer = client::send(call).await.map_err(|error| format!("{error:#}"))?;
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
