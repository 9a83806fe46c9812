//! The one thread that writes the log: a group at a time, one write and one sync for all that has gathered.

use std::path::PathBuf;
use std::sync::Arc;

use crypto::SecretKey;
use env::Env;
use tokio::sync::oneshot;

use super::part::PartPlace;
use super::queue::{Log, Queued, QueuedRecord, RoomWanted};
use super::record::{ALIGN, NewRecord, RecordKind};
use super::segment::Segment;
use crate::local::reader::u64_of;
use crate::local::store::Signal;
use crate::local::store_file::StoreFile;
use crate::{EngineError, Result};

/// A group is written when it has reached this length, however much has gathered.
const GROUP_LEN: usize = 8 << 20;
/// The buffer that is kept between groups.
const KEPT_BUFFER_LEN: usize = 256 << 10;

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
}

impl Writer {
    /// Writes until the log is stopped.
    pub fn run(self, segment: Arc<Segment>) {
        let last_sequence = self.log.published();
        let mut position =
            Position { segment, next_index: 0, last_sequence, second: 0, group: Group::default() };
        while let Some(queue) = self.log.take() {
            if let Err(error) = self.write_all(&mut position, queue) {
                tracing::error!(%error, "the log takes no more writes until a restart");
                self.log.fail(&error.to_string());
                position.group.answer(&Err(error.to_string()));
            }
        }
        // Whoever comes later, a flush perhaps, must not wait for a thread that is gone.
        self.log.fail("the store is closing");
    }

    fn write_all(&self, position: &mut Position, queue: Vec<Queued>) -> Result<()> {
        let mut queue = queue.into_iter();
        let written = queue.by_ref().try_for_each(|queued| self.write_one(position, queued));
        if let Err(error) = written.and_then(|()| self.sync_group(position)) {
            position.group.waiting.extend(queue.map(|queued| queued.done));
            return Err(error);
        }
        self.make_room_wanted();
        self.prepare(position);
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
        position.segment.extend(end + 4 * self.extent_len).map_err(io)
    }

    /// Nothing is written into a segment before all of the one before it, end record and all, is synced.
    fn end_segment_before(&self, position: &mut Position, record: Option<&QueuedRecord>) -> Result<()> {
        let Some(record) = record.filter(|record| record.segment.number() != position.segment.number())
        else {
            return Ok(());
        };
        let place = PartPlace { index: position.next_index, sequence: position.last_sequence };
        position.put(RecordKind::End, place, &[]);
        self.sync_group(position)?;
        position.segment = record.segment.clone();
        position.next_index = 0;
        Ok(())
    }

    /// What waits for room is not ordered yet, so where the disk is full only that is refused.
    fn make_room_wanted(&self) {
        for RoomWanted { segment, end, done } in self.log.room_wanted() {
            let io = |source| EngineError::io("making the log longer".to_owned(), source);
            let len = end + u64_of(ALIGN);
            let made = match segment.room() >= end {
                true => Ok(()),
                // A disk that is nearly full may have room for this one.
                false => segment.extend(len + 4 * self.extent_len).or_else(|_| segment.extend(len)),
            };
            drop(done.send(made.map_err(io)));
        }
    }

    /// Between groups: zeros ahead, and the next segment where this one is long enough. What fails here is
    /// tried again after the next group.
    fn prepare(&self, position: &Position) {
        let (durable, room) = (position.segment.durable(), position.segment.room());
        let extent = room.clamp(self.extent_len, 4 * self.extent_len);
        if room.saturating_sub(durable) < extent / 2 {
            self.extend_ahead(position, room + extent);
        }
        if durable >= self.segment_len && self.log.order().segment().number() == position.segment.number() {
            self.add_segment(position.segment.number() + 1);
        }
    }

    fn extend_ahead(&self, position: &Position, len: u64) {
        if let Err(error) = position.segment.extend(len) {
            tracing::warn!(%error, "the log cannot be made longer");
        }
    }

    fn add_segment(&self, number: u64) {
        let last_sequence = self.log.order().last_sequence();
        let added = Segment::create(&self.env, &self.folder, number, &self.store_key, self.extent_len)
            .and_then(|segment| self.store_file.added(number, last_sequence).map(|()| segment));
        match added {
            Ok(segment) => {
                self.log.continue_in(Arc::new(segment));
                self.flusher.wake();
            }
            Err(error) => tracing::warn!(%error, "no new log segment; the old one grows on"),
        }
    }
}

/// Where the writer stands.
struct Position {
    segment: Arc<Segment>,
    next_index: u64,
    last_sequence: u64,
    second: u64,
    group: Group,
}

impl Position {
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

    use super::{Log, Segment, Writer};
    use crate::EngineError;
    use crate::local::store_file::{StoreFile, StoreRecord};
    use crypto::SecretKey;
    use env::Env;
    use futures::FutureExt;

    #[test]
    fn what_is_queued_after_the_end_is_answered() {
        let (env, folder) = (Env::real(), tempfile::tempdir().unwrap());
        env.disk.create_dir_all(&folder.path().join("log")).unwrap();
        let store_key = Arc::new(SecretKey::generate(&*env.random));
        let record = StoreRecord { oldest: 1, newest: 1, ..StoreRecord::default() };
        let segment = Arc::new(Segment::create(&env, folder.path(), 1, &store_key, 4096).unwrap());
        let log = Arc::new(Log::new(segment.clone(), 0));
        let queued_before = log.order().barrier();
        log.stop();
        let writer = Writer {
            log: log.clone(),
            store_file: Arc::new(StoreFile::new(&env, folder.path(), store_key.clone(), record)),
            env,
            folder: folder.path().to_owned(),
            store_key,
            flusher: Arc::default(),
            segment_len: 4096,
            extent_len: 4096,
        };
        writer.run(segment);
        assert!(matches!(queued_before.durable().now_or_never(), Some(Ok(()))));
        let queued_after = log.order().barrier();
        assert!(matches!(queued_after.durable().now_or_never(), Some(Err(EngineError::LogFailed(_)))));
    }
}
