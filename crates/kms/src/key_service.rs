//! The joint: what services of this server ask of the KMS, and what the audit trail hears of it.

use std::sync::Arc;

use crypto::{KEY_LEN, SecretKey};
use envelope::{
    EncryptionContext, KeyDescription, KeyService, KeyServiceError, KeyWatcher, OnBehalfOf, WrappedKey,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use zeroize::Zeroize;

use crate::blob::Blob;
use crate::caller::{Access, Caller};
use crate::error::KmsError;
use crate::key_id::Forms;
use crate::service::{Kms, WIRE};

impl KeyService for Kms {
    fn describe<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        key: &'a str,
    ) -> BoxFuture<'a, Result<KeyDescription, KeyServiceError>> {
        async move {
            let described = self.describe_named(&Caller::Service(who), key).await;
            let described = described.map(|record| record.description(&self.home));
            audited("DescribeKey", who, described)
        }
        .boxed()
    }

    fn service_owned_key<'a>(
        &'a self,
        who: &'a OnBehalfOf,
    ) -> BoxFuture<'a, Result<KeyDescription, KeyServiceError>> {
        async move {
            let described = self.owned_key().await.map(|record| record.description(&self.home));
            audited("DescribeKey", who, described)
        }
        .boxed()
    }

    fn generate<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<(SecretKey, WrappedKey), KeyServiceError>> {
        async move { audited("GenerateDataKey", who, self.generate_for(who, key_arn, context).await) }.boxed()
    }

    fn unwrap<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<SecretKey, KeyServiceError>> {
        async move { audited("Decrypt", who, self.unwrap_for(who, wrapped).await) }.boxed()
    }

    fn watch(&self, watcher: Arc<dyn KeyWatcher>) {
        self.transitions.watch(watcher);
    }
}

impl Kms {
    async fn generate_for(
        &self,
        who: &OnBehalfOf,
        key_arn: &str,
        context: &EncryptionContext,
    ) -> Result<(SecretKey, WrappedKey), KmsError> {
        let key = self.find_usable(&Caller::Service(who), key_arn)?;
        let table_key = SecretKey::generate(&*self.env.random);
        let wrapped = WrappedKey {
            key_arn: key.record.arn(&self.home),
            key_material_id: key.record.material.id.to_string(),
            context: context.clone(),
            blob: self.encrypt(&key, table_key.expose(), context).await?,
            wrapped_at_ms: self.store.now_ms(),
        };
        Ok((table_key, wrapped))
    }

    async fn unwrap_for(&self, who: &OnBehalfOf, wrapped: &WrappedKey) -> Result<SecretKey, KmsError> {
        let key = self.find(&Caller::Service(who), &wrapped.key_arn, Forms::KeyOnly, Access::Use)?;
        let blob = Blob::parse(&wrapped.blob)?;
        if blob.key_id != key.record.id {
            return Err(KmsError::InvalidCiphertext);
        }
        let opened = self.open_blob(&key, &blob, &wrapped.context).await?;
        let mut bytes: [u8; KEY_LEN] =
            opened.as_slice().try_into().map_err(|_| KmsError::InvalidCiphertext)?;
        let table_key = SecretKey::take(&mut bytes);
        bytes.zeroize();
        Ok(table_key)
    }
}

/// Notes a call between services as the pipeline notes one that came from outside.
fn audited<T>(
    name: &'static str,
    who: &OnBehalfOf,
    result: Result<T, KmsError>,
) -> Result<T, KeyServiceError> {
    let result = result.map_err(KeyServiceError::from);
    let error_code = result.as_ref().err().map(KeyServiceError::code);
    tracing::info!(
        target: "audit", source = WIRE.event_source, name, read_only = true, error_code,
        invoked_by = who.service, caller_arn = who.caller_arn
    );
    result
}
