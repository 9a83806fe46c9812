//! The suite is worth something: a small engine that is right passes it, and each of its bugs is found.
//!
//! The engine writes its whole content, encrypted, to one file for every change. It is slow and obvious.

mod whole_file;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use engine::conformance::on_disk::{self, OnDisk, Place, State};
use engine::{Engine, Result};
use env::Disk;
use env::{Env, SimDisk};
use whole_file::{Bug, STORE_KEY, WholeFileEngine};

struct WholeFile(Option<Bug>);

impl OnDisk for WholeFile {
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>> {
        Ok(Arc::new(WholeFileEngine::start(env, self.store(), self.0)?))
    }

    fn store_key(&self) -> [u8; 32] {
        STORE_KEY
    }

    fn salt(&self, content: &[u8]) -> Option<Vec<u8>> {
        content.get(..32).map(<[u8]>::to_vec)
    }

    fn places(&self, disk: &SimDisk) -> Vec<Place> {
        let place = |(path, content): (PathBuf, Vec<u8>)| {
            let state = if self.opens(&content) { State::Sound } else { State::Damaged };
            let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let (salt, sealed) = (0..32, 32..content.len() as u64);
            Place { file, name: "all of it".to_owned(), fields: vec![salt, sealed], state }
        };
        disk.files().into_iter().map(place).collect()
    }
}

impl WholeFile {
    fn opens(&self, content: &[u8]) -> bool {
        let disk = SimDisk::new();
        let (path, io) = (self.store().join("state"), "a file is written");
        disk.create_dir_all(self.store()).expect(io);
        disk.create(&path).expect(io).write_all_at(content, 0).expect(io);
        WholeFileEngine::start(Env { disk: Arc::new(disk), ..Env::real() }, self.store(), self.0).is_ok()
    }
}

fn finds(check: fn(&dyn OnDisk), bug: Bug) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(&WholeFile(Some(bug))))).is_err()
}

/// An engine that is right passes.
macro_rules! passes {
    ($($check:ident)*) => {
        mod an_engine_that_is_right_passes {
            use super::*;

            $(
                #[test]
                fn $check() {
                    on_disk::$check(&WholeFile(None));
                }
            )*
        }
    };
}

passes!(
    power_cuts switch_cut_short drop_cut_short adoption_cut_short under_load faults failed_drop full_disk at_rest tampering nonces
);

#[test]
fn lost_and_half_applied_commits_are_found() {
    assert!(finds(on_disk::power_cuts, Bug::NeverSyncs));
    assert!(finds(on_disk::power_cuts, Bug::WritesInPlace));
    assert!(finds(on_disk::power_cuts, Bug::AppliesWriteByWrite));
    assert!(finds(on_disk::switch_cut_short, Bug::NeverSyncs));
    assert!(finds(on_disk::drop_cut_short, Bug::NeverSyncs));
    assert!(finds(on_disk::adoption_cut_short, Bug::NeverSyncs));
    assert!(finds(on_disk::under_load, Bug::NeverSyncs));
    assert!(finds(on_disk::under_load, Bug::AppliesWriteByWrite));
}

#[test]
fn swallowed_errors_are_found() {
    assert!(finds(on_disk::faults, Bug::SwallowsErrors));
    assert!(finds(on_disk::faults, Bug::ShowsWhatFailed));
    assert!(finds(on_disk::full_disk, Bug::SwallowsErrors));
}

#[test]
fn readable_data_is_found() {
    assert!(finds(on_disk::at_rest, Bug::WritesPlaintext));
    assert!(finds(on_disk::at_rest, Bug::WritesTableKeys));
}

#[test]
fn tampering_that_goes_unnoticed_is_found() {
    assert!(finds(on_disk::tampering, Bug::WritesPlaintext));
}

#[test]
fn repeated_salts_are_found() {
    assert!(finds(on_disk::nonces, Bug::RepeatsSalts));
}
