//! `DescribeTable`.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;
use crate::table::description::{Shown, TableDescription};
use crate::table::name;

/// The operation.
pub struct DescribeTable;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    table: TableDescription,
}

impl Operation<DynamoDb> for DescribeTable {
    const NAME: &'static str = "DescribeTable";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = String;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<String, ApiError> {
        let name = name::read_of_table(&mut fields);
        fields.finish()?;
        Ok(name)
    }

    async fn run(room: &DynamoDb, _: &CallContext, name_or_arn: String) -> Result<Output, ApiError> {
        let table = room.find_table(&name_or_arn)?;
        Ok(Output { table: room.describe(&table, Shown::Now) })
    }
}
