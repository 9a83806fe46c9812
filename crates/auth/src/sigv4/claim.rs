//! What a request claims about who signed it, when, and over what: from its header or from its query.

use std::borrow::Cow;

use super::authorization::{ALGORITHM, Authorization};
use super::canonical::{SIGNATURE_PARAMETER, parameters};
use super::time::Timestamp;
use super::{MAX_SIGNED_HEADERS, Request};
use crate::AuthError;

/// How long after its signing a header signature holds, and how far clocks may differ, in seconds.
pub const SKEW_S: u64 = 15 * 60;
/// The longest life of a presigned request, in seconds: a week.
pub const MAX_PRESIGNED_S: u64 = 7 * 86_400;

/// A complete signature, nothing of it proven yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// `access-key/date/region/service/aws4_request`
    pub credential: Credential<'a>,
    /// Names of headers in lower case, joined by semicolons.
    pub signed_headers: Cow<'a, str>,
    /// 64 digits of hex.
    pub signature: Cow<'a, str>,
    /// When it was signed.
    pub time: Timestamp,
    /// How long it holds from then, in seconds.
    pub lifetime_s: u64,
    /// Whether a session token came along.
    pub has_session_token: bool,
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request.
    ///
    /// # Errors
    /// [`AuthError::Missing`], [`AuthError::Incomplete`], and [`AuthError::WrongScope`] for a request that is
    /// signed by its header and by its query.
    pub fn of(request: &Request<'a>) -> Result<Self, AuthError> {
        match (request.header("authorization"), Presigned::of(request.query)) {
            (Some(header), None) => Self::of_header(request, text_of_header(header)?),
            (None, Some(presigned)) => Self::of_query(presigned),
            (None, None) => Err(AuthError::Missing),
            (Some(_), Some(_)) => Err(signed_twice()),
        }
    }

    fn of_header(request: &Request<'a>, header: &'a str) -> Result<Self, AuthError> {
        let parsed = Authorization::parse(header)?;
        let date = DateHeader::of(request);
        let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (parsed.credential, parsed.signature, parsed.signed_headers, date)
        else {
            return Err(lacking(&parsed, request, header));
        };
        known_algorithm(parsed.algorithm)?;
        let claim = Self {
            credential: Credential::parse(Cow::Borrowed(credential))?,
            signed_headers: Cow::Borrowed(signed_headers),
            signature: Cow::Borrowed(signature),
            time: date.read()?,
            lifetime_s: SKEW_S,
            has_session_token: request.header("x-amz-security-token").is_some(),
        };
        claim.bounded()
    }

    fn of_query(query: Presigned<'a>) -> Result<Self, AuthError> {
        let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (&query.algorithm, &query.credential, &query.signature, &query.signed_headers, &query.date)
        else {
            return Err(query.lacking());
        };
        known_algorithm(algorithm)?;
        let claim = Self {
            credential: Credential::parse(credential.clone())?,
            signed_headers: signed_headers.clone(),
            signature: signature.clone(),
            time: Timestamp::parse(date).ok_or_else(|| not_a_date(date))?,
            lifetime_s: query.lifetime_s()?,
            has_session_token: query.has_session_token,
        };
        claim.bounded()
    }

    fn bounded(self) -> Result<Self, AuthError> {
        if self.signed_headers.split(';').count() > MAX_SIGNED_HEADERS {
            return Err(incomplete("There are too many SignedHeaders in the AWS Authorization."));
        }
        Ok(self)
    }

    /// Whether the signature covers the header of this (lower-case) name.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

/// The five parts of a credential, and the whole as it stood in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential<'a> {
    text: Cow<'a, str>,
    ends: [usize; 4],
}

impl<'a> Credential<'a> {
    fn parse(text: Cow<'a, str>) -> Result<Self, AuthError> {
        let mut slashes = text.match_indices('/').map(|(at, _)| at);
        let ends = [slashes.next(), slashes.next(), slashes.next(), slashes.next()];
        let [Some(id), Some(date), Some(region), Some(service), None] =
            [ends[0], ends[1], ends[2], ends[3], slashes.next()]
        else {
            return Err(AuthError::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{text}'"
            )));
        };
        Ok(Self { text, ends: [id, date, region, service] })
    }

    /// The whole, which also names the signing key it needs.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    /// `date/region/service/aws4_request`
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.text[self.ends[0] + 1..]
    }

    /// The parts of the scope: date, Region, service, terminator.
    #[must_use]
    pub fn scope_parts(&self) -> [&str; 4] {
        let [id, date, region, service] = self.ends;
        [
            &self.text[id + 1..date],
            &self.text[date + 1..region],
            &self.text[region + 1..service],
            &self.text[service + 1..],
        ]
    }
}

/// The signing parameters of a query.
#[derive(Default)]
struct Presigned<'a> {
    algorithm: Option<Cow<'a, str>>,
    credential: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    expires: Option<Cow<'a, str>>,
    signed_headers: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    has_session_token: bool,
}

impl<'a> Presigned<'a> {
    /// `None` where the query has no signing parameter.
    fn of(query: &'a str) -> Option<Self> {
        let mut found = Self::default();
        let mut any = false;
        for (name, value) in parameters(query) {
            any |= found.take(&name, text_of(value));
        }
        any.then_some(found)
    }

    fn take(&mut self, name: &[u8], value: Cow<'a, str>) -> bool {
        let place = match name {
            b"X-Amz-Algorithm" => &mut self.algorithm,
            b"X-Amz-Credential" => &mut self.credential,
            b"X-Amz-Date" => &mut self.date,
            b"X-Amz-Expires" => &mut self.expires,
            b"X-Amz-SignedHeaders" => &mut self.signed_headers,
            name if name == SIGNATURE_PARAMETER.as_bytes() => &mut self.signature,
            b"X-Amz-Security-Token" => {
                self.has_session_token = true;
                return true;
            }
            _ => return false,
        };
        *place = Some(value);
        true
    }

    fn lifetime_s(&self) -> Result<u64, AuthError> {
        let Some(text) = &self.expires else { return Ok(SKEW_S) };
        match text.parse() {
            Ok(seconds @ 1..=MAX_PRESIGNED_S) => Ok(seconds),
            _ => Err(AuthError::Incomplete(format!(
                "X-Amz-Expires must be a number of seconds from 1 to {MAX_PRESIGNED_S}, got '{text}'."
            ))),
        }
    }

    fn lacking(&self) -> AuthError {
        let parts = [
            ("X-Amz-Algorithm", &self.algorithm),
            ("X-Amz-Credential", &self.credential),
            ("X-Amz-Signature", &self.signature),
            ("X-Amz-SignedHeaders", &self.signed_headers),
            ("X-Amz-Date", &self.date),
        ];
        let lacking = parts.iter().filter(|(_, value)| value.is_none());
        let told = lacking.map(|(name, _)| format!("AWS query-string parameters must include '{name}'. "));
        AuthError::Incomplete(format!("{}Re-examine the query-string parameters.", told.collect::<String>()))
    }
}

fn text_of_header(header: &[u8]) -> Result<&str, AuthError> {
    std::str::from_utf8(header).map_err(|_| incomplete("Authorization header is not text."))
}

fn text_of(value: Cow<'_, [u8]>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

enum DateHeader<'a> {
    Amz(Cow<'a, str>),
    Http(Cow<'a, str>),
}

impl<'a> DateHeader<'a> {
    fn of(request: &Request<'a>) -> Option<Self> {
        let text = |name| request.header(name).map(String::from_utf8_lossy);
        text("x-amz-date").map(Self::Amz).or_else(|| text("date").map(Self::Http))
    }

    fn read(&self) -> Result<Timestamp, AuthError> {
        let (text, read) = match self {
            Self::Amz(text) => (text, Timestamp::parse(text)),
            Self::Http(text) => (text, Timestamp::parse(text).or_else(|| Timestamp::parse_http_date(text))),
        };
        read.ok_or_else(|| not_a_date(text))
    }
}

fn lacking(parsed: &Authorization<'_>, request: &Request<'_>, header: &str) -> AuthError {
    let parts = [
        ("Credential", parsed.credential),
        ("Signature", parsed.signature),
        ("SignedHeaders", parsed.signed_headers),
    ];
    let lacking = parts.iter().filter(|(_, value)| value.is_none());
    let mut text: String =
        lacking.map(|(name, _)| format!("Authorization header requires '{name}' parameter. ")).collect();
    if DateHeader::of(request).is_none() {
        text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    AuthError::Incomplete(format!("{text}Authorization={header}"))
}

fn known_algorithm(name: &str) -> Result<(), AuthError> {
    if name == ALGORITHM {
        return Ok(());
    }
    Err(AuthError::Incomplete(format!("Unsupported AWS 'algorithm': '{name}'. ")))
}

fn not_a_date(text: &str) -> AuthError {
    AuthError::Incomplete(format!(
        "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
    ))
}

fn signed_twice() -> AuthError {
    let text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    AuthError::WrongScope(text.into())
}

fn incomplete(text: &str) -> AuthError {
    AuthError::Incomplete(text.to_owned())
}
