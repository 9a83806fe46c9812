//! The embedded engine on a simulated disk, without threads, everything small; with bugs planted where that is wanted.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crypto::SecretKey;
use engine::conformance::on_disk::{OnDisk, Place};
use engine::local::by_hand::Background;
use engine::local::{Compression, LocalEngine, Options};
use engine::{Engine, KeyspaceId, Result};
use env::{Env, SimDisk};

const STORE_KEY: [u8; 32] = *b"the key of a store that is a try";

/// What is put between the simulation and the engine, and between the engine and the disk.
pub trait Plant: Default {
    /// Above the engine.
    fn above(&self, engine: Arc<LocalEngine>) -> Arc<dyn Engine> {
        engine
    }

    /// Below it.
    fn below(&self, env: Env) -> Env {
        env
    }
}

/// Nothing.
impl Plant for () {}

/// Without threads, so that one thing happens at a time.
#[derive(Default)]
pub struct Simulated<P> {
    running: Mutex<Weak<LocalEngine>>,
    plant: P,
}

impl<P: Plant> Simulated<P> {
    /// With this planted.
    pub fn with(plant: P) -> Self {
        Self { plant, ..Self::default() }
    }
}

impl<P: Plant> OnDisk for Simulated<P> {
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>> {
        let env = self.plant.below(env);
        let engine =
            LocalEngine::open_by_hand(env, self.store(), SecretKey::take(&mut STORE_KEY.clone()), small())?;
        *self.running.lock().expect("nobody panics holding it") = Arc::downgrade(&engine);
        Ok(self.plant.above(engine))
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
pub fn small() -> Options {
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
