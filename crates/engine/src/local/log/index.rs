//! What a segment holds of each keyspace, noted while it is read as a whole: so that a keyspace that is opened, or
//! parked, reads its own records again and no others.

use std::collections::BTreeMap;

use super::record::Record;
use super::scan::FrameAt;
use crate::KeyspaceId;

/// Which records of a segment have parts of which keyspaces.
#[derive(Debug, Default)]
pub struct SegmentIndex(BTreeMap<KeyspaceId, Noted>);

/// The records with parts of one keyspace.
#[derive(Debug, Default)]
struct Noted {
    frames: Vec<FrameAt>,
    last_sequence: u64,
}

impl SegmentIndex {
    /// Notes a record for those of its keyspaces that `wanted` names by keyspace and sequence number.
    pub fn note(&mut self, frame: FrameAt, record: &Record<'_>, wanted: impl Fn(KeyspaceId, u64) -> bool) {
        for part in record.parts.iter().filter(|part| wanted(part.keyspace, record.sequence)) {
            let noted = self.0.entry(part.keyspace).or_default();
            noted.frames.push(frame);
            noted.last_sequence = noted.last_sequence.max(record.sequence);
        }
    }

    /// The keyspaces, and the highest sequence number noted of each.
    pub fn touched(&self) -> BTreeMap<KeyspaceId, u64> {
        self.0.iter().map(|(id, noted)| (*id, noted.last_sequence)).collect()
    }

    /// The records of a keyspace, in order.
    pub fn frames(&self, keyspace: KeyspaceId) -> &[FrameAt] {
        self.0.get(&keyspace).map_or(&[], |noted| &noted.frames)
    }
}
