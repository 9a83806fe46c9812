//! The embedded engine lives lives that a seed decides: `cargo xtask sim [--seed N] [--steps N]`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crypto::SecretKey;
use engine::conformance::on_disk::{self, OnDisk, Place};
use engine::local::by_hand::Background;
use engine::local::{Compression, LocalEngine, Options};
use engine::{Engine, KeyspaceId, Result};
use env::{Env, SimDisk};

const STORE_KEY: [u8; 32] = *b"the key of a store that is a try";

/// Calls in a test run.
const STEPS: u64 = 8000;
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

/// Without threads, so that one thing happens at a time.
#[derive(Default)]
struct Simulated {
    running: Mutex<Weak<LocalEngine>>,
}

impl OnDisk for Simulated {
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>> {
        let engine =
            LocalEngine::open_by_hand(env, self.store(), SecretKey::take(&mut STORE_KEY.clone()), small())?;
        *self.running.lock().expect("nobody panics holding it") = Arc::downgrade(&engine);
        Ok(engine)
    }

    fn settle(&self) {
        let running = self.running.lock().expect("nobody panics holding it").upgrade();
        running.iter().for_each(|engine| engine.settle());
    }

    fn work(&self, part: u64) {
        let running = self.running.lock().expect("nobody panics holding it").upgrade();
        let parts = [Background::Log, Background::Flush, Background::Merge];
        let part = parts[usize::try_from(part).expect("small") % parts.len()];
        running.iter().for_each(|engine| engine.work(part));
    }

    fn files_of(&self, disk: &SimDisk, keyspace: KeyspaceId) -> BTreeSet<PathBuf> {
        let folder = self.store().join("keyspaces").join(keyspace.to_string());
        let is_data = |path: &PathBuf| path.starts_with(&folder) && path.extension().is_some();
        disk.paths().into_iter().filter(is_data).collect()
    }

    fn store(&self) -> &Path {
        Path::new("/store")
    }

    fn store_key(&self) -> [u8; 32] {
        STORE_KEY
    }

    fn salt(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn places(&self, _: &SimDisk) -> Vec<Place> {
        Vec::new()
    }
}

/// So small that a hundred calls meet flushes, merges through three levels and several log segments.
fn small() -> Options {
    Options {
        memtable_bytes: 8 << 10,
        memtables_bytes: 16 << 10,
        log_segment_bytes: 16 << 10,
        log_extent_bytes: 8 << 10,
        log_segments: 2,
        cache_bytes: 64 << 10,
        block_bytes: 512,
        file_bytes: 4 << 10,
        level0_files: 3,
        level_bytes: 16 << 10,
        level_growth: 3,
        compression: Compression::Lz4,
        compaction_threads: 1,
        settle_after: Duration::ZERO,
        merge_bytes_per_second: 0,
        open_files: 4,
        salvage_log: false,
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Lives through so many steps, one life after the other; what they met together.
fn live(first: u64, steps: u64) -> BTreeMap<&'static str, u64> {
    let mut met = BTreeMap::new();
    for (seed, begun) in (first..).zip((0..steps).step_by(STEPS_OF_A_LIFE)) {
        let steps = (steps - begun).min(STEPS_OF_A_LIFE as u64);
        let life = on_disk::simulation(&Simulated::default(), seed, steps);
        println!("seed {seed}: {steps} steps as the model says, digest {:016x}", life.digest);
        life.met.into_iter().for_each(|(what, times)| *met.entry(what).or_default() += times);
    }
    met
}

#[test]
fn a_life_that_a_seed_decides_is_as_the_model_says() {
    let seed = from_environment("STRONGROOM_SIM_SEED").unwrap_or(1);
    let met = live(seed, from_environment("STRONGROOM_SIM_STEPS").unwrap_or(STEPS));
    met.iter().for_each(|(what, times)| println!("{times:>9} {what}"));
}

#[test]
fn a_life_meets_everything() {
    let met = live(1_000, STEPS);
    for what in EVERYTHING {
        assert!(met.contains_key(what), "no {what} in {met:#?}");
    }
}

#[test]
fn a_seed_gives_the_same_life_again() {
    let live = || on_disk::simulation(&Simulated::default(), 7, 300);
    assert_eq!(live(), live());
}
