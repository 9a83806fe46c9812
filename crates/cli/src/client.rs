//! One signed call to a server.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use auth::{AccessKey, Request as SignableRequest, sign};
use bytes::Bytes;
use env::{Clock, SystemClock};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest answer that is read, in bytes: a page of a scan is 1 MB of items, and more as JSON.
const MAX_ANSWER_LEN: usize = 16 << 20;
/// Moving a clock far lets the server do the work of that time before it answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// A call.
pub struct Call<'a> {
    /// `http://host:port` or `https://host:port`
    pub endpoint: &'a str,
    /// Whom to trust, with `https`.
    pub ca_cert: Option<&'a Path>,
    /// Who signs.
    pub key: &'a AccessKey,
    /// The Region in the signature.
    pub region: &'a str,
    /// The service in the signature.
    pub service: &'a str,
    /// `<api>.<operation>`
    pub target: &'a str,
    /// The body.
    pub body: Bytes,
}

/// The access key to sign with: the id as given, else both halves from the environment.
pub fn access_key(id: Option<String>) -> anyhow::Result<AccessKey> {
    let variable = |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok());
    let id = id.or_else(|| variable(["AWS_ACCESS_KEY_ID", "STRONGROOM_ROOT_ACCESS_KEY_ID"]));
    let secret = variable(["AWS_SECRET_ACCESS_KEY", "STRONGROOM_ROOT_SECRET_ACCESS_KEY"]);
    let (Some(id), Some(secret)) = (id, secret) else {
        bail!("the call needs an access key; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    };
    AccessKey::new(id, secret).context("the access key cannot be used")
}

/// Sends the call over a connection of its own; returns the body of its answer. An exception is an error.
pub async fn send(call: Call<'_>) -> anyhow::Result<Bytes> {
    Connections::default().send(call).await
}

/// Connections to one endpoint that stay open between calls.
#[derive(Default)]
pub struct Connections(Mutex<Vec<Connection>>);

type Connection = http1::SendRequest<Full<Bytes>>;

impl Connections {
    /// Sends the call, over a connection that is idle where there is one.
    pub async fn send(&self, call: Call<'_>) -> anyhow::Result<Bytes> {
        let uri: Uri = call.endpoint.parse().with_context(|| not_an_endpoint(call.endpoint))?;
        let authority = uri.authority().with_context(|| not_an_endpoint(call.endpoint))?;
        let request = signed(&call, authority.as_str())?;
        tokio::time::timeout(PATIENCE, self.exchange(&call, &uri, request))
            .await
            .map_err(|_| anyhow!("the server did not answer in time"))?
    }

    async fn exchange(
        &self,
        call: &Call<'_>,
        uri: &Uri,
        mut request: Request<Full<Bytes>>,
    ) -> anyhow::Result<Bytes> {
        while let Some(mut connection) = self.idle() {
            if connection.ready().await.is_err() {
                continue;
            }
            match connection.try_send_request(request).await {
                Ok(answer) => return self.answered(connection, answer).await,
                // The far end closed it meanwhile. Only what was never sent may be sent again.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error()).context("the server did not answer"),
                },
            }
        }
        let mut connection = connected(call, uri).await?;
        let answer = connection.send_request(request).await.context("the server did not answer")?;
        self.answered(connection, answer).await
    }

    async fn answered(&self, connection: Connection, answer: Response<Incoming>) -> anyhow::Result<Bytes> {
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_LEN).collect().await;
        let body = body.map_err(|error| anyhow!(error))?.to_bytes();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        match status {
            StatusCode::OK => Ok(body),
            _ => Err(Exception::new(status, &body).into()),
        }
    }

    fn idle(&self) -> Option<Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

async fn connected(call: &Call<'_>, uri: &Uri) -> anyhow::Result<Connection> {
    let host = uri.host().with_context(|| not_an_endpoint(call.endpoint))?;
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => bail!(not_an_endpoint(call.endpoint)),
    };
    let address = (host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(if tls { 443 } else { 80 }));
    let unreachable = || format!("cannot reach {}; is the server running?", call.endpoint);
    let stream = TcpStream::connect(address).await.with_context(unreachable)?;
    // A request is written in one go and waited for.
    stream.set_nodelay(true)?;
    match tls {
        false => handshake(stream).await,
        true => handshake(over_tls(stream, host, call.ca_cert).await?).await,
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> anyhow::Result<Connection> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn not_an_endpoint(endpoint: &str) -> String {
    format!("{endpoint:?} is no endpoint; give a URL such as http://127.0.0.1:8000")
}

fn signed(call: &Call<'_>, host: &str) -> anyhow::Result<Request<Full<Bytes>>> {
    let content_type = match call.service {
        "kms" => "application/x-amz-json-1.1",
        _ => "application/x-amz-json-1.0",
    };
    let headers: [(&str, &[u8]); 3] = [
        ("content-type", content_type.as_bytes()),
        ("host", host.as_bytes()),
        ("x-amz-target", call.target.as_bytes()),
    ];
    let view = SignableRequest { method: "POST", path: "/", query: "", headers: &headers, body: &call.body };
    let signed = sign::sign(&view, call.key, call.region, call.service, SystemClock.now_ms());
    let request = Request::post("/")
        .header("host", host)
        .header("content-type", content_type)
        .header("x-amz-target", call.target)
        .header("x-amz-date", signed.date)
        .header("authorization", signed.authorization);
    Ok(request.body(Full::new(call.body.clone()))?)
}

async fn over_tls(
    stream: TcpStream,
    host: &str,
    ca_cert: Option<&Path>,
) -> anyhow::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    let trusted = ca_cert.context("name the certificate to trust with --ca-cert")?;
    let mut roots = RootCertStore::empty();
    for certificate in server::tls::certificates(trusted)? {
        roots.add(certificate).with_context(|| format!("cannot trust {}", trusted.display()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).context("the endpoint's host is no name of a server")?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .context("cannot speak TLS with the server")
}

/// A refusal, by its name where it has one.
#[derive(Debug)]
pub struct Exception {
    status: StatusCode,
    name: Option<String>,
    text: Option<String>,
    /// The codes of a cancelled transaction's reasons.
    reasons: Vec<String>,
}

impl Exception {
    fn new(status: StatusCode, body: &[u8]) -> Self {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let name = told["__type"].as_str().and_then(|name| name.rsplit('#').next());
        let text = told["message"].as_str().or_else(|| told["Message"].as_str());
        let reasons = told["CancellationReasons"].as_array().into_iter().flatten();
        let reasons = reasons.filter_map(|reason| reason["Code"].as_str()).map(str::to_owned).collect();
        Self { status, name: name.map(str::to_owned), text: text.map(str::to_owned), reasons }
    }

    /// The exception's name.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Whether it cancels a transaction for this reason.
    pub fn has_reason(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason == code)
    }

    /// Whether the server, and not the call, is the matter.
    pub fn is_servers(&self) -> bool {
        self.status.is_server_error()
    }
}

impl Error for Exception {}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.text) {
            (Some(name), Some(text)) => write!(f, "the server refuses: {text} ({name})"),
            (Some(name), None) => write!(f, "the server refuses: {name}"),
            _ => write!(f, "the server answered {}", self.status),
        }
    }
}
