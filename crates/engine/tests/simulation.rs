//! The embedded engine lives lives that a seed decides: `cargo xtask sim [--seed N] [--steps N]`.

mod simulated;

use std::collections::BTreeMap;

use engine::conformance::on_disk;
use simulated::Simulated;

/// Calls in a test run; so many meet everything.
const STEPS: u64 = 32_000;
/// After so many a new life begins, with the next seed, so that a failure is soon seen again.
const STEPS_OF_A_LIFE: usize = 4000;

/// What lives of so many calls together should meet.
const EVERYTHING: [&str; 31] = [
    "adoptions",
    "adoptions of seconds",
    "adoptions of versions",
    "calls that a fault refused",
    "checkpoints",
    "checkpoints looked at after a cut",
    "commits",
    "commits over several keyspaces",
    "commits under tokens",
    "creates",
    "cuts during a start",
    "disks that were full for a while",
    "drops",
    "drops of checkpoints",
    "flushes",
    "guards that failed",
    "key switches",
    "logs that failed",
    "reads of a held snapshot",
    "reads of kept versions",
    "reads of versions",
    "recoveries",
    "recoveries of what was not answered",
    "rotations",
    "rotations that a cut interrupted",
    "rotations that were seen to end",
    "starts that a fault refused",
    "tokens that were forgotten",
    "tokens that were remembered",
    "watermarks",
    "watermarks that a cut interrupted",
];

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Lives through so many steps, one life after the other; what they met together.
#[expect(clippy::print_stdout, reason = "long runs tell how far they are")]
fn live(first: u64, steps: u64) -> BTreeMap<&'static str, u64> {
    let mut met = BTreeMap::new();
    for (seed, begun) in (first..).zip((0..steps).step_by(STEPS_OF_A_LIFE)) {
        let steps = (steps - begun).min(STEPS_OF_A_LIFE as u64);
        // Before it is lived, for lives that do not end.
        println!("seed {seed}:");
        let life = on_disk::simulation(&Simulated::<()>::default(), seed, steps);
        println!("  {steps} steps as the model says, digest {:016x}", life.digest);
        life.met.into_iter().for_each(|(what, times)| *met.entry(what).or_default() += times);
    }
    met
}

#[test]
fn a_life_that_a_seed_decides_is_as_the_model_says() {
    let seed = from_environment("STRONGROOM_SIM_SEED").unwrap_or(1);
    let steps = from_environment("STRONGROOM_SIM_STEPS").unwrap_or(STEPS);
    let met = live(seed, steps);
    met.iter().for_each(|(what, times)| println!("{times:>9} {what}"));
    for what in EVERYTHING.iter().filter(|_| steps >= STEPS) {
        assert!(met.contains_key(what), "no {what} in {steps} steps");
    }
}

#[test]
fn faults_and_cuts_at_every_operation() {
    on_disk::interrupted_everywhere(&Simulated::<()>::default());
}

#[test]
fn a_seed_gives_the_same_life_again() {
    let live = || on_disk::simulation(&Simulated::<()>::default(), 7, 300);
    assert_eq!(live(), live());
}
