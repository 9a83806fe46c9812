//! HTTP/1.1 as bytes: what a well-behaved client would never send can be sent, and answers are kept whole.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take before the test calls the server dead.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request before it becomes bytes.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method; `POST` nearly always.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers beside `Host` and `Content-Length`, which [`Request::to_bytes`] adds where they are missing.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A `POST /`.
    #[must_use]
    pub fn post(body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".into(), path: "/".into(), headers: Vec::new(), body: body.into() }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: "GET".into(), path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// The same with a header more, or another value for one that is there.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if self.header("host").is_none() {
            head.push_str(&format!("host: {host}\r\n"));
        }
        if self.header("content-length").is_none() && self.header("transfer-encoding").is_none() {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The name of the exception, without the namespace; empty for a good answer.
    #[must_use]
    pub fn exception(&self) -> String {
        let body = self.json();
        let name = body.get("__type").and_then(Value::as_str).unwrap_or_default();
        name.rsplit('#').next().unwrap_or_default().to_owned()
    }

    /// The text of the exception.
    #[must_use]
    pub fn message(&self) -> String {
        let body = self.json();
        let text = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    /// The body of a good answer.
    ///
    /// # Panics
    /// Where the answer is an exception.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The exception's text.
    ///
    /// # Panics
    /// Where the answer is anything but this exception.
    #[track_caller]
    #[must_use]
    pub fn err(self, exception: &str) -> String {
        assert_eq!(self.exception(), exception, "{} {}", self.status, self.text());
        self.message()
    }
}

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    /// What came beyond the last answer.
    rest: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Whatever the network says.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, rest: Vec::new() })
    }

    /// Sends bytes, whatever they are.
    ///
    /// # Errors
    /// Whatever the network says.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// Whatever the network says.
    pub fn finish_sending(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// `UnexpectedEof` where the server closed instead.
    pub fn receive(&mut self) -> io::Result<Answer> {
        let end = loop {
            match memchr::memmem::find(&self.rest, b"\r\n\r\n") {
                Some(at) => break at,
                None => self.read_more()?,
            }
        };
        let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        self.rest.drain(..end + 4);
        let (status, headers) = parse_head(&head)?;
        let body = match find(&headers, "content-length").and_then(|text| text.parse::<usize>().ok()) {
            Some(len) => self.take(len)?,
            None if find(&headers, "transfer-encoding").is_some() => self.take_chunks()?,
            None => Vec::new(),
        };
        Ok(Answer { status, headers, body })
    }

    fn take(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.rest.len() < len {
            self.read_more()?;
        }
        Ok(self.rest.drain(..len).collect())
    }

    fn take_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                match memchr::memmem::find(&self.rest, b"\r\n") {
                    Some(at) => break at,
                    None => self.read_more()?,
                }
            };
            let line = String::from_utf8_lossy(&self.take(line_end + 2)?).trim().to_owned();
            let len = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
            body.extend_from_slice(&self.take(len)?);
            self.take(2)?;
            if len == 0 {
                return Ok(body);
            }
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            read => {
                self.rest.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }
}

/// Sends bytes on a connection of their own and reads the answer. A server that answers and closes before it
/// has read everything is heard all the same.
///
/// # Errors
/// Whatever the network says; `UnexpectedEof` where the server closed without an answer.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Answer> {
    let mut connection = Connection::open(address)?;
    let sent = connection.send(bytes);
    connection.receive().or_else(|error| sent.and(Err(error)))
}

fn parse_head(head: &str) -> io::Result<(u16, Vec<(String, String)>)> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not an HTTP answer: {head}")))?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let owned = headers.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()));
    Ok((status, owned.collect()))
}
