//! What open keyspaces share: decrypted blocks, within a budget, and open files, within a number.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use env::{Disk, DiskFile};
use parking_lot::{Mutex, RwLock};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// A block in the cache. Numbers are given once in a process, so nothing is ever found under an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct BlockKey {
    scope: u64,
    file: u64,
    offset: u64,
}

#[derive(Clone)]
struct ByLen;

impl Weighter<BlockKey, Bytes> for ByLen {
    fn weight(&self, _: &BlockKey, block: &Bytes) -> u64 {
        crate::local::reader::u64_of(block.len()) + 64
    }
}

/// Blocks and files of all open keyspaces.
pub struct Caches {
    blocks: Cache<BlockKey, Bytes, ByLen>,
    files: OpenFiles,
    numbers: AtomicU64,
}

impl Caches {
    /// Room for `block_bytes` of blocks and `files` open files.
    pub fn new(disk: Arc<dyn Disk>, block_bytes: u64, files: usize) -> Self {
        let expected = usize::try_from(block_bytes / (8 << 10)).unwrap_or(usize::MAX).max(16);
        let files = OpenFiles { disk, opened: Mutex::default(), limit: files.max(1) };
        Self { blocks: Cache::with_weighter(expected, block_bytes, ByLen), files, numbers: AtomicU64::new(1) }
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// What one opening of one keyspace has in the caches.
pub struct CacheScope {
    caches: Arc<Caches>,
    number: u64,
    closed: AtomicBool,
}

impl CacheScope {
    /// Nothing yet.
    pub fn new(caches: &Arc<Caches>) -> Arc<Self> {
        Arc::new(Self { caches: caches.clone(), number: caches.number(), closed: AtomicBool::new(false) })
    }

    /// Whether the keyspace was closed since.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Forgets every block of it, also those that reads under way are about to put in.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.caches.blocks.retain(|key, _| key.scope != self.number);
    }
}

/// One file within a scope.
pub struct CachedFile {
    scope: Arc<CacheScope>,
    number: u64,
    slot: Arc<Slot>,
}

type Slot = RwLock<Option<Arc<dyn DiskFile>>>;

impl CachedFile {
    /// A file that is not open yet.
    pub fn new(scope: &Arc<CacheScope>) -> Self {
        Self { scope: scope.clone(), number: scope.caches.number(), slot: Arc::default() }
    }

    /// The disk it is on.
    pub fn disk(&self) -> &dyn Disk {
        &*self.scope.caches.files.disk
    }

    /// The block at `offset`, from the cache or else from `read`.
    pub fn block<E>(&self, offset: u64, read: impl FnOnce() -> Result<Bytes, E>) -> Result<Bytes, E> {
        let key = BlockKey { scope: self.scope.number, file: self.number, offset };
        let blocks = &self.scope.caches.blocks;
        if let Some(block) = blocks.get(&key) {
            return Ok(block);
        }
        let block = read()?;
        blocks.insert(key, block.clone());
        // Either this sees that the scope was closed, or `close` comes later and sees the block.
        if self.scope.is_closed() {
            blocks.remove(&key);
        }
        Ok(block)
    }

    /// The open file; where it has to be opened, `check` sees it first.
    pub fn open<E: From<io::Error>>(
        &self,
        path: &Path,
        check: impl FnOnce(&dyn DiskFile) -> Result<(), E>,
    ) -> Result<Arc<dyn DiskFile>, E> {
        if let Some(file) = self.slot.read().clone() {
            return Ok(file);
        }
        let file: Arc<dyn DiskFile> = self.disk().open(path)?.into();
        check(&*file)?;
        *self.slot.write() = Some(file.clone());
        self.scope.caches.files.opened(&self.slot);
        Ok(file)
    }
}

/// Closes the file opened longest ago when there are too many.
struct OpenFiles {
    disk: Arc<dyn Disk>,
    opened: Mutex<VecDeque<Weak<Slot>>>,
    limit: usize,
}

impl OpenFiles {
    fn opened(&self, slot: &Arc<Slot>) {
        let mut opened = self.opened.lock();
        opened.retain(|slot| slot.strong_count() > 0);
        opened.push_back(Arc::downgrade(slot));
        while opened.len() > self.limit {
            if let Some(slot) = opened.pop_front().and_then(|slot| slot.upgrade()) {
                *slot.write() = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::{CacheScope, CachedFile, Caches};
    use bytes::Bytes;
    use env::RealDisk;

    fn read(file: &CachedFile, offset: u64) -> bool {
        let mut was_read = false;
        let block = file.block(offset, || {
            was_read = true;
            Ok::<_, io::Error>(Bytes::from_static(b"block"))
        });
        assert_eq!(block.unwrap(), &b"block"[..]);
        was_read
    }

    #[test]
    fn a_closed_scope_keeps_no_block() {
        let caches = Arc::new(Caches::new(Arc::new(RealDisk), 1 << 20, 4));
        let (scope, other) = (CacheScope::new(&caches), CacheScope::new(&caches));
        let (file, other_file) = (CachedFile::new(&scope), CachedFile::new(&other));
        assert!(read(&file, 0) && !read(&file, 0) && read(&other_file, 0));
        scope.close();
        assert!(read(&file, 0) && read(&file, 0), "nothing is kept");
        assert!(!read(&other_file, 0));
        assert_eq!(caches.blocks.len(), 1);
    }

    #[test]
    fn few_files_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let caches = Arc::new(Caches::new(Arc::new(RealDisk), 1 << 20, 2));
        let scope = CacheScope::new(&caches);
        let files: Vec<_> = (0..5).map(|_| CachedFile::new(&scope)).collect();
        for (at, file) in files.iter().enumerate() {
            let path = folder.path().join(at.to_string());
            caches.files.disk.create(&path).unwrap();
            file.open::<io::Error>(&path, |_| Ok(())).unwrap();
        }
        assert_eq!(files.iter().filter(|file| file.slot.read().is_some()).count(), 2);
    }
}
