//! Signing requests: the client's side of [`crate::sigv4`].

use std::sync::Arc;

use crypto::sha256;

use crate::AccessKey;
use crate::sigv4::authorization::ALGORITHM;
use crate::sigv4::canonical::canonical_hash;
use crate::sigv4::time::Timestamp;
use crate::sigv4::{Request, TERMINATOR, signature, signing_key};

/// What a request needs to be signed by its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// The value of `X-Amz-Date`.
    pub date: String,
    /// The value of `Authorization`.
    pub authorization: String,
}

/// Signs `request` at `now_ms` for a service in a Region; every header it has is signed, and `X-Amz-Date`,
/// which it does not have yet. `Host` must be among them.
#[must_use]
pub fn sign(
    request: &Request<'_>,
    key: &AccessKey,
    region: &str,
    service: &str,
    now_ms: u64,
) -> SignedHeaders {
    let time = Timestamp::of_ms(now_ms);
    let (date, day) = (time.to_string(), time.date());
    let mut headers = request.headers.to_vec();
    headers.push(("x-amz-date", date.as_bytes()));
    let names = sorted_names(&headers);
    let dated = Request { headers: &headers, ..*request };
    let request_hash = canonical_hash(&dated, &names, &hex::encode(sha256(request.body)));
    let signing_key = Arc::new(signing_key::derive(&key.secret, [&day, region, service, TERMINATOR]));
    let scope = format!("{day}/{region}/{service}/{TERMINATOR}");
    let signature = signature(&signing_key, time, &scope, &request_hash);
    let credential = format!("{}/{scope}", key.id);
    let authorization =
        format!("{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}");
    SignedHeaders { date, authorization }
}

fn sorted_names(headers: &[(&str, &[u8])]) -> String {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}
