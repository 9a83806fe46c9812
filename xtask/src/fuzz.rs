//! libFuzzer on the stable compiler: the flags that a nightly `cargo fuzz` would set, set here.
//!
//! `--target` keeps build scripts and macros free of the instrumentation; a target folder of its own keeps
//! ordinary builds free of it. New finds of the corpus lie in `target/fuzz/corpus`, inputs that crash in
//! `target/fuzz/crashes`; the seeds in `fuzz/seeds` are never written to.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::fuzz_targets;
use crate::{cargo, root, target_dir};

/// Edges counted, comparisons traced, checks of debug builds on.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=4",
    "--cfg=fuzzing",
];

/// The longest input tried, in bytes.
const MAX_LEN: u32 = 16 * 1024;

/// Which targets run for how long.
#[derive(Args)]
pub struct Options {
    /// The target; all of them where none is named.
    target: Option<String>,
    /// How long each runs.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// What the inputs are drawn from; another each time where it is not given.
    #[arg(long, default_value_t = 0)]
    seed: u32,
}

/// Builds and runs targets; a crash prints its input.
pub fn run(options: &Options) -> Result<bool> {
    let targets = chosen(options.target.as_deref())?;
    if !build_command().status()?.success() {
        bail!("the fuzz targets do not build");
    }
    let mut sound = true;
    for target in targets {
        println!("fuzz {target}: {} s", options.seconds);
        sound &= run_command(target, options.seconds, options.seed).status()?.success();
    }
    Ok(sound)
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static str>> {
    let Some(name) = name else { return Ok(fuzz_targets()) };
    let known = fuzz_targets().into_iter().find(|target| *target == name);
    let unknown = || format!("there is no fuzz target `{name}`; there are {}", fuzz_targets().join(", "));
    Ok(vec![known.with_context(unknown)?])
}

/// Builds all targets.
pub fn build_command() -> Command {
    let mut command =
        cargo(&["build", "--release", "--package", "fuzz", "--features", "libfuzzer", "--bins"]);
    command.args(["--target", triple(), "--target-dir"]).arg(folder());
    command.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")).env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    command
}

/// Runs one target for some seconds, from the seeds and whatever earlier runs found. Seed 0 is another each time.
pub fn run_command(target: &str, seconds: u32, seed: u32) -> Command {
    let corpus = folder().join("corpus").join(target);
    let crashes = folder().join("crashes");
    for wanted in [&corpus, &crashes] {
        if let Err(error) = fs::create_dir_all(wanted) {
            eprintln!("cannot create {}: {error}", wanted.display());
        }
    }
    let mut command = Command::new(folder().join(triple()).join("release").join(target));
    command.arg(corpus).arg(root().join("fuzz/seeds").join(target));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={MAX_LEN}"));
    command.arg(format!("-seed={seed}"));
    command.arg(format!("-artifact_prefix={}/{target}-", crashes.display()));
    command.args(["-print_final_stats=1", "-verbosity=1", "-timeout=10", "-rss_limit_mb=2048"]);
    command
}

fn folder() -> PathBuf {
    target_dir().join("fuzz")
}

/// The triple this program was built for.
fn triple() -> &'static str {
    match (std::env::consts::ARCH, std::env::consts::OS) {
        ("x86_64", "linux") => "x86_64-unknown-linux-gnu",
        ("aarch64", "linux") => "aarch64-unknown-linux-gnu",
        ("aarch64", "macos") => "aarch64-apple-darwin",
        _ => "x86_64-apple-darwin",
    }
}
