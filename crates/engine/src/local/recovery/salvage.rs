//! What can still be read of a damaged segment.

use std::collections::BTreeMap;

use super::Recovery;
use super::segments::{Content, Needed, ReadSegment};
use crate::local::log::part::{PartPlace, PlacedPart};
use crate::local::log::record::{Record, frame_len};
use crate::local::log::scan::{FrameAt, Met, SegmentEnd};
use crate::local::log::segment::Segment;
use crate::local::log::{segment_name, segment_path};
use crate::local::parked::Gathered;
use crate::local::reader::u64_of;
use crate::local::seconds::Seconds;
use crate::local::store_record::Anchor;
use crate::{EngineError, KeyspaceId, Result};

/// What was salvaged so far.
#[derive(Default)]
struct Salvage {
    gathered: BTreeMap<KeyspaceId, Gathered>,
    seconds: Seconds,
    end: SegmentEnd,
    /// Commits that may have been where nothing can be read.
    lost: u64,
}

impl Recovery<'_> {
    /// Parks what can be read of a damaged segment, and names what cannot. Whose records are lost, nobody can tell:
    /// that is encrypted with them.
    pub(super) fn salvage_segment(
        &self,
        needed: Needed,
        keyspaces: &BTreeMap<KeyspaceId, Anchor>,
    ) -> Result<ReadSegment> {
        let (name, mut salvage) = (segment_name(needed.number), Salvage::default());
        let mut parked = Vec::new();
        match Segment::open(self.env, self.folder, needed.number, self.store_key) {
            Ok(segment) => {
                let wanted =
                    |id, sequence| keyspaces.get(&id).is_some_and(|anchor| sequence > anchor.flushed);
                segment.survey(needed.until, &mut |frame, met| salvage.take(&name, frame, met, &wanted))?;
                for (id, gathered) in &salvage.gathered {
                    parked.push((*id, self.park(gathered, *id, &segment.header)?));
                }
            }
            Err(EngineError::Damaged { .. }) => tracing::error!(file = name, "the whole segment is lost"),
            Err(other) => return Err(other),
        }
        // Sequence numbers of what is lost are not given again; nor is its end looked for.
        let last_sequence = salvage.end.last_sequence.saturating_add(salvage.lost);
        let end = SegmentEnd { last_sequence, ended: true, ..salvage.end };
        Ok(ReadSegment { content: Content::Parked(parked), end, seconds: salvage.seconds })
    }

    /// A damaged segment may be all that is left of something: it stays, under a name nobody looks for.
    pub(super) fn keep_aside(&self, number: u64) {
        let path = segment_path(self.folder, number);
        if let Err(error) = self.env.disk.rename(&path, &path.with_extension("damaged")) {
            tracing::warn!(%error, file = segment_name(number), "a damaged segment cannot be kept");
        }
    }
}

impl Salvage {
    fn take(&mut self, name: &str, frame: FrameAt, met: Met<'_>, wanted: &dyn Fn(KeyspaceId, u64) -> bool) {
        self.end.records += 1;
        match met {
            Met::Commit(record) => {
                self.end.last_sequence = self.end.last_sequence.max(record.sequence);
                self.seconds.note(record.second, record.sequence);
                self.gather(frame, &record, wanted);
            }
            Met::Damage => {
                self.lost += frame.len / u64_of(frame_len(std::iter::empty())) + 1;
                let place = frame.as_damaged();
                tracing::error!(file = name, %place, bytes = frame.len, "commits are lost");
            }
            Met::End | Met::Unopened => {}
        }
    }

    fn gather(&mut self, frame: FrameAt, record: &Record<'_>, wanted: &dyn Fn(KeyspaceId, u64) -> bool) {
        let place = PartPlace { index: frame.index, sequence: record.sequence };
        for part in record.parts.iter().filter(|part| wanted(part.keyspace, record.sequence)) {
            let part_of = self.gathered.entry(part.keyspace).or_default();
            part_of.take(PlacedPart { place, epoch: part.epoch, sealed: part.sealed });
        }
    }
}
