//! The one way to a table's items.
//!
//! A table serves while it is active and the lease of its table key runs; within a lease that is one look
//! into the catalog, one at the clock and one at the lease. Otherwise the recorded key is unwrapped by the
//! KMS and the keyspace opened, which is also how a table is opened first after a start, and how one whose
//! KMS key was enabled again comes back.

use std::ops::Deref;
use std::sync::Arc;

use engine::EngineError;
use envelope::{OnBehalfOf, UnwrappedKey, WrappedKey};
use service::{ApiError, CallContext};

use super::descriptor::{RecordedKey, Stage};
use super::{Table, name};
use crate::DynamoDb;
use crate::error::{self, OpenError, chain, internal, table_gone, table_not_found};

/// How often a table whose record changes meanwhile is looked up again.
pub(super) const MAX_ATTEMPTS: usize = 4;

/// A table whose keyspace is open and whose lease runs. Hold it for one call, no longer.
#[derive(Clone)]
pub struct OpenTable(Arc<Table>);

impl Deref for OpenTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}

impl From<OpenTable> for Arc<Table> {
    fn from(open: OpenTable) -> Self {
        open.0
    }
}

impl DynamoDb {
    /// The gate every item call passes: the table of this name or ARN, its keyspace open, its lease running.
    ///
    /// # Errors
    /// `ResourceNotFoundException` where there is no table that serves; the texts of `table/kms_errors.rs`
    /// where its KMS key is unusable.
    pub async fn open_table(&self, context: &CallContext, name_or_arn: &str) -> Result<OpenTable, ApiError> {
        let name = name::resolve(&self.config, name_or_arn)?.ok_or_else(table_not_found)?;
        let table = self.catalog.table(name).ok_or_else(table_not_found)?;
        if table.descriptor().stage != Stage::Active {
            return Err(table_not_found());
        }
        if table.lease().runs_at(self.env.clock.now_ms()) {
            return Ok(OpenTable(table));
        }
        self.renew_lease(&on_behalf_of(context), table).await
    }

    /// The table of this name or ARN, whatever its state, for calls about the table itself.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn find_table(&self, name_or_arn: &str) -> Result<Arc<Table>, ApiError> {
        let name = name::resolve(&self.config, name_or_arn)?;
        let found = name.and_then(|name| self.catalog.table(name));
        found.ok_or_else(|| table_gone(name.unwrap_or(name_or_arn)))
    }

    /// The exception for a failed call to the engine on behalf of an item call: of a keyspace that was
    /// closed meanwhile, the reason it was closed for, or (where it opens again) an exception that clients
    /// answer with another try.
    pub async fn engine_refused(
        &self,
        context: &CallContext,
        table: &OpenTable,
        error: EngineError,
    ) -> ApiError {
        match error {
            EngineError::Closed(_) => match self.open_table(context, table.name()).await {
                Ok(_) => internal(&error),
                Err(reason) => reason,
            },
            _ => error::engine(&error),
        }
    }

    /// The same of a call on several tables: the exception for the one that the error is about.
    pub async fn refused_of_some(
        &self,
        context: &CallContext,
        tables: &[&OpenTable],
        error: EngineError,
    ) -> ApiError {
        let (EngineError::Closed(about) | EngineError::Absent(about)) = &error else {
            return error::engine(&error);
        };
        match tables.iter().find(|table| table.keyspace() == *about) {
            Some(table) => self.engine_refused(context, table, error).await,
            None => internal(&error),
        }
    }

    /// Makes the table's lease run, by the KMS's leave.
    pub(super) async fn renew_lease(
        &self,
        who: &OnBehalfOf,
        mut table: Arc<Table>,
    ) -> Result<OpenTable, ApiError> {
        for _ in 1..MAX_ATTEMPTS {
            let seen = table.lease().key_changes();
            match self.try_recorded_keys(who, &table).await {
                Ok(()) => return Ok(OpenTable(self.note_usable(table, seen).await)),
                Err(error) => match self.catalog.again(&table) {
                    None => return Err(table_not_found()),
                    Some(current) if Arc::ptr_eq(&current, &table) => {
                        self.note_refused(&table, &error, seen).await;
                        return Err(error.into_api(&*self.env.random));
                    }
                    Some(current) => table = current,
                },
            }
        }
        self.try_recorded_keys(who, &table).await.map_err(|error| error.into_api(&*self.env.random))?;
        Ok(OpenTable(table))
    }

    /// Opens the keyspace with the recorded key; while the table changes its key, with that of the two that
    /// opens it.
    async fn try_recorded_keys(&self, who: &OnBehalfOf, table: &Table) -> Result<(), OpenError> {
        let encryption = &table.descriptor().encryption;
        let Err(refused) = self.renew_with(who, table, &encryption.table_key).await else { return Ok(()) };
        let Some(pending) = &encryption.pending else { return Err(refused) };
        let other = self.renew_with(who, table, pending).await;
        other.map_err(|other| if refused.is_wrong_key() { other } else { refused })
    }

    async fn renew_with(
        &self,
        who: &OnBehalfOf,
        table: &Table,
        recorded: &RecordedKey,
    ) -> Result<(), OpenError> {
        let wrapped = self.wrapped_key(table, recorded).await?;
        Ok(self.table_keys.renew(table.lease(), who, &wrapped).await?)
    }

    /// Unwraps a recorded key, by the KMS's leave.
    pub(super) async fn unwrap_recorded(
        &self,
        who: &OnBehalfOf,
        table: &Table,
        recorded: &RecordedKey,
    ) -> Result<UnwrappedKey, OpenError> {
        let wrapped = self.wrapped_key(table, recorded).await?;
        Ok(self.table_keys.unwrap(table.lease(), who, &wrapped).await?)
    }

    async fn wrapped_key(&self, table: &Table, recorded: &RecordedKey) -> Result<WrappedKey, OpenError> {
        let secret = recorded.wrapped.as_ref().ok_or(OpenError::NoKey)?;
        let record = self.shredder.unseal(secret, &table.descriptor().key_binding()).await?;
        Ok(serde_json::from_slice(&record)?)
    }

    /// A table that opened is accessible, whatever was noted before; unless its key changed since.
    async fn note_usable(&self, table: Arc<Table>, seen: u64) -> Arc<Table> {
        if table.descriptor().encryption.inaccessible_since_ms.is_none() {
            return table;
        }
        let cleared = self.catalog.change(&table, |descriptor| {
            if table.lease().key_changes() == seen {
                descriptor.encryption.inaccessible_since_ms = None;
            }
            Ok(())
        });
        cleared.await.unwrap_or(table)
    }

    /// A table that the KMS refuses to open is inaccessible from now on; unless its key changed since.
    async fn note_refused(&self, table: &Table, error: &OpenError, seen: u64) {
        let is_noted = table.descriptor().encryption.inaccessible_since_ms.is_some();
        if is_noted || error.refusal().is_none() {
            return;
        }
        let now_ms = self.env.clock.now_ms();
        let marked = self.catalog.change(table, |descriptor| {
            if table.lease().key_changes() == seen {
                descriptor.encryption.inaccessible_since_ms.get_or_insert(now_ms);
            }
            Ok(())
        });
        if let Err(unmarked) = marked.await {
            let (table, code) = (table.name(), unmarked.code);
            tracing::warn!(table, ?code, reason = %chain(error), "an inaccessible table is not marked");
        }
    }
}

/// On whose behalf the KMS is asked in a call.
#[must_use]
pub fn on_behalf_of(context: &CallContext) -> OnBehalfOf {
    OnBehalfOf { caller_arn: Some(context.principal.arn()), ..by_itself() }
}

/// On whose behalf the KMS is asked where nobody called.
#[must_use]
pub fn by_itself() -> OnBehalfOf {
    OnBehalfOf { caller_arn: None, service: "dynamodb.amazonaws.com" }
}
