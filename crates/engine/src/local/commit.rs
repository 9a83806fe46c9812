//! Commits: guards checked, order given.
//!
//! What needs the disk (guards on entries that are in files only) is looked at before the order is taken.
//! Under the order, memtables decide, and what was seen in files counts only if the files are still the same.
//! A commit's writes lie in the memtables from its ordering on, so that later guards see them; readers see
//! them when the log has published them, which is after the sync.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::buffers::Buffers;
use super::by_hand;
use super::keyspace::OpenKeyspace;
use super::levels::Levels;
use super::log::part::{PartWrite, decode_part, encode_part, encoded_len};
use super::log::queue::{Hand, Order, RoomTicket, Ticket};
use super::log::record::Part;
use super::store::Store;
use super::tree::user_key;
use crate::{Commit, EngineError, Guard, KeyspaceId, Outcome, Result, Version, Write};

/// Keys and values of one commit, in bytes, so that a record fits every limit of the log.
pub const MAX_COMMIT_LEN: usize = 64 << 20;

/// From this length on, in bytes, a commit is large.
const LARGE_LEN: usize = 32 << 10;

/// Applies a commit; [`crate::Engine::commit`].
pub async fn commit(store: &Store, commit: Commit) -> Result<Outcome> {
    commit.check()?;
    let prepared = Prepared::new(store, &commit)?;
    prepared.admit(store).await?;
    prepared.apply(store).await
}

/// A commit with its keyspaces found and its parts encoded.
struct Prepared {
    guards: Vec<PreparedGuard>,
    keyspaces: Vec<PreparedPart>,
}

struct PreparedGuard {
    keyspace: Arc<OpenKeyspace>,
    user_key: Bytes,
    guard: Guard,
}

/// What is written to one keyspace.
struct PreparedPart {
    keyspace: Arc<OpenKeyspace>,
    plain: Bytes,
    writes: Vec<PartWrite>,
}

/// What a guard's key was in files, when these were the files; `None` where a memtable had it.
type Seen = Option<(Arc<Levels>, Option<Version>)>;

enum Ordered {
    Appended { sequence: u64, ticket: Ticket, large: bool },
    GuardFailed { index: usize, unpublished: Option<Ticket> },
    FilesChanged,
    NoRoom(RoomTicket),
}

impl Prepared {
    fn new(store: &Store, commit: &Commit) -> Result<Self> {
        if commit.writes.iter().map(encoded_len).sum::<usize>() > MAX_COMMIT_LEN {
            return Err(EngineError::Invalid("a commit is too long"));
        }
        let opened = open_all(store, commit)?;
        let open = |id: KeyspaceId| opened.get(&id).cloned().ok_or(EngineError::Absent(id));
        let guards = commit.guards.iter().map(|guarded| {
            let (keyspace, user_key) = (open(guarded.keyspace)?, user_key(&guarded.key));
            Ok(PreparedGuard { keyspace, user_key, guard: guarded.guard })
        });
        let guards = guards.collect::<Result<_>>()?;
        let written: BTreeSet<KeyspaceId> = commit.writes.iter().map(|write| write.keyspace).collect();
        let parts =
            written.into_iter().map(|id| PreparedPart::new(&store.buffers, open(id)?, &commit.writes));
        Ok(Self { guards, keyspaces: parts.collect::<Result<_>>()? })
    }

    /// Waits where the background is behind.
    async fn admit(&self, store: &Store) -> Result<()> {
        let written: Vec<_> = self.keyspaces.iter().map(|part| part.keyspace.clone()).collect();
        let bytes = self.keyspaces.iter().map(|part| part.plain.len()).sum();
        store.admit(&written, bytes).await
    }

    /// Checks, orders, and waits until it is durable.
    async fn apply(&self, store: &Store) -> Result<Outcome> {
        loop {
            let seen = self.look()?;
            match self.order(store, &seen)? {
                Ordered::Appended { sequence, ticket, large } => {
                    if large {
                        store.flusher.wake();
                    }
                    if self.hand() == Hand::Appender {
                        store.writer.write_or_wake();
                    }
                    by_hand::write_log(store);
                    ticket.durable().await?;
                    return Ok(Outcome::Applied(Version(sequence)));
                }
                Ordered::GuardFailed { index, unpublished } => {
                    if let Some(ticket) = unpublished {
                        by_hand::write_log(store);
                        ticket.durable().await?;
                    }
                    return Ok(Outcome::GuardFailed(index));
                }
                Ordered::FilesChanged => {}
                Ordered::NoRoom(room) => {
                    by_hand::write_log(store);
                    room.made().await?;
                }
            }
        }
    }

    /// A large commit is written while it goes into memtables; with a small one that takes less time than
    /// waking another thread.
    fn hand(&self) -> Hand {
        let len: usize = self.keyspaces.iter().map(|part| part.plain.len()).sum();
        if len < LARGE_LEN { Hand::Appender } else { Hand::Writer }
    }

    /// Looks up, in files, the guards' keys that are not in memory.
    fn look(&self) -> Result<Vec<Seen>> {
        self.guards.iter().map(PreparedGuard::look).collect()
    }

    fn order(&self, store: &Store, seen: &[Seen]) -> Result<Ordered> {
        let mut order = store.log.order();
        if let Some(room) = order.check_room(self.keyspaces.iter().map(|part| part.plain.len()))? {
            return Ok(Ordered::NoRoom(room));
        }
        self.check_open()?;
        for (index, (guard, seen)) in self.guards.iter().zip(seen).enumerate() {
            let Some((found, sequence)) = guard.find(seen) else { return Ok(Ordered::FilesChanged) };
            if !guard.guard.holds(found) {
                // What made it fail may not be durable yet; the answer must not be known before it is.
                let unpublished = (sequence > store.log.published()).then(|| order.barrier());
                return Ok(Ordered::GuardFailed { index, unpublished });
            }
        }
        self.append(store, order)
    }

    fn check_open(&self) -> Result<()> {
        let guarded = self.guards.iter().map(|guard| &guard.keyspace);
        let written = self.keyspaces.iter().map(|part| &part.keyspace);
        for keyspace in guarded.chain(written) {
            if keyspace.scope.is_closed() {
                return Err(keyspace.why_closed());
            }
        }
        Ok(())
    }

    fn append(&self, store: &Store, mut order: Order<'_>) -> Result<Ordered> {
        let log_id = order.log_id();
        let part = |part: &PreparedPart| {
            Ok(Part { key: part.keyspace.log_key(&log_id)?, plain: part.plain.clone() })
        };
        let parts = self.keyspaces.iter().map(part).collect::<Result<_>>()?;
        let (sequence, ticket) = order.append(parts, self.hand());
        let mut large =
            store.memory.load(std::sync::atomic::Ordering::Relaxed) > store.options.memtables_bytes;
        for part in &self.keyspaces {
            let active = &part.keyspace.tree().active;
            part.writes.iter().for_each(|write| active.insert(write.clone(), sequence));
            large |= active.bytes() > store.options.memtable_bytes;
        }
        Ok(Ordered::Appended { sequence, ticket, large })
    }
}

/// Every keyspace a commit names: the first named that is absent is the error, else the lowest that is closed.
fn open_all(store: &Store, commit: &Commit) -> Result<BTreeMap<KeyspaceId, Arc<OpenKeyspace>>> {
    let guarded = commit.guards.iter().map(|guarded| guarded.keyspace);
    let named = guarded.chain(commit.writes.iter().map(|write| write.keyspace));
    let mut found = BTreeMap::new();
    for id in named {
        if let Entry::Vacant(place) = found.entry(id) {
            place.insert(store.keyspace(id)?);
        }
    }
    found.into_iter().map(|(id, keyspace)| Ok((id, keyspace.opened()?))).collect()
}

impl PreparedGuard {
    fn look(&self) -> Result<Seen> {
        let tree = self.keyspace.tree();
        if tree.get_in_memory(&self.user_key, u64::MAX).is_some() {
            return Ok(None);
        }
        let found = tree.get_in_files(&self.user_key, u64::MAX);
        let found = match found {
            Err(_) if self.keyspace.scope.is_closed() => return Err(self.keyspace.why_closed()),
            found => found?,
        };
        let version = found.and_then(|(version, value)| value.map(|_| Version(version)));
        Ok(Some((tree.files.clone(), version)))
    }

    /// The version there is, and the sequence number of the newest write, if any lies in memory; `None` where
    /// files have to be looked at again.
    fn find(&self, seen: &Seen) -> Option<(Option<Version>, u64)> {
        let tree = self.keyspace.tree();
        if let Some((version, value)) = tree.get_in_memory(&self.user_key, u64::MAX) {
            return Some((value.map(|_| Version(version)), version));
        }
        let (_, version) = seen.as_ref().filter(|(files, _)| Arc::ptr_eq(files, &tree.files))?;
        Some((*version, 0))
    }
}

impl PreparedPart {
    fn new(buffers: &Arc<Buffers>, keyspace: Arc<OpenKeyspace>, writes: &[Write]) -> Result<Self> {
        let writes = writes.iter().filter(|write| write.keyspace == keyspace.id);
        let mut plain = buffers.take(writes.clone().map(encoded_len).sum());
        encode_part(writes, &mut plain);
        let plain = buffers.share(plain);
        let writes = decode_part(&plain).map_err(|_| EngineError::Invalid("a write does not encode"))?;
        Ok(Self { keyspace, plain, writes })
    }
}
