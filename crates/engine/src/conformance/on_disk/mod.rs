//! What an engine that keeps its data on an [`env::Disk`] must pass besides, on a simulated disk.
//!
//! Groups: [`power_cuts`], [`switch_cut_short`], [`drop_cut_short`], [`adoption_cut_short`], [`tokens_cut_short`] (scripts interrupted at every change) ·
//! [`under_load`], [`stopped_under_load`] (many threads interrupted anywhere) · [`faults`], [`failed_drop`] (errors at every change and
//! read), [`full_disk`] · [`at_rest`] (nothing readable) · [`tampering`], [`tampered_checkpoints`] (every flip is found) ·
//! [`rollbacks`] (older states of parts, and exchanged files, are found) · [`nonces`]
//! (no byte is encrypted twice under one key and place) · [`simulation`] (a long life that a seed decides).
//!
//! Map: `rig` (an engine, its disk, and what happens to both) · `script` (the calls, and what must be there
//! afterwards).

mod at_rest;
mod faults;
mod nonces;
mod power_cuts;
mod rig;
mod rollbacks;
mod script;
mod simulation;
mod tampering;
mod tokens;
mod under_load;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use env::{Env, SimDisk};

pub use at_rest::at_rest;
pub use faults::{failed_drop, faults, full_disk};
pub use nonces::nonces;
pub use power_cuts::{adoption_cut_short, drop_cut_short, power_cuts, switch_cut_short};
pub use rollbacks::rollbacks;
pub use simulation::{Life, interrupted_everywhere, simulation};
pub use tampering::{tampered_checkpoints, tampering};
pub use tokens::tokens_cut_short;
pub use under_load::{stopped_under_load, under_load};

use crate::{Engine, KeyspaceId, Result};

/// How an engine is started on a disk. Its memtables, files and log segments should be small, so that a
/// short script meets every part of it.
pub trait OnDisk {
    /// Starts the engine on what lies in the folder [`store`](OnDisk::store), or on nothing,
    /// always under the same store key. Dropping the engine, of which nobody else holds a handle, stops it
    /// without a flush.
    ///
    /// # Errors
    /// Those of the engine.
    fn start(&self, env: Env) -> Result<Arc<dyn Engine>>;

    /// Lets the background of the engine started last work until it has nothing to do. For a simulation, in which
    /// nothing else works.
    fn settle(&self) {}

    /// The same with a part of the background, which this number chooses.
    fn work(&self, part: u64) {
        let _ = part;
    }

    /// The files that hold a keyspace's data, all of which a deep rotation is to replace.
    fn files_of(&self, disk: &SimDisk, keyspace: KeyspaceId) -> BTreeSet<PathBuf> {
        let (_, _) = (disk, keyspace);
        BTreeSet::new()
    }

    /// The folder of the store.
    fn store(&self) -> &Path {
        Path::new("/store")
    }

    /// The bytes of the store key, which must not be found on disk.
    fn store_key(&self) -> [u8; 32];

    /// The salt in the header of a file with this content: files under different keys never share one.
    /// `None` for files without: a lock, or one that was cut off before its header was whole.
    fn salt(&self, content: &[u8]) -> Option<Vec<u8>>;

    /// What the store on this disk consists of: places that cover every byte of every file once, and besides,
    /// without bytes, damage that lies in none of them (a missing file). Reads without changing anything.
    fn places(&self, disk: &SimDisk) -> Vec<Place>;

    /// How often each kind of place must at least be in a store with entries in memory, in files and parked:
    /// (what the file's name contains, what the place's name begins with, how often).
    fn kinds(&self) -> &[(&'static str, &'static str, usize)] {
        &[]
    }
}

/// A part of a file of a store.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file, relative to the store.
    pub file: String,
    /// As [`EngineError::Damaged`](crate::EngineError::Damaged) names it.
    pub name: String,
    /// Its fields, one behind the other.
    pub fields: Vec<Range<u64>>,
    /// What is there.
    pub state: State,
}

/// What is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// What was written.
    Sound,
    /// Nothing was written there yet.
    Unwritten,
    /// Not what was written.
    Damaged,
}
