//! `strongroom item beacons` and `rewrite-query`: how encrypted items are found, seen from the shell.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use item_encryption_command::json::{read_item, write_item};
use item_encryption_command::{Config, Finder};
use serde_json::json;
use tokio::runtime::Runtime;

use super::connect::Connector;
use super::{Answer, OwnNames, each_line};

/// Of which partition.
#[derive(Args)]
pub struct InPartition {
    #[command(flatten)]
    own: OwnNames,
    /// The partition, below maximum-number-of-partitions; `encrypt` draws one for each item
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    partition: u8,
}

/// The beacons of each item.
pub fn beacons(runtime: &Runtime, arguments: &InPartition) -> anyhow::Result<()> {
    let finder = finder(&arguments.own)?;
    each_line(runtime, async |line| {
        let beacons = finder.beacons_of(read_item(line)?, arguments.partition).await;
        Ok(Answer::done(write_item(&beacons.map_err(|error| error.to_string())?)))
    })
}

/// The requests that answer each request.
pub fn rewrite_query(runtime: &Runtime, own: &OwnNames) -> anyhow::Result<()> {
    let finder = finder(own)?;
    each_line(runtime, async |line| {
        let requests = finder.rewritten(line).await?;
        Ok(Answer::done(json!({ "Requests": requests }).to_string()))
    })
}

fn finder(own: &OwnNames) -> anyhow::Result<Finder> {
    let path: &Path = &own.config;
    let connect = Connector::new(own.ca_cert.clone());
    Finder::new(&Config::load(path)?, &connect).with_context(|| path.display().to_string())
}
