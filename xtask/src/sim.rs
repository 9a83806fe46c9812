//! `cargo xtask sim`: the engine lives a life that a seed decides, against a model in memory.

use anyhow::{Result, ensure};
use clap::Args;

use crate::cargo;

/// From so many steps on, an optimised build is worth its time.
const WORTH_OPTIMISING: u64 = 20_000;

/// Which life, and how long.
#[derive(Args)]
pub struct Options {
    /// What decides everything; another one at each run where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// Calls
    #[arg(long, default_value_t = 100_000)]
    steps: u64,
}

/// Runs it; a failure tells its seed.
pub fn run(options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}, {} steps", options.steps);
    let mut command = cargo(&["test", "--package", "engine", "--test", "simulation"]);
    if options.steps >= WORTH_OPTIMISING {
        command.arg("--release");
    }
    command.args(["--", "--nocapture", "--exact", "a_life_that_a_seed_decides_is_as_the_model_says"]);
    command.env("STRONGROOM_SIM_SEED", seed.to_string());
    command.env("STRONGROOM_SIM_STEPS", options.steps.to_string());
    ensure!(command.status()?.success(), "the engine does not do what the model says; seed {seed}");
    Ok(())
}
