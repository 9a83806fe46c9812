//! Request bodies: read whole, bounded in length, time and memory; decompressed, bounded again.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Limits, MAX_BODY_LEN, SMALL_BODY_LEN};

/// How much of a body that is too long is read and thrown away, so that its sender gets to read the answer.
const MAX_DISCARDED_LEN: usize = 4 * MAX_BODY_LEN;
const KIB: usize = 1024;
const NOT_GZIP: &str = "The body cannot be decompressed.";

/// Why a body is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Longer than [`MAX_BODY_LEN`], as told or as read, as sent or decompressed.
    #[error("the body is longer than {MAX_BODY_LEN} bytes")]
    TooLong,
    /// It did not come in time, or there was no memory for it in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or the framing is wrong.
    #[error("the body ended early")]
    Broken(#[source] hyper::Error),
    /// It is not compressed as its head says, or in a way we do not know.
    #[error("{0}")]
    Encoding(&'static str),
}

/// Takes bodies in.
pub struct BodyReader {
    memory: Arc<Semaphore>,
    timeout: Duration,
}

/// A body, and its share of the memory for large bodies.
pub struct ReceivedBody {
    /// The bytes.
    pub bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl BodyReader {
    /// A reader with these limits.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let kib = (limits.body_memory / KIB).clamp(MAX_BODY_LEN / KIB, Semaphore::MAX_PERMITS);
        Self { memory: Arc::new(Semaphore::new(kib)), timeout: limits.body_timeout }
    }

    /// Reads a body to its end, as it was sent.
    ///
    /// # Errors
    /// As [`BodyError`].
    pub async fn read(&self, body: Incoming) -> Result<ReceivedBody, BodyError> {
        let told = body.size_hint().exact().map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        if told.is_some_and(|len| len > MAX_DISCARDED_LEN) {
            return Err(BodyError::TooLong);
        }
        let reading = self.collect(body, told.unwrap_or(MAX_BODY_LEN).min(MAX_BODY_LEN));
        tokio::time::timeout(self.timeout, reading).await.unwrap_or(Err(BodyError::TooSlow))
    }

    /// The body as its sender meant it: decompressed where the head says so. Call it once the signature,
    /// which covers the bytes as sent, is verified: decompressing is work that only known callers may cause.
    ///
    /// # Errors
    /// [`BodyError::Encoding`], [`BodyError::TooLong`] and [`BodyError::TooSlow`].
    pub async fn decode(&self, body: ReceivedBody, headers: &HeaderMap) -> Result<ReceivedBody, BodyError> {
        let coding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
        match coding.as_deref() {
            None | Some(b"" | b"identity") => Ok(body),
            // RFC 9110, 8.4.1: whatever its case, and by its old name.
            Some(b"gzip" | b"x-gzip") => self.inflate(body.bytes).await,
            Some(_) => Err(BodyError::Encoding("The Content-Encoding is not supported; gzip is.")),
        }
    }

    async fn inflate(&self, compressed: Bytes) -> Result<ReceivedBody, BodyError> {
        let taking = tokio::time::timeout(self.timeout, self.share_of(MAX_BODY_LEN));
        let share = taking.await.unwrap_or(Err(BodyError::TooSlow))?;
        let inflating = tokio::task::spawn_blocking(move || inflate(&compressed));
        let bytes = inflating.await.unwrap_or(Err(BodyError::Encoding(NOT_GZIP)))?;
        Ok(ReceivedBody { bytes, _share: Some(share) })
    }

    /// A body that comes in one small piece is not copied; a large one takes its share of memory first.
    async fn collect(&self, mut body: Incoming, expected: usize) -> Result<ReceivedBody, BodyError> {
        let first = next_data(&mut body).await?.unwrap_or_default();
        if body.is_end_stream() && first.len() <= SMALL_BODY_LEN {
            return Ok(ReceivedBody { bytes: first, _share: None });
        }
        let mut whole = BytesMut::from(first);
        let mut share = None;
        while let Some(data) = next_data(&mut body).await? {
            let len = whole.len() + data.len();
            if len > MAX_BODY_LEN {
                discard(body).await?;
                return Err(BodyError::TooLong);
            }
            if len > SMALL_BODY_LEN && share.is_none() {
                share = Some(self.share_of(expected).await?);
                whole.reserve(expected.saturating_sub(whole.len()));
            }
            whole.extend_from_slice(&data);
        }
        Ok(ReceivedBody { bytes: whole.freeze(), _share: share })
    }

    /// Memory for a body of `len` bytes; waits until there is some.
    async fn share_of(&self, len: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let kib = u32::try_from(len.div_ceil(KIB)).map_err(|_| BodyError::TooLong)?;
        Arc::clone(&self.memory).acquire_many_owned(kib).await.map_err(|_closed| BodyError::TooSlow)
    }
}

fn inflate(compressed: &[u8]) -> Result<Bytes, BodyError> {
    let limit = u64::try_from(MAX_BODY_LEN + 1).unwrap_or(u64::MAX);
    let mut plain = Vec::with_capacity(compressed.len().saturating_mul(4).min(MAX_BODY_LEN));
    let read = MultiGzDecoder::new(compressed).take(limit).read_to_end(&mut plain);
    read.map_err(|_| BodyError::Encoding(NOT_GZIP))?;
    if plain.len() > MAX_BODY_LEN { Err(BodyError::TooLong) } else { Ok(Bytes::from(plain)) }
}

async fn discard(mut body: Incoming) -> Result<(), BodyError> {
    let mut len = MAX_BODY_LEN;
    while let Some(data) = next_data(&mut body).await? {
        len += data.len();
        if len > MAX_DISCARDED_LEN {
            break;
        }
    }
    Ok(())
}

async fn next_data(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
