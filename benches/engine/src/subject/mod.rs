//! What is measured: ours, and others.

mod disk;
mod fjall;
mod redb;
#[cfg(feature = "rocksdb")]
mod rocksdb;
mod strongroom;

use std::fmt;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::data::Key;

pub use strongroom::{Strongroom, engine_key, keyspace, table_key};

/// An engine with some tables. Everything is durable when a call returns.
pub trait Subject: Send + Sync {
    /// Writes all pairs in one commit.
    fn put(&self, table: usize, pairs: &[(Key, &[u8])]) -> Result<()>;
    /// The length of the value at a key of table 0, its bytes seen.
    fn get(&self, key: &Key) -> Result<usize>;
    /// Reads up to `count` entries of table 0 at and behind a key; how many there were.
    fn scan(&self, from: &Key, count: usize) -> Result<usize>;
    /// Writes what is in memory to files.
    fn flush(&self) -> Result<()>;
}

/// What an engine may take.
#[derive(Clone, Copy)]
pub struct Budget {
    /// Of blocks in memory, in bytes.
    pub cache: u64,
}

impl Budget {
    /// Of a memtable before it becomes a file, in bytes: what fjall and RocksDB have unasked.
    pub const MEMTABLE: usize = 64 << 20;
    /// Everything fits.
    pub const WARM: Self = Self { cache: 3 << 30 };
    /// A sixteenth of the data.
    pub const SMALL: Self = Self { cache: 64 << 20 };
}

/// Tables of each engine.
pub const TABLES: usize = 4;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Ours, everything encrypted.
    Strongroom,
    /// fjall 3, plain.
    Fjall,
    /// redb 4, plain.
    Redb,
    /// RocksDB, plain.
    Rocksdb,
    /// No engine: bytes appended to a file over zeros, and synced.
    Disk,
}

impl Kind {
    /// Without those that take long to build.
    pub const DEFAULT: [Self; 4] = [Self::Strongroom, Self::Fjall, Self::Redb, Self::Disk];

    /// Opens it in a folder, or makes it there.
    pub fn open(self, folder: &Path, budget: Budget) -> Result<Box<dyn Subject>> {
        std::fs::create_dir_all(folder)?;
        Ok(match self {
            Self::Strongroom => Box::new(Strongroom::open(folder, budget)?),
            Self::Fjall => Box::new(fjall::Fjall::open(folder, budget)?),
            Self::Redb => Box::new(redb::Redb::open(folder, budget)?),
            #[cfg(feature = "rocksdb")]
            Self::Rocksdb => Box::new(rocksdb::Rocksdb::open(folder, budget)?),
            #[cfg(not(feature = "rocksdb"))]
            Self::Rocksdb => anyhow::bail!("built without RocksDB"),
            Self::Disk => Box::new(disk::Disk::open(folder)?),
        })
    }

    /// Whether it does more than append.
    pub fn is_engine(self) -> bool {
        self != Self::Disk
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strongroom => "strongroom",
            Self::Fjall => "fjall",
            Self::Redb => "redb",
            Self::Rocksdb => "rocksdb",
            Self::Disk => "disk",
        })
    }
}

/// Looks at a value, as who asked for it would; its length.
fn see(value: &[u8]) -> usize {
    let sampled = value.iter().step_by(256).fold(0_u8, |sum, byte| sum ^ byte);
    std::hint::black_box(sampled);
    value.len()
}
