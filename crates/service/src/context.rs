//! Who calls, from where, about what.

use std::net::IpAddr;

use auth::Principal;
use uuid::Uuid;

/// What is known of a call beside its body.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// Who calls, as the signature proved.
    pub principal: Principal,
    /// The Region the server plays.
    pub region: String,
    /// The id sent back in `x-amzn-RequestId`.
    pub request_id: Uuid,
    /// The client's address; `None` for calls of the server itself.
    pub source_ip: Option<IpAddr>,
    /// The client's `User-Agent`, at most 1 KB.
    pub user_agent: String,
    /// When the call came in, in milliseconds since the epoch.
    pub received_ms: u64,
}

impl CallContext {
    /// The account the caller belongs to.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.principal.account_id
    }
}
