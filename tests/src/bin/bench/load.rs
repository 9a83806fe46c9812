//! N kept connections, each with one request under way at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WARM_UP: Duration = Duration::from_secs(1);

/// How many ask, for how long.
pub struct Load {
    pub connections: usize,
    pub duration: Duration,
}

/// What was answered.
pub struct Taken {
    /// The time of each answer, in microseconds, ascending.
    pub latencies_us: Vec<u32>,
    pub elapsed: Duration,
}

impl Load {
    /// Asks for a moment, so that caches are full and connections known.
    pub fn warm_up(&self, requests: &[Vec<u8>], address: SocketAddr) -> Result<()> {
        Self { connections: self.connections, duration: WARM_UP }.run(requests, address).map(drop)
    }

    /// Asks. One thread serves all connections: the rest of the machine is the server's.
    pub fn run(&self, requests: &[Vec<u8>], address: SocketAddr) -> Result<Taken> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.ask(Arc::from(requests), address))
    }

    async fn ask(&self, requests: Arc<[Vec<u8>]>, address: SocketAddr) -> Result<Taken> {
        let turn = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let end = begun + self.duration;
        let askers: Vec<_> = (0..self.connections)
            .map(|_| tokio::spawn(ask_until(end, Arc::clone(&requests), Arc::clone(&turn), address)))
            .collect();
        let mut latencies_us = Vec::new();
        for asker in askers {
            latencies_us.extend(asker.await??);
        }
        latencies_us.sort_unstable();
        Ok(Taken { latencies_us, elapsed: begun.elapsed() })
    }
}

async fn ask_until(
    end: Instant,
    requests: Arc<[Vec<u8>]>,
    turn: Arc<AtomicUsize>,
    address: SocketAddr,
) -> Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(256 * 1024);
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let request = &requests[turn.fetch_add(1, Ordering::Relaxed) % requests.len()];
        let asked = Instant::now();
        stream.write_all(request).await?;
        read_answer(&mut stream, &mut buffer).await?;
        latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

/// Reads one answer, which must be a good one with a length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    let head_len = loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
        if let Some(at) = memmem::find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = std::str::from_utf8(&buffer[..head_len])?;
    if !head.starts_with("HTTP/1.1 200") {
        let body = String::from_utf8_lossy(&buffer[head_len..]);
        bail!("{head}{body}");
    }
    let whole_len = head_len + content_length(head)?;
    while buffer.len() < whole_len {
        ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
    }
    Ok(())
}

fn content_length(head: &str) -> Result<usize> {
    let line =
        head.lines().find(|line| line.len() > 15 && line[..15].eq_ignore_ascii_case("content-length:"));
    Ok(line.context("an answer without a length")?[15..].trim().parse()?)
}
