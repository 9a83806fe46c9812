//! A door with an echo behind it, and a client that speaks raw bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use auth::{AccessKey, Request, Verifier, sign};
use env::{Clock, Env, SystemClock};
use futures::future::BoxFuture;
use server::Limits;
use server::listener::Listener;
use server::router::{Router, RouterParts};
use service::wire::{Protocol, Wire};
use service::{ApiError, CallContext, Service};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub const ECHO: &str = "DynamoDB_20120810.Echo";
pub const SLOW: &str = "DynamoDB_20120810.Slow";
pub const PANIC: &str = "DynamoDB_20120810.Panic";
/// How long a call of [`SLOW`] takes.
pub const SLOW_TIME: Duration = Duration::from_millis(400);

/// Says what it hears.
pub struct Echo {
    pub wire: Wire,
    /// Calls of `Slow` that came to their end.
    pub finished: AtomicUsize,
    /// Whether the storage takes no writes.
    pub failed: AtomicBool,
}

impl Service for Echo {
    fn wire(&self) -> &Wire {
        &self.wire
    }

    fn call<'a>(
        &'a self,
        context: &'a CallContext,
        operation: &'a str,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        Box::pin(async move {
            match operation {
                "Echo" => Ok(body.to_vec()),
                "Agent" => Ok(context.user_agent.clone().into_bytes()),
                "Slow" => {
                    tokio::time::sleep(SLOW_TIME).await;
                    self.finished.fetch_add(1, Ordering::SeqCst);
                    Ok(b"{}".to_vec())
                }
                "Panic" => panic!("as asked"),
                _ => Err(ApiError::unknown_operation()),
            }
        })
    }
}

pub struct Door {
    pub address: SocketAddr,
    pub echo: Arc<Echo>,
    pub stop: Option<oneshot::Sender<()>>,
    pub serving: JoinHandle<()>,
}

pub async fn open(limits: Limits) -> Door {
    open_with(limits, None).await
}

pub async fn open_with(limits: Limits, tls: Option<TlsAcceptor>) -> Door {
    let wire = Wire {
        protocol: Protocol::Json10,
        target: "DynamoDB_20120810",
        signing_name: "dynamodb",
        event_source: "dynamodb.amazonaws.com",
    };
    let echo = Arc::new(Echo { wire, finished: AtomicUsize::new(0), failed: AtomicBool::new(false) });
    let parts = RouterParts {
        services: vec![echo.clone()],
        verifier: Verifier::new(key(), "000000000000", "us-east-1"),
        region: "us-east-1".into(),
        env: Env::real(),
        real_clock: Arc::new(SystemClock),
        gauges: Box::new(Vec::new),
        is_sound: Box::new({
            let echo = Arc::clone(&echo);
            move || !echo.failed.load(Ordering::Relaxed)
        }),
    };
    let router = Router::new(parts, &limits);
    let listener = Listener::open("127.0.0.1:0").await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(listener.serve(tls, router, limits, async { drop(stopped.await) }));
    Door { address, echo, stop: Some(stop), serving }
}

pub fn key() -> AccessKey {
    AccessKey::new("AKIDEXAMPLE".into(), "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()).unwrap()
}

pub fn now_ms() -> u64 {
    SystemClock.now_ms()
}

/// A call's head and body as bytes, signed now; `more` are header lines that are not signed.
pub fn signed(target: &str, body: &[u8], more: &str) -> Vec<u8> {
    signed_at(target, body, more, now_ms())
}

pub fn signed_at(target: &str, body: &[u8], more: &str, now_ms: u64) -> Vec<u8> {
    let mut bytes = signed_head(target, body, &format!("content-length: {}\r\n{more}", body.len()), now_ms);
    bytes.extend_from_slice(body);
    bytes
}

/// The head alone, signed for `body`, with these further lines.
pub fn signed_head(target: &str, body: &[u8], more: &str, now_ms: u64) -> Vec<u8> {
    let headers: [(&str, &[u8]); 2] = [("host", b"localhost"), ("x-amz-target", target.as_bytes())];
    let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
    let signed = sign::sign(&request, &key(), "us-east-1", "dynamodb", now_ms);
    let (date, authorization) = (signed.date, signed.authorization);
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: {target}\r\nx-amz-date: {date}\r\n\
         authorization: {authorization}\r\n{more}\r\n"
    )
    .into_bytes()
}

/// A parsed answer.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub struct Client<S = TcpStream> {
    pub stream: S,
}

impl Client {
    pub async fn connect(door: &Door) -> Self {
        Self { stream: TcpStream::connect(door.address).await.unwrap() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub async fn ask(&mut self, bytes: &[u8]) -> Heard {
        self.say(bytes).await;
        self.hear().await.expect("there is an answer")
    }

    /// The next answer; `None` where the server closed the connection instead.
    pub async fn hear(&mut self) -> Option<Heard> {
        let hearing = tokio::time::timeout(Duration::from_secs(10), self.read_answer());
        hearing.await.expect("an answer or an end within ten seconds")
    }

    async fn read_answer(&mut self) -> Option<Heard> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut heard = Heard { status, head, body: Vec::new() };
        let len = heard.header("content-length").map_or(0, |len| len.parse().unwrap());
        heard.body.resize(len, 0);
        self.stream.read_exact(&mut heard.body).await.ok()?;
        Some(heard)
    }

    pub async fn is_closed(&mut self) -> bool {
        self.hear().await.is_none()
    }
}

/// Asks on a connection of its own.
pub async fn ask(door: &Door, bytes: &[u8]) -> Heard {
    Client::connect(door).await.ask(bytes).await
}
