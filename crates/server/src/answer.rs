//! Answers, as HTTP responses.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use service::wire::{Protocol, Wire};
use service::{ApiError, pipeline};
use uuid::Uuid;

/// A response whose body is in memory.
pub type Answer = Response<Full<Bytes>>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const CRC32: HeaderName = HeaderName::from_static("x-amz-crc32");

/// How an exception is dressed where no API was found to speak for: as DynamoDB's framework does.
const NO_API: Wire = Wire {
    protocol: Protocol::Json10,
    target: "DynamoDB_20120810",
    signing_name: "dynamodb",
    event_source: "dynamodb.amazonaws.com",
};

/// The answer to a call of an API; `None` where no API was found.
#[must_use]
pub fn of_call(
    api: Option<&dyn pipeline::Service>,
    request_id: Uuid,
    result: Result<Vec<u8>, ApiError>,
) -> Answer {
    let wire = api.map_or(&NO_API, |api| api.wire());
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (status_of(&error), wire.error_body(&error)),
    };
    let checksum = (wire.protocol == Protocol::Json10).then(|| crc32fast::hash(&body));
    let mut answer = plain(status, wire.protocol.content_type(), body);
    let headers = answer.headers_mut();
    if let Some(checksum) = checksum {
        headers.insert(CRC32, HeaderValue::from(checksum));
    }
    let mut id = Uuid::encode_buffer();
    let id = HeaderValue::from_str(request_id.hyphenated().encode_lower(&mut id));
    headers.insert(REQUEST_ID, id.expect("a UUID is printable ASCII"));
    answer
}

/// An answer that is no API's.
#[must_use]
pub fn plain(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// The same, after which the connection is closed.
#[must_use]
pub fn last(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn status_of(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::of_call;
    use service::ApiError;
    use uuid::Uuid;

    #[test]
    fn json_1_0_answers_carry_the_checksum_of_their_body() {
        let answer = of_call(None, Uuid::nil(), Err(ApiError::unknown_operation()));
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.0");
        let body = br##"{"__type":"com.amazon.coral.service#UnknownOperationException"}"##;
        assert_eq!(answer.headers()["x-amz-crc32"], crc32fast::hash(body).to_string());
        assert_eq!(answer.headers()["x-amzn-requestid"], Uuid::nil().to_string());
        assert!(!answer.headers().contains_key("server"));
    }
}
