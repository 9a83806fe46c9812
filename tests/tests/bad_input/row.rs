//! One malformed request and what must come back.

use std::io::ErrorKind;

use serde_json::Value;
use tests::http::{Connection, Request};
use tests::signature::Signer;
use tests::{Answer, Server};

/// One row of a table.
pub struct Row {
    pub name: String,
    send: Sending,
    expect: Expect,
}

/// Bytes that may depend on where the server listens.
type Make = Box<dyn Fn(&Server) -> Vec<u8>>;

/// What is sent.
enum Sending {
    /// The body of a well-signed call.
    Call { target: String, body: Vec<u8> },
    /// Whatever this makes of the server's address.
    Bytes(Make),
    /// The same, after which nothing more will come.
    LastBytes(Make),
}

/// What must come back.
enum Expect {
    /// This exception, with any text.
    Exception(&'static str),
    /// This exception with this text.
    Text(&'static str, String),
    /// This exception with a text that begins so.
    Begins(&'static str, String),
    /// One of these statuses.
    Status(&'static [u16]),
    /// One of these statuses, or a closed connection without an answer.
    Refused(&'static [u16]),
}

/// A call whose expectation is still missing.
pub struct Open {
    name: String,
    send: Sending,
}

/// A well-signed call of DynamoDB with this body.
pub fn dynamodb(name: impl Into<String>, operation: &str, body: &Value) -> Open {
    call(name, &format!("DynamoDB_20120810.{operation}"), body.to_string())
}

/// A well-signed call of KMS with this body.
pub fn kms(name: impl Into<String>, operation: &str, body: &Value) -> Open {
    call(name, &format!("TrentService.{operation}"), body.to_string())
}

/// A well-signed call with these bytes as its body.
pub fn call(name: impl Into<String>, target: &str, body: impl Into<Vec<u8>>) -> Open {
    Open { name: name.into(), send: Sending::Call { target: target.into(), body: body.into() } }
}

/// Bytes that are not what an HTTP client sends.
pub fn bytes(name: &str, make: impl Fn(&Server) -> Vec<u8> + 'static) -> Open {
    Open { name: name.into(), send: Sending::Bytes(Box::new(make)) }
}

/// The same, with the sending side closed behind them.
pub fn last_bytes(name: &str, make: impl Fn(&Server) -> Vec<u8> + 'static) -> Open {
    Open { name: name.into(), send: Sending::LastBytes(Box::new(make)) }
}

/// A call of GetItem that is right in all but its signature.
pub fn signed(
    name: &str,
    signer: impl Fn(Signer) -> Signer + 'static,
    change: impl Fn(Request) -> Request + 'static,
) -> Open {
    bytes(name, move |server| {
        let host = server.address().to_string();
        let request = server.request("DynamoDB_20120810.GetItem", crate::world::GET_ITEM);
        change(signer(server.signer("dynamodb")).sign(request, &host)).to_bytes(&host)
    })
}

impl Open {
    pub fn is(self, exception: &'static str) -> Row {
        self.expecting(Expect::Exception(exception))
    }

    pub fn says(self, exception: &'static str, text: impl Into<String>) -> Row {
        self.expecting(Expect::Text(exception, text.into()))
    }

    pub fn begins(self, exception: &'static str, text: impl Into<String>) -> Row {
        self.expecting(Expect::Begins(exception, text.into()))
    }

    pub fn invalid(self, text: impl Into<String>) -> Row {
        self.says("ValidationException", text)
    }

    pub fn status(self, statuses: &'static [u16]) -> Row {
        self.expecting(Expect::Status(statuses))
    }

    pub fn refused(self, statuses: &'static [u16]) -> Row {
        self.expecting(Expect::Refused(statuses))
    }

    fn expecting(self, expect: Expect) -> Row {
        Row { name: self.name, send: self.send, expect }
    }
}

impl Row {
    /// What is wrong with the server's reaction; `None` where it is right.
    pub fn complaint(&self, server: &Server) -> Option<String> {
        let told = match self.exchange(server) {
            Ok(answer) => self.expect.complaint(&answer)?,
            Err(kind) if self.expect.allows_silence() && kind != ErrorKind::WouldBlock => return None,
            Err(kind) => format!("no answer: {kind}"),
        };
        Some(format!("{}: {told}", self.name))
    }

    fn exchange(&self, server: &Server) -> Result<Answer, ErrorKind> {
        let (bytes, is_last) = match &self.send {
            Sending::Call { target, body } => (server.signed(target, body.as_slice()), false),
            Sending::Bytes(make) => (make(server), false),
            Sending::LastBytes(make) => (make(server), true),
        };
        let mut connection = Connection::open(server.address()).map_err(|error| error.kind())?;
        // A server may answer and close before it has read everything.
        let sent = connection.send(&bytes);
        if is_last {
            let _ = connection.finish_sending();
        }
        connection.receive().map_err(|error| sent.err().unwrap_or(error).kind())
    }
}

impl Expect {
    fn allows_silence(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    fn complaint(&self, answer: &Answer) -> Option<String> {
        let (exception, message) = (answer.exception(), answer.message());
        let fits = match self {
            Self::Exception(wanted) => exception == *wanted && answer.status == 400,
            Self::Text(wanted, text) => exception == *wanted && message == *text,
            Self::Begins(wanted, text) => exception == *wanted && message.starts_with(text),
            Self::Status(statuses) | Self::Refused(statuses) => statuses.contains(&answer.status),
        };
        if fits {
            return None;
        }
        let body: String = answer.text().chars().take(300).collect();
        Some(format!("wanted {}, got {} {body}", self.told(), answer.status))
    }

    fn told(&self) -> String {
        match self {
            Self::Exception(wanted) => (*wanted).to_owned(),
            Self::Text(wanted, text) => format!("{wanted} \"{text}\""),
            Self::Begins(wanted, text) => format!("{wanted} \"{text}…\""),
            Self::Status(statuses) => format!("status {statuses:?}"),
            Self::Refused(statuses) => format!("status {statuses:?} or a closed connection"),
        }
    }
}
