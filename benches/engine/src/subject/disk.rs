//! What a sync costs when nothing else is done: bytes written over zeros that were synced ahead, and fdatasync.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Result, bail};

use super::Subject;
use crate::data::Key;

const PREPARED: u64 = 256 << 20;

pub struct Disk {
    file: File,
    at: Mutex<u64>,
}

impl Disk {
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("appended");
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let zeros = vec![0; 1 << 20];
        (0..PREPARED >> 20).try_for_each(|at| file.write_all_at(&zeros, at << 20))?;
        file.sync_all()?;
        Ok(Self { file, at: Mutex::new(0) })
    }
}

impl Subject for Disk {
    fn put(&self, _: usize, pairs: &[(Key, &[u8])]) -> Result<()> {
        let mut bytes = Vec::with_capacity(pairs.len() * 1100);
        for (key, value) in pairs {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(value);
        }
        let Ok(mut at) = self.at.lock() else { bail!("a writer panicked") };
        if *at + bytes.len() as u64 > PREPARED {
            *at = 0;
        }
        self.file.write_all_at(&bytes, *at)?;
        self.file.sync_data()?;
        *at += bytes.len() as u64;
        Ok(())
    }

    fn get(&self, _: &Key) -> Result<usize> {
        bail!("a bare file answers no reads")
    }

    fn scan(&self, _: &Key, _: usize) -> Result<usize> {
        bail!("a bare file answers no reads")
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
