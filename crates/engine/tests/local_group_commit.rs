//! Commits that come at once share syncs, and readers wait for none of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crypto::SecretKey;
use engine::local::{LocalEngine, Options};
use engine::{Commit, Engine, Key, KeyspaceId, Outcome, Partition, Write};
use env::{Disk, DiskFile, Env, RealDisk};

const KEYSPACE: KeyspaceId = KeyspaceId([1; 16]);
const WRITERS: u64 = 64;
const ROUNDS: u64 = 30;

#[test]
fn sixty_four_writers_share_syncs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log_syncs = Arc::new(AtomicU64::new(0));
    let env = Env { disk: Arc::new(SlowDisk(log_syncs.clone())), ..Env::real() };
    let engine = LocalEngine::open(env, folder.path(), SecretKey::take(&mut [1; 32]), Options::default());
    let engine = engine.expect("an empty store");
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(async {
        engine.create(KEYSPACE, SecretKey::take(&mut [2; 32])).await.expect("created");
        let before = log_syncs.load(Ordering::SeqCst);
        let writer = |number| tokio::spawn(write(engine.clone(), number));
        for writer in (0..WRITERS).map(writer).collect::<Vec<_>>() {
            writer.await.expect("no writer panics");
        }
        let syncs = log_syncs.load(Ordering::SeqCst) - before;
        assert!(syncs * 16 <= WRITERS * ROUNDS, "{syncs} syncs for {} commits", WRITERS * ROUNDS);
    });
}

async fn write(engine: Arc<LocalEngine>, writer: u64) {
    for round in 0..ROUNDS {
        let key = Key {
            partition: Partition([3; 16]),
            sort: Bytes::from([writer, round].map(|n| n as u8).to_vec()),
        };
        let write =
            Write { keyspace: KEYSPACE, key: key.clone(), value: Some(Bytes::from_static(&[7; 1000])) };
        let outcome = engine.commit(Commit { guards: Vec::new(), writes: vec![write] }).await;
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
        assert!(engine.get(KEYSPACE, &key).await.expect("open").is_some(), "what is acknowledged is read");
    }
}

/// A disk whose syncs of log segments take a while and are counted.
struct SlowDisk(Arc<AtomicU64>);

impl SlowDisk {
    fn wrap(&self, path: &Path, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        if path.extension().is_some_and(|extension| extension == "log") {
            Box::new(SlowFile { file, syncs: self.0.clone() })
        } else {
            file
        }
    }
}

impl Disk for SlowDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(path, RealDisk.create(path)?))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(path, RealDisk.open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.link(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_file(path)
    }
    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_dir_all(path)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir_all(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        RealDisk.list(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealDisk.exists(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        RealDisk.lock(path)
    }
}

struct SlowFile {
    file: Box<dyn DiskFile>,
    syncs: Arc<AtomicU64>,
}

impl DiskFile for SlowFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(3));
        Ok(())
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}
