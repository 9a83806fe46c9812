//! What signs, verifies; whatever is changed afterwards, does not. AWS's own signer is the truth.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as aws_sign,
};
use aws_sigv4::sign::v4;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::{collection, option};

use super::{Request, Verifier};
use crate::{AccessKey, AuthError};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z, the moment of AWS's published suite.
const NOW_MS: u64 = 1_440_938_160_000;
const MINUTE_MS: u64 = 60_000;

fn key() -> AccessKey {
    AccessKey::new(ID.into(), SECRET.into()).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(key(), "000000000000", "us-east-1")
}

/// A request that owns its parts, so that tests can change them.
#[derive(Debug, Clone)]
struct Owned {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Owned {
    fn post(headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        Self {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn list_tables() -> Self {
        Self::post(&[("host", "localhost:8000"), ("x-amz-target", "DynamoDB_20120810.ListTables")], "{}")
    }

    fn verified(&self, service: &str, now_ms: u64) -> Result<(), AuthError> {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let (method, path, query) = (&self.method, &self.path, &self.query);
        let request = Request { method, path, query, headers: &headers, body: &self.body };
        verifier().verify(&request, service, now_ms).map(|principal| assert_eq!(principal.access_key_id, ID))
    }

    fn refusal(&self) -> (&'static str, String) {
        let error = self.verified("dynamodb", NOW_MS).unwrap_err();
        (error.code(), error.to_string())
    }

    fn header_mut(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.headers.iter_mut().find(|(known, _)| known == name).unwrap().1
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn edited(mut self, name: &str, from: &str, to: &str) -> Self {
        let value = String::from_utf8(self.header_mut(name).clone()).unwrap();
        assert!(value.contains(from), "{value}");
        *self.header_mut(name) = value.replace(from, to).into_bytes();
        self
    }

    fn signed(self) -> Self {
        self.signed_by_aws("dynamodb", None)
    }

    /// Signed by AWS's signer: by headers, or presigned for this long.
    fn signed_by_aws(mut self, service: &str, presigned_for: Option<Duration>) -> Self {
        let identity = Credentials::new(ID, SECRET, None, None, "test").into();
        let mut settings = SigningSettings::default();
        if presigned_for.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = presigned_for;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(UNIX_EPOCH + Duration::from_millis(NOW_MS))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = format!("http://localhost:8000{}?{}", self.path, self.query);
        let headers =
            self.headers.iter().map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()));
        let signable =
            SignableRequest::new(&self.method, uri, headers, SignableBody::Bytes(&self.body)).unwrap();
        let (instructions, _) = aws_sign(signable, &params).unwrap().into_parts();
        let added: Vec<_> = instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect();
        self.headers.extend(added);
        for (name, value) in instructions.params() {
            let encoded = super::canonical::encoded(value.as_bytes());
            self.query += &format!("&{name}={}", String::from_utf8(encoded).unwrap());
        }
        self
    }
}

// `get-vanilla` and `post-vanilla` of AWS's published suite, with the service they were signed for.
#[test]
fn the_published_signatures_verify() {
    for (method, signature) in [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ] {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={ID}/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        let mut request = Owned::post(
            &[
                ("host", "example.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
                ("authorization", &authorization),
            ],
            "",
        );
        request.method = method.into();
        assert_eq!(request.verified("service", NOW_MS), Ok(()), "{method}");
        request.method = "PUT".into();
        assert_eq!(request.verified("service", NOW_MS), Err(AuthError::Mismatch));
    }
}

#[test]
fn a_request_without_any_signature_is_told_so() {
    let (code, text) = Owned::list_tables().refusal();
    assert_eq!(code, "MissingAuthenticationTokenException");
    assert_eq!(text, "Request is missing Authentication Token");
}

// As AWS answers a token that was meant for somebody else.
#[test]
fn another_scheme_is_an_incomplete_signature() {
    let (code, text) = Owned::list_tables().with("authorization", "Bearer a.b.c").refusal();
    assert_eq!(code, "IncompleteSignatureException");
    assert_eq!(
        text,
        "'a.b.c' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer a.b.c'."
    );
    for header in ["", "Basic dXNlcjpwYXNz=="] {
        assert_eq!(Owned::list_tables().with("authorization", header).refusal().0, code);
    }
}

#[test]
fn missing_parts_are_told_together() {
    let request = Owned::list_tables().with("authorization", "AWS4-HMAC-SHA256 Credential=a");
    assert_eq!(
        request.refusal(),
        (
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter. Authorization header requires \
             'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a \
             'Date' header. Authorization=AWS4-HMAC-SHA256 Credential=a"
                .to_owned()
        )
    );
    let mut presigned = Owned::list_tables();
    presigned.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z&X-Amz-Signature=0".into();
    assert_eq!(
        presigned.refusal(),
        (
            "IncompleteSignatureException",
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must \
             include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters."
                .to_owned()
        )
    );
}

#[test]
fn malformed_parts_are_refused() {
    let signed = Owned::list_tables().signed();
    let cases = [
        (
            signed.clone().edited("authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            "Unsupported AWS 'algorithm'",
        ),
        (signed.clone().edited("authorization", "/aws4_request", ""), "exactly 5 slash-delimited elements"),
        (signed.clone().edited("x-amz-date", "T", " "), "Date must be in ISO-8601 'basic format'. Got '2015"),
        (signed.clone().edited("authorization", "SignedHeaders=", "SignedHeaders "), "missing equal-sign"),
    ];
    for (request, expected) in cases {
        let (code, text) = request.refusal();
        assert_eq!(code, "IncompleteSignatureException");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn unknown_keys_and_session_tokens_are_refused() {
    let unknown = Owned::list_tables().signed().edited("authorization", ID, "AKIDNOBODY");
    let token = Owned::list_tables().with("x-amz-security-token", "token").signed();
    for request in [unknown, token] {
        let expected = "The security token included in the request is invalid.".to_owned();
        assert_eq!(request.refusal(), ("UnrecognizedClientException", expected));
    }
}

#[test]
fn a_wrong_scope_is_told_in_aws_words() {
    let request = Owned::list_tables()
        .signed_by_aws("kms", None)
        .edited("authorization", "us-east-1", "eu-west-1")
        .edited("authorization", "aws4_request", "aws4_reply")
        .edited("authorization", "20150830", "20150831");
    assert_eq!(
        request.refusal(),
        (
            "InvalidSignatureException",
            "Credential should be scoped to a valid region. Credential should be scoped to correct service: \
             'dynamodb'. Credential should be scoped with a valid terminator: 'aws4_request'. Date in Credential \
             scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', \
             from '20150830T123600Z'. "
                .to_owned()
        )
    );
}

#[test]
fn a_signature_holds_for_fifteen_minutes_around_its_time() {
    let signed = Owned::list_tables().signed();
    for now_ms in [NOW_MS - 15 * MINUTE_MS, NOW_MS, NOW_MS + 15 * MINUTE_MS] {
        assert_eq!(signed.verified("dynamodb", now_ms), Ok(()));
    }
    let told = |now_ms| signed.verified("dynamodb", now_ms).unwrap_err().to_string();
    assert_eq!(
        told(NOW_MS + 15 * MINUTE_MS + 1000),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
    );
    assert_eq!(
        told(NOW_MS - 15 * MINUTE_MS - 1000),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"
    );
}

#[test]
fn a_presigned_request_holds_as_long_as_it_says() {
    let signed = Owned::list_tables().signed_by_aws("dynamodb", Some(Duration::from_secs(90)));
    assert_eq!(signed.verified("dynamodb", NOW_MS + 90_000), Ok(()));
    let error = signed.verified("dynamodb", NOW_MS + 91_000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123731Z - 90 sec.)"
    );
    let mut longer = signed;
    longer.query = longer.query.replace("X-Amz-Expires=90", "X-Amz-Expires=604801");
    assert_eq!(longer.refusal().0, "IncompleteSignatureException");
}

#[test]
fn what_decides_must_be_signed() {
    let added = Owned::list_tables().signed().with("x-amz-other", "1");
    let text = "'x-amz-other' must be a 'SignedHeader' in the AWS Authorization.".to_owned();
    assert_eq!(added.refusal(), ("InvalidSignatureException", text));
    let hostless = Owned::list_tables().signed().edited("authorization", "host;", "");
    assert!(hostless.refusal().1.starts_with("'Host' or ':authority' must be"));
}

#[test]
fn an_unsigned_payload_is_refused() {
    for told in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ""] {
        let request = Owned::list_tables().with("x-amz-content-sha256", told).signed();
        assert_eq!(request.refusal().0, "InvalidSignatureException");
    }
    let hash = hex::encode(crypto::sha256(b"{}"));
    let told = Owned::list_tables().with("x-amz-content-sha256", &hash).signed();
    assert_eq!(told.verified("dynamodb", NOW_MS), Ok(()));
}

#[test]
fn two_signatures_on_one_request_are_refused() {
    let request = Owned::list_tables().signed_by_aws("dynamodb", Some(Duration::from_secs(90))).signed();
    let (code, text) = request.refusal();
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(
        text,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    );
}

#[test]
fn a_date_header_can_stand_for_x_amz_date() {
    let mut request = Owned::list_tables();
    request.headers.push(("date".into(), b"Sun, 30 Aug 2015 12:36:00 GMT".to_vec()));
    let header_refs: Vec<(&str, &[u8])> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let view = Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &header_refs,
        body: request.body.as_slice(),
    };
    // Our signer adds `X-Amz-Date` to what it signs, so the signature is made from its parts.
    let names = "date;host;x-amz-target";
    let hash = hex::encode(crypto::sha256(b"{}"));
    let request_hash = super::canonical::canonical_hash(&view, names, &hash);
    let scope = "20150830/us-east-1/dynamodb/aws4_request";
    let signing_key =
        super::signing_key::derive(&key().secret, ["20150830", "us-east-1", "dynamodb", "aws4_request"]);
    let time = super::Timestamp::of_ms(NOW_MS);
    let signature = super::signature(&signing_key.into(), time, scope, &request_hash);
    let header =
        format!("AWS4-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={names}, Signature={signature}");
    assert_eq!(request.with("authorization", &header).verified("dynamodb", NOW_MS), Ok(()));
}

#[test]
fn a_signature_of_another_length_or_case_is_refused() {
    let signed = Owned::list_tables().signed();
    let header = String::from_utf8(signed.clone().header_mut("authorization").clone()).unwrap();
    let signature = header.rsplit_once("Signature=").unwrap().1;
    for other in [String::new(), signature[..63].to_owned(), signature.to_uppercase(), "0".repeat(64)] {
        let changed = signed.clone().without("authorization");
        let changed = changed.with("authorization", &header.replace(signature, &other));
        assert_eq!(changed.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
    }
}

fn header_name() -> impl Strategy<Value = String> {
    "x-amz-[a-z]{4,12}|x-[a-z]{1,12}"
}

fn requests() -> impl Strategy<Value = Owned> {
    let segment = "[A-Za-z0-9._~-]{1,5}|%[0-9A-F]{2}|\\.|\\.\\.|";
    let pair = ("[A-Za-z0-9._~-]{1,8}|%[2-7][0-9A-F]", option::of("([A-Za-z0-9._~-]|%[2-7][0-9A-F]){0,8}"));
    let header = (header_name(), "[ -~]{0,24}");
    (
        "GET|POST|PUT",
        collection::vec(segment, 0..4),
        collection::vec(pair, 0..4),
        collection::btree_map(header.0, header.1, 0..4),
        collection::vec(any::<u8>(), 0..64),
    )
        .prop_map(|(method, segments, pairs, headers, body)| {
            let pair = |(name, value): (String, Option<String>)| match value {
                Some(value) => format!("{name}={value}"),
                None => name,
            };
            let mut request = Owned::list_tables();
            request.method = method;
            request.path = format!("/{}", segments.join("/"));
            request.query = pairs.into_iter().map(pair).collect::<Vec<_>>().join("&");
            request.headers.extend(headers.into_iter().map(|(name, value)| (name, value.into_bytes())));
            request.body = body;
            request
        })
}

proptest! {
    #[test]
    fn whatever_aws_signs_verifies(request in requests(), presigned in any::<bool>()) {
        let lifetime = presigned.then_some(Duration::from_secs(600));
        let signed = request.signed_by_aws("dynamodb", lifetime);
        prop_assert_eq!(signed.verified("dynamodb", NOW_MS), Ok(()));
    }

    #[test]
    fn no_changed_body_method_or_header_verifies(request in requests(), at in any::<usize>(), bit in 0..7_u32) {
        let signed = request.signed();
        let mut body = signed.clone();
        body.body.push(b' ');
        prop_assert_eq!(body.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
        let mut method = signed.clone();
        method.method.push('X');
        prop_assert_eq!(method.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
        let mut query = signed.clone();
        query.query += "&added=1";
        prop_assert_eq!(query.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
        let mut path = signed.clone();
        path.path += "/added";
        prop_assert_eq!(path.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
        let mut target = signed.clone();
        let value = target.header_mut("x-amz-target");
        let at = at % value.len();
        value[at] ^= 1 << bit;
        prop_assert_eq!(target.verified("dynamodb", NOW_MS), Err(AuthError::Mismatch));
    }

    #[test]
    fn no_changed_authorization_verifies(request in requests(), at in any::<usize>(), bit in 0..7_u32) {
        let mut changed = request.signed();
        let value = changed.header_mut("authorization");
        let at = at % value.len();
        value[at] ^= 1 << bit;
        prop_assert!(changed.verified("dynamodb", NOW_MS).is_err());
    }

    #[test]
    fn what_our_client_signs_is_what_aws_signs(request in requests()) {
        let headers: Vec<(&str, &[u8])> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let view = Request {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &headers,
            body: &request.body,
        };
        let ours = crate::sign::sign(&view, &key(), "us-east-1", "dynamodb", NOW_MS);
        let mut theirs = request.signed();
        prop_assert_eq!(ours.date.as_bytes(), theirs.header_mut("x-amz-date").as_slice());
        prop_assert_eq!(ours.authorization.as_bytes(), theirs.header_mut("authorization").as_slice());
    }

    #[test]
    fn no_request_panics(
        header in any::<Vec<u8>>(), query in any::<String>(), path in any::<String>(), date in any::<String>(),
    ) {
        let mut request = Owned::list_tables().with("x-amz-date", &date);
        request.headers.push(("authorization".into(), header));
        (request.query, request.path) = (query, path);
        prop_assert!(request.verified("dynamodb", NOW_MS).is_err());
    }
}
