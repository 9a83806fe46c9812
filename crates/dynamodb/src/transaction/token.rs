//! Requests that are done once, however often they are sent: `ClientRequestToken`.
//!
//! The engine remembers, for ten minutes, under which tokens something was done, together with a digest of what was
//! asked for; here are the digests, and which tokens are being worked on just now.
//!
//! What the engine remembers lies outside of the tables' keys. So the token itself is not there, and the digest of the
//! request begins with the token: who reads both cannot try whether some item was what was asked for, unless the token
//! can be guessed too (those of the SDKs cannot).

use std::collections::HashSet;

use crypto::Sha256;
use engine::Token;
use parking_lot::Mutex;
use service::json::Object;
use service::{ApiError, Node};

/// A client's token, and the digest of what it came with.
pub struct RequestToken {
    /// As the client chose it.
    pub text: String,
    /// Of the request.
    pub request: [u8; 32],
}

impl RequestToken {
    /// As the engine knows it: a token is the account's, for one operation.
    #[must_use]
    pub fn of_account(&self, account_id: &str) -> Token {
        let digest = |what: &str, more: &[u8]| {
            let mut digest = Sha256::new();
            for part in ["TransactWriteItems", what, account_id, &self.text] {
                feed_text(&mut digest, part);
            }
            digest.update(more);
            digest.finish()
        };
        Token { id: digest("token", &[]), request: digest("request", &self.request) }
    }
}

/// `IdempotentParameterMismatchException`.
#[must_use]
pub fn mismatch() -> ApiError {
    let message = "The request was rejected because it has a different payload than an earlier one with the same \
                   idempotent token.";
    ApiError::service("IdempotentParameterMismatchException", message)
}

/// `TransactionInProgressException`.
#[must_use]
pub fn in_progress() -> ApiError {
    let message = "The transaction with the given request token is already in progress.";
    ApiError::service("TransactionInProgressException", message)
}

/// The tokens that are being worked on.
#[derive(Default)]
pub struct UnderWay(Mutex<HashSet<[u8; 32]>>);

impl UnderWay {
    /// Begins the work on a request; it ends when what is returned is dropped.
    ///
    /// # Errors
    /// `TransactionInProgressException` where one of the same token is under way.
    pub fn begin(&self, token: &Token) -> Result<Working<'_>, ApiError> {
        let is_new = self.0.lock().insert(token.id);
        is_new.then(|| Working { under_way: self, id: token.id }).ok_or_else(in_progress)
    }
}

/// The work on one request.
pub struct Working<'u> {
    under_way: &'u UnderWay,
    id: [u8; 32],
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.under_way.0.lock().remove(&self.id);
    }
}

/// A digest of part of a request: the same for the same values, whatever the order of members in objects, and whether
/// what is not there is left out or `null`. It goes no deeper than the request was allowed to nest.
#[must_use]
pub fn digest(node: &Node<'_>) -> [u8; 32] {
    let mut digest = Sha256::new();
    feed(&mut digest, node);
    digest.finish()
}

fn feed(digest: &mut Sha256, node: &Node<'_>) {
    match node {
        Node::Null => digest.update(b"0"),
        Node::Bool(value) => digest.update(if *value { b"t" } else { b"f" }),
        Node::Integer(number) => feed_scalar(digest, *b"i", &number.to_be_bytes()),
        Node::Float(number) => feed_scalar(digest, *b"d", &number.to_bits().to_be_bytes()),
        Node::String(text) => feed_text(digest, text),
        Node::List(nodes) => {
            feed_scalar(digest, *b"l", &nodes.len().to_be_bytes());
            nodes.iter().for_each(|node| feed(digest, node));
        }
        Node::Object(object) => feed_object(digest, object),
    }
}

fn feed_object(digest: &mut Sha256, object: &Object<'_>) {
    let mut members: Vec<_> = object.0.iter().filter(|(_, node)| *node != Node::Null).collect();
    members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    feed_scalar(digest, *b"o", &members.len().to_be_bytes());
    for (name, node) in members {
        feed_text(digest, name);
        feed(digest, node);
    }
}

fn feed_text(digest: &mut Sha256, text: &str) {
    feed_scalar(digest, *b"s", &text.len().to_be_bytes());
    digest.update(text.as_bytes());
}

fn feed_scalar(digest: &mut Sha256, kind: [u8; 1], bytes: &[u8; 8]) {
    digest.update(&kind);
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use service::Node;

    use super::{RequestToken, UnderWay, digest};

    fn digest_of(body: &str) -> [u8; 32] {
        digest(&Node::Object(Node::parse_object(body.as_bytes()).unwrap()))
    }

    #[test]
    fn the_same_request_has_the_same_digest_however_it_is_written() {
        let one = digest_of(r#"{"a": [1, {"b": "x", "c": true}], "d": null}"#);
        assert_eq!(one, digest_of(r#"{"a":[1,{"c":true,"b":"\u0078"}]}"#));
    }

    #[test]
    fn another_request_has_another_digest() {
        let bodies = [
            "{}",
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":""}"#,
            r#"{"a":"b"}"#,
            r#"{"a":["b"]}"#,
            r#"{"a":"b","c":"d"}"#,
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":true}"#,
            r#"{"a":false}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":["b",["c"]]}"#,
            r#"{"a":[["b"],"c"]}"#,
            r#"{"a":[["b","c"]]}"#,
        ];
        let digests: std::collections::HashSet<_> = bodies.map(digest_of).into_iter().collect();
        assert_eq!(digests.len(), bodies.len());
    }

    #[test]
    fn a_token_is_worked_on_by_one_and_belongs_to_one_account() {
        let token = RequestToken { text: "t".into(), request: [1; 32] };
        let (ours, theirs) = (token.of_account("1"), token.of_account("2"));
        let under_way = UnderWay::default();
        let working = under_way.begin(&ours).ok().unwrap();
        assert!(under_way.begin(&theirs).is_ok());
        assert_eq!(under_way.begin(&ours).err().unwrap().code, "TransactionInProgressException");
        drop(working);
        assert!(under_way.begin(&ours).is_ok());
    }

    #[test]
    fn the_same_request_under_another_token_looks_like_another() {
        let token =
            |text: &str, request| RequestToken { text: text.into(), request: [request; 32] }.of_account("1");
        let one = token("one", 1);
        assert_eq!(one, token("one", 1));
        assert_ne!(one.request, token("two", 1).request);
        assert_ne!(one.request, token("one", 2).request);
        assert!(one.id != one.request && one.id == token("one", 2).id);
    }
}
