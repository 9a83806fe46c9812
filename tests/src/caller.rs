//! A well-behaved client on one kept connection.

use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use serde_json::Value;

use crate::http::{Answer, Connection, Request};
use crate::server::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use crate::signature::Signer;

/// Signs each call with the root credentials and waits for its answer.
pub struct Caller {
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Caller {
    /// A caller of the server at `address`; connects at the first call.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Calls an operation, such as `DynamoDB_20120810.GetItem`.
    ///
    /// # Errors
    /// Whatever the network says; nothing is known then of what the server did. The next call connects again.
    pub fn call(&mut self, target: &str, body: &Value) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        connection.send(&signed(self.address, target, body.to_string()))?;
        let answer = connection.receive()?;
        self.connection = Some(connection);
        Ok(answer)
    }

    /// Calls an operation of DynamoDB.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn dynamodb(&mut self, operation: &str, body: &Value) -> io::Result<Answer> {
        self.call(&format!("DynamoDB_20120810.{operation}"), body)
    }
}

/// Whoever signs for a service with the root credentials, now.
#[must_use]
pub fn signer(service: &str) -> Signer {
    Signer {
        access_key_id: ACCESS_KEY_ID.into(),
        secret_access_key: SECRET_ACCESS_KEY.into(),
        session_token: None,
        region: REGION.into(),
        service: service.into(),
        time: SystemTime::now(),
    }
}

/// An unsigned request for an operation.
#[must_use]
pub fn request(target: &str, body: impl Into<Vec<u8>>) -> Request {
    let version = if target.starts_with("TrentService") { "1.1" } else { "1.0" };
    Request::post(body)
        .with("content-type", format!("application/x-amz-json-{version}"))
        .with("x-amz-target", target)
}

/// The signed bytes of a call.
#[must_use]
pub fn signed(address: SocketAddr, target: &str, body: impl Into<Vec<u8>>) -> Vec<u8> {
    let service = if target.starts_with("TrentService") { "kms" } else { "dynamodb" };
    let host = address.to_string();
    signer(service).sign(request(target, body), &host).to_bytes(&host)
}
