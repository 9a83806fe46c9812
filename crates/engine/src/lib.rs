//! Ordered, encrypted key-value storage below all DynamoDB semantics.
//!
//! [`Engine`] is the seam: every service speaks to `dyn Engine`; `server/src/wiring.rs` alone names one.
//! Values, and everything about keys but their order inside one partition, mean nothing here.
//!
//! Map: [`keyspace`] (ids, keys, entries, commits) and [`checkpoint`] (images of keyspaces): the nouns of the
//! seam · [`error`] · [`metrics`] ·
//! [`memory`] (the model: nothing written) · [`local`] (the embedded engine) ·
//! [`conformance`] (what every engine must pass).
//!
//! Invariants: plaintext becomes bytes on disk only in `local/log/` and `local/sorted_file/`, through
//! `crypto`; names on disk are random; damaged bytes are an error with an address, never a panic.

pub mod checkpoint;
pub mod conformance;
pub mod error;
pub mod keyspace;
pub mod local;
pub mod memory;
pub mod metrics;
pub mod snapshot;

use crypto::SecretKey;
use futures::FutureExt;
use futures::future::BoxFuture;

pub use checkpoint::{AsOf, CheckpointId, CheckpointInfo};
pub use error::EngineError;
pub use keyspace::{
    Commit, Direction, Entry, Guard, GuardedKey, Key, KeyspaceId, KeyspaceStats, Limit, Outcome, Page,
    Partition, Rotation, Segment, SortRange, Version, Write,
};
pub use memory::MemoryEngine;
pub use metrics::EngineMetrics;
pub use snapshot::{Keep, Remembered, Snapshot, Token};

/// The result of a call to an engine.
pub type Result<T> = std::result::Result<T, EngineError>;

/// An engine. Calls may come from any number of tasks at once.
///
/// A keyspace is *absent*, *closed* (there, but unreadable: no key of it is in memory) or *open*. Calls on a
/// keyspace that is not open answer [`EngineError::Closed`] or [`EngineError::Absent`]. After a start, every
/// keyspace is closed. A future that is dropped half-way leaves what it did done whole or not at all.
pub trait Engine: Send + Sync {
    /// Creates an empty keyspace under `table_key` and leaves it open. Durable when it returns. The id of a
    /// dropped keyspace may be used again; nothing of the old one shows.
    ///
    /// # Errors
    /// [`EngineError::Exists`] where the id is taken, by an open or a closed keyspace.
    fn create(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>>;

    /// Opens a closed keyspace; opening an open one checks the key and changes nothing. Afterwards every
    /// acknowledged commit is visible.
    ///
    /// # Errors
    /// [`EngineError::Absent`]; [`EngineError::WrongKey`] where `table_key` is not the key it lies under,
    /// and nothing is changed.
    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>>;

    /// Forgets, before it returns, the keyspace's table key, data encryption keys, memtable and cached
    /// blocks. Reads and commits under way may finish or fail with `Closed`; no later one succeeds.
    /// Nothing acknowledged is lost. Closing a closed or absent keyspace does nothing.
    fn close(&self, keyspace: KeyspaceId);

    /// Wraps the data encryption keys of an open keyspace under `new_key`; no data is rewritten, reads and
    /// commits go on. Durable when it returns. Interrupted at any point, the keyspace opens under exactly
    /// one of both keys.
    fn switch_table_key(&self, keyspace: KeyspaceId, new_key: SecretKey) -> BoxFuture<'_, Result<()>>;

    /// Removes a keyspace, open or closed, with its files and wrapped keys; an absent one is fine. Durable
    /// when it returns; interrupted, the keyspace is whole or absent.
    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>>;

    /// Takes a checkpoint of an open keyspace: a consistent image of everything acknowledged before the call, under
    /// `receiver_key`, whose cost does not depend on how many bytes are in files already. Durable when it
    /// returns; it stays, unchanged, whatever becomes of the keyspace, until it is dropped. Interrupted, it is
    /// whole or absent.
    ///
    /// # Errors
    /// [`EngineError::CheckpointExists`] where the id is taken; [`EngineError::Unsupported`], of this and of
    /// [`Engine::adopt`], from an engine that takes none.
    fn checkpoint(
        &self,
        keyspace: KeyspaceId,
        checkpoint: CheckpointId,
        receiver_key: SecretKey,
    ) -> BoxFuture<'_, Result<CheckpointInfo>> {
        let (_, _, _) = (keyspace, checkpoint, receiver_key);
        std::future::ready(Err(EngineError::Unsupported("take checkpoints"))).boxed()
    }

    /// All checkpoints there are, in the order of their ids.
    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<CheckpointId>>> {
        std::future::ready(Ok(Vec::new())).boxed()
    }

    /// Removes a checkpoint with its wrapped keys; an absent one is fine. Keyspaces that adopted it keep what
    /// they have. Durable when it returns; interrupted, the checkpoint is whole or absent.
    fn drop_checkpoint(&self, checkpoint: CheckpointId) -> BoxFuture<'_, Result<()>> {
        let _ = checkpoint;
        std::future::ready(Ok(())).boxed()
    }

    /// As [`Engine::create`], with what a checkpoint holds in the keyspace from the beginning, under the versions
    /// it had; what is committed later is in neither the checkpoint nor the keyspace it was taken of. A
    /// checkpoint may be adopted any number of times. What it costs does not depend on how many bytes it holds.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; [`EngineError::NoCheckpoint`]; [`EngineError::WrongKey`] where `checkpoint` does not
    /// come with the key it was taken under; [`EngineError::NotKept`] where it does not hold the state asked for.
    fn adopt(
        &self,
        checkpoint: (CheckpointId, SecretKey),
        as_of: AsOf,
        keyspace: KeyspaceId,
        table_key: SecretKey,
    ) -> BoxFuture<'_, Result<()>> {
        let (_, _, _, _) = (checkpoint, as_of, keyspace, table_key);
        std::future::ready(Err(EngineError::Unsupported("adopt checkpoints"))).boxed()
    }

    /// All keyspaces there are, open or closed, in the order of their ids.
    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>>;

    /// The entry at `key`, as of the last acknowledged commit or a later one.
    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>>;

    /// Entries of one partition within `range`, in the order of their sort bytes (or its reverse), from one
    /// snapshot no older than the last acknowledged commit, until `limit` is reached. [`Page::more`] says
    /// whether the range holds entries behind the last one. A range that ends before it starts is empty.
    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>>;

    /// Entries of all partitions of `segment`, in the order of (partition, sort bytes), starting after
    /// `after` (an entry that need not exist any more, nor lie in the segment), from one snapshot no older
    /// than the last acknowledged commit, until `limit` is reached. [`Page::more`] is about the segment.
    /// The segments of one total hold every entry exactly once.
    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>>;

    /// Applies all writes or none: none where a guard does not hold. Commits are serialisable over all
    /// keyspaces; a reader sees all of a commit's writes to a keyspace or none of them; once `Applied` is
    /// returned the writes survive a crash. The version returned is the version of every entry written and
    /// greater than any version that was there before; without writes it means nothing. Removing an entry
    /// that is not there is fine.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] where [`Commit::check`] says so; then [`EngineError::Absent`] or
    /// [`EngineError::Closed`] where a guard or write names such a keyspace (the first named that is absent,
    /// else the lowest id that is closed); then guards are looked at, in
    /// order, and the first that fails is the outcome. After any of these nothing is written. After
    /// [`EngineError::DiskFull`], [`EngineError::LogFailed`] or [`EngineError::Io`] nothing is visible, and
    /// after a restart the commit is there, whole, or not at all.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>>;

    /// As [`Engine::commit`], once: where a commit under the token's id was applied in the last ten minutes, nothing is
    /// done, and the answer is that commit's. What was not applied is not remembered.
    ///
    /// # Errors
    /// [`EngineError::TokenReused`] where the one that was applied came with another request; [`EngineError::Unsupported`]
    /// from an engine that remembers none; those of [`Engine::commit`].
    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        let (_, _) = (token, commit);
        std::future::ready(Err(EngineError::Unsupported("remember commits"))).boxed()
    }

    /// What was applied under a token's id in the last ten minutes: for callers whose guards depend on what a commit
    /// that is sent again has changed already.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] from an engine that remembers none.
    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        let _ = token;
        std::future::ready(Err(EngineError::Unsupported("remember commits"))).boxed()
    }

    /// The state of open keyspaces at one version, for several reads: that of the last acknowledged commit or a later
    /// one, or the one asked for.
    ///
    /// # Errors
    /// [`EngineError::NotKept`] where the version asked for is not kept any more, or not there yet: the last one
    /// is, and those that [`Engine::keep_versions`] keeps. [`EngineError::Unsupported`] from an engine that takes
    /// none.
    fn snapshot(&self, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<Box<dyn Snapshot>> {
        let (_, _) = (keyspaces, at);
        Err(EngineError::Unsupported("take snapshots"))
    }

    /// Says which states of an open keyspace are to stay readable, by snapshots and in checkpoints, until it is said
    /// otherwise; returns the version of the oldest. Durable when it returns.
    ///
    /// # Errors
    /// [`EngineError::NotKept`] where the version asked for is not kept any more, or not there yet, and nothing is
    /// changed; [`EngineError::Unsupported`] from an engine that keeps none.
    fn keep_versions(&self, keyspace: KeyspaceId, keep: Keep) -> BoxFuture<'_, Result<Version>> {
        let (_, _) = (keyspace, keep);
        std::future::ready(Err(EngineError::Unsupported("keep versions"))).boxed()
    }

    /// Begins a deep rotation of an open keyspace: a fresh data encryption key for everything that is written from now
    /// on, and, in the background, for everything that was. [`KeyspaceStats::rotation`] tells how far it is. It
    /// goes on after a restart, when the keyspace is opened; done, nothing opens under an older data encryption
    /// key. Durably begun when it returns; another one begun meanwhile includes the first.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] from an engine that keeps nothing under keys.
    fn rotate(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        let _ = keyspace;
        std::future::ready(Err(EngineError::Unsupported("rotate keys"))).boxed()
    }

    /// Sizes of an open keyspace; estimates, never below zero, exact when all is compacted.
    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats>;

    /// Whether commits are taken at all; where not, the error that they would be answered with.
    fn check_sound(&self) -> Result<()> {
        Ok(())
    }

    /// What was counted since the start.
    fn metrics(&self) -> EngineMetrics {
        EngineMetrics::default()
    }

    /// Writes what is still in memory into files and waits for it; nothing to do is fine. Called before a
    /// clean stop and by tests; durability of commits does not depend on it.
    fn flush(&self) -> BoxFuture<'_, Result<()>>;
}
