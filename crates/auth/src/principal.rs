//! Who somebody is, once a signature has proved it.

/// A proven identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The 12-digit account.
    pub account_id: String,
    /// The access key that signed.
    pub access_key_id: String,
    /// What kind of identity it is.
    pub kind: PrincipalKind,
}

/// The kinds of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The account's root user, who may do everything.
    Root,
}

impl Principal {
    /// The ARN under which policies and the audit trail know the principal.
    #[must_use]
    pub fn arn(&self) -> String {
        match self.kind {
            PrincipalKind::Root => format!("arn:aws:iam::{}:root", self.account_id),
        }
    }
}
