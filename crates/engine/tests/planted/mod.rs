//! Bugs planted at both seams of the embedded engine: between its caller and it, and between it and the disk.

mod disk;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crypto::SecretKey;
use engine::local::LocalEngine;
use engine::{
    AsOf, CheckpointId, CheckpointInfo, Commit, Direction, Engine, EngineError, Entry, Keep, Key, KeyspaceId,
    KeyspaceStats, Limit, Outcome, Page, Partition, Remembered, Result, Segment, Snapshot, SortRange, Token,
    Version,
};
use env::Env;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;

use crate::simulated::Plant;
use disk::Lying;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    NeverSyncs,
    NeverSyncsNames,
    SplitsCommits,
    IgnoresGuardsOfOthers,
    ForgetsTokens,
    RemembersTokensForTwenty,
    TakesTokensForAnyRequest,
    SnapshotsMove,
    KeepsNoVersions,
    SecondsAreLate,
    AdoptsTheNewest,
    DropsCheckpointsWithTheirKeyspace,
    NeverRotates,
    SwallowsErrors,
    StaysFull,
    TakesItsLogForSound,
    HidesWhatFailed,
}

/// Plants a bug, again at every start.
#[derive(Clone, Default)]
pub struct Planted {
    bug: Option<Bug>,
    state: Arc<Mutex<State>>,
}

impl Planted {
    /// Plants it, or nothing.
    pub fn new(bug: Option<Bug>) -> Self {
        Self { bug, ..Self::default() }
    }
}

impl Plant for Planted {
    fn above(&self, engine: Arc<LocalEngine>) -> Arc<dyn Engine> {
        Arc::new(Wrong { engine, bug: self.bug, state: self.state.clone() })
    }

    fn below(&self, env: Env) -> Env {
        match self.bug {
            Some(Bug::NeverSyncs) => Env { disk: Arc::new(Lying { disk: env.disk, syncs: false }), ..env },
            Some(Bug::NeverSyncsNames) => {
                Env { disk: Arc::new(Lying { disk: env.disk, syncs: true }), ..env }
            }
            _ => env,
        }
    }
}

/// The engine, but for a bug.
struct Wrong {
    engine: Arc<LocalEngine>,
    bug: Option<Bug>,
    state: Arc<Mutex<State>>,
}

/// What a bug needs to know.
#[derive(Default)]
struct State {
    tokens: BTreeMap<[u8; 32], (Token, Outcome)>,
    taken: BTreeMap<KeyspaceId, Vec<CheckpointId>>,
    was_full: bool,
}

impl Wrong {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    async fn commit_wrongly(&self, commit: Commit) -> Result<Outcome> {
        let commit = self.without_guards(commit);
        if self.has(Bug::StaysFull) && self.state.lock().was_full {
            return Err(EngineError::DiskFull);
        }
        let (first, second) = self.split(commit);
        let outcome = match second {
            Some(second) => match self.engine.commit(first).await? {
                Outcome::Applied(_) => self.engine.commit(second).await,
                failed => Ok(failed),
            },
            None => self.engine.commit(first).await,
        };
        self.state.lock().was_full |= matches!(outcome, Err(EngineError::DiskFull));
        match outcome {
            Err(_) if self.has(Bug::SwallowsErrors) => {
                let last = self.engine.snapshot(&[], None)?.version();
                Ok(Outcome::Applied(Version(last.0 + 1)))
            }
            outcome => outcome,
        }
    }

    fn without_guards(&self, mut commit: Commit) -> Commit {
        if self.has(Bug::IgnoresGuardsOfOthers) {
            let first = commit.writes.first().map(|write| write.keyspace);
            commit.guards.retain(|guarded| Some(guarded.keyspace) == first);
        }
        commit
    }

    /// The writes to the first keyspace, and those to the others.
    fn split(&self, commit: Commit) -> (Commit, Option<Commit>) {
        let first = commit.writes.first().map(|write| write.keyspace);
        let (one, others): (Vec<_>, Vec<_>) =
            commit.writes.iter().cloned().partition(|write| Some(write.keyspace) == first);
        if !self.has(Bug::SplitsCommits) || others.is_empty() {
            return (commit, None);
        }
        let others = Commit { guards: Vec::new(), writes: others };
        (Commit { writes: one, ..commit }, Some(others))
    }

    async fn commit_once_wrongly(&self, token: Token, commit: Commit) -> Result<Outcome> {
        match self.bug {
            Some(Bug::ForgetsTokens) => self.engine.commit(commit).await,
            Some(Bug::RemembersTokensForTwenty) => {
                let known = self.state.lock().tokens.get(&token.id).copied();
                if let Some((_, outcome)) = known.filter(|(known, _)| known.request == token.request) {
                    return Ok(outcome);
                }
                let outcome = self.engine.commit_once(token, commit).await?;
                if matches!(outcome, Outcome::Applied(_)) {
                    self.state.lock().tokens.insert(token.id, (token, outcome));
                }
                Ok(outcome)
            }
            Some(Bug::TakesTokensForAnyRequest) => {
                self.engine.commit_once(Token { request: [1; 32], ..token }, commit).await
            }
            _ => self.engine.commit_once(token, commit).await,
        }
    }

    fn as_of(&self, as_of: AsOf) -> AsOf {
        match (self.bug, as_of) {
            (Some(Bug::AdoptsTheNewest), _) => AsOf::Checkpoint,
            (Some(Bug::SecondsAreLate), AsOf::Second(second)) => AsOf::Second(second.saturating_sub(1)),
            _ => as_of,
        }
    }

    async fn keep_nothing(&self, keyspace: KeyspaceId, keep: Keep) -> Result<Version> {
        let now = self.engine.keep_versions(keyspace, Keep::Newest).await?;
        Ok(if let Keep::From(version) = keep { version } else { now })
    }

    async fn drop_wrongly(&self, keyspace: KeyspaceId) -> Result<()> {
        self.engine.drop_keyspace(keyspace).await?;
        if self.has(Bug::DropsCheckpointsWithTheirKeyspace) {
            let taken = self.state.lock().taken.remove(&keyspace).unwrap_or_default();
            for checkpoint in taken {
                self.engine.drop_checkpoint(checkpoint).await?;
            }
        }
        Ok(())
    }
}

impl Engine for Wrong {
    fn create(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.engine.create(keyspace, table_key)
    }

    fn open(&self, keyspace: KeyspaceId, table_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.engine.open(keyspace, table_key)
    }

    fn close(&self, keyspace: KeyspaceId) {
        self.engine.close(keyspace);
    }

    fn switch_table_key(&self, keyspace: KeyspaceId, new_key: SecretKey) -> BoxFuture<'_, Result<()>> {
        self.engine.switch_table_key(keyspace, new_key)
    }

    fn drop_keyspace(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        self.drop_wrongly(keyspace).boxed()
    }

    fn checkpoint(
        &self,
        keyspace: KeyspaceId,
        checkpoint: CheckpointId,
        receiver_key: SecretKey,
    ) -> BoxFuture<'_, Result<CheckpointInfo>> {
        self.state.lock().taken.entry(keyspace).or_default().push(checkpoint);
        self.engine.checkpoint(keyspace, checkpoint, receiver_key)
    }

    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<CheckpointId>>> {
        self.engine.checkpoints()
    }

    fn drop_checkpoint(&self, checkpoint: CheckpointId) -> BoxFuture<'_, Result<()>> {
        self.engine.drop_checkpoint(checkpoint)
    }

    fn adopt(
        &self,
        checkpoint: (CheckpointId, SecretKey),
        as_of: AsOf,
        keyspace: KeyspaceId,
        table_key: SecretKey,
    ) -> BoxFuture<'_, Result<()>> {
        self.engine.adopt(checkpoint, self.as_of(as_of), keyspace, table_key)
    }

    fn keyspaces(&self) -> BoxFuture<'_, Result<Vec<KeyspaceId>>> {
        self.engine.keyspaces()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        async move {
            match self.engine.get(keyspace, key).await {
                Err(EngineError::Io { .. }) if self.has(Bug::HidesWhatFailed) => Ok(None),
                got => got,
            }
        }
        .boxed()
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        self.engine.slice(keyspace, partition, range, direction, limit)
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        async move {
            match self.engine.sweep(keyspace, segment, after, limit).await {
                Err(EngineError::Io { .. }) if self.has(Bug::HidesWhatFailed) => {
                    Ok(Page { entries: Vec::new(), more: false })
                }
                page => page,
            }
        }
        .boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.commit_wrongly(commit).boxed()
    }

    fn commit_once(&self, token: Token, commit: Commit) -> BoxFuture<'_, Result<Outcome>> {
        self.commit_once_wrongly(token, commit).boxed()
    }

    fn recall(&self, token: [u8; 32]) -> BoxFuture<'_, Result<Option<Remembered>>> {
        self.engine.recall(token)
    }

    fn snapshot(&self, keyspaces: &[KeyspaceId], at: Option<Version>) -> Result<Box<dyn Snapshot>> {
        let snapshot = self.engine.snapshot(keyspaces, at)?;
        let moves = self.has(Bug::SnapshotsMove) && at.is_none();
        let engine = Arc::downgrade(&self.engine);
        Ok(if moves { Box::new(Moving { snapshot, engine }) } else { snapshot })
    }

    fn keep_versions(&self, keyspace: KeyspaceId, keep: Keep) -> BoxFuture<'_, Result<Version>> {
        match self.bug {
            Some(Bug::KeepsNoVersions) => self.keep_nothing(keyspace, keep).boxed(),
            _ => self.engine.keep_versions(keyspace, keep),
        }
    }

    fn rotate(&self, keyspace: KeyspaceId) -> BoxFuture<'_, Result<()>> {
        if self.has(Bug::NeverRotates) {
            return async { Ok(()) }.boxed();
        }
        self.engine.rotate(keyspace)
    }

    fn stats(&self, keyspace: KeyspaceId) -> Result<KeyspaceStats> {
        self.engine.stats(keyspace)
    }

    fn check_sound(&self) -> Result<()> {
        if self.has(Bug::TakesItsLogForSound) { Ok(()) } else { self.engine.check_sound() }
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        self.engine.flush()
    }
}

/// A snapshot that shows the newest state.
struct Moving {
    snapshot: Box<dyn Snapshot>,
    engine: Weak<LocalEngine>,
}

impl Snapshot for Moving {
    fn version(&self) -> Version {
        self.snapshot.version()
    }

    fn get<'a>(&'a self, keyspace: KeyspaceId, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>>> {
        self.snapshot.get(keyspace, key)
    }

    fn slice<'a>(
        &'a self,
        keyspace: KeyspaceId,
        partition: Partition,
        range: SortRange,
        direction: Direction,
        limit: Limit,
    ) -> BoxFuture<'a, Result<Page>> {
        self.snapshot.slice(keyspace, partition, range, direction, limit)
    }

    fn sweep(
        &self,
        keyspace: KeyspaceId,
        segment: Segment,
        after: Option<Key>,
        limit: Limit,
    ) -> BoxFuture<'_, Result<Page>> {
        let newest = || async move {
            let engine = self.engine.upgrade().ok_or(EngineError::Closed(keyspace))?;
            // Whatever the engine says of a keyspace that is gone.
            self.snapshot.sweep(keyspace, segment, after.clone(), limit).await?;
            engine.sweep(keyspace, segment, after, limit).await
        };
        newest().boxed()
    }
}
