//! Signature Version 4: a request proves that its sender knows a secret access key.
//!
//! ```text
//!  request ──claim──► credential, signed headers, time, signature      [`claim`], [`authorization`]
//!     │                    │ known key? right scope? right time?       here
//!     └──canonical form────┤                                           [`canonical`]
//!                          └─► HMAC under the day's signing key        [`signing_key`]
//! ```
//! The signature covers the body as it arrived (compressed, where it is). `UNSIGNED-PAYLOAD` and the streaming
//! forms of `x-amz-content-sha256` are S3's; DynamoDB and KMS know none of them, and neither do we.

pub mod authorization;
pub mod canonical;
pub mod claim;
pub mod signing_key;
pub mod time;

use std::sync::Arc;

use crypto::{constant_time_eq, sha256};

use crate::principal::{Principal, PrincipalKind};
use crate::{AccessKey, AuthError};
use claim::{Claim, SKEW_S};
use signing_key::SigningKeys;
use time::Timestamp;

/// How many headers a signature may name.
pub const MAX_SIGNED_HEADERS: usize = 128;
/// What ends a credential's scope.
pub const TERMINATOR: &str = "aws4_request";

/// A request as it stood on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`
    pub method: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// What follows the `?`, still percent-encoded; empty where nothing does.
    pub query: &'a str,
    /// Names in lower case, values as they are; one pair for each line.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body, before any decompression.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The first value of the header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.header_values(name).next()
    }

    /// All values of the header of this (lower-case) name.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Knows the access keys, and what a signature must say.
pub struct Verifier {
    root: AccessKey,
    account_id: String,
    region: String,
    keys: SigningKeys,
}

impl Verifier {
    /// Accepts signatures of `root`, the root user's key of this account, for this Region and no other: a
    /// client that means another Region means another server, as with AWS.
    #[must_use]
    pub fn new(root: AccessKey, account_id: &str, region: &str) -> Self {
        Self {
            root,
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            keys: SigningKeys::default(),
        }
    }

    /// Proves who sent a request for the service with this signing name, at this (real) time.
    ///
    /// # Errors
    /// Why not; the texts tell nothing that the sender did not send, but the service's Region and the time.
    pub fn verify(&self, request: &Request<'_>, service: &str, now_ms: u64) -> Result<Principal, AuthError> {
        let claim = Claim::of(request)?;
        check_signed_headers(&claim, request)?;
        self.check_known(&claim)?;
        self.check_scope(&claim, service)?;
        check_time(&claim, Timestamp::of_ms(now_ms))?;
        self.check_signature(&claim, request)?;
        Ok(self.principal())
    }

    fn check_known(&self, claim: &Claim<'_>) -> Result<(), AuthError> {
        if claim.has_session_token || claim.credential.access_key_id() != self.root.id {
            return Err(AuthError::UnknownKey);
        }
        Ok(())
    }

    fn check_scope(&self, claim: &Claim<'_>, service: &str) -> Result<(), AuthError> {
        let [date, region, signed_service, terminator] = claim.credential.scope_parts();
        let mut wrong = String::new();
        if region != self.region {
            wrong += "Credential should be scoped to a valid region. ";
        }
        if signed_service != service {
            wrong += &format!("Credential should be scoped to correct service: '{service}'. ");
        }
        if terminator != TERMINATOR {
            wrong += &format!("Credential should be scoped with a valid terminator: '{TERMINATOR}'. ");
        }
        let day = claim.time.date();
        if date != day {
            wrong += &format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{date}' != '{day}', from '{}'. ",
                claim.time
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(AuthError::WrongScope(wrong)) }
    }

    fn check_signature(&self, claim: &Claim<'_>, request: &Request<'_>) -> Result<(), AuthError> {
        let payload_hash = payload_hash(request)?;
        let request_hash = canonical::canonical_hash(request, &claim.signed_headers, &payload_hash);
        let derive = || signing_key::derive(&self.root.secret, claim.credential.scope_parts());
        let key = self.keys.get(claim.credential.text(), derive);
        let expected = signature(&key, claim.time, claim.credential.scope(), &request_hash);
        match constant_time_eq(expected.as_bytes(), claim.signature.as_bytes()) {
            true => Ok(()),
            false => Err(AuthError::Mismatch),
        }
    }

    fn principal(&self) -> Principal {
        Principal {
            account_id: self.account_id.clone(),
            access_key_id: self.root.id.clone(),
            kind: PrincipalKind::Root,
        }
    }
}

/// The signature, in lower-case hex, of a canonical request with this hash.
pub(crate) fn signature(
    key: &Arc<crypto::HmacKey>,
    time: Timestamp,
    scope: &str,
    request_hash: &str,
) -> String {
    let time = time.to_string();
    let parts = [authorization::ALGORITHM, "\n", &time, "\n", scope, "\n", request_hash];
    hex::encode(key.sign(&parts.map(str::as_bytes)))
}

/// The hash of the body; where the request tells one itself, it must be this one.
fn payload_hash(request: &Request<'_>) -> Result<String, AuthError> {
    let hash = hex::encode(sha256(request.body));
    match request.header("x-amz-content-sha256") {
        Some(told) if told != hash.as_bytes() => Err(AuthError::Mismatch),
        _ => Ok(hash),
    }
}

/// Everything that decides what a request does is signed: its host, and every `x-amz-` header it has.
fn check_signed_headers(claim: &Claim<'_>, request: &Request<'_>) -> Result<(), AuthError> {
    if !claim.covers("host") {
        return Err(unsigned("'Host' or ':authority'"));
    }
    let decisive = request.headers.iter().map(|(name, _)| *name).filter(|name| name.starts_with("x-amz-"));
    match decisive.into_iter().find(|name| !claim.covers(name)) {
        None => Ok(()),
        Some(name) => Err(unsigned(&format!("'{name}'"))),
    }
}

fn unsigned(name: &str) -> AuthError {
    AuthError::WrongScope(format!("{name} must be a 'SignedHeader' in the AWS Authorization."))
}

fn check_time(claim: &Claim<'_>, now: Timestamp) -> Result<(), AuthError> {
    let latest = Timestamp(now.0.saturating_add(SKEW_S));
    let earliest = Timestamp(now.0.saturating_sub(claim.lifetime_s));
    if claim.time > latest {
        return Err(AuthError::WrongScope(format!(
            "Signature not yet current: {} is still later than {latest} ({now} + {}.)",
            claim.time,
            spell(SKEW_S)
        )));
    }
    if claim.time < earliest {
        return Err(AuthError::WrongScope(format!(
            "Signature expired: {} is now earlier than {earliest} ({now} - {}.)",
            claim.time,
            spell(claim.lifetime_s)
        )));
    }
    Ok(())
}

fn spell(seconds: u64) -> String {
    match seconds % 60 {
        0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} sec"),
    }
}

#[cfg(test)]
mod tests;
