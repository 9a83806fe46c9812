//! The header `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, read.

use crate::AuthError;

/// The only algorithm there is for symmetric keys.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The longest header that is read, in bytes; SDKs send a few hundred.
pub const MAX_LEN: usize = 8 * 1024;

/// The parts of the header that were there; each at most once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// What stands before the first space.
    pub algorithm: &'a str,
    /// `access-key/date/region/service/aws4_request`
    pub credential: Option<&'a str>,
    /// Names of headers in lower case, joined by semicolons.
    pub signed_headers: Option<&'a str>,
    /// 64 digits of hex.
    pub signature: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    /// Takes the header apart; says nothing yet about what is missing.
    ///
    /// # Errors
    /// [`AuthError::Incomplete`]: too long, a part that is no pair, a part that stands twice.
    pub fn parse(header: &'a str) -> Result<Self, AuthError> {
        if header.len() > MAX_LEN {
            return Err(AuthError::Incomplete("Authorization header is too long.".into()));
        }
        let (algorithm, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        let mut parsed = Self { algorithm, ..Self::default() };
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            parsed.read_part(part, header)?;
        }
        Ok(parsed)
    }

    fn read_part(&mut self, part: &'a str, header: &str) -> Result<(), AuthError> {
        let (name, value) = part.split_once('=').ok_or_else(|| not_a_pair(part, header))?;
        let place = match name {
            "Credential" => &mut self.credential,
            "SignedHeaders" => &mut self.signed_headers,
            "Signature" => &mut self.signature,
            _ => return Ok(()),
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(AuthError::Incomplete(format!(
                "Authorization header has more than one '{name}' parameter. Authorization={header}"
            ))),
        }
    }
}

fn not_a_pair(part: &str, header: &str) -> AuthError {
    AuthError::Incomplete(format!(
        "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'."
    ))
}

#[cfg(test)]
mod tests {
    use super::{Authorization, MAX_LEN};
    use proptest::prelude::{any, proptest};

    #[test]
    fn the_header_of_an_sdk_is_read() {
        let header = "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/kms/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=ab";
        let expected = Authorization {
            algorithm: "AWS4-HMAC-SHA256",
            credential: Some("A/20150830/us-east-1/kms/aws4_request"),
            signed_headers: Some("host;x-amz-date"),
            signature: Some("ab"),
        };
        assert_eq!(Authorization::parse(header), Ok(expected));
        assert_eq!(Authorization::parse(&header.replace(", ", ",")), Ok(expected));
    }

    #[test]
    fn ambiguous_and_unreadable_headers_are_refused() {
        for header in [
            "AWS4-HMAC-SHA256 Credential=a, Credential=b".to_owned(),
            "AWS4-HMAC-SHA256 Credential".to_owned(),
            "Bearer eyJhbGciOiJIUzI1NiJ9".to_owned(),
            format!("AWS4-HMAC-SHA256 Credential={}", "a".repeat(MAX_LEN)),
        ] {
            assert!(Authorization::parse(&header).is_err(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in any::<String>()) {
            let _ = Authorization::parse(&header);
            let _ = Authorization::parse(&format!("AWS4-HMAC-SHA256 {header}"));
        }
    }
}
