//! The door: TCP, TLS, HTTP/1.1; how many come in, how long they may take, and how the door closes.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::limits::{Limits, MAX_HEAD_LEN, MAX_READ_BUFFER_LEN};
use crate::router::Router;
use crate::watchdog::{Watchdog, Watched, WatchedStream};

/// Connections over the limit that may wait for their refusal at one time; the rest are closed unheard.
const MAX_REFUSALS: usize = 64;
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// After a failed accept (usually: no file descriptor left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/x-amz-json-1.0\r\n\
    content-length: 134\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"__type\":\"com.amazon.coral.service#ServiceUnavailableException\",\"message\":\"The server has as many connections as it may; try again.\"}";

/// An open door; connections wait before it until [`Listener::serve`].
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

struct Shared {
    tls: Option<TlsAcceptor>,
    router: Arc<Router>,
    limits: Limits,
    watchdog: Arc<Watchdog>,
    free: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    draining: watch::Sender<bool>,
}

impl Listener {
    /// Opens the door at `listen` (`host:port`, port 0 for any).
    ///
    /// # Errors
    /// As the operating system's.
    pub async fn open(listen: &str) -> io::Result<Self> {
        let socket = TcpListener::bind(listen).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where the door is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets clients in until `stop` ends; then lets nobody in, and waits for requests under way, at most
    /// [`Limits::drain_timeout`].
    pub async fn serve(
        self,
        tls: Option<TlsAcceptor>,
        router: Arc<Router>,
        limits: Limits,
        stop: impl Future<Output = ()>,
    ) {
        let shared = Arc::new(Shared::new(tls, router, limits));
        let watching = tokio::spawn(Arc::clone(&shared.watchdog).run());
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.socket.accept() => shared.receive(accepted).await,
            }
        }
        drop(self.socket);
        shared.drain().await;
        watching.abort();
    }
}

impl Shared {
    fn new(tls: Option<TlsAcceptor>, router: Arc<Router>, limits: Limits) -> Self {
        Self {
            tls,
            router,
            watchdog: Watchdog::new(&limits),
            free: Arc::new(Semaphore::new(limits.connections)),
            refusals: Arc::new(Semaphore::new(MAX_REFUSALS)),
            draining: watch::Sender::new(false),
            limits,
        }
    }

    async fn receive(self: &Arc<Self>, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => self.admit(stream, peer),
            Err(cause) => {
                tracing::warn!(%cause, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(place) => drop(tokio::spawn(Arc::clone(self).connection(stream, peer, place))),
            Err(_none_free) => self.refuse(stream),
        }
    }

    fn refuse(&self, stream: TcpStream) {
        self.router.metrics.connections_refused.fetch_add(1, Ordering::Relaxed);
        let speaks_plainly = self.tls.is_none();
        if let (true, Ok(place)) = (speaks_plainly, Arc::clone(&self.refusals).try_acquire_owned()) {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(REFUSAL_TIME, tell_refusal(stream)).await;
                drop(place);
            });
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let metrics = &self.router.metrics;
        metrics.connections_total.fetch_add(1, Ordering::Relaxed);
        metrics.connections_open.fetch_add(1, Ordering::Relaxed);
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.serve_http(stream, peer).await,
            Some(tls) => self.serve_https(tls, stream, peer).await,
        }
        metrics.connections_open.fetch_sub(1, Ordering::Relaxed);
        drop(place);
    }

    async fn serve_https(&self, tls: &TlsAcceptor, stream: TcpStream, peer: SocketAddr) {
        match tokio::time::timeout(self.limits.head_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve_http(stream, peer).await,
            Ok(Err(cause)) => tracing::debug!(%cause, %peer, "a TLS handshake failed"),
            Err(_elapsed) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn serve_http(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
        let watched = Arc::new(self.watchdog.watch());
        let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&watched)));
        let answering = service_fn(|request| {
            let watched = Arc::clone(&watched);
            watched.begin_request();
            async move {
                let answer = self.router.answer(Some(peer.ip()), request).await;
                watched.end_request();
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .half_close(true)
            .max_buf_size(MAX_READ_BUFFER_LEN)
            .max_header_size(MAX_HEAD_LEN)
            .serve_connection(io, answering);
        self.see_through(pin!(connection), &watched, peer).await;
    }

    /// Serves a connection to its end: the client's, the watchdog's, or the server's.
    async fn see_through<C>(&self, mut connection: Pin<&mut C>, watched: &Watched, peer: SocketAddr)
    where
        C: GracefulConnection,
    {
        let mut draining = self.draining.subscribe();
        let mut told_to_end = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(cause) = ended {
                        tracing::debug!(%cause, %peer, "a connection ended");
                    }
                    return;
                }
                () = watched.expired() => {
                    self.router.metrics.connections_expired.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(%peer, "a client took too long");
                    return;
                }
                _ = draining.wait_for(|draining| *draining), if !told_to_end => {
                    told_to_end = true;
                    connection.as_mut().end_after_this_request();
                }
            }
        }
    }

    async fn drain(&self) {
        self.draining.send_replace(true);
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(self.limits.drain_timeout, self.free.acquire_many(all)).await;
        if drained.is_err() {
            tracing::warn!("some clients did not finish in time; their connections are cut");
        }
    }
}

/// A connection that can be told to end after the request under way.
trait GracefulConnection: Future<Output = hyper::Result<()>> {
    fn end_after_this_request(self: Pin<&mut Self>);
}

impl<I, B, S> GracefulConnection for http1::Connection<I, S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn end_after_this_request(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Says why, then waits for the client to have read it: closing on unread bytes would take the words back.
async fn tell_refusal(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await?;
    let mut unheard = [0; 4096];
    while stream.read(&mut unheard).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::REFUSAL;

    #[test]
    fn the_refusal_is_a_whole_answer() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
