//! The seam to one state of some keyspaces, held for more than one read.

use futures::future::BoxFuture;

use crate::{Direction, Entry, Key, KeyspaceId, Limit, Page, Partition, Result, Segment, SortRange, Version};

/// The state of some keyspaces as of one version: whatever is committed later does not show. What it needs stays as
/// long as it is held, so it should not be held long. Of a keyspace that was closed since, or is not one of those it
/// was taken of, nothing can be read.
pub trait Snapshot: Send + Sync {
    /// Every commit up to this version shows, none behind it.
    fn version(&self) -> Version;

    /// As [`crate::Engine::get`].
    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>>;

    /// As [`crate::Engine::slice`].
    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>>;

    /// As [`crate::Engine::sweep`].
    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>>;
}

/// Which states of a keyspace are to stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The newest; older ones as long as it costs nothing.
    Newest,
    /// Every one from now on.
    FromNow,
    /// Every one from this version on.
    From(Version),
}

/// What names a commit that is to apply once, however often it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Chosen by the sender; a digest of it.
    pub id: [u8; 32],
    /// A digest of what is asked for: another under the same id is refused.
    pub request: [u8; 32],
}

impl Token {
    /// How long a token is remembered, at least, in seconds.
    pub const REMEMBERED_S: u64 = 600;
}

/// A commit that was applied under a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Of its token.
    pub request: [u8; 32],
    /// As it was answered.
    pub version: Version,
}
