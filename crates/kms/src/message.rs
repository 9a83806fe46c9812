//! Messages: encrypting under a key, and decrypting under the key that a blob names.

use std::sync::Arc;

use envelope::EncryptionContext;
use zeroize::Zeroizing;

use crate::blob::{self, Blob};
use crate::caller::{Access, Caller};
use crate::error::KmsError;
use crate::key::Key;
use crate::key_id::Forms;
use crate::service::Kms;

/// What a user asks to have decrypted.
pub(crate) struct Ciphertext {
    /// The bytes handed in.
    pub blob: Vec<u8>,
    /// What they must be bound to.
    pub context: EncryptionContext,
    /// The key that it must lie under, where one is named.
    pub key_name: Option<String>,
}

/// What came of it.
pub(crate) struct Decrypted {
    /// The key they lay under.
    pub key: Arc<Key>,
    /// What they hid.
    pub plaintext: Zeroizing<Vec<u8>>,
}

impl Kms {
    /// Encrypts under a key's material.
    ///
    /// # Errors
    /// [`KmsError::Internal`] where the material does not open.
    pub(crate) async fn encrypt(
        &self,
        key: &Key,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Vec<u8>, KmsError> {
        let material = self.store.material(key).await?;
        Ok(blob::encrypt(&material, plaintext, context, &*self.env.random))
    }

    /// Decrypts for a user.
    ///
    /// # Errors
    /// [`KmsError::InvalidCiphertext`], [`KmsError::IncorrectKey`], [`KmsError::AccessDenied`] for a key that
    /// is gone or not the user's, and the refusals of the key's state.
    pub(crate) async fn decrypt(
        &self,
        caller: &Caller<'_>,
        ciphertext: &Ciphertext,
    ) -> Result<Decrypted, KmsError> {
        let blob = Blob::parse(&ciphertext.blob);
        let key = match &ciphertext.key_name {
            Some(name) => self.find(caller, name, Forms::KeyOrAlias, Access::Use)?,
            None => self.key_of(blob.as_ref().map_err(|_| KmsError::InvalidCiphertext)?, caller)?,
        };
        let blob = blob?;
        if blob.key_id != key.record.id {
            return Err(KmsError::IncorrectKey);
        }
        let plaintext = self.open_blob(&key, &blob, &ciphertext.context).await?;
        Ok(Decrypted { key, plaintext })
    }

    /// Decrypts a blob that names this key.
    ///
    /// # Errors
    /// [`KmsError::InvalidCiphertext`], the refusals of the key's state, [`KmsError::Internal`].
    pub(crate) async fn open_blob(
        &self,
        key: &Key,
        blob: &Blob<'_>,
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        key.record.check_usable(&self.home)?;
        let material = self.store.material(key).await?;
        match blob.material_id == material.id {
            true => blob.decrypt(&material, context),
            false => Err(KmsError::InvalidCiphertext),
        }
    }

    /// The key a blob names, where the user may decrypt with it. That it is gone or another's is told alike.
    fn key_of(&self, blob: &Blob<'_>, caller: &Caller<'_>) -> Result<Arc<Key>, KmsError> {
        let found = self.store.read(|view| view.key(blob.key_id).cloned());
        let theirs = found.filter(|key| caller.check(&key.record, Access::Use, &self.home).is_ok());
        let refusal = "The ciphertext refers to a customer master key that does not exist, does not exist in \
                       this region, or you are not allowed to access.";
        theirs.ok_or_else(|| KmsError::AccessDenied(refusal.into()))
    }
}
