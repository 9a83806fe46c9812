//! `strongroom clock advance`: moves the clock of a server that was started with `--test-clock`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use server::clock::{ADVANCE_CLOCK, SIGNING_NAME};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::{self, Call};
use crate::duration;

/// What to do with the clock.
#[derive(Subcommand)]
pub enum ClockCommand {
    /// Move the clock forward, and wait until everything that became due has happened
    ///
    /// The secret access key is taken from AWS_SECRET_ACCESS_KEY, or STRONGROOM_ROOT_SECRET_ACCESS_KEY.
    Advance(Advance),
}

/// The arguments of `clock advance`.
#[derive(Args)]
pub struct Advance {
    /// How far: 90s, 15m, 36h, 7d
    #[arg(value_parser = duration::parse)]
    by: Duration,
    /// The server
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", default_value = "http://127.0.0.1:8000")]
    endpoint: String,
    /// The root user's access key; also from STRONGROOM_ROOT_ACCESS_KEY_ID
    #[arg(long, value_name = "ID", env = "AWS_ACCESS_KEY_ID")]
    access_key_id: Option<String>,
    /// The server's Region
    #[arg(long, value_name = "REGION", env = "AWS_DEFAULT_REGION", default_value = "us-east-1")]
    region: String,
    /// The certificate to trust, PEM, where the server speaks TLS
    #[arg(long, value_name = "FILE")]
    ca_cert: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Advanced {
    now: f64,
}

/// Calls the server, and tells what its clock shows then.
pub fn advance(arguments: &Advance) -> anyhow::Result<()> {
    let body = json!({ "Seconds": arguments.by.as_secs() }).to_string();
    let call = Call {
        endpoint: &arguments.endpoint,
        ca_cert: arguments.ca_cert.as_deref(),
        key: &client::access_key(arguments.access_key_id.clone())?,
        region: &arguments.region,
        service: SIGNING_NAME,
        target: ADVANCE_CLOCK,
        body: body.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(client::send(call))?;
    let advanced: Advanced = serde_json::from_slice(&answer).context("the server's answer cannot be read")?;
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds are told")]
    let now = OffsetDateTime::from_unix_timestamp(advanced.now as i64)?.format(&Rfc3339)?;
    eprintln!("The server's clock now shows {now}.");
    Ok(())
}
