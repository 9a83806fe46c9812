//! Writing the log: a group at a time, one write and one sync for all that has gathered.
//!
//! One thread does it, and one at a time: the writer's own, or, for a small commit, the thread that made it, where
//! that may wait for the disk anyway. Handing over and being woken again would cost as much as the rest of such a
//! commit. Within an asynchronous runtime no thread may wait, so there the writer's own does all.

use std::path::PathBuf;
use std::sync::Arc;

use crypto::SecretKey;
use env::Env;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::part::PartPlace;
use super::queue::{Log, Queued, QueuedRecord, RoomWanted};
use super::record::{ALIGN, NewRecord, RecordKind};
use super::segment::{Ahead, Segment};
use crate::local::reader::u64_of;
use crate::local::store::Signal;
use crate::local::store_file::StoreFile;
use crate::{EngineError, Result};

/// A group is written when it has reached this length, however much has gathered.
const GROUP_LEN: usize = 8 << 20;
/// The buffer that is kept between groups.
const KEPT_BUFFER_LEN: usize = 512 << 10;
/// From this length on, a group takes longer to write than its sync takes to note where.
const LARGE_GROUP_LEN: usize = 64 << 10;

/// What the writer needs.
pub struct Writer {
    /// Where records gather.
    pub log: Arc<Log>,
    /// The world.
    pub env: Env,
    /// The store's folder.
    pub folder: PathBuf,
    /// The store's key.
    pub store_key: Arc<SecretKey>,
    /// Told of new segments before they are used.
    pub store_file: Arc<StoreFile>,
    /// Woken when there is a new segment, and so perhaps one too many.
    pub flusher: Arc<Signal>,
    /// After this length, a segment is followed by another.
    pub segment_len: u64,
    /// What is pre-written with zeros at first; later up to four times as much.
    pub extent_len: u64,
    /// Held by the thread that writes.
    pub position: Mutex<Position>,
}

impl Writer {
    /// Writes until the log is stopped.
    pub fn run(&self) {
        while self.log.wait_for_work() {
            self.work();
        }
        // Whoever comes later, a flush perhaps, must not wait for a thread that is gone.
        self.log.fail("the store is closing");
    }

    /// Writes what has gathered, and prepares for what comes.
    pub fn work(&self) {
        let mut position = self.position.lock();
        if self.write_gathered(&mut position) {
            self.make_room_wanted();
            self.prepare(&mut position);
        }
    }

    /// Writes what has gathered, where this thread may wait for the disk and no other is writing; otherwise sees to
    /// it that the writer's thread does.
    pub fn write_or_wake(&self) {
        let may_wait = tokio::runtime::Handle::try_current().is_err();
        if let Some(mut position) = may_wait.then(|| self.position.try_lock()).flatten() {
            let is_written = self.write_gathered(&mut position);
            if is_written && self.has_to_prepare(&position) {
                self.log.poke();
            }
        }
        // After the position is given back: what was queued too late for this group found it taken.
        self.log.wake_for_waiting();
    }

    /// Whether that went well. What has gathered is taken with the position held, so that records are written in
    /// the order in which they were queued.
    fn write_gathered(&self, position: &mut Position) -> bool {
        let written = self.write_all(position, self.log.take());
        self.unless_failed(position, written)
    }

    fn unless_failed(&self, position: &mut Position, written: Result<()>) -> bool {
        if let Err(error) = &written {
            tracing::error!(%error, "the log takes no more writes until a restart");
            self.log.fail(&error.to_string());
            // What a sync failed on is never written again as if that could mend it.
            position.group.clear_frames();
            position.group.answer(&Err(error.to_string()));
        }
        written.is_ok()
    }

    fn write_all(&self, position: &mut Position, queue: Vec<Queued>) -> Result<()> {
        let mut queue = queue.into_iter();
        let written = queue.by_ref().try_for_each(|queued| self.write_one(position, queued));
        if let Err(error) = written.and_then(|()| self.sync_group(position)) {
            position.group.waiting.extend(queue.map(|queued| queued.done));
            return Err(error);
        }
        Ok(())
    }

    fn write_one(&self, position: &mut Position, queued: Queued) -> Result<()> {
        let ended = self.end_segment_before(position, queued.record.as_ref());
        position.group.waiting.push(queued.done);
        ended?;
        if let Some(record) = queued.record {
            let second = self.env.clock.now_ms() / 1000;
            position.second = self.store_file.note_second(second, record.place.sequence);
            position.encode(&record);
        }
        if position.group.frames.len() >= GROUP_LEN { self.sync_group(position) } else { Ok(()) }
    }

    /// Writes and syncs the group, publishes it and wakes those who wait.
    fn sync_group(&self, position: &mut Position) -> Result<()> {
        if !position.group.frames.is_empty() {
            position.ahead = Ahead::before(position.group.frames.len());
            self.make_room(position)?;
            let io = |source| EngineError::io("writing the log".to_owned(), source);
            position.segment.append(&position.group.frames).map_err(io)?;
            position.group.clear_frames();
            self.log.publish(position.last_sequence);
        }
        position.group.answer(&Ok(()));
        Ok(())
    }

    fn make_room(&self, position: &Position) -> Result<()> {
        let end = position.segment.durable() + u64_of(position.group.frames.len());
        if end <= position.segment.room() {
            return Ok(());
        }
        let io = |source| EngineError::io("making the log longer".to_owned(), source);
        position.segment.extend(end + 4 * self.extent_len, position.ahead).map_err(io)
    }

    /// Nothing is written into a segment before all of the one before it, end record and all, is synced.
    fn end_segment_before(&self, position: &mut Position, record: Option<&QueuedRecord>) -> Result<()> {
        record.map_or(Ok(()), |record| self.go_on_in(position, &record.segment))
    }

    fn go_on_in(&self, position: &mut Position, next: &Arc<Segment>) -> Result<()> {
        if next.number() == position.segment.number() {
            return Ok(());
        }
        let place = PartPlace { index: position.next_index, sequence: position.last_sequence };
        position.put(RecordKind::End, place, &[]);
        self.sync_group(position)?;
        position.segment = next.clone();
        position.next_index = 0;
        Ok(())
    }

    /// What waits for room is not ordered yet, so where the disk is full only that is refused.
    fn make_room_wanted(&self) {
        for RoomWanted { segment, end, done } in self.log.room_wanted() {
            let io = |source| EngineError::io("making the log longer".to_owned(), source);
            let len = end + u64_of(ALIGN);
            let extend = |len| segment.extend(len, Ahead::Reserved);
            let made = match segment.room() >= end {
                true => Ok(()),
                // A disk that is nearly full may have room for this one.
                false => extend(len + 4 * self.extent_len).or_else(|_| extend(len)),
            };
            drop(done.send(made.map_err(io)));
        }
    }

    /// Between groups: zeros ahead, and the next segment where this one is long enough. What fails here is
    /// tried again after the next group.
    fn prepare(&self, position: &mut Position) {
        if self.is_short_of_zeros(position) {
            self.extend_ahead(position, position.segment.room() + self.extent(position));
        }
        let is_used_up = self.log.take_used_up() == Some(position.segment.number());
        if (is_used_up || position.segment.durable() >= self.segment_len)
            && self.log.order().segment().number() == position.segment.number()
        {
            let added = self.add_segment(position.segment.number() + 1);
            if let Some(added) = added.filter(|_| is_used_up) {
                self.leave_for(position, &added);
            }
        }
    }

    /// Goes on in the next segment though no record is there yet, so that nothing holds on to this one.
    fn leave_for(&self, position: &mut Position, next: &Arc<Segment>) {
        // What was queued until a moment ago may still belong here.
        if self.write_gathered(position) {
            let left = self.go_on_in(position, next);
            self.unless_failed(position, left);
        }
        self.flusher.wake();
    }

    fn has_to_prepare(&self, position: &Position) -> bool {
        self.is_short_of_zeros(position) || position.segment.durable() >= self.segment_len
    }

    fn is_short_of_zeros(&self, position: &Position) -> bool {
        let ahead = position.segment.room().saturating_sub(position.segment.durable());
        ahead < self.extent(position) / 2
    }

    fn extent(&self, position: &Position) -> u64 {
        let most = match position.ahead {
            Ahead::Written => 4,
            Ahead::Reserved => 16,
        };
        position.segment.room().clamp(self.extent_len, most * self.extent_len)
    }

    fn extend_ahead(&self, position: &Position, len: u64) {
        if let Err(error) = position.segment.extend(len, position.ahead) {
            tracing::warn!(%error, "the log cannot be made longer");
        }
    }

    fn add_segment(&self, number: u64) -> Option<Arc<Segment>> {
        let last_sequence = self.log.order().last_sequence();
        let create = || Segment::create(&self.env, &self.folder, number, &self.store_key, self.extent_len);
        // Where naming it failed before, the file `store` may say that it is there: it must not while it is made anew.
        let added = self
            .store_file
            .settle()
            .and_then(|()| create())
            .and_then(|segment| self.store_file.added(number, last_sequence).map(|()| segment));
        match added {
            Ok(segment) => {
                let segment = Arc::new(segment);
                self.log.continue_in(segment.clone());
                self.flusher.wake();
                Some(segment)
            }
            Err(error) => {
                tracing::warn!(%error, "no new log segment; the old one grows on");
                None
            }
        }
    }
}

/// Where the log is written.
pub struct Position {
    segment: Arc<Segment>,
    next_index: u64,
    last_sequence: u64,
    second: u64,
    /// As suits the group written last.
    ahead: Ahead,
    group: Group,
}

impl Position {
    /// At the beginning of a segment, behind the commit with this sequence number.
    pub fn new(segment: Arc<Segment>, last_sequence: u64) -> Self {
        Self {
            segment,
            next_index: 0,
            last_sequence,
            second: 0,
            ahead: Ahead::Written,
            group: Group::default(),
        }
    }

    fn encode(&mut self, record: &QueuedRecord) {
        self.put(RecordKind::Commit, record.place, &record.parts);
        self.next_index = record.place.index + 1;
        self.last_sequence = record.place.sequence;
    }

    fn put(&mut self, kind: RecordKind, place: PartPlace, parts: &[super::record::Part]) {
        let (second, durable_through) = (self.second, self.segment.durable());
        let record = NewRecord { kind, place, durable_through, second, parts };
        record.encode(&self.segment.cipher, &mut self.group.frames);
    }
}

impl Ahead {
    fn before(group_len: usize) -> Self {
        if group_len < LARGE_GROUP_LEN { Self::Written } else { Self::Reserved }
    }
}

/// What is written and synced together.
#[derive(Default)]
struct Group {
    frames: Vec<u8>,
    waiting: Vec<oneshot::Sender<std::result::Result<(), String>>>,
}

impl Group {
    fn clear_frames(&mut self) {
        self.frames.clear();
        self.frames.shrink_to(KEPT_BUFFER_LEN);
    }

    /// A waiting task that has gone away is no concern of the writer's.
    fn answer(&mut self, answer: &std::result::Result<(), String>) {
        self.waiting.drain(..).for_each(|done| drop(done.send(answer.clone())));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use std::path::Path;

    use super::{Log, Position, Segment, Writer};
    use crate::local::log::part::LogKey;
    use crate::local::log::queue::Hand;
    use crate::local::log::record::Part;
    use crate::local::store_file::{StoreFile, StoreRecord};
    use crate::{EngineError, KeyspaceId};
    use bytes::Bytes;
    use crypto::SecretKey;
    use env::{Env, SimDisk, sim_disk::Fault};
    use futures::FutureExt;
    use parking_lot::Mutex;

    fn writer(env: &Env) -> Writer {
        let folder = Path::new("store");
        env.disk.create_dir_all(&folder.join("log")).unwrap();
        let store_key = Arc::new(SecretKey::generate(&*env.random));
        let record = StoreRecord { oldest: 1, newest: 1, ..StoreRecord::default() };
        let segment = Arc::new(Segment::create(env, folder, 1, &store_key, 4096).unwrap());
        Writer {
            log: Arc::new(Log::new(Vec::new(), segment.clone(), 0)),
            store_file: Arc::new(StoreFile::new(env, folder, store_key.clone(), record)),
            env: env.clone(),
            folder: folder.to_owned(),
            store_key,
            flusher: Arc::default(),
            segment_len: 4096,
            extent_len: 4096,
            position: Mutex::new(Position::new(segment, 0)),
        }
    }

    fn simulated() -> (SimDisk, Env) {
        let disk = SimDisk::new();
        (disk.clone(), Env { disk: Arc::new(disk), ..Env::real() })
    }

    fn part(log: &Log) -> Part {
        let dek = SecretKey::take(&mut [1; 32]);
        let key = Arc::new(LogKey::derive(&dek, 1, KeyspaceId([1; 16]), &log.order().log_id()));
        Part { key, plain: Bytes::from_static(b"writes") }
    }

    #[test]
    fn what_is_queued_after_the_end_is_answered() {
        let writer = writer(&simulated().1);
        let queued_before = writer.log.order().barrier();
        writer.log.stop();
        writer.run();
        assert!(matches!(queued_before.durable().now_or_never(), Some(Ok(()))));
        let queued_after = writer.log.order().barrier();
        assert!(matches!(queued_after.durable().now_or_never(), Some(Err(EngineError::LogFailed(_)))));
    }

    #[test]
    fn who_appends_may_write_too() {
        let writer = writer(&simulated().1);
        let part = part(&writer.log);
        let (sequence, ticket) = writer.log.order().append(vec![part], Hand::Appender);
        assert_eq!(writer.log.published(), 0);
        writer.write_or_wake();
        assert!(matches!(ticket.durable().now_or_never(), Some(Ok(()))));
        assert_eq!(writer.log.published(), sequence);
    }

    #[test]
    fn what_a_sync_failed_on_is_not_written_again() {
        let (disk, env) = simulated();
        let writer = writer(&env);
        let part = part(&writer.log);
        let (_, ticket) = writer.log.order().append(vec![part], Hand::Appender);
        disk.fail_change(disk.changes() + 1, Fault::Io);
        writer.write_or_wake();
        assert!(matches!(ticket.durable().now_or_never(), Some(Err(EngineError::LogFailed(_)))));
        let changes = disk.changes();
        writer.write_or_wake();
        assert_eq!((disk.changes(), writer.log.published()), (changes, 0));
    }
}
