//! What a client may take: connections, time, bytes.

use std::time::Duration;

/// The longest request body, in bytes, on the wire and after decompression: DynamoDB's 16 MB.
pub const MAX_BODY_LEN: usize = 16 * 1024 * 1024;
/// The longest request head, in bytes.
pub const MAX_HEAD_LEN: usize = 32 * 1024;
/// The most memory that a connection reads into before its bytes are taken, in bytes.
pub const MAX_READ_BUFFER_LEN: usize = 64 * 1024;
/// Bodies up to this length, in bytes, do not count against [`Limits::body_memory`].
pub const SMALL_BODY_LEN: usize = 64 * 1024;

/// The limits that an operator, or a test, may set.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at one time; further ones are answered 503 and closed.
    pub connections: usize,
    /// From a connection's (or head's) first byte to the end of the head; also for a TLS handshake.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// Between an answer and the next request.
    pub idle_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// How long requests under way may take after the server was told to stop.
    pub drain_timeout: Duration,
    /// Memory for large request bodies, in bytes, over all connections; who finds none waits.
    pub body_memory: usize,
}

impl Default for Limits {
    /// 512 connections leave room for the engine's files under the usual limit of 1,024 open files.
    fn default() -> Self {
        Self {
            connections: 512,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(90),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(15),
            body_memory: 256 * 1024 * 1024,
        }
    }
}
