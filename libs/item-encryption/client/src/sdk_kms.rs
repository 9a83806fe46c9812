//! `aws-sdk-kms` as keyrings ask it.

use aws_sdk_kms::Client;
use aws_sdk_kms::error::DisplayErrorContext;
use aws_sdk_kms::primitives::Blob;
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_keyrings::KmsClient;
use item_encryption_keyrings::kms::KmsAnswer;
use zeroize::Zeroizing;

/// A KMS through AWS's own client.
#[derive(Debug, Clone)]
pub struct SdkKms(pub Client);

impl KmsClient for SdkKms {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        Box::pin(async move {
            let call = self.0.generate_data_key().key_id(key).number_of_bytes(32);
            let answer = call.set_encryption_context(pairs(context)).send().await.map_err(told)?;
            let plain = answer.plaintext.ok_or("its answer has no Plaintext")?;
            let blob = answer.ciphertext_blob.ok_or("its answer has no CiphertextBlob")?;
            Ok((plain.into_inner().into(), blob.into_inner()))
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let call = self.0.decrypt().key_id(key).ciphertext_blob(Blob::new(blob));
            let answer = call.set_encryption_context(pairs(context)).send().await.map_err(told)?;
            Ok(answer.plaintext.ok_or("its answer has no Plaintext")?.into_inner().into())
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        Box::pin(async move {
            let call = self.0.generate_data_key_without_plaintext().key_id(key).number_of_bytes(32);
            let answer = call.set_encryption_context(pairs(context)).send().await.map_err(told)?;
            Ok(answer.ciphertext_blob.ok_or("its answer has no CiphertextBlob")?.into_inner())
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
            let call = self.0.re_encrypt().source_key_id(key).destination_key_id(key);
            let call = call.ciphertext_blob(Blob::new(blob)).set_source_encryption_context(pairs(from));
            let answer = call.set_destination_encryption_context(pairs(to)).send().await.map_err(told)?;
            Ok(answer.ciphertext_blob.ok_or("its answer has no CiphertextBlob")?.into_inner())
        })
    }

    fn derive_shared_secret<'a>(
        &'a self,
        key: &'a str,
        public_key: &'a [u8],
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let call = self.0.derive_shared_secret().key_id(key).public_key(Blob::new(public_key));
            let call = call.key_agreement_algorithm(aws_sdk_kms::types::KeyAgreementAlgorithmSpec::Ecdh);
            let answer = call.send().await.map_err(told)?;
            Ok(answer.shared_secret.ok_or("its answer has no SharedSecret")?.into_inner().into())
        })
    }
}

fn pairs(context: &EncryptionContext) -> Option<std::collections::HashMap<String, String>> {
    Some(context.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn told(error: impl std::error::Error) -> String {
    DisplayErrorContext(error).to_string()
}
