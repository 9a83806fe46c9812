//! What a process costs, as Linux tells it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Clock ticks of `/proc/<pid>/stat` in a second; the kernel shows all programs this number.
const TICKS: f64 = 100.0;
const GLANCE: Duration = Duration::from_millis(150);

/// A process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    /// Memory in use, in bytes.
    pub resident: u64,
    /// Threads.
    pub threads: u64,
    /// Open files.
    pub handles: u64,
}

impl Footprint {
    /// Of this process.
    pub fn now() -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a short status")?;
            Ok(line.trim().trim_end_matches(" kB").parse()?)
        };
        let handles = std::fs::read_dir("/proc/self/fd")?.count() as u64;
        Ok(Self { resident: field("VmRSS:")? << 10, threads: field("Threads:")?, handles })
    }
}

/// Processor time of all threads of this process so far, in seconds.
pub fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("a stat without a name")?;
    let ticks = |at: usize| -> Result<f64> {
        Ok(fields.split_whitespace().nth(at).context("a short stat")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Waits until background work is done: until this process, while nobody asks it anything, takes no time.
pub fn wait_until_quiet(at_most: Duration) -> Result<()> {
    let (begun, mut calm) = (Instant::now(), 0);
    while calm < 2 && begun.elapsed() < at_most {
        let before = cpu_seconds()?;
        std::thread::sleep(GLANCE);
        calm = if cpu_seconds()? - before < 0.015 { calm + 1 } else { 0 };
    }
    Ok(())
}

/// Bytes of all files in a folder, as the disk holds them.
pub fn disk_bytes(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A file may go while it is looked for.
        let Ok(metadata) = entry.metadata() else { continue };
        sum += if metadata.is_dir() { disk_bytes(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(sum)
}
