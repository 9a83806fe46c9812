//! The embedded engine passes the suite, in a folder and on a simulated disk.

mod places;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crypto::SecretKey;
use engine::conformance::on_disk::{self, OnDisk, Place};
use engine::conformance::{self, Subject, wait};
use engine::local::{Compression, LocalEngine, Options};
use engine::{Engine, KeyspaceId, Result};
use env::{Env, SimDisk};
use tempfile::TempDir;

const STORE_KEY: [u8; 32] = *b"the key of a store that is a try";

/// Everything so small that a few commits meet flushes, merges and many log segments.
fn small() -> Options {
    Options {
        memtable_bytes: 16 << 10,
        memtables_bytes: 32 << 10,
        log_segment_bytes: 8 << 10,
        log_extent_bytes: 4 << 10,
        log_segments: 2,
        cache_bytes: 64 << 10,
        block_bytes: 512,
        compression: Compression::None,
        file_bytes: 4 << 10,
        level0_files: 3,
        level_bytes: 24 << 10,
        level_growth: 3,
        compaction_threads: 2,
        settle_after: Duration::ZERO,
        merge_bytes_per_second: 0,
        open_files: 4,
        salvage_log: false,
    }
}

fn open(env: Env, store: &std::path::Path) -> Result<Arc<LocalEngine>> {
    LocalEngine::open(env, store, SecretKey::take(&mut STORE_KEY.clone()), small())
}

struct InFolder {
    env: Env,
    folder: TempDir,
    engine: Option<Arc<LocalEngine>>,
}

impl InFolder {
    fn new() -> Self {
        Self::with(Env::real())
    }

    fn with(env: Env) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let engine = Some(open(env.clone(), folder.path()).expect("an empty store"));
        Self { env, folder, engine }
    }
}

impl Subject for InFolder {
    fn engine(&self) -> &dyn Engine {
        &**self.engine.as_ref().expect("it runs")
    }

    fn restart(&mut self) -> bool {
        wait(self.engine().flush()).expect("a flush");
        self.engine = None;
        self.engine = Some(open(self.env.clone(), self.folder.path()).expect("the store"));
        true
    }
}

struct OnSimulatedDisk;

impl OnDisk for OnSimulatedDisk {
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>> {
        let options = Options { compression: Compression::Lz4, ..small() };
        Ok(LocalEngine::open(env, self.store(), SecretKey::take(&mut STORE_KEY.clone()), options)?)
    }

    fn store_key(&self) -> [u8; 32] {
        STORE_KEY
    }

    fn salt(&self, content: &[u8]) -> Option<Vec<u8>> {
        content.get(64..96).filter(|salt| salt.iter().any(|byte| *byte != 0)).map(<[u8]>::to_vec)
    }

    fn places(&self, disk: &SimDisk) -> Vec<Place> {
        places::of(disk, self.store(), STORE_KEY)
    }

    fn kinds(&self) -> &[(&'static str, &'static str, usize)] {
        &places::KINDS
    }
}

macro_rules! in_folder {
    ($($group:ident)*) => {
        $(
            #[test]
            fn $group() {
                conformance::$group(&|| Box::new(InFolder::new()));
            }
        )*
    };
}

in_folder!(keyspaces reads sweeps commits isolation checkpoints versions model);

#[test]
fn seconds() {
    conformance::seconds(&|clock| Box::new(InFolder::with(Env { clock, ..Env::real() })));
}

#[test]
fn tokens() {
    conformance::tokens(&|clock| Box::new(InFolder::with(Env { clock, ..Env::real() })));
}

macro_rules! on_simulated_disk {
    ($($group:ident)*) => {
        $(
            #[test]
            fn $group() {
                on_disk::$group(&OnSimulatedDisk);
            }
        )*
    };
}

on_simulated_disk!(
    power_cuts switch_cut_short drop_cut_short adoption_cut_short under_load stopped_under_load faults failed_drop full_disk at_rest tampering tampered_checkpoints rollbacks tokens_cut_short nonces
);

#[test]
fn a_store_in_folders_that_were_missing_survives_a_power_cut() {
    let (disk, id) = (SimDisk::new(), KeyspaceId([1; 16]));
    let env = |disk: &SimDisk| Env { disk: Arc::new(disk.clone()), ..Env::real() };
    let store = Path::new("/var/data/store");
    let engine = open(env(&disk), store).unwrap();
    wait(engine.create(id, SecretKey::take(&mut [1; 32]))).unwrap();
    for seed in 0..50 {
        let found = open(env(&disk.crash(seed)), store).unwrap();
        assert_eq!(wait(found.keyspaces()).unwrap(), [id], "seed {seed}");
    }
}
