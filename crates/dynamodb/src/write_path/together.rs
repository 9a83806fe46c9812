//! Several items written together: all of them, or none.
//!
//! ```text
//! turns of all keys ──> done before, under this token? ──> each item's part ──> one commit, guarded by all versions
//!                                  ^                          │ refused                        │
//!                                  │                          └──> cancelled                   │
//!                                  └───────────────── a guard failed: once more ───────────────┘
//! ```
//! An item's part is made by the same code as that of an item written alone. Items that only have to stay as they are
//! bring a guard and no write.

use engine::{Commit, EngineError, Guard, Outcome, Token};
use futures::future::try_join_all;
use service::{ApiError, CallContext};

use super::{ItemWrite, MAX_ATTEMPTS, OldItem, Part, Written, try_again};
use crate::DynamoDb;
use crate::error::internal;
use crate::transaction::cancellation::{Reason, cancelled};
use crate::transaction::token::mismatch;

/// How writing together ended.
pub enum Together {
    /// All is written: each item before and after.
    Written(Vec<Written>),
    /// All was written by an earlier request with the same token.
    Before,
}

/// An item's write, or why it cannot be one.
pub type Wanted<'c> = Result<ItemWrite<'c>, ApiError>;

impl DynamoDb {
    /// Writes all of these items or none of them, and under a token only once. No two writes have the same key.
    ///
    /// # Errors
    /// `TransactionCanceledException` with a reason for each item; `IdempotentParameterMismatchException`;
    /// `InternalServerError` where it cannot be known whether they were written.
    pub async fn write_together(
        &self,
        context: &CallContext,
        wanted: &[Wanted<'_>],
        token: Option<Token>,
    ) -> Result<Together, ApiError> {
        let keys = wanted.iter().flatten().map(|write| (write.table.keyspace(), &write.key));
        let _turns = self.key_locks.lock_all(keys).await;
        let mut overtaken = 0;
        for _ in 0..MAX_ATTEMPTS {
            if self.was_done(token).await? {
                return Ok(Together::Before);
            }
            match self.try_together(context, wanted, token).await? {
                Attempt::Ended(end) => return Ok(end),
                Attempt::OvertakenAt(at) => overtaken = at,
            }
        }
        Err(conflict_at(overtaken, wanted.len()))
    }

    async fn try_together(
        &self,
        context: &CallContext,
        wanted: &[Wanted<'_>],
        token: Option<Token>,
    ) -> Result<Attempt, ApiError> {
        let old = try_join_all(wanted.iter().map(|wanted| self.old_of(context, wanted))).await?;
        let parts: Vec<_> = wanted.iter().zip(old).map(|(wanted, old)| part_of(wanted, old)).collect();
        if parts.iter().any(Result::is_err) {
            // What refuses it now may be what it has done itself, where its commit was under way still when it was asked for.
            return if self.was_done(token).await? {
                Ok(Attempt::Ended(Together::Before))
            } else {
                Err(refusal(parts))
            };
        }
        let parts: Vec<Part> = parts.into_iter().flatten().collect();
        let (commit, written) = one_commit(parts);
        match self.commit_under(token, commit).await {
            Ok(Outcome::Applied(_)) => Ok(Attempt::Ended(Together::Written(written))),
            Ok(Outcome::GuardFailed(at)) => Ok(Attempt::OvertakenAt(at)),
            Ok(Outcome::MaybeApplied) => Err(try_again("a transaction may have been applied or not")),
            Err(EngineError::TokenReused) => Err(mismatch()),
            Err(error) => {
                let tables: Vec<_> = wanted.iter().flatten().map(|write| write.table).collect();
                Err(self.refused_of_some(context, &tables, error).await)
            }
        }
    }

    async fn old_of(&self, context: &CallContext, wanted: &Wanted<'_>) -> Result<OldItem, ApiError> {
        match wanted {
            Ok(write) => self.old_item(context, write).await,
            Err(_) => Ok(OldItem { guard: Guard::Absent, item: None }),
        }
    }

    /// Whether a request with this token was done, and this is the same.
    async fn was_done(&self, token: Option<Token>) -> Result<bool, ApiError> {
        let Some(token) = token else { return Ok(false) };
        match self.engine.recall(token.id).await {
            Ok(None) => Ok(false),
            Ok(Some(found)) if found.request == token.request => Ok(true),
            Ok(Some(_)) => Err(mismatch()),
            Err(error) => Err(internal(&error)),
        }
    }

    async fn commit_under(&self, token: Option<Token>, commit: Commit) -> engine::Result<Outcome> {
        match token {
            None => self.engine.commit(commit).await,
            Some(token) => self.engine.commit_once(token, commit).await,
        }
    }
}

enum Attempt {
    Ended(Together),
    /// Somebody else wrote the item at this place.
    OvertakenAt(usize),
}

fn part_of(wanted: &Wanted<'_>, old: OldItem) -> Result<Part, ApiError> {
    wanted.as_ref().map_err(Clone::clone)?.part(old)
}

fn one_commit(parts: Vec<Part>) -> (Commit, Vec<Written>) {
    let (mut commit, mut written) = (Commit::default(), Vec::with_capacity(parts.len()));
    for part in parts {
        commit.guards.push(part.guard);
        commit.writes.extend(part.entry);
        written.push(part.written);
    }
    (commit, written)
}

/// The exception for items of which some are refused.
fn refusal(parts: Vec<Result<Part, ApiError>>) -> ApiError {
    let reason = |part: Result<Part, ApiError>| part.err().map_or(Ok(Reason::default()), Reason::of);
    match parts.into_iter().map(reason).collect::<Result<Vec<_>, _>>() {
        Ok(reasons) => cancelled(&reasons),
        Err(failed) => failed,
    }
}

fn conflict_at(at: usize, len: usize) -> ApiError {
    let reason = |place| if place == at { Reason::conflict() } else { Reason::default() };
    cancelled(&(0..len).map(reason).collect::<Vec<_>>())
}
