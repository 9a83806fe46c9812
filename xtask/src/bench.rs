//! Measures: builds the server and the load generator optimised, and lets the latter do the rest
//! (`tests/src/bin/bench`).

use std::process::Command;

use anyhow::{Result, ensure};
use clap::Args;

use crate::{cargo, target_dir};

/// How the server is asked.
#[derive(Args)]
pub struct Options {
    /// Connections that are kept, each with one request at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long each workload runs.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Builds, measures, prints a table and draws a chart.
pub fn run(options: &Options) -> Result<()> {
    let packages = ["build", "--release", "--package", "strongroom", "--package", "tests", "--bins"];
    ensure!(cargo(&packages).status()?.success(), "the build failed");
    let mut bench = Command::new(target_dir().join("release/bench"));
    bench
        .args([options.connections.to_string(), options.seconds.to_string()])
        .arg(target_dir().join("bench"));
    ensure!(bench.status()?.success(), "the measurement failed");
    Ok(())
}
