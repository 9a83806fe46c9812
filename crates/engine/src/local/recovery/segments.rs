//! Reading the log at a start: every segment once, several at a time.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

use super::Recovery;
use crate::local::header::FileHeader;
use crate::local::log::index::SegmentIndex;
use crate::local::log::queue::LiveSegment;
use crate::local::log::scan::{SegmentEnd, Until};
use crate::local::log::segment::Segment;
use crate::local::log::{segment_name, segment_path};
use crate::local::parked::Gathered;
use crate::local::seconds::Seconds;
use crate::local::store_record::{Anchor, ParkedAnchor, StoreRecord};
use crate::{EngineError, KeyspaceId, Result};

/// Starts that follow each other at once may each leave segments: no more are kept, the oldest are parked.
const MOST_KEPT: usize = 8;
/// Less than this is read before a second thread has begun.
const PARALLEL_FROM: u64 = 8 << 20;

/// What the log held.
#[derive(Default)]
pub(super) struct Found {
    /// Segments that are needed, the oldest first.
    pub kept: Vec<LiveSegment>,
    /// What was parked of others.
    pub parked: Vec<(KeyspaceId, ParkedAnchor)>,
    /// Segments of which something is lost.
    pub damaged: Vec<u64>,
    /// The highest sequence number.
    pub last_sequence: u64,
    /// When sequence numbers were given, segment by segment.
    pub seconds: Vec<Seconds>,
}

/// A segment that was read.
pub(super) struct ReadSegment {
    /// What it holds that is not in sorted files.
    pub content: Content,
    /// How it ended.
    pub end: SegmentEnd,
    /// When its sequence numbers were given.
    pub seconds: Seconds,
}

/// What becomes of what a segment holds.
pub(super) enum Content {
    /// It stays there.
    InPlace(LiveSegment),
    /// What could be read of it was parked.
    Parked(Vec<(KeyspaceId, ParkedAnchor)>),
}

/// A segment to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needed {
    /// Its number.
    pub number: u64,
    /// How far.
    pub until: Until,
}

impl Recovery<'_> {
    /// Reads all segments that may be needed.
    pub(super) fn read_log(&self, record: &StoreRecord) -> Result<Found> {
        let mut found = Found::default();
        let mut unended: Option<(u64, SegmentEnd)> = None;
        for (needed, read) in self.read_all(record) {
            let read = match read {
                Err(EngineError::Damaged { file, place }) if self.salvage => {
                    tracing::error!(file, place, "the log is damaged; what can be read of it is salvaged");
                    found.damaged.push(needed.number);
                    self.salvage_segment(needed, &record.keyspaces)?
                }
                read => read?,
            };
            if let Some((before, end)) = unended.filter(|_| read.end.records > 0) {
                self.tell_missing_end(before, end)?;
            }
            let may_go_on = needed.until == Until::TheEnd && !read.end.ended;
            unended = may_go_on.then_some((needed.number, read.end));
            found.add(read);
        }
        self.park_oldest(&mut found)?;
        Ok(found)
    }

    /// A segment without its end record, though there are records in a later one.
    fn tell_missing_end(&self, number: u64, end: SegmentEnd) -> Result<()> {
        let place = format!("after record {}: the rest is missing", end.records);
        if !self.salvage {
            return Err(EngineError::damaged(segment_name(number), place));
        }
        tracing::error!(file = segment_name(number), place, "the log goes on without it");
        Ok(())
    }

    /// What was read of each segment, the oldest first.
    fn read_all(&self, record: &StoreRecord) -> Vec<(Needed, Result<ReadSegment>)> {
        let needed: Vec<_> = record.segments().map(|(number, until)| Needed { number, until }).collect();
        let read = |needed: &Needed| self.read_segment(*needed, &record.keyspaces);
        let read = in_parallel(&needed, self.threads(&needed), read);
        needed.iter().copied().zip(read).collect()
    }

    fn threads(&self, needed: &[Needed]) -> usize {
        let len = |needed: &Needed| {
            let file = self.env.disk.open(&segment_path(self.folder, needed.number));
            file.and_then(|file| file.len()).unwrap_or(0)
        };
        match needed.iter().map(len).sum() {
            0..PARALLEL_FROM => 1,
            _ => thread::available_parallelism().map_or(1, NonZero::get),
        }
    }

    fn read_segment(&self, needed: Needed, keyspaces: &BTreeMap<KeyspaceId, Anchor>) -> Result<ReadSegment> {
        let mut segment = Segment::open(self.env, self.folder, needed.number, self.store_key)?;
        let (mut index, mut seconds) = (SegmentIndex::default(), Seconds::default());
        let wanted = |id, sequence| keyspaces.get(&id).is_some_and(|anchor| sequence > anchor.flushed);
        let end = segment.find_end(needed.until, &mut |frame, record| {
            seconds.note(record.second, record.sequence);
            index.note(frame, record, wanted);
        })?;
        Ok(ReadSegment { content: Content::InPlace(LiveSegment::kept(segment, index)), end, seconds })
    }

    /// Parks what the oldest of too many segments hold.
    fn park_oldest(&self, found: &mut Found) -> Result<()> {
        let too_many = found.kept.len().saturating_sub(MOST_KEPT);
        for live in found.kept.drain(..too_many) {
            for id in live.touched.keys() {
                let mut gathered = Gathered::default();
                live.read(*id, &mut |part| gathered.take(part))?;
                found.parked.push((*id, self.park(&gathered, *id, &live.segment.header)?));
            }
        }
        Ok(())
    }

    pub(super) fn park(
        &self,
        gathered: &Gathered,
        keyspace: KeyspaceId,
        segment: &FileHeader,
    ) -> Result<ParkedAnchor> {
        gathered.park(self.env, self.folder, self.store_key, (keyspace, segment))
    }
}

impl Found {
    fn add(&mut self, read: ReadSegment) {
        self.last_sequence = self.last_sequence.max(read.end.last_sequence);
        self.seconds.push(read.seconds);
        match read.content {
            Content::InPlace(live) if live.touched.is_empty() => {}
            Content::InPlace(live) => self.kept.push(live),
            Content::Parked(parked) => self.parked.extend(parked),
        }
    }
}

/// What `each` makes of every item, in their order; so many threads take one item after the other.
fn in_parallel<T: Sync, R: Send>(items: &[T], threads: usize, each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads.min(items.len()) < 2 {
        return items.iter().map(each).collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((at, item)) = items.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            let result = each(item);
            done.lock().insert(at, result);
        }
    };
    thread::scope(|scope| {
        (1..threads.min(items.len())).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    done.into_inner().into_values().collect()
}
