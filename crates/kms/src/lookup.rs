//! Finding the key that a request names, as who asks may see it.

use std::sync::Arc;

use envelope::KeyManager;
use service::CallContext;

use crate::caller::{Access, Caller};
use crate::error::KmsError;
use crate::key::Key;
use crate::key_id::{Forms, Home, Reference};
use crate::service::Kms;
use crate::store::index::View;

impl Kms {
    /// Finds a key by any of its names, whatever its state.
    ///
    /// # Errors
    /// [`KmsError::NotFound`], [`KmsError::InvalidArn`], [`KmsError::AccessDenied`].
    pub(crate) fn find(
        &self,
        caller: &Caller<'_>,
        name: &str,
        forms: Forms,
        access: Access,
    ) -> Result<Arc<Key>, KmsError> {
        self.store.read(|view| find(&self.home, view, caller, name, forms, access))
    }

    /// Finds a key that encrypts and decrypts just now.
    ///
    /// # Errors
    /// As [`Kms::find`], and [`KmsError::Disabled`], [`KmsError::InvalidState`].
    pub(crate) fn find_usable(&self, caller: &Caller<'_>, name: &str) -> Result<Arc<Key>, KmsError> {
        let key = self.find(caller, name, Forms::KeyOrAlias, Access::Use)?;
        key.record.check_usable(&self.home)?;
        Ok(key)
    }
}

/// The user of a call, asking for operation `operation`.
pub(crate) fn user(context: &CallContext, operation: &'static str) -> Caller<'static> {
    Caller::User { arn: context.principal.arn(), operation }
}

/// Finds a key by any of its names in a view.
///
/// # Errors
/// As [`Kms::find`].
pub(crate) fn find(
    home: &Home,
    view: View<'_>,
    caller: &Caller<'_>,
    name: &str,
    forms: Forms,
    access: Access,
) -> Result<Arc<Key>, KmsError> {
    let key = match home.parse(name, forms)? {
        Reference::Foreign => return Err(caller.foreign()),
        Reference::Alias(alias) => {
            let target = view.alias(alias).and_then(|alias| view.key(alias.target));
            target.ok_or_else(|| alias_not_found(home, alias))?
        }
        Reference::Key(id) => {
            let own = view.key_named(id).filter(|key| key.record.manager != KeyManager::ServiceOwned);
            own.ok_or_else(|| KmsError::NotFound(format!("Key '{}' does not exist", home.key_arn(id))))?
        }
        Reference::ServiceOwned(id) => {
            let owned = view.key_named(id).filter(|key| key.record.manager == KeyManager::ServiceOwned);
            owned.ok_or_else(|| caller.foreign())?
        }
    };
    caller.check(&key.record, access, home)?;
    Ok(Arc::clone(key))
}

/// The refusal of an alias that is not there.
pub(crate) fn alias_not_found(home: &Home, alias: &str) -> KmsError {
    KmsError::NotFound(format!("Alias {} is not found.", home.alias_arn(alias)))
}
