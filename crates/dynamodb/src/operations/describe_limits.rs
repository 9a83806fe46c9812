//! `DescribeLimits`.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;
use crate::table::billing::{MAX_ACCOUNT_UNITS, MAX_TABLE_UNITS};

/// The operation.
pub struct DescribeLimits;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    account_max_read_capacity_units: u64,
    account_max_write_capacity_units: u64,
    table_max_read_capacity_units: u64,
    table_max_write_capacity_units: u64,
}

impl Operation<DynamoDb> for DescribeLimits {
    const NAME: &'static str = "DescribeLimits";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = ();
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<(), ApiError> {
        fields.finish()
    }

    async fn run(_: &DynamoDb, _: &CallContext, (): ()) -> Result<Output, ApiError> {
        Ok(Output {
            account_max_read_capacity_units: MAX_ACCOUNT_UNITS,
            account_max_write_capacity_units: MAX_ACCOUNT_UNITS,
            table_max_read_capacity_units: MAX_TABLE_UNITS,
            table_max_write_capacity_units: MAX_TABLE_UNITS,
        })
    }
}
