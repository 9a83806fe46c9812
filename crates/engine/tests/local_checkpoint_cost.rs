//! What a checkpoint, its adoption and a key switch cost depends on the number of files, not on what is in them: counted
//! in operations of the disk and in bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::{LocalEngine, Options};
use engine::{AsOf, CheckpointId, Commit, Engine, Key, KeyspaceId, Outcome, Partition, Write};
use env::{Clock, Disk, DiskFile, Env, SimDisk, SystemClock};

const ONE: KeyspaceId = KeyspaceId([1; 16]);
const TAKEN: CheckpointId = CheckpointId([1; 16]);

fn key() -> SecretKey {
    SecretKey::take(&mut [1; 32])
}

/// What was asked of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// Operations that may change it.
    changes: u64,
    /// Operations that do not.
    reads: u64,
    written: u64,
    read: u64,
}

/// A disk that counts the bytes that are written and read.
#[derive(Clone)]
struct Counting {
    disk: SimDisk,
    written: Arc<AtomicU64>,
    read: Arc<AtomicU64>,
}

struct CountingFile(Box<dyn DiskFile>, Counting);

impl Counting {
    fn new() -> Self {
        Self { disk: SimDisk::new(), written: Arc::default(), read: Arc::default() }
    }

    fn so_far(&self) -> Cost {
        Cost {
            changes: self.disk.changes(),
            reads: self.disk.reads(),
            written: self.written.load(Ordering::Relaxed),
            read: self.read.load(Ordering::Relaxed),
        }
    }

    fn cost_of(&self, what: impl FnOnce()) -> Cost {
        let before = self.so_far();
        what();
        let after = self.so_far();
        Cost {
            changes: after.changes - before.changes,
            reads: after.reads - before.reads,
            written: after.written - before.written,
            read: after.read - before.read,
        }
    }
}

impl DiskFile for CountingFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.0.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

impl Disk for Counting {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(CountingFile(self.disk.create(path)?, self.clone())))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(CountingFile(self.disk.open(path)?, self.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.disk.lock(path)
    }
}

/// So that as many seconds pass in every run: none.
struct Noon;

impl Clock for Noon {
    fn now_ms(&self) -> u64 {
        1_800_000_000_000
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }
}

/// What a keyspace of so many files costs, each with so many values of so many bytes.
#[derive(Debug, PartialEq, Eq)]
struct Costs {
    checkpoint: Cost,
    adoption: Cost,
    switch: Cost,
    release: Cost,
}

fn costs(files: u8, values: u8, len: usize) -> Costs {
    let disk = Counting::new();
    let env = Env { disk: Arc::new(disk.clone()), clock: Arc::new(Noon), ..Env::real() };
    // Each flush is a file, and stays one.
    let (level0_files, settle_after, log_extent_bytes) = (1000, Duration::ZERO, 4 << 10);
    let options = Options { level0_files, settle_after, log_extent_bytes, ..Options::default() };
    let engine = LocalEngine::open_by_hand(env, Path::new("/store"), key(), options).expect("a store");
    wait(engine.create(ONE, key())).expect("created");
    for file in 0..files {
        let write = |number| Write {
            keyspace: ONE,
            key: Key { partition: Partition([number; 16]), sort: Bytes::new() },
            value: Some(vec![file; len].into()),
        };
        // The first and the last key are the same however many there are.
        let commit = Commit { guards: Vec::new(), writes: (0..values - 1).chain([255]).map(write).collect() };
        assert!(matches!(wait(engine.commit(commit)), Ok(Outcome::Applied(_))));
        wait(engine.flush()).expect("a file");
    }
    assert_eq!(engine.levels(ONE).expect("levels")[0].0, usize::from(files));
    engine.settle();
    Costs {
        checkpoint: disk.cost_of(|| {
            wait(engine.checkpoint(ONE, TAKEN, key())).expect("taken");
        }),
        adoption: disk.cost_of(|| {
            wait(engine.adopt((TAKEN, key()), AsOf::Checkpoint, KeyspaceId([2; 16]), key()))
                .expect("adopted");
        }),
        switch: disk.cost_of(|| {
            wait(engine.switch_table_key(ONE, SecretKey::take(&mut [3; 32]))).expect("switched");
        }),
        release: disk.cost_of(|| {
            wait(engine.drop_keyspace(KeyspaceId([2; 16]))).expect("dropped");
            wait(engine.drop_checkpoint(TAKEN)).expect("dropped");
        }),
    }
}

#[test]
fn a_large_keyspace_costs_what_a_small_one_does() {
    let small = costs(1, 2, 10);
    assert_eq!(costs(1, 100, 30_000), small);
    assert_eq!(costs(7, 50, 5_000), costs(7, 2, 10));
    for cost in [small.checkpoint, small.adoption, small.switch, small.release] {
        assert!(cost.changes < 25 && cost.reads < 25, "{small:?}");
        assert!(cost.written < 4096 && cost.read < 4096, "{small:?}");
    }
}

#[test]
fn each_file_costs_the_same() {
    let [two, three, nine] = [2, 3, 9].map(|files| costs(files, 2, 10));
    let parts: [fn(&Costs) -> Cost; 4] =
        [|costs| costs.checkpoint, |costs| costs.adoption, |costs| costs.switch, |costs| costs.release];
    // A link, and a name that goes: once for the checkpoint, once for the keyspace that adopted it.
    for (part, links) in parts.iter().zip([1, 1, 0, 2]) {
        let [two, three, nine] = [&two, &three, &nine].map(part);
        assert_eq!((three.changes - two.changes, nine.changes - three.changes), (links, 6 * links));
        assert_eq!((two.reads, two.reads), (three.reads, nine.reads), "no file is read or looked for");
        assert_eq!(nine.written - three.written, 6 * (three.written - two.written));
        assert!(three.written - two.written < 1024 && three.read - two.read < 1024, "{two:?}, {three:?}");
    }
}

/// `cargo test -p engine --release --test local_checkpoint_cost -- --ignored --nocapture`
#[test]
#[ignore = "writes 1.1 GB; says how long checkpoint, adoption and key switch take"]
fn how_long_it_takes() {
    for values in [1_000_u32, 10_000] {
        let (env, folder) = (Env::real(), tempfile::tempdir().expect("a temporary folder"));
        let engine =
            LocalEngine::open(env.clone(), folder.path(), key(), Options::default()).expect("a store");
        wait(engine.create(ONE, key())).expect("created");
        for number in 0..values {
            let mut partition = [0; 16];
            partition[..4].copy_from_slice(&number.wrapping_mul(0x9E37_79B1).to_be_bytes());
            let key = Key { partition: Partition(partition), sort: Bytes::new() };
            let value = Some(vec![number as u8; 100_000].into());
            let commit = Commit { guards: Vec::new(), writes: vec![Write { keyspace: ONE, key, value }] };
            wait(engine.commit(commit)).expect("it applies");
        }
        wait(engine.flush()).expect("a flush");
        let timed = |what: &str, call: &dyn Fn(u8)| {
            let mut times: Vec<_> = (1..=9)
                .map(|round| {
                    let before = env.clock.instant();
                    call(round);
                    (env.clock.instant() - before).as_secs_f64() * 1000.0
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("{} MB: {what}: median {:.1} ms, longest {:.1} ms", values / 10, times[4], times[8]);
        };
        let id = |round| CheckpointId([round; 16]);
        let bare = env.disk.create(&folder.path().join("bare")).expect("a file");
        timed("one bare append and sync", &|round| {
            bare.write_all_at(&[round; 4096], u64::from(round) * 4096).expect("written");
            bare.sync().expect("synced");
        });
        timed("checkpoint", &|round| {
            wait(engine.checkpoint(ONE, id(round), key())).expect("taken");
        });
        timed("adoption", &|round| {
            let adopted = KeyspaceId([100 + round; 16]);
            wait(engine.adopt((id(round), key()), AsOf::Checkpoint, adopted, key())).expect("adopted");
        });
        timed("key switch", &|round| {
            wait(engine.switch_table_key(ONE, SecretKey::take(&mut [round; 32]))).expect("switched");
        });
    }
}
