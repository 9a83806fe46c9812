//! The canonical request: the one spelling of a request that both sides sign.
//!
//! Source of the rules: AWS's "Create a signed AWS API request", for every service but S3: the path is
//! normalised and percent-encoded once more than on the wire.

use std::borrow::Cow;

use crypto::sha256;

use super::{MAX_SIGNED_HEADERS, Request};

/// The parameter that carries a presigned request's signature, and is the only one not signed.
pub const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// SHA-256, in lower-case hex, of the canonical form of `request` under these signed headers.
#[must_use]
pub fn canonical_hash(request: &Request<'_>, signed_headers: &str, payload_hash: &str) -> String {
    hex::encode(sha256(&canonical_request(request, signed_headers, payload_hash)))
}

/// ```text
/// method ⏎ path ⏎ query ⏎ (header:value ⏎)* ⏎ names;of;headers ⏎ hash of the body
/// ```
#[must_use]
pub fn canonical_request(request: &Request<'_>, signed_headers: &str, payload_hash: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    text.extend_from_slice(request.method.as_bytes());
    text.push(b'\n');
    push_path(&mut text, request.path);
    text.push(b'\n');
    push_query(&mut text, request.query);
    text.push(b'\n');
    for name in signed_headers.split(';').take(MAX_SIGNED_HEADERS) {
        push_header(&mut text, request, name);
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    text
}

fn push_path(text: &mut Vec<u8>, path: &str) {
    if path == "/" {
        return text.push(b'/');
    }
    let segments = resolved_segments(path);
    for segment in &segments {
        text.push(b'/');
        push_encoded(text, segment.as_bytes());
    }
    if segments.is_empty() || ends_open(path) {
        text.push(b'/');
    }
}

/// The path's segments without empty ones and dots; two dots take one back (RFC 3986, 5.2.4).
fn resolved_segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    segments
}

fn ends_open(path: &str) -> bool {
    ["/", "/.", "/.."].iter().any(|end| path.ends_with(end))
}

fn push_query(text: &mut Vec<u8>, query: &str) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = parameters(query)
        .filter(|(name, _)| name.as_ref() != SIGNATURE_PARAMETER.as_bytes())
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
}

/// The parameters of a query, decoded; a name without `=` has the empty value.
pub fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// Percent-decoded, `+` being a space; a `%` that begins no escape stands for itself.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, next) = match (first, escape(after)) {
            (b'%', Some((byte, next))) => (byte, next),
            (b'+', _) => (b' ', after),
            _ => (first, after),
        };
        out.push(byte);
        rest = next;
    }
    Cow::Owned(out)
}

fn escape(after: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = after.split_first_chunk::<2>()?;
    Some((hex_digit(digits[0])? << 4 | hex_digit(digits[1])?, rest))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Percent-encoded: all but RFC 3986's unreserved characters, in upper-case hex.
#[must_use]
pub fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    push_encoded(&mut out, bytes);
    out
}

fn push_encoded(text: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte),
            other => {
                text.extend_from_slice(&[b'%', HEX[usize::from(other >> 4)], HEX[usize::from(other & 15)]]);
            }
        }
    }
}

/// A header's values, joined by commas, each trimmed and with single spaces. A name that is signed but not
/// there has the empty value, so its signature holds only while nobody adds it.
fn push_header(text: &mut Vec<u8>, request: &Request<'_>, name: &str) {
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    for (at, value) in request.header_values(name).enumerate() {
        if at > 0 {
            text.push(b',');
        }
        push_header_value(text, value);
    }
    text.push(b'\n');
}

/// Runs of spaces, tabs and folded lines become one space.
fn push_header_value(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (at, word) in words.enumerate() {
        if at > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_request;
    use crate::sigv4::Request;

    fn canonical(path: &str, query: &str, headers: &[(&str, &str)]) -> String {
        let bytes: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let request = Request { method: "GET", path, query, headers: &bytes, body: b"" };
        String::from_utf8(canonical_request(&request, "host;my-header1", "hash")).unwrap()
    }

    fn line(at: usize, path: &str, query: &str) -> String {
        canonical(path, query, &[]).lines().nth(at).unwrap().to_owned()
    }

    // The paths of AWS's published suite: get-slash, get-slashes, get-relative, get-relative-relative,
    // get-slash-dot-slash, get-slash-pointless-dot, get-unreserved, get-utf8, get-space.
    #[test]
    fn paths_are_normalised_and_encoded() {
        for (path, expected) in [
            ("", "/"),
            ("//", "/"),
            ("//example//", "/example/"),
            ("/example/..", "/"),
            ("/example1/example2/../..", "/"),
            ("/../..", "/"),
            ("/./", "/"),
            ("/./example", "/example"),
            ("/a/./b/../c", "/a/c"),
            ("/-._~0123456789abcxyzABCXYZ", "/-._~0123456789abcxyzABCXYZ"),
            ("/\u{1234}", "/%E1%88%B4"),
            ("/example space/", "/example%20space/"),
            ("/example%20space/", "/example%2520space/"),
        ] {
            assert_eq!(line(1, path, ""), expected, "{path}");
        }
    }

    // The queries of the suite: get-vanilla-empty-query-key, get-vanilla-query-order-*, -unreserved, -utf8.
    #[test]
    fn queries_are_sorted_after_encoding() {
        for (query, expected) in [
            ("Param1=value1", "Param1=value1"),
            ("Param2=value2&Param1=value1", "Param1=value1&Param2=value2"),
            ("Param1=value2&Param1=Value1", "Param1=Value1&Param1=value2"),
            ("Param1=value2&param1=x", "Param1=value2&param1=x"),
            ("\u{1234}=bar", "%E1%88%B4=bar"),
            ("flag", "flag="),
            ("a+b=c%20d&e=%2b", "a%20b=c%20d&e=%2B"),
            ("a=%zz", "a=%25zz"),
            ("&&a=1&", "a=1"),
            ("X-Amz-Signature=abc&a=b", "a=b"),
            ("a=1&a-=2", "a=1&a-=2"),
        ] {
            assert_eq!(line(2, "/", query), expected, "{query}");
        }
    }

    // get-header-key-duplicate, get-header-value-order, get-header-value-trim, get-header-value-multiline.
    #[test]
    fn header_values_are_joined_and_trimmed() {
        let text = canonical(
            "/",
            "",
            &[
                ("host", "example.amazonaws.com"),
                ("my-header1", " value2 "),
                ("my-header1", "\"a   b   c\""),
                ("my-header1", "folded\r\n   line"),
            ],
        );
        assert!(text.contains("\nmy-header1:value2,\"a b c\",folded line\n\nhost;my-header1\nhash"));
    }
}
