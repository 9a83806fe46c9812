//! The one test command: what the README tells and what CI runs.
//!
//! Map: this file lists the steps · [`step`] (how one runs and is shown) · [`count`] (how many tests it was) ·
//! [`peers`] (AWS's clients that encrypt items).

mod count;
mod peers;
mod step;

use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use clap::Args;

use crate::python::Environment;
use crate::{cargo, fuzz, python, tidy};
use count::Count;
use step::{Kind, Step, Work};

/// Fixed, so that two runs over one commit try the same inputs in the same order; new ones are for `cargo xtask fuzz`.
const FUZZ_SEED: u32 = 1;

/// What a run does beyond its defaults.
#[derive(Args)]
pub struct Options {
    /// How often the server is killed under load.
    #[arg(long, default_value_t = 50)]
    crash_rounds: u32,
    /// How long each fuzz target runs.
    #[arg(long, default_value_t = 20)]
    fuzz_seconds: u32,
    /// Only the steps whose names contain this (repeatable).
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// Runs all steps, goes on after failures, and tells the sum.
pub fn run(options: &Options) -> Result<bool> {
    let started = Instant::now();
    let steps = steps(options);
    let wanted: Vec<Step> = steps.into_iter().filter(|step| options.wants(step.name)).collect();
    let mut total = Count::default();
    for (at, step) in wanted.iter().enumerate() {
        total += step.run(at + 1, wanted.len())?;
    }
    println!("\ntook {}\n{total}", step::told(started.elapsed()));
    if total.skipped > 0 && in_ci() {
        println!("CI=true: nothing may be skipped there");
    }
    Ok(total.failed == 0 && !(total.skipped > 0 && in_ci()))
}

/// Whether this is a run in which nothing may be skipped.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| name.contains(wanted.as_str()))
    }
}

fn steps(options: &Options) -> Vec<Step> {
    let mut steps = vec![
        Step::command("format", "cargo fmt", || cargo(&["fmt", "--all", "--check"])),
        Step::new(
            "tidy",
            "the rules of the house",
            Work::Function(Box::new(|| Ok(Count::one(tidy::run_quietly()?)))),
        ),
        Step::command("lints", "clippy, warnings are errors", lints),
        Step::tests("rooms", "unit, property and conformance tests of every crate", Kind::Cargo, rooms),
        Step::command("binary", "the server that the rest talks to", || {
            cargo(&["build", "--package", "strongroom"])
        }),
    ];
    steps.extend(proofs(options));
    steps.extend(clients());
    steps.extend(peers::steps());
    steps.extend(fuzzing(options.fuzz_seconds));
    steps
}

fn lints() -> Command {
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn rooms() -> Command {
    cargo(&["test", "--workspace", "--exclude", "tests", "--no-fail-fast"])
}

/// What is proved of the real binary over the wire and on disk, without foreign clients.
fn proofs(options: &Options) -> Vec<Step> {
    let rounds = options.crash_rounds.to_string();
    let crash = move || {
        let mut command = proof("crash");
        command.env("STRONGROOM_CRASH_ROUNDS", &rounds);
        command
    };
    vec![
        Step::tests(
            "disk faults",
            "every kind of failure at every disk operation of two scripts",
            Kind::Cargo,
            disk_faults,
        ),
        Step::tests("sdk", "every operation through the AWS SDK for Rust", Kind::Cargo, || {
            proof("conformance")
        }),
        Step::tests(
            "encrypted tables",
            "items encrypted by the client, migrated, restored",
            Kind::Cargo,
            || proof("item_encryption"),
        ),
        Step::tests("bad input", "malformed requests", Kind::Cargo, || proof("bad_input")),
        Step::tests("at rest", "canaries in every byte of every file", Kind::Cargo, || proof("at_rest")),
        Step::tests("tampering", "flipped bits in every file", Kind::Cargo, || proof("tamper")),
        Step::tests("verify", "a data directory walked and authenticated", Kind::Cargo, || proof("verify")),
        Step::tests("crash", "SIGKILL under load", Kind::Cargo, crash),
        Step::tests("harness", "what the proofs are built from", Kind::Cargo, || {
            cargo(&["test", "--package", "tests", "--lib", "--bins"])
        }),
    ]
}

fn disk_faults() -> Command {
    let mut command =
        cargo(&["test", "--package", "engine", "--test", "local", "--test", "simulation", "--", "faults"]);
    command.env("STRONGROOM_TEST_DEPTH", "2");
    command
}

fn proof(name: &str) -> Command {
    cargo(&["test", "--package", "tests", "--test", name])
}

/// Proofs that need Python: boto3, botocore's model, the AWS CLI.
fn clients() -> Vec<Step> {
    let with_python = |make: fn(&Environment) -> Command| -> Box<dyn Fn() -> python::Prepared<Command>> {
        Box::new(move || python::environment().map(|environment| make(&environment)))
    };
    vec![
        Step::new("boto3", "every operation through boto3", Work::Client(Kind::Unittest, with_python(boto3))),
        Step::new(
            "oracle",
            "our fields against botocore's model",
            Work::Client(Kind::Unittest, with_python(oracle)),
        ),
        Step::new(
            "readme",
            "the README's session with the AWS CLI",
            Work::Client(Kind::Cargo, with_python(readme)),
        ),
    ]
}

fn boto3(environment: &Environment) -> Command {
    environment.unittest("conformance")
}

fn oracle(environment: &Environment) -> Command {
    environment.unittest("oracle")
}

fn readme(environment: &Environment) -> Command {
    let mut command = proof("readme");
    command.env("STRONGROOM_TEST_PYTHON", environment.folder());
    command
}

fn fuzzing(seconds: u32) -> Vec<Step> {
    let build = Step::command("fuzz build", "the fuzz targets, instrumented", fuzz::build_command);
    let targets = tidy::fuzz_targets().into_iter().map(|target| {
        let run = move || fuzz::run_command(target, seconds, FUZZ_SEED);
        Step::command(target, "fuzzed: no panic, what is read is written again", run)
    });
    std::iter::once(build).chain(targets).collect()
}
