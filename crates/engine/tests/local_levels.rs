//! A keyspace of many levels reads like the model, whatever was merged how, and files stay in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crypto::SecretKey;
use engine::conformance::wait;
use engine::local::{Compression, LocalEngine, Options};
use engine::{
    Commit, Direction, Engine, Entry, Key, KeyspaceId, Limit, Outcome, Partition, Segment, SortRange, Write,
};
use env::{Env, SeededRandom, SimDisk, SystemClock};

const ID: KeyspaceId = KeyspaceId([3; 16]);
const ALL: Limit = Limit { entries: usize::MAX, bytes: usize::MAX };

/// So small that some hundred commits fill four levels.
fn tiny() -> Options {
    Options {
        memtable_bytes: 2 << 10,
        memtables_bytes: 4 << 10,
        log_segment_bytes: 64 << 10,
        log_extent_bytes: 4 << 10,
        block_bytes: 256,
        file_bytes: 1 << 10,
        level0_files: 2,
        level_bytes: 2 << 10,
        level_growth: 2,
        settle_after: Duration::ZERO,
        cache_bytes: 16 << 10,
        ..Options::default()
    }
}

struct World {
    options: Options,
    disk: SimDisk,
    random: Arc<SeededRandom>,
    engine: Option<Arc<LocalEngine>>,
    model: BTreeMap<Key, Bytes>,
}

impl World {
    fn new(seed: u64, options: Options) -> Self {
        let (disk, random) = (SimDisk::new(), Arc::new(SeededRandom::new(seed)));
        let mut world = Self { options, disk, random, engine: None, model: BTreeMap::new() };
        world.start();
        wait(world.engine().create(ID, table_key())).expect("created");
        world
    }

    fn start(&mut self) {
        self.engine = None;
        let disk = Arc::new(self.disk.clone());
        let env = Env { clock: Arc::new(SystemClock), random: self.random.clone(), disk };
        let store_key = SecretKey::take(&mut [7; 32]);
        let opened = LocalEngine::open(env, Path::new("/store"), store_key, self.options.clone());
        self.engine = Some(opened.expect("the store opens"));
    }

    fn engine(&self) -> &LocalEngine {
        self.engine.as_ref().expect("it runs")
    }

    fn below(&self, bound: u64) -> u8 {
        u8::try_from(self.random.below(bound)).expect("a small number")
    }

    fn key(&self) -> Key {
        let sort = vec![self.below(16); usize::from(self.below(3))];
        Key { partition: Partition([self.below(12) * 20; 16]), sort: sort.into() }
    }

    fn commit(&mut self) {
        let mut writes = BTreeMap::new();
        for _ in 0..=self.below(4) {
            let value = (self.below(4) > 0).then(|| Bytes::from(vec![self.below(256); 100]));
            writes.insert(self.key(), value);
        }
        let write = |(key, value): (&Key, &Option<Bytes>)| Write {
            keyspace: ID,
            key: key.clone(),
            value: value.clone(),
        };
        let commit = Commit { guards: Vec::new(), writes: writes.iter().map(write).collect() };
        assert!(matches!(wait(self.engine().commit(commit)), Ok(Outcome::Applied(_))));
        for (key, value) in writes {
            match value {
                Some(value) => self.model.insert(key, value),
                None => self.model.remove(&key),
            };
        }
    }

    fn assert_reads_like_the_model(&self) {
        let swept = wait(self.engine().sweep(ID, Segment::WHOLE, None, ALL)).expect("a page");
        let model: Vec<_> = self.model.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        assert_eq!(pairs(swept.entries), model);
        for _ in 0..20 {
            let key = self.key();
            let got = wait(self.engine().get(ID, &key)).expect("an answer");
            assert_eq!(got.map(|entry| entry.value), self.model.get(&key).cloned());
        }
        let partition = self.key().partition;
        let slice = |direction| {
            wait(self.engine().slice(ID, partition, SortRange::ALL, direction, ALL)).expect("a page").entries
        };
        let mut backward = pairs(slice(Direction::Backward));
        backward.reverse();
        assert_eq!(backward, pairs(slice(Direction::Forward)));
        let of_model = model.iter().filter(|(key, _)| key.partition == partition).cloned();
        assert_eq!(backward, of_model.collect::<Vec<_>>());
    }
}

fn table_key() -> SecretKey {
    SecretKey::take(&mut [4; 32])
}

fn pairs(entries: Vec<Entry>) -> Vec<(Key, Bytes)> {
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

#[test]
fn a_keyspace_of_many_levels_reads_like_the_model() {
    for seed in 0..4 {
        let mut world = World::new(seed, tiny());
        let mut most_levels = 0;
        for step in 0..400 {
            world.commit();
            match world.below(60) {
                0 => wait(world.engine().flush()).expect("a flush"),
                1 => wait(world.engine().compact(ID)).expect("a merge of everything"),
                2 => {
                    world.start();
                    wait(world.engine().open(ID, table_key())).expect("opened");
                }
                _ => {}
            }
            let levels = world.engine().levels(ID).expect("open");
            most_levels = most_levels.max(levels.iter().filter(|(files, _)| *files > 0).count());
            if step % 20 == 0 {
                world.assert_reads_like_the_model();
            }
        }
        world.assert_reads_like_the_model();
        assert!(most_levels > 2, "{most_levels} levels are no test of levels");
        wait(world.engine().verify(ID)).expect("every digest is that of the manifest");
        wait(world.engine().compact(ID)).expect("a merge of everything");
        world.assert_reads_like_the_model();
        let stats = world.engine().stats(ID).expect("open");
        assert_eq!(stats.entries, world.model.len() as u64, "what was removed leaves nothing behind");
    }
}

#[test]
fn what_was_flushed_is_merged_when_there_is_time() {
    let settle_after = Duration::from_millis(1);
    let mut world = World::new(5, Options { level0_files: 100, settle_after, ..tiny() });
    for _ in 0..3 {
        world.commit();
        wait(world.engine().flush()).expect("a flush");
    }
    let in_level0 = || world.engine().levels(ID).expect("open")[0].0;
    assert!((0..10_000).any(|_| {
        thread::sleep(Duration::from_millis(1));
        in_level0() < 2
    }));
    world.assert_reads_like_the_model();
}

#[test]
fn commits_slow_down_where_merges_are_slow_and_lose_nothing() {
    let options = Options { level0_files: 1, merge_bytes_per_second: 256 << 10, ..tiny() };
    let mut world = World::new(9, options);
    let most = 5000;
    let commits = (0..most).take_while(|_| {
        world.commit();
        world.engine().metrics().stalls == 0
    });
    assert!(commits.count() < most, "level 0 grows and nobody waits");
    assert!(!world.engine().metrics().stalled.is_zero());
    world.assert_reads_like_the_model();
}

#[test]
fn what_is_compressed_reads_the_same_and_takes_less_room() {
    let disk_bytes = |compression| {
        let mut world = World::new(6, Options { compression, ..tiny() });
        (0..100).for_each(|_| world.commit());
        wait(world.engine().compact(ID)).expect("a merge of everything");
        world.assert_reads_like_the_model();
        wait(world.engine().verify(ID)).expect("every digest is that of the manifest");
        world.engine().stats(ID).expect("open").disk_bytes
    };
    let [plain, lz4, zstd] = [Compression::None, Compression::Lz4, Compression::Zstd].map(disk_bytes);
    assert!(lz4 < plain * 3 / 4 && zstd < plain * 3 / 4, "{plain}, {lz4}, {zstd}");
}

#[test]
fn compression_may_change_for_new_files_and_stays_as_it_was_set() {
    let mut world = World::new(7, tiny());
    (0..100).for_each(|_| world.commit());
    wait(world.engine().compact(ID)).expect("a merge of everything");
    let plain = world.engine().stats(ID).expect("open").disk_bytes;
    wait(world.engine().set_compression(ID, Compression::Zstd)).expect("set");
    world.start();
    wait(world.engine().open(ID, table_key())).expect("opened");
    assert_eq!(world.engine().stats(ID).expect("open").disk_bytes, plain, "files stay as they are");
    wait(world.engine().compact(ID)).expect("a merge of everything");
    assert!(world.engine().stats(ID).expect("open").disk_bytes < plain * 3 / 4);
    world.assert_reads_like_the_model();
}
