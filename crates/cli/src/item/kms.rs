//! What is asked of a configuration's KMS.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_keyrings::KmsClient;
use item_encryption_keyrings::kms::KmsAnswer;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::service::Service;

/// A KMS.
pub struct Kms(pub Service);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataKey {
    plaintext: Zeroizing<String>,
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Plaintext {
    plaintext: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shared {
    shared_secret: Zeroizing<String>,
}

impl Kms {
    async fn call<A: DeserializeOwned>(&self, operation: &str, body: Value) -> Result<A, String> {
        let answer = self.0.call(&format!("TrentService.{operation}"), &body).await;
        let answer = answer.map_err(|error| format!("{error:#}"))?;
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
            let body = json!({ "KeyId": key, "NumberOfBytes": 32, "EncryptionContext": context.to_map() });
            let answer: DataKey = self.call("GenerateDataKey", body).await?;
            Ok((Zeroizing::new(decoded(&answer.plaintext)?), decoded(&answer.ciphertext_blob)?))
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
            let body = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionContext": context.to_map() });
            let answer: Plaintext = self.call("Decrypt", body).await?;
            Ok(Zeroizing::new(decoded(&answer.plaintext)?))
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let body = json!({ "KeyId": key, "NumberOfBytes": 32, "EncryptionContext": context.to_map() });
            let answer: Blob = self.call("GenerateDataKeyWithoutPlaintext", body).await?;
            decoded(&answer.ciphertext_blob)
        })
    }

    fn re_encrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        from: &'a EncryptionContext,
        to: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let body = json!({
                "CiphertextBlob": BASE64_STANDARD.encode(blob),
                "SourceKeyId": key,
                "SourceEncryptionContext": from.to_map(),
                "DestinationKeyId": key,
                "DestinationEncryptionContext": to.to_map(),
            });
            let answer: Blob = self.call("ReEncrypt", body).await?;
            decoded(&answer.ciphertext_blob)
        })
    }

    fn derive_shared_secret<'a>(
        &'a self,
        key: &'a str,
        public_key: &'a [u8],
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let public_key = BASE64_STANDARD.encode(public_key);
            let body = json!({ "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public_key });
            let answer: Shared = self.call("DeriveSharedSecret", body).await?;
            Ok(Zeroizing::new(decoded(&answer.shared_secret)?))
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|_| "its answer is not base64".to_owned())
}
