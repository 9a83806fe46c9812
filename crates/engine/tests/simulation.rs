//! The embedded engine lives lives that a seed decides: `cargo xtask sim [--seed N] [--steps N]`.

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crypto::SecretKey;
use engine::conformance::on_disk::{self, OnDisk, Place};
use engine::local::{Compression, LocalEngine, Options};
use engine::{Engine, Result};
use env::{Env, SimDisk};

const STORE_KEY: [u8; 32] = *b"the key of a store that is a try";

/// Calls in a test run.
const STEPS: u64 = 1500;

/// Waits for its own threads, of which each kind is one, so that one thing happens at a time.
#[derive(Default)]
struct Simulated {
    running: Mutex<Weak<LocalEngine>>,
}

impl OnDisk for Simulated {
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>> {
        let engine = LocalEngine::open(env, self.store(), SecretKey::take(&mut STORE_KEY.clone()), small())?;
        *self.running.lock().expect("nobody panics holding it") = Arc::downgrade(&engine);
        Ok(engine)
    }

    fn settle(&self) {
        let running = self.running.lock().expect("nobody panics holding it").upgrade();
        running.iter().for_each(|engine| engine.settle());
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

#[test]
fn a_life_that_a_seed_decides_is_as_the_model_says() {
    let seed = from_environment("STRONGROOM_SIM_SEED");
    let steps = from_environment("STRONGROOM_SIM_STEPS").unwrap_or(STEPS);
    let (seeds, steps) = seed.map_or((1..=4, steps / 4), |seed| (seed..=seed, steps));
    for seed in seeds {
        let digest = on_disk::simulation(&Simulated::default(), seed, steps);
        println!("seed {seed}: {steps} steps as the model says, digest {digest:016x}");
    }
}

#[test]
fn a_seed_gives_the_same_life_again() {
    let live = || on_disk::simulation(&Simulated::default(), 7, 300);
    assert_eq!(live(), live());
}
