//! Where commits get their order, and wait for the writer.
//!
//! One short lock gives the order: whoever holds an [`Order`] checks guards, changes memtables and appends;
//! nothing under it touches the disk. The writer takes what has gathered and syncs it as one group. It need not
//! wait for that lock: while a commit's writes go into memtables, the disk is at work on them already. They are
//! there before they are published.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::FIRST_FRAME;
use super::index::SegmentIndex;
use super::part::{LogId, PartPlace, PlacedPart};
use super::record::{Part, Record, frame_len};
use super::scan::FrameAt;
use super::segment::Segment;
use crate::local::reader::u64_of;
use crate::local::store_record::KeptSegment;
use crate::{EngineError, KeyspaceId, Result};

/// The log, as those see it who append to it.
pub struct Log {
    state: Mutex<State>,
    queue: Mutex<Queue>,
    work: Condvar,
    /// The writes of every commit up to this sequence number are in memtables.
    in_memory: AtomicU64,
    published: AtomicU64,
}

/// Changed under the lock that gives order.
struct State {
    /// Oldest first; records are ordered into the last.
    live: VecDeque<LiveSegment>,
    next_index: u64,
    ordered_to: u64,
    last_sequence: u64,
}

/// What waits for the writer. Its lock may be taken under that of the order, never the other way round.
#[derive(Default)]
struct Queue {
    waiting: Vec<Queued>,
    room: Vec<RoomWanted>,
    failed: Option<String>,
    /// The number of a segment of which nothing is needed any more.
    used_up: Option<u64>,
    poked: bool,
    stopping: bool,
}

/// A segment whose records may still be needed.
#[derive(Clone)]
pub struct LiveSegment {
    /// The segment.
    pub segment: Arc<Segment>,
    /// The highest sequence number of each keyspace in it.
    pub touched: BTreeMap<KeyspaceId, u64>,
    /// Where its records lie, where an earlier start wrote it.
    pub index: Option<Arc<SegmentIndex>>,
}

impl LiveSegment {
    /// One that is written from here on.
    fn new(segment: Arc<Segment>) -> Self {
        Self { segment, touched: BTreeMap::new(), index: None }
    }

    /// One that an earlier start wrote.
    pub fn kept(segment: Segment, index: SegmentIndex) -> Self {
        Self { segment: Arc::new(segment), touched: index.touched(), index: Some(Arc::new(index)) }
    }

    /// As the file `store` names it, where an earlier start wrote it.
    pub fn as_kept(&self) -> KeptSegment {
        KeptSegment { number: self.segment.number(), end: self.segment.durable() }
    }

    /// Whether it holds anything of a keyspace behind this sequence number.
    pub fn holds_behind(&self, keyspace: KeyspaceId, flushed: u64) -> bool {
        self.touched.get(&keyspace).is_some_and(|last| *last > flushed)
    }

    /// Reads the parts of a keyspace that are durable, in order.
    pub fn read(&self, keyspace: KeyspaceId, visit: &mut dyn FnMut(PlacedPart<'_>)) -> Result<()> {
        let mut visit_parts = |frame: FrameAt, record: &Record<'_>| {
            let place = PartPlace { index: frame.index, sequence: record.sequence };
            let ours = record.parts.iter().filter(|part| part.keyspace == keyspace);
            ours.for_each(|part| visit(PlacedPart { place, epoch: part.epoch, sealed: part.sealed }));
        };
        match &self.index {
            Some(index) => self.segment.read_frames(index.frames(keyspace), &mut visit_parts),
            None => self.segment.read(&mut visit_parts),
        }
    }
}

/// Something the writer is to do.
pub struct Queued {
    /// The record; without one, the answer is only to wait for what is queued before.
    pub record: Option<QueuedRecord>,
    /// Told when it is durable.
    pub done: oneshot::Sender<std::result::Result<(), String>>,
}

/// A record that does not fit in front of the end of what is prepared.
pub struct RoomWanted {
    /// Where it would go.
    pub segment: Arc<Segment>,
    /// Where it would end.
    pub end: u64,
    /// Told when it fits.
    pub done: oneshot::Sender<Result<()>>,
}

/// Room that was asked for.
pub struct RoomTicket(oneshot::Receiver<Result<()>>);

impl RoomTicket {
    /// Waits until there was room; somebody else may have taken it by then.
    pub async fn made(self) -> Result<()> {
        self.0.await.unwrap_or_else(|_| Err(EngineError::LogFailed("the store is closing".to_owned())))
    }
}

/// A record to be written.
pub struct QueuedRecord {
    /// Into this segment.
    pub segment: Arc<Segment>,
    /// Its place there.
    pub place: PartPlace,
    /// Its content.
    pub parts: Vec<Part>,
}

/// Who writes what is appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// The writer's thread, beginning at once.
    Writer,
    /// Whoever appended, who is bound to call [`super::writer::Writer::write_or_wake`] when done with the order.
    Appender,
}

/// Something that was queued, to be waited for.
pub struct Ticket(oneshot::Receiver<std::result::Result<(), String>>);

impl Ticket {
    /// Waits until it, and all that was queued before it, is durable.
    pub async fn durable(self) -> Result<()> {
        let answer = self.0.await.unwrap_or_else(|_| Err("the store is closing".to_owned()));
        answer.map_err(EngineError::LogFailed)
    }

    /// As [`Ticket::durable`], on a thread that may block.
    pub fn wait(self) -> Result<()> {
        futures::executor::block_on(self.durable())
    }
}

impl Log {
    /// A log that goes on in `segment` after `last_sequence`, which with all before it is on disk: in sorted files,
    /// or in those segments of earlier starts that are `kept`.
    pub fn new(kept: Vec<LiveSegment>, segment: Arc<Segment>, last_sequence: u64) -> Self {
        let mut live = VecDeque::from(kept);
        live.push_back(LiveSegment::new(segment));
        let state = State { live, next_index: 0, ordered_to: u64_of(FIRST_FRAME), last_sequence };
        Self {
            state: Mutex::new(state),
            queue: Mutex::default(),
            work: Condvar::new(),
            in_memory: AtomicU64::new(last_sequence),
            published: AtomicU64::new(last_sequence),
        }
    }

    /// Every commit up to this sequence number is durable and may be read.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Takes the lock that gives order.
    pub fn order(&self) -> Order<'_> {
        Order { state: self.state.lock(), log: self }
    }

    /// The live segments, oldest first.
    pub fn live(&self) -> Vec<LiveSegment> {
        self.state.lock().live.iter().cloned().collect()
    }

    /// Forgets a segment that nobody needs any more; never the last one.
    pub fn retire(&self, number: u64) {
        let mut state = self.state.lock();
        let at = state.live.iter().position(|live| live.segment.number() == number);
        if let Some(at) = at.filter(|at| at + 1 < state.live.len()) {
            state.live.remove(at);
        }
    }

    /// Waits for the writer to end; what is queued is still written.
    pub fn stop(&self) {
        self.queue.lock().stopping = true;
        self.work.notify_all();
    }

    /// Nothing in segment `number`, the last, is needed any more: the log may go on in another.
    pub fn set_used_up(&self, number: u64) {
        let mut queue = self.queue.lock();
        (queue.used_up, queue.poked) = (Some(number), true);
        self.work.notify_one();
    }

    /// For the writer: a segment that was said to be used up.
    pub(super) fn take_used_up(&self) -> Option<u64> {
        self.queue.lock().used_up.take()
    }

    /// For the writer's thread: waits until there is something to do; `false` when it is to end.
    pub(super) fn wait_for_work(&self) -> bool {
        let mut queue = self.queue.lock();
        while queue.waiting.is_empty() && !queue.poked && !queue.stopping {
            self.work.wait(&mut queue);
        }
        queue.poked = false;
        if queue.stopping && queue.waiting.is_empty() {
            // Whoever comes later would wait for ever.
            queue.failed.get_or_insert_with(|| "the store is closing".to_owned());
            return false;
        }
        true
    }

    /// For who is about to write: what has gathered.
    pub(super) fn take(&self) -> Vec<Queued> {
        std::mem::take(&mut self.queue.lock().waiting)
    }

    /// Wakes the writer's thread where anything waits for it.
    pub(super) fn wake_for_waiting(&self) {
        let is_waiting = !self.queue.lock().waiting.is_empty();
        if is_waiting {
            self.work.notify_one();
        }
    }

    /// Wakes the writer's thread though nothing waits.
    pub(super) fn poke(&self) {
        self.queue.lock().poked = true;
        self.work.notify_one();
    }

    /// For the writer: everything up to `sequence` is durable.
    pub(super) fn publish(&self, sequence: u64) {
        if self.in_memory.load(Ordering::Acquire) < sequence {
            // Whoever ordered it still puts it into memtables, and holds this lock as long.
            drop(self.state.lock());
        }
        self.published.store(sequence, Ordering::Release);
    }

    /// For the writer: the next records go into `segment`.
    pub(super) fn continue_in(&self, segment: Arc<Segment>) {
        let mut state = self.state.lock();
        state.live.push_back(LiveSegment::new(segment));
        state.next_index = 0;
        state.ordered_to = u64_of(FIRST_FRAME);
    }

    /// For the writer: who waits for room.
    pub(super) fn room_wanted(&self) -> Vec<RoomWanted> {
        std::mem::take(&mut self.queue.lock().room)
    }

    /// For the writer: takes nothing any more, and says so to all who wait.
    pub(super) fn fail(&self, reason: &str) {
        let mut queue = self.queue.lock();
        queue.failed = Some(reason.to_owned());
        let waiting = std::mem::take(&mut queue.waiting);
        queue.room.clear();
        drop(queue);
        waiting.into_iter().for_each(|queued| drop(queued.done.send(Err(reason.to_owned()))));
    }
}

/// The right to say what comes next.
pub struct Order<'a> {
    state: MutexGuard<'a, State>,
    log: &'a Log,
}

impl Drop for Order<'_> {
    fn drop(&mut self) {
        self.log.in_memory.store(self.state.last_sequence, Ordering::Release);
    }
}

impl Order<'_> {
    /// Whether the log takes writes at all.
    pub fn check_sound(&self) -> Result<()> {
        match &self.log.queue.lock().failed {
            Some(reason) => Err(EngineError::LogFailed(reason.clone())),
            None => Ok(()),
        }
    }

    /// Whether a record whose parts have plaintexts of these lengths fits into what is prepared, with the end record
    /// behind it; else the room to wait for, without the order. What was ordered must be written, so nothing is
    /// ordered that a full disk could refuse.
    pub fn check_room(&mut self, parts: impl Iterator<Item = usize>) -> Result<Option<RoomTicket>> {
        self.check_sound()?;
        let end = self.state.ordered_to + u64_of(frame_len(parts) + frame_len(std::iter::empty()));
        if end <= self.segment().room() {
            return Ok(None);
        }
        let (done, ticket) = oneshot::channel();
        let mut queue = self.log.queue.lock();
        if queue.failed.is_none() {
            queue.room.push(RoomWanted { segment: self.segment().clone(), end, done });
            queue.poked = true;
            self.log.work.notify_one();
        }
        Ok(Some(RoomTicket(ticket)))
    }

    /// The segment the next record goes to.
    pub fn segment(&self) -> &Arc<Segment> {
        &self.state.live.back().expect("the last segment is never retired").segment
    }

    /// What of it goes into log keys.
    pub fn log_id(&self) -> LogId {
        self.segment().log_id()
    }

    /// The sequence number given last.
    pub fn last_sequence(&self) -> u64 {
        self.state.last_sequence
    }

    /// Appends a record; returns its sequence number. `hand` says who is to write it.
    pub fn append(&mut self, parts: Vec<Part>, hand: Hand) -> (u64, Ticket) {
        let state = &mut *self.state;
        state.last_sequence += 1;
        let place = PartPlace { index: state.next_index, sequence: state.last_sequence };
        state.next_index += 1;
        state.ordered_to += u64_of(frame_len(parts.iter().map(|part| part.plain.len())));
        let live = state.live.back_mut().expect("the last segment is never retired");
        live.touched.extend(parts.iter().map(|part| (part.key.keyspace, place.sequence)));
        let record = QueuedRecord { segment: live.segment.clone(), place, parts };
        (place.sequence, self.enqueue(Some(record), hand))
    }

    /// Something to wait for that is behind all that was appended.
    pub fn barrier(&mut self) -> Ticket {
        self.enqueue(None, Hand::Writer)
    }

    fn enqueue(&mut self, record: Option<QueuedRecord>, hand: Hand) -> Ticket {
        let (done, ticket) = oneshot::channel();
        let mut queue = self.log.queue.lock();
        match &queue.failed {
            Some(reason) => drop(done.send(Err(reason.clone()))),
            None => {
                queue.waiting.push(Queued { record, done });
                drop(queue);
                if hand == Hand::Writer {
                    self.log.work.notify_one();
                }
            }
        }
        Ticket(ticket)
    }
}
