//! A server of the same stack (hyper on tokio, the same versions) that does nothing: it reads a request and
//! answers `{}`. What it reaches is the ceiling for `cargo xtask bench`.

#![allow(clippy::print_stdout, reason = "the address is the answer to whoever started this")]

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("ready on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(nothing));
        tokio::spawn(connection);
    }
}

async fn nothing(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A client that breaks off gets an answer that nobody reads.
    let _body = request.into_body().collect().await;
    let answer = Response::new(Full::new(Bytes::from_static(b"{}")));
    Ok(answer)
}
