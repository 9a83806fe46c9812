//! What of a keyspace is not in sorted files yet, when it is opened: parked, or in live segments of the log.

use super::keyspace::{Keyspace, Secrets};
use super::log::part::{LogId, LogKey, PlacedPart, decode_part};
use super::log::queue::LiveSegment;
use super::log::segment_name;
use super::memtable::Memtable;
use super::parked::ParkedFile;
use super::reader::BadBytes;
use super::reclaim::wait_for_order;
use super::store::Store;
use super::store_file::Anchor;
use crate::{EngineError, KeyspaceId, Result};

/// Puts it into `active`. The keyspace's lifecycle lock is held.
pub fn load(
    store: &Store,
    keyspace: &Keyspace,
    (anchor, live): (&Anchor, &[LiveSegment]),
    secrets: &Secrets,
    active: &Memtable,
) -> Result<()> {
    let mut loading = Loading { id: keyspace.id, flushed: anchor.flushed, secrets, active, key: None };
    let is_live = |segment| live.iter().any(|live| live.segment.number() == segment);
    for parked in anchor.parked.iter().filter(|parked| !is_live(parked.segment)) {
        let file = ParkedFile::read(&*store.env.disk, &store.folder, keyspace.id, parked, &store.store_key)?;
        loading.take_parked(&file)?;
    }
    let holds_more = |live: &&LiveSegment| live.holds_behind(keyspace.id, anchor.flushed);
    let needed: Vec<_> = live.iter().filter(holds_more).collect();
    if needed.iter().any(|live| live.index.is_none()) {
        wait_for_order(store)?;
    }
    needed.into_iter().try_for_each(|live| loading.take_live(live))
}

/// A keyspace on its way into a memtable.
struct Loading<'a> {
    id: KeyspaceId,
    flushed: u64,
    secrets: &'a Secrets,
    active: &'a Memtable,
    /// Of the segment and epoch seen last.
    key: Option<(LogId, LogKey)>,
}

impl Loading<'_> {
    fn take_parked(&mut self, file: &ParkedFile) -> Result<()> {
        for part in file.parts()? {
            self.take(&file.log_id, part).map_err(|_| file.damaged(part.place))?;
        }
        Ok(())
    }

    fn take_live(&mut self, live: &LiveSegment) -> Result<()> {
        let (log_id, mut taken) = (live.segment.log_id(), Ok(()));
        live.read(self.id, &mut |part| {
            let damaged = |_| {
                let place = format!("record {}", part.place.index);
                EngineError::damaged(segment_name(live.segment.number()), place)
            };
            if taken.is_ok() {
                taken = self.take(&log_id, part).map_err(damaged);
            }
        })?;
        taken
    }

    fn take(&mut self, log_id: &LogId, part: PlacedPart<'_>) -> std::result::Result<(), BadBytes> {
        if part.place.sequence <= self.flushed {
            return Ok(());
        }
        let plain = self.key_for(log_id, part.epoch)?.decrypt(part.place, part.sealed)?;
        let writes = decode_part(&plain)?;
        writes.into_iter().for_each(|write| self.active.insert(write, part.place.sequence));
        Ok(())
    }

    fn key_for(&mut self, log_id: &LogId, epoch: u32) -> std::result::Result<&LogKey, BadBytes> {
        let key = match self.key.take() {
            Some((at, key)) if at == *log_id && key.epoch == epoch => key,
            _ => LogKey::derive(self.secrets.dek(epoch).ok_or(BadBytes)?, epoch, self.id, log_id),
        };
        Ok(&self.key.insert((*log_id, key)).1)
    }
}
