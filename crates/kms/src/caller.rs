//! Who asks, and what their kind may do with which kind of key.
//!
//! | asks | customer managed key | AWS managed key | AWS owned key |
//! |---|---|---|---|
//! | the account's root user | everything | look at it | as if it were another account's |
//! | a service | everything | everything | everything |

use envelope::{KeyManager, OnBehalfOf};

use crate::error::KmsError;
use crate::key::KeyRecord;
use crate::key_id::Home;

/// Who asks for what.
#[derive(Debug, Clone)]
pub enum Caller<'a> {
    /// A principal of the account, through the API.
    User {
        /// Its ARN.
        arn: String,
        /// The operation's name.
        operation: &'static str,
    },
    /// A service of this server, for itself or for a principal.
    Service(&'a OnBehalfOf),
}

/// How a key is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its description, tags and the like are read.
    Read,
    /// It is changed, or encrypts or decrypts.
    Use,
}

impl Caller<'_> {
    /// Whether the caller may do so with the key.
    ///
    /// # Errors
    /// [`KmsError::AccessDenied`].
    pub fn check(&self, key: &KeyRecord, access: Access, home: &Home) -> Result<(), KmsError> {
        match (self, key.manager, access) {
            (Self::Service(_), _, _) | (Self::User { .. }, KeyManager::Customer, _) => Ok(()),
            (Self::User { .. }, KeyManager::Service, Access::Read) => Ok(()),
            (Self::User { .. }, KeyManager::Service, Access::Use) => Err(self.not_allowed(&key.arn(home))),
            (Self::User { .. }, KeyManager::ServiceOwned, _) => Err(self.foreign()),
        }
    }

    /// The refusal of what belongs to another account, be it there or not.
    #[must_use]
    pub fn foreign(&self) -> KmsError {
        let (who, action) = self.names();
        KmsError::AccessDenied(format!(
            "User: {who} is not authorized to perform: kms:{action} on this resource because the resource \
             does not exist in this Region, no resource-based policies allow access, or a resource-based \
             policy explicitly denies access"
        ))
    }

    fn not_allowed(&self, arn: &str) -> KmsError {
        let (who, action) = self.names();
        KmsError::AccessDenied(format!(
            "User: {who} is not authorized to perform: kms:{action} on resource: {arn} because no \
             resource-based policy allows the kms:{action} action"
        ))
    }

    fn names(&self) -> (&str, &str) {
        match self {
            Self::User { arn, operation } => (arn, operation),
            Self::Service(who) => (who.caller_arn.as_deref().unwrap_or(who.service), "DescribeKey"),
        }
    }
}
