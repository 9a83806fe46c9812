//! Signatures: missing, malformed, unknown, of another time or scope, wrong.

use std::time::Duration;

use tests::http::Request;
use tests::signature::Signer;

use crate::row::{Open, Row, bytes, signed};
use crate::world::{self, GET_ITEM};

const MISSING: &str = "MissingAuthenticationTokenException";
const INCOMPLETE: &str = "IncompleteSignatureException";
const INVALID: &str = "InvalidSignatureException";
const UNKNOWN: &str = "UnrecognizedClientException";
const UNKNOWN_TEXT: &str = "The security token included in the request is invalid.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check \
                        your AWS Secret Access Key and signing method. Consult the service documentation for \
                        details.";

#[test]
fn signatures_that_are_not_right_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = missing();
    rows.extend(malformed());
    rows.extend(scopes());
    rows.extend(wrong());
    rows.extend(presigned());
    rows
}

/// A GetItem whose `Authorization` reads so.
fn authorization(name: &str, value: &'static str) -> Open {
    signed(name, |signer| signer, move |request| request.with("authorization", value))
}

/// A GetItem whose right `Authorization` was changed like this.
fn replaced(name: &str, from: &'static str, to: &'static str) -> Open {
    let change = move |request: Request| {
        let value = request.header("authorization").unwrap().replacen(from, to, 1);
        request.with("authorization", value)
    };
    signed(name, |signer| signer, change)
}

fn changed(name: &str, change: impl Fn(Request) -> Request + 'static) -> Open {
    signed(name, |signer| signer, change)
}

fn by(name: &str, signer: impl Fn(Signer) -> Signer + 'static) -> Open {
    signed(name, signer, |request| request)
}

fn missing() -> Vec<Row> {
    vec![
        changed("no signature", |request| request.without("authorization"))
            .says(MISSING, "Request is missing Authentication Token"),
        authorization("an empty Authorization", "").is(INCOMPLETE),
        authorization("basic authorization", "Basic dXNlcjpwYXNz").is(INCOMPLETE),
        authorization("a bearer token", "Bearer abc").is(INCOMPLETE),
    ]
}

fn malformed() -> Vec<Row> {
    vec![
        authorization("an algorithm alone", "AWS4-HMAC-SHA256").is(INCOMPLETE),
        authorization("an algorithm and rubbish", "AWS4-HMAC-SHA256 rubbish").is(INCOMPLETE),
        authorization("empty parts", "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=")
            .is(INCOMPLETE),
        authorization(
            "a credential without a scope",
            "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=00",
        )
        .is(INCOMPLETE),
        replaced("no credential", "Credential=", "Kredential=").is(INCOMPLETE),
        replaced("no signed headers", "SignedHeaders=", "SealedHeaders=").is(INCOMPLETE),
        replaced("no signature part", "Signature=", "Signum=").is(INCOMPLETE),
        changed("no date", |request| request.without("x-amz-date")).is(INCOMPLETE),
        changed("a date that is none", |request| request.with("x-amz-date", "yesterday")).is(INCOMPLETE),
        changed("a date of the 13th month", |request| request.with("x-amz-date", "20261399T999999Z"))
            .is(INCOMPLETE),
        authorization(
            "a credential of slashes",
            "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=host, Signature=00",
        )
        .is(INCOMPLETE),
        signed(
            "ten thousand commas",
            |signer| signer,
            |request| request.with("authorization", format!("AWS4-HMAC-SHA256 {}", ",".repeat(10_000))),
        )
        .is(INCOMPLETE),
    ]
}

fn scopes() -> Vec<Row> {
    let at = |seconds: i64| {
        move |mut signer: Signer| {
            let shift = Duration::from_secs(seconds.unsigned_abs());
            signer.time = if seconds < 0 { signer.time - shift } else { signer.time + shift };
            signer
        }
    };
    let region = |signer: Signer| Signer { region: "mars-north-1".into(), ..signer };
    let service = |signer: Signer| Signer { service: "s3".into(), ..signer };
    vec![
        by("16 minutes ago", at(-16 * 60)).begins(INVALID, "Signature expired: "),
        by("a year ago", at(-365 * 86_400)).begins(INVALID, "Signature expired: "),
        by("in 16 minutes", at(16 * 60)).begins(INVALID, "Signature not yet current: "),
        by("for another Region", region).begins(INVALID, "Credential should be scoped to a valid region"),
        by("for another service", service).begins(INVALID, "Credential should be scoped to correct service"),
        replaced("a scope that does not end in aws4_request", "/aws4_request", "/aws5_request").is(INVALID),
        changed("a scope of another day", |request| {
            let value = request.header("authorization").unwrap().to_owned();
            let day = request.header("x-amz-date").unwrap()[..8].to_owned();
            request.with("authorization", value.replacen(&format!("/{day}/"), "/20200101/", 1))
        })
        .is(INVALID),
    ]
}

fn wrong() -> Vec<Row> {
    let secret = |signer: Signer| Signer { secret_access_key: "another".into(), ..signer };
    let key = |signer: Signer| Signer { access_key_id: "AKIDNOBODY0000000000".into(), ..signer };
    let token = |signer: Signer| Signer { session_token: Some("a token".into()), ..signer };
    let body = |from: &'static str, to: &'static str| {
        move |mut request: Request| {
            request.body = String::from_utf8(request.body).unwrap().replace(from, to).into_bytes();
            request
        }
    };
    vec![
        by("by another secret", secret).says(INVALID, MISMATCH),
        by("by nobody's key", key).says(UNKNOWN, UNKNOWN_TEXT),
        by("with a session token", token).says(UNKNOWN, UNKNOWN_TEXT),
        changed("for another body", body("\"a\"", "\"b\"")).says(INVALID, MISMATCH),
        changed("for a body with a blank less", body("", " ")).says(INVALID, MISMATCH),
        changed("for another operation", |request| {
            request.with("x-amz-target", "DynamoDB_20120810.DeleteItem")
        })
        .says(INVALID, MISMATCH),
        changed("for another path", |request| Request { path: "/other".into(), ..request })
            .status(&[400, 403, 404]),
        changed("for another query", |request| Request { path: "/?a=b".into(), ..request }).is(INVALID),
        replaced("signing fewer headers", "x-amz-target", "x-amz-date").is(INVALID),
        replaced("signing a header that is not there", "SignedHeaders=", "SignedHeaders=absent;").is(INVALID),
        replaced("a signature that is empty", "Signature=", "Signature=, Was=").status(&[400]),
        replaced("a longer signature", "Signature=", "Signature=00").is(INVALID),
        changed("a signature in capitals", |request| {
            let value = request.header("authorization").unwrap().to_owned();
            let (head, signature) = value.split_once("Signature=").unwrap();
            request.with("authorization", format!("{head}Signature={}", signature.to_uppercase()))
        })
        .is(INVALID),
        changed("a payload hash of another body", |request| {
            request.with("x-amz-content-sha256", "0".repeat(64))
        })
        .is(INVALID),
        changed("a streaming payload hash", |request| {
            request.with("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        })
        .is(INVALID),
    ]
}

fn presigned() -> Vec<Row> {
    let made = |name: &str, seconds_ago: u64, change: fn(Request) -> Request| {
        bytes(name, move |server| {
            let host = server.address().to_string();
            let mut signer = server.signer("dynamodb");
            signer.time -= Duration::from_secs(seconds_ago);
            let request = server.request("DynamoDB_20120810.GetItem", GET_ITEM);
            change(signer.presign(request, &host, 60)).to_bytes(&host)
        })
    };
    vec![
        made("presigned, expired", 120, |request| request).is(INVALID),
        made("presigned, its path changed", 0, |mut request| {
            request.path = request.path.replacen("X-Amz-Expires=60", "X-Amz-Expires=600", 1);
            request
        })
        .is(INVALID),
        made("presigned, without its date", 0, |mut request| {
            request.path = request.path.replacen("X-Amz-Date", "X-Amz-Fate", 1);
            request
        })
        .is(INCOMPLETE),
        made("presigned, with a header besides", 0, |request| {
            request.with("authorization", "AWS4-HMAC-SHA256 Credential=a")
        })
        .status(&[400]),
    ]
}
