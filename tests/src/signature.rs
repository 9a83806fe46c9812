//! SigV4 by AWS's own signer, so that the server's is checked against somebody else's.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::http::Request;

/// Who signs, for which service, when.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session token, where the credentials are temporary.
    pub session_token: Option<String>,
    /// The Region in the scope.
    pub region: String,
    /// The service in the scope.
    pub service: String,
    /// The time of the signature.
    pub time: SystemTime,
}

impl Signer {
    /// The request with `Authorization`, `X-Amz-Date` and what else belongs to a signed one.
    ///
    /// # Panics
    /// Where the request cannot be signed at all, such as with a header that is no header.
    #[must_use]
    pub fn sign(&self, request: Request, host: &str) -> Request {
        self.sign_with(request, host, SigningSettings::default())
    }

    /// The request with its signature in the query, good for `seconds`.
    ///
    /// # Panics
    /// As [`Self::sign`].
    #[must_use]
    pub fn presign(&self, request: Request, host: &str, seconds: u64) -> Request {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(std::time::Duration::from_secs(seconds));
        self.sign_with(request, host, settings)
    }

    fn sign_with(&self, mut request: Request, host: &str, settings: SigningSettings) -> Request {
        let token = self.session_token.clone();
        let credentials =
            Credentials::new(&self.access_key_id, &self.secret_access_key, token, None, "tests");
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let address = format!("http://{host}{}", request.path);
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new(&request.method, &address, headers, body).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
        for (at, (name, value)) in instructions.params().iter().enumerate() {
            let separator = if at == 0 && !request.path.contains('?') { '?' } else { '&' };
            request.path.push_str(&format!("{separator}{name}={}", percent_encoded(value)));
        }
        request
    }
}

fn percent_encoded(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}
