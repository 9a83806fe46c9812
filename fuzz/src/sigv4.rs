//! Signatures in headers and queries, of requests in any shape.

use auth::{AccessKey, Request, Verifier};

const NOW_MS: u64 = 1_795_000_000_000;

/// Nobody gets in: not without the secret.
///
/// # Panics
/// Where somebody does.
pub fn run(data: &[u8]) {
    let key = AccessKey::new("AKIDFUZZ000000000000".to_owned(), "a-secret-that-nobody-guesses".to_owned())
        .expect("a key");
    let verifier = Verifier::new(key, "000000000000", "us-east-1");
    with_request(data, |request| {
        assert!(verifier.verify(request, "dynamodb", NOW_MS).is_err(), "somebody got in");
    });
}

/// Lines of `data`: path and query, headers, an empty line, the body.
fn with_request(data: &[u8], check: impl FnOnce(&Request<'_>)) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let target = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut owned = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
        owned.push((name, line.get(colon + 1..).unwrap_or_default()));
    }
    let headers: Vec<(&str, &[u8])> = owned.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let body = lines.next().unwrap_or_default();
    check(&Request { method: "POST", path, query, headers: &headers, body });
}
