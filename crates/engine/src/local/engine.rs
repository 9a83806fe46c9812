//! The engine itself: threads, and calls handed to where they are answered.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use crypto::SecretKey;
use env::{Disk, Env};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use super::buffers::Buffers;
use super::by_hand::{self, Background, ByHand};
use super::cache::Caches;
use super::compression::Compression;
use super::keyspace::Keyspace;
use super::levels::LEVELS;
use super::log::queue::Log;
use super::log::writer::{Position, Writer};
use super::options::Options;
use super::pacing::Pacing;
use super::recovery::{Recovered, Recovery};
use super::sorted_file::file::SortedFile;
use super::store::{Signal, Store, keyspace_folder};
use super::{
    checkpoint, commit, compaction, flush, founding, lifecycle, read, rotation, snapshot, tokens, versions,
};
use crate::{
    AsOf, CheckpointId, CheckpointInfo, Commit, Direction, Engine, EngineError, EngineMetrics, Entry, Keep,
    Key, KeyspaceId, KeyspaceStats, Limit, Outcome, Page, Partition, Remembered, Result, Segment, Snapshot,
    SortRange, Token, Version,
};

/// The embedded engine. Dropping it stops its threads, without a flush: the next start reads the log.
pub struct LocalEngine {
    store: Arc<Store>,
    /// In the order in which they are stopped.
    threads: Mutex<Vec<JoinHandle<()>>>,
    jobs: Mutex<Vec<JoinHandle<()>>>,
}

impl LocalEngine {
    /// Opens the store in `folder`, or makes an empty one there. All keyspaces are closed.
    ///
    /// # Errors
    /// [`EngineError::InUse`]; [`EngineError::WrongKey`] where `store_key` is not the key it lies under, and
    /// nothing is changed; [`EngineError::Damaged`], [`EngineError::DiskFull`], [`EngineError::Io`].
    pub fn open(env: Env, folder: &Path, store_key: SecretKey, options: Options) -> Result<Arc<Self>> {
        let engine = Self::recover(env, folder, store_key, options, None)?;
        engine.start_threads()?;
        Ok(Arc::new(engine))
    }

    /// As [`LocalEngine::open`], without a thread: calls do what they would wait for, the rest is done by
    /// [`LocalEngine::work`] and [`LocalEngine::settle`].
    ///
    /// # Errors
    /// Those of [`LocalEngine::open`].
    pub fn open_by_hand(
        env: Env,
        folder: &Path,
        store_key: SecretKey,
        options: Options,
    ) -> Result<Arc<Self>> {
        Self::recover(env, folder, store_key, options, Some(ByHand::default())).map(Arc::new)
    }

    fn recover(
        env: Env,
        folder: &Path,
        store_key: SecretKey,
        options: Options,
        by_hand: Option<ByHand>,
    ) -> Result<Self> {
        let lock = lock(&env, folder)?;
        let store_key = Arc::new(store_key);
        let extent_len = options.log_extent_bytes;
        let recovered =
            Recovery { env: &env, folder, store_key: &store_key, extent_len, salvage: options.salvage_log }
                .run()?;
        let store = Store { by_hand, ..new_store(env, folder, store_key, options, recovered, lock) };
        Ok(Self { store: Arc::new(store), threads: Mutex::default(), jobs: Mutex::default() })
    }

    /// Merges all files of an open keyspace into one, after a flush: sizes are exact then.
    ///
    /// # Errors
    /// Those of [`Engine::flush`].
    pub async fn compact(&self, keyspace: KeyspaceId) -> Result<()> {
        self.on_thread(move |store| {
            let keyspace = store.keyspace(keyspace)?;
            flush::flush(store, &keyspace)?;
            compaction::compact_all(store, &keyspace)
        })
        .await
    }

    /// Compresses the files of an open keyspace that are written from here on as told; those there are stay until
    /// they are merged.
    ///
    /// # Errors
    /// [`EngineError::Absent`], [`EngineError::Closed`]; those of the file system, after which either may hold.
    pub async fn set_compression(&self, keyspace: KeyspaceId, compression: Compression) -> Result<()> {
        self.on_thread(move |store| lifecycle::set_compression(store, keyspace, compression)).await
    }

    /// Compares every file of an open keyspace with its digest in the manifest.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] names the first that differs.
    pub async fn verify(&self, keyspace: KeyspaceId) -> Result<()> {
        self.on_thread(move |store| {
            store.opened(keyspace)?.tree().files.iter().try_for_each(|file| file.verify())
        })
        .await
    }

    /// How many files each level of an open keyspace has, and their bytes.
    ///
    /// # Errors
    /// [`EngineError::Absent`], [`EngineError::Closed`].
    pub fn levels(&self, keyspace: KeyspaceId) -> Result<Vec<(usize, u64)>> {
        let tree = self.store.opened(keyspace)?.tree();
        let size = |files: &[Arc<SortedFile>]| (files.len(), files.iter().map(|file| file.record.len).sum());
        Ok((0..LEVELS).map(|level| size(tree.files.level(level))).collect())
    }

    /// Lets a part of the background of an engine without threads work.
    pub fn work(&self, part: Background) {
        by_hand::work(&self.store, part);
    }

    /// Lets the background of an engine without threads work until it has nothing to do.
    pub fn settle(&self) {
        by_hand::work_until_done(&self.store);
    }

    fn start_threads(&self) -> Result<()> {
        let store = self.store.clone();
        let writer = store.writer.clone();
        self.start_thread("log", move || writer.run())?;
        let for_flusher = store.clone();
        self.start_thread("flush", move || flush::run(&for_flusher))?;
        for _ in 0..store.options.compaction_threads.max(1) {
            let for_compaction = store.clone();
            self.start_thread("compaction", move || compaction::run(&for_compaction))?;
        }
        Ok(())
    }

    fn start_thread(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let started = Builder::new().name(format!("engine {name}")).spawn(run);
        self.threads.lock().push(started.map_err(|source| EngineError::io("starting a thread", source))?);
        Ok(())
    }

    /// Sees that tokens can be remembered now; returns in which ten minutes.
    async fn tokens_ready(&self) -> Result<u64> {
        let slot = tokens::slot_now(&self.store);
        if !tokens::are_ready(&self.store, slot) {
            self.on_thread(move |store| tokens::make_ready(store, slot)).await?;
        }
        Ok(slot)
    }

    /// Answers a call that may wait long for the disk on a thread of its own. Dropping the future does not
    /// stop it half-way.
    async fn on_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.store.by_hand.is_some() {
            return call(&self.store);
        }
        let (store, (answer, answered)) = (self.store.clone(), oneshot::channel());
        let job =
            Builder::new().name("engine call".to_owned()).spawn(move || drop(answer.send(call(&store))));
        let job = job.map_err(|source| EngineError::io("starting a thread", source))?;
        {
            let mut jobs = self.jobs.lock();
            jobs.retain(|job| !job.is_finished());
            jobs.push(job);
        }
        let gone = |_| EngineError::io("answering a call", io::Error::other("its thread is gone"));
        answered.await.map_err(gone)?
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        self.store.stopping.store(true, Ordering::Release);
        self.store.pacing.stop();
        // Calls under way may still wait for the log, so that goes on until they are done.
        let join = |thread: JoinHandle<()>| drop(thread.join());
        self.jobs.lock().drain(..).for_each(join);
        self.store.log.stop();
        self.store.flusher.wake();
        self.store.compactor.wake();
        self.threads.lock().drain(..).for_each(join);
        self.store.all().iter().for_each(|keyspace| keyspace.close(&self.store.log));
    }
}

fn lock(env: &Env, folder: &Path) -> Result<Box<dyn Send + Sync>> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::WouldBlock => EngineError::InUse,
        _ => EngineError::io("opening the store", source),
    };
    make_folder(&*env.disk, folder).map_err(io)?;
    env.disk.lock(&folder.join("LOCK")).map_err(io)
}

/// Makes a folder and its missing parents, all durable. The name of one that is there is synced too, because
/// a first start may have been killed before it was.
fn make_folder(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|folder| !disk.exists(folder).unwrap_or(true)).count();
    disk.create_dir_all(folder)?;
    for parent in folder.ancestors().skip(1).take(missing.max(1)) {
        match disk.sync_dir(parent) {
            // A folder that may not be read was not made by a start like this one.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn new_store(
    env: Env,
    folder: &Path,
    store_key: Arc<SecretKey>,
    options: Options,
    recovered: Recovered,
    lock: Box<dyn Send + Sync>,
) -> Store {
    let keyspace = |(id, flushed)| (id, Arc::new(Keyspace::closed(id, keyspace_folder(folder, id), flushed)));
    let pacing = Arc::new(Pacing::new(options.merge_bytes_per_second, env.clock.clone()));
    let (segment, flusher) = (recovered.segment, Arc::new(Signal::default()));
    let log = Arc::new(Log::new(recovered.kept, segment.clone(), recovered.last_sequence));
    let writer = Arc::new(Writer {
        log: log.clone(),
        env: env.clone(),
        folder: folder.to_owned(),
        store_key: store_key.clone(),
        store_file: recovered.store_file.clone(),
        flusher: flusher.clone(),
        segment_len: options.log_segment_bytes,
        extent_len: options.log_extent_bytes,
        position: Mutex::new(Position::new(segment, recovered.last_sequence)),
    });
    Store {
        caches: Arc::new(Caches::new(env.disk.clone(), options.cache_bytes, options.open_files)),
        env,
        folder: folder.to_owned(),
        store_key,
        buffers: Buffers::new(options.memtables_bytes),
        options,
        log,
        writer,
        store_file: recovered.store_file,
        keyspaces: RwLock::new(recovered.keyspaces.into_iter().map(keyspace).collect()),
        names: Mutex::default(),
        memory: Arc::default(),
        reclaiming: Mutex::default(),
        flusher,
        compactor: Signal::default(),
        pacing,
        flush_failure: Mutex::default(),
        by_hand: None,
        stopping: AtomicBool::new(false),
        _lock: lock,
    }
}

impl Engine for LocalEngine {
    fn create(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| founding::create(store, keyspace, table_key)).boxed()
    }

    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| lifecycle::open(store, keyspace, table_key)).boxed()
    }

    fn close(&self, keyspace: KeyspaceId) {
        if let Ok(keyspace) = self.store.keyspace(keyspace) {
            keyspace.close(&self.store.log);
        }
    }

    fn switch_table_key(&self, keyspace: KeyspaceId, new_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| lifecycle::switch_table_key(store, keyspace, new_key)).boxed()
    }

    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| lifecycle::drop_keyspace(store, keyspace)).boxed()
    }

    fn checkpoint(
        &self,
        keyspace: KeyspaceId,
        checkpoint: CheckpointId,
        receiver_key: SecretKey,
    ) -> BoxFuture<'_, Result<CheckpointInfo>> {
        self.on_thread(move |store| checkpoint::take(store, keyspace, checkpoint, &receiver_key)).boxed()
    }

    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<CheckpointId>>> {
        std::future::ready(Ok(self.store.store_file.checkpoints())).boxed()
    }

    fn drop_checkpoint(&self, checkpoint: CheckpointId) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| checkpoint::drop_checkpoint(store, checkpoint)).boxed()
    }

    fn adopt(
        &self,
        (checkpoint, receiver_key): (CheckpointId, SecretKey),
        as_of: AsOf,
        keyspace: KeyspaceId,
        table_key: SecretKey,
    ) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| {
            founding::adopt(store, (checkpoint, &receiver_key), as_of, keyspace, table_key)
        })
        .boxed()
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        let all = self.store.all();
        let ids = all.iter().filter(|keyspace| !keyspace.is_dropped()).map(|keyspace| keyspace.id);
        let ids = ids.filter(|id| !tokens::is_ours(*id)).collect();
        std::future::ready(Ok(ids)).boxed()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move { read::get(&self.store, keyspace, key) }.boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        async move { read::slice(&self.store, keyspace, partition, &range, direction, limit) }.boxed()
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        async move { read::sweep(&self.store, keyspace, segment, after.as_ref(), limit) }.boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        commit::commit(&self.store, commit).boxed()
    }

    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        async move {
            commit.check()?;
            let slot = self.tokens_ready().await?;
            tokens::commit_once(&self.store, slot, &token, commit).await
        }
        .boxed()
    }

    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        async move {
            let slot = self.tokens_ready().await?;
            tokens::recall(&self.store, slot, &token)
        }
        .boxed()
    }

    fn snapshot(&self, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(snapshot::take(&self.store, keyspaces, at)?))
    }

    fn keep_versions(&self, keyspace: KeyspaceId, keep: Keep) -> BoxFuture<'_, Result<Version>> {
        self.on_thread(move |store| versions::keep(store, keyspace, keep)).boxed()
    }

    fn rotate(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        self.on_thread(move |store| rotation::rotate(store, keyspace)).boxed()
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        read::stats(&self.store, keyspace)
    }

    fn check_sound(&self) -> Result<()> {
        self.store.log.order().check_sound()
    }

    fn metrics(&self) -> EngineMetrics {
        self.store.pacing.metrics(self.store.memory.load(Ordering::Relaxed))
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        self.on_thread(flush::flush_all).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use bytes::Bytes;
    use crypto::SecretKey;
    use env::{Disk, Env, RealDisk};
    use futures::executor::block_on;

    use super::{LocalEngine, Options};
    use crate::{
        Commit, Engine, EngineError, Key, KeyspaceId, Limit, Outcome, Partition, Result, Segment, Write,
    };

    const ONE: KeyspaceId = KeyspaceId([1; 16]);
    const TWO: KeyspaceId = KeyspaceId([2; 16]);

    fn key(number: u8) -> SecretKey {
        SecretKey::take(&mut [number; 32])
    }

    fn open(folder: &Path, store_key: u8) -> Result<Arc<LocalEngine>> {
        LocalEngine::open(Env::real(), folder, key(store_key), Options::default())
    }

    fn put(engine: &LocalEngine, keyspace: KeyspaceId, number: u8, value: Option<&'static [u8]>) {
        let key = Key { partition: Partition([number; 16]), sort: Bytes::new() };
        let write = Write { keyspace, key, value: value.map(Bytes::from_static) };
        let outcome = block_on(engine.commit(Commit { guards: Vec::new(), writes: vec![write] }));
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    }

    fn entries(engine: &LocalEngine, keyspace: KeyspaceId) -> Result<usize> {
        let limit = Limit { entries: usize::MAX, bytes: usize::MAX };
        block_on(engine.sweep(keyspace, Segment::WHOLE, None, limit)).map(|page| page.entries.len())
    }

    #[test]
    fn one_engine_at_a_time_and_only_under_the_store_key() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path(), 1).unwrap();
        assert!(matches!(open(folder.path(), 1).err(), Some(EngineError::InUse)));
        drop(first);
        assert!(matches!(open(folder.path(), 2).err(), Some(EngineError::WrongKey(_))));
        assert!(open(folder.path(), 1).is_ok());
    }

    #[test]
    fn merging_everything_leaves_one_file_with_exact_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path(), 1).unwrap();
        block_on(engine.create(ONE, key(2))).unwrap();
        for round in 0..3 {
            (0..10).for_each(|number| put(&engine, ONE, number, Some(b"four")));
            put(&engine, ONE, round, None);
            block_on(engine.flush()).unwrap();
        }
        block_on(engine.compact(ONE)).unwrap();
        let stats = engine.stats(ONE).unwrap();
        assert_eq!((stats.entries, stats.value_bytes, entries(&engine, ONE).unwrap()), (9, 36, 9));
        block_on(engine.verify(ONE)).unwrap();
        drop(engine);
        let files = RealDisk.list(&folder.path().join(format!("keyspaces/{ONE}"))).unwrap();
        assert_eq!(files.len(), 2, "a manifest and a sorted file: {files:?}");
    }

    #[test]
    fn a_long_log_of_which_nothing_is_needed_goes() {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path(), 1).unwrap();
        block_on(engine.create(ONE, key(2))).unwrap();
        let extent = Options::default().log_extent_bytes;
        let log_len = || {
            let segments = RealDisk.list(&folder.path().join("log")).unwrap();
            // One may be removed meanwhile.
            let len_of = |path| RealDisk.open(path).and_then(|file| file.len()).unwrap_or_default();
            segments.iter().map(|path| len_of(path)).sum::<u64>()
        };
        for number in 0..100 {
            put(&engine, ONE, number, Some(&[7; 60 << 10]));
        }
        assert!(log_len() > 5 * extent);
        block_on(engine.flush()).unwrap();
        while log_len() > extent {
            std::thread::yield_now();
        }
        put(&engine, ONE, 100, Some(b"goes into the new one"));
        drop(engine);
        let engine = open(folder.path(), 1).unwrap();
        block_on(engine.open(ONE, key(2))).unwrap();
        assert_eq!(entries(&engine, ONE).unwrap(), 101);
    }

    #[test]
    fn a_damaged_keyspace_does_not_stop_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path(), 1).unwrap();
        for id in [ONE, TWO] {
            block_on(engine.create(id, key(2))).unwrap();
            put(&engine, id, 1, Some(b"value"));
        }
        drop(engine);
        let manifest = folder.path().join(format!("keyspaces/{ONE}/manifest-{:016x}", 1));
        RealDisk.open(&manifest).unwrap().write_all_at(b"?", 70).unwrap();
        let engine = open(folder.path(), 1).unwrap();
        assert!(matches!(block_on(engine.open(ONE, key(2))), Err(EngineError::Damaged { .. })));
        block_on(engine.open(TWO, key(2))).unwrap();
        assert_eq!(entries(&engine, TWO).unwrap(), 1);
    }
}
