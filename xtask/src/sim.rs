//! `cargo xtask sim`: the engine lives lives that seeds decide, against a model in memory.

use anyhow::{Result, ensure};
use clap::Args;

use crate::cargo;

/// From so many steps on, an optimised build is worth its time.
const WORTH_OPTIMISING: u64 = 20_000;

/// Which lives, and how long.
#[derive(Args)]
pub struct Options {
    /// What decides everything in the first life, the next life having the next; others at each run where it is not
    /// given
    #[arg(long)]
    seed: Option<u64>,
    /// Calls; every 4,000 a new life begins
    #[arg(long, default_value_t = 100_000)]
    steps: u64,
}

/// Runs it; a failure tells its seed.
pub fn run(options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}, {} steps", options.steps);
    let mut command = cargo(&["test", "--package", "engine", "--test", "simulation"]);
    if options.steps >= WORTH_OPTIMISING {
        command.args(["--profile", "sim"]);
    }
    command.args(["--", "--nocapture", "--exact", "a_life_that_a_seed_decides_is_as_the_model_says"]);
    command.env("STRONGROOM_SIM_SEED", seed.to_string());
    command.env("STRONGROOM_SIM_STEPS", options.steps.to_string());
    ensure!(command.status()?.success(), "the engine does not do what the model says");
    Ok(())
}
