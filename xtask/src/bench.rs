//! Measures. The server: builds it and the load generator optimised, and lets the latter do the rest
//! (`tests/src/bin/bench`). The engine and encrypted items: builds `benches/engine` and `benches/item-encryption`,
//! which are workspaces of their own.

use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use crate::{cargo, target_dir};

const MANIFEST_OF_ITEMS: &str = "benches/item-encryption/Cargo.toml";

/// What is measured, and how.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    other: Option<Other>,
}

/// How the server is asked.
#[derive(Args)]
struct Server {
    /// Connections that are kept, each with one request at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long each workload runs.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// What else can be measured.
#[derive(Subcommand)]
enum Other {
    /// The engine, next to others that encrypt nothing.
    #[command(disable_help_flag = true)]
    Engine(Engine),
    /// Encrypted items, next to AWS's own crate and to the bare cipher calls. Building that crate takes a quarter
    /// of an hour of computing, once.
    Items(Items),
}

/// How much goes both ways between the two crates first.
#[derive(Args)]
struct Items {
    /// Random items each way, for each suite and each version of the header.
    #[arg(long, default_value_t = 250)]
    items: u64,
}

/// What is handed on to `benches/engine`; `--help` tells.
#[derive(Args)]
struct Engine {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds, measures, prints a table and draws a chart.
pub fn run(options: &Options) -> Result<()> {
    match &options.other {
        Some(Other::Engine(engine)) => engine.run(),
        Some(Other::Items(items)) => items.run(),
        None => options.server.run(),
    }
}

impl Server {
    fn run(&self) -> Result<()> {
        let packages = ["build", "--release", "--package", "strongroom", "--package", "tests", "--bins"];
        ensure!(cargo(&packages).status()?.success(), "the build failed");
        let mut bench = Command::new(target_dir().join("release/bench"));
        bench.args([self.connections.to_string(), self.seconds.to_string()]).arg(target_dir().join("bench"));
        ensure!(bench.status()?.success(), "the measurement failed");
        Ok(())
    }
}

impl Engine {
    fn run(&self) -> Result<()> {
        let mut build = cargo(&["build", "--release", "--manifest-path", "benches/engine/Cargo.toml"]);
        build.arg("--target-dir").arg(target_dir());
        if self.arguments.iter().any(|argument| argument.contains("rocksdb")) {
            build.args(["--features", "rocksdb"]);
        }
        ensure!(build.status()?.success(), "the build failed");
        let mut bench = Command::new(target_dir().join("release/bench-engine"));
        bench.arg("--results").arg(target_dir().join("bench")).args(&self.arguments);
        ensure!(bench.status()?.success(), "the measurement failed");
        Ok(())
    }
}

impl Items {
    /// In a target folder of its own, so that nothing of the house has to wait for that build.
    fn run(&self) -> Result<()> {
        let target = target_dir().join("items");
        let mut build = cargo(&["build", "--release", "--locked", "--manifest-path", MANIFEST_OF_ITEMS]);
        // AWS's crate is one file of 150,000 lines, for which the compiler's usual stack is too small.
        build.env("RUST_MIN_STACK", "838860800").arg("--target-dir").arg(&target);
        ensure!(build.status()?.success(), "the build failed");
        let mut bench = Command::new(target.join("release/bench-items"));
        ensure!(bench.arg(self.items.to_string()).status()?.success(), "the measurement failed");
        Ok(())
    }
}
