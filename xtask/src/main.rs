//! Chores of the repository: `cargo xtask check | tidy | fuzz | sim | bench`.
//!
//! Map: [`check`] (the one test command) · [`tidy`] (the rules of the house, each a file) · [`python`] (the
//! private environment with boto3 and the AWS CLI) · [`fuzz`] (libFuzzer on the stable compiler) · [`bench`]
//! (how fast, next to a server that does nothing).

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a chore measures real time, reads the real checkout, and talks to the person who called it"
)]

mod bench;
mod check;
mod fuzz;
mod python;
mod sim;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// Chores of the repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Everything that CI runs: the one test command.
    Check(check::Options),
    /// The rules of the house that a compiler does not know.
    Tidy,
    /// Runs fuzz targets.
    Fuzz(fuzz::Options),
    /// Lets the engine live a life that a seed decides, with power cuts, against a model.
    Sim(sim::Options),
    /// Measures the server next to one that does nothing.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run(Chore::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was found in order.
fn run(chore: Chore) -> Result<bool> {
    match chore {
        Chore::Check(options) => check::run(&options),
        Chore::Tidy => tidy::run(),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Sim(options) => sim::run(&options).map(|()| true),
        Chore::Bench(options) => bench::run(&options).map(|()| true),
    }
}

/// The folder of the checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where builds go: `target/`, or what `CARGO_TARGET_DIR` says.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A command of cargo, in the checkout.
fn cargo(arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(arguments).current_dir(root());
    command
}
