//! From an HTTP request to an operation of a room, and back.
//!
//! ```text
//!  POST /  X-Amz-Target: <api>.<operation>   body read -> signature verified -> body decoded -> called
//!  GET  /, /healthz, /metrics                no signature: they tell nothing of any table or key
//! ```
//! An operation that began is finished, also where its client goes away: half an operation is nobody's wish.

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use auth::{AuthError, Principal, Verifier};
use bytes::Bytes;
use env::random::random_bytes;
use env::{Clock, Random};
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use service::{ApiError, CallContext, Service};
use uuid::Uuid;

use crate::answer::{self, Answer};
use crate::body::{BodyError, BodyReader, ReceivedBody};
use crate::limits::Limits;
use crate::metrics::{Gauge, Metrics};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const MAX_USER_AGENT_LEN: usize = 1024;
const TEXT: &str = "text/plain; charset=utf-8";
const LOG_FAILED: &str =
    "the log failed: no write is taken until the server was started again; see its log\n";

/// What a router is made of.
pub struct RouterParts {
    /// The APIs, each under the target its [`service::wire::Wire`] names.
    pub services: Vec<Arc<dyn Service>>,
    /// Who proves who calls.
    pub verifier: Verifier,
    /// The Region that the server plays.
    pub region: String,
    /// The world: randomness for request ids, and the clock that operations live by.
    pub env: env::Env,
    /// The computer's own clock: signatures are made by it, however far a test clock was moved.
    pub real_clock: Arc<dyn Clock>,
    /// Numbers of the rooms, asked for at every look at `/metrics`.
    pub gauges: Box<dyn Fn() -> Vec<Gauge> + Send + Sync>,
    /// Whether the storage takes writes; asked for at every look at `/healthz`.
    pub is_sound: Box<dyn Fn() -> bool + Send + Sync>,
}

/// Finds who answers.
pub struct Router {
    parts: RouterParts,
    health: Bytes,
    bodies: BodyReader,
    request_ids: RequestIds,
    /// What this server counts.
    pub metrics: Metrics,
}

/// The room and operation that `X-Amz-Target` names.
#[derive(Clone)]
struct Target {
    service: Arc<dyn Service>,
    /// `<api>.<operation>`
    text: HeaderValue,
}

impl Target {
    fn text(&self) -> &str {
        self.text.to_str().unwrap_or_default()
    }

    fn operation(&self) -> &str {
        self.text().split_once('.').map_or("", |(_api, operation)| operation)
    }
}

impl Router {
    /// A router over these parts.
    #[must_use]
    pub fn new(parts: RouterParts, limits: &Limits) -> Arc<Self> {
        let health = Bytes::from(format!("healthy: dynamodb.{}.amazonaws.com \n", parts.region));
        let request_ids = RequestIds::new(&*parts.env.random);
        let bodies = BodyReader::new(limits);
        Arc::new(Self { parts, health, bodies, request_ids, metrics: Metrics::default() })
    }

    /// Answers a request of the client at `source_ip`.
    pub async fn answer(&self, source_ip: Option<IpAddr>, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/") => self.answer_call(source_ip, request).await,
            (&Method::GET | &Method::HEAD, "/") => answer::plain(StatusCode::OK, TEXT, self.health.clone()),
            (&Method::GET | &Method::HEAD, "/healthz") => self.answer_health(),
            (&Method::GET | &Method::HEAD, "/metrics") => self.answer_metrics(),
            (_, "/") => not_allowed("GET, HEAD, POST"),
            (_, "/healthz" | "/metrics") => not_allowed("GET, HEAD"),
            _ => no_such_path(),
        }
    }

    fn answer_health(&self) -> Answer {
        match (self.parts.is_sound)() {
            true => answer::plain(StatusCode::OK, TEXT, "ok\n"),
            false => answer::plain(StatusCode::SERVICE_UNAVAILABLE, TEXT, LOG_FAILED),
        }
    }

    fn answer_metrics(&self) -> Answer {
        let text = self.metrics.render(&(self.parts.gauges)());
        answer::plain(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
    }

    async fn answer_call(&self, source_ip: Option<IpAddr>, request: Request<Incoming>) -> Answer {
        let started = self.parts.real_clock.instant();
        let request_id = self.request_ids.next();
        let (head, body) = request.into_parts();
        let target = self.target(&head.headers);
        let result = self.call(target.as_ref(), &head, body, source_ip, request_id).await;
        let took = self.parts.real_clock.instant().saturating_duration_since(started);
        self.count(target.as_ref(), &result, took);
        let ends_connection = result.as_ref().is_err_and(leaves_body_unread);
        let api = target.as_ref().map(|target| &*target.service);
        let answer = answer::of_call(api, request_id, result);
        if ends_connection { answer::last(answer) } else { answer }
    }

    /// Everything between the head of a call and its answer.
    async fn call(
        &self,
        target: Option<&Target>,
        head: &Parts,
        body: Incoming,
        source_ip: Option<IpAddr>,
        request_id: Uuid,
    ) -> Result<Vec<u8>, ApiError> {
        let body = self.bodies.read(body).await.map_err(body_exception)?;
        // As at AWS, a call of nothing is told so first; it was not signed for any service.
        let target = target.ok_or_else(ApiError::unknown_operation)?;
        let principal = self.verify(target, head, &body.bytes)?;
        let body = self.bodies.decode(body, &head.headers).await.map_err(body_exception)?;
        let context = self.context(principal, head, source_ip, request_id);
        self.run(target.clone(), context, body).await
    }

    fn target(&self, headers: &HeaderMap) -> Option<Target> {
        let text = headers.get(TARGET)?;
        let (api, _operation) = text.to_str().ok()?.split_once('.')?;
        let service = self.parts.services.iter().find(|service| service.wire().target == api)?;
        Some(Target { service: Arc::clone(service), text: text.clone() })
    }

    fn verify(&self, target: &Target, head: &Parts, body: &[u8]) -> Result<Principal, ApiError> {
        let headers: Vec<(&str, &[u8])> =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let (method, path) = (head.method.as_str(), head.uri.path());
        let query = head.uri.query().unwrap_or_default();
        let request = auth::Request { method, path, query, headers: &headers, body };
        let now_ms = self.parts.real_clock.now_ms();
        let verified = self.parts.verifier.verify(&request, target.service.wire().signing_name, now_ms);
        verified.map_err(|error| self.signature_exception(&error))
    }

    fn signature_exception(&self, error: &AuthError) -> ApiError {
        self.metrics.count_refused_signature(error.code());
        tracing::debug!(exception = error.code(), %error, "a signature is refused");
        ApiError::framework(error.code(), error.to_string())
    }

    fn context(
        &self,
        principal: Principal,
        head: &Parts,
        source_ip: Option<IpAddr>,
        request_id: Uuid,
    ) -> CallContext {
        CallContext {
            principal,
            region: self.parts.region.clone(),
            request_id,
            source_ip,
            user_agent: user_agent(&head.headers),
            received_ms: self.parts.env.clock.now_ms(),
        }
    }

    /// Runs an operation to its end. What ends without waiting runs here; what waits becomes a task of its
    /// own, so that a closed connection does not cut it off.
    async fn run(
        &self,
        target: Target,
        context: CallContext,
        body: ReceivedBody,
    ) -> Result<Vec<u8>, ApiError> {
        let call = async move { target.service.call(&context, target.operation(), &body.bytes).await };
        let mut call = Box::pin(AssertUnwindSafe(call).catch_unwind());
        let ended = match poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await {
            Poll::Ready(ended) => Ok(ended),
            Poll::Pending => tokio::spawn(call).await,
        };
        ended.unwrap_or_else(|lost| Ok(Err(lost_call(&lost)))).unwrap_or_else(|_panic| Err(self.panicked()))
    }

    fn panicked(&self) -> ApiError {
        self.metrics.panics.fetch_add(1, Ordering::Relaxed);
        ApiError::internal("InternalServerError")
    }

    fn count(&self, target: Option<&Target>, result: &Result<Vec<u8>, ApiError>, took: Duration) {
        let status = result.as_ref().err().map_or(200, |error| error.status);
        let names_an_operation = match result {
            Ok(_) => true,
            Err(error) => !is_refused_before_a_room(&error.code),
        };
        let named = target.filter(|_| names_an_operation).map(Target::text);
        self.metrics.count_call(named, status, took);
    }
}

/// Ids that no two requests share, of this start or another: a random beginning and a count. They are no
/// secrets, so a request does not wait for the operating system's randomness.
struct RequestIds {
    beginning: [u8; 8],
    count: AtomicU64,
}

impl RequestIds {
    fn new(random: &dyn Random) -> Self {
        Self { beginning: random_bytes(random), count: AtomicU64::new(0) }
    }

    fn next(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.beginning);
        bytes[8..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Exceptions of calls whose target may be any text: their name must not become a metric's label.
fn is_refused_before_a_room(code: &str) -> bool {
    const CODES: [&str; 8] = [
        "UnknownOperationException",
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "RequestEntityTooLargeException",
        "RequestTimeoutException",
        "MalformedHttpRequestException",
    ];
    CODES.contains(&code)
}

fn body_exception(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLong => {
            let text = "The request is larger than the maximum of 16 MB.";
            ApiError::framework("RequestEntityTooLargeException", text).with_status(413)
        }
        BodyError::TooSlow => {
            let text = "The request did not arrive in time.";
            ApiError::framework("RequestTimeoutException", text).with_status(408)
        }
        BodyError::Broken(cause) => {
            tracing::debug!(%cause, "a request body ended early");
            ApiError::framework("MalformedHttpRequestException", "The request body ended early.")
        }
        BodyError::Encoding(text) => ApiError::framework("MalformedHttpRequestException", text),
    }
}

fn leaves_body_unread(error: &ApiError) -> bool {
    matches!(error.status, 408 | 413)
}

/// The runtime gave the task up, which it does only while it shuts down.
fn lost_call(lost: &tokio::task::JoinError) -> ApiError {
    tracing::error!(%lost, "a call was given up");
    ApiError::internal("InternalServerError")
}

fn user_agent(headers: &HeaderMap) -> String {
    let bytes = headers.get(USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_USER_AGENT_LEN)]).into_owned()
}

fn not_allowed(methods: &'static str) -> Answer {
    let text = format!("Allowed here: {methods}. Calls of an API are POST requests to /.\n");
    let mut answer = answer::plain(StatusCode::METHOD_NOT_ALLOWED, TEXT, text);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn no_such_path() -> Answer {
    let text = "Nothing is here. Calls of an API are POST requests to /.\n";
    answer::plain(StatusCode::NOT_FOUND, TEXT, text)
}
