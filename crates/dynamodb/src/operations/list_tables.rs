//! `ListTables`.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;
use crate::table::name;

const MAX_NAMES: usize = 100;

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 2] = ["limit", "exclusiveStartTableName"];

/// The operation.
pub struct ListTables;

/// What is asked for.
pub struct Input {
    after: Option<String>,
    limit: usize,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    table_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_table_name: Option<String>,
}

impl Operation<DynamoDb> for ListTables {
    const NAME: &'static str = "ListTables";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let after = name::read_plain(&mut fields, "ExclusiveStartTableName");
        let limit = fields.integer("Limit").range(1..=100).optional();
        fields.finish_in_order(&TOLD_FIRST)?;
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_NAMES);
        Ok(Input { after, limit })
    }

    async fn run(room: &DynamoDb, _: &CallContext, input: Input) -> Result<Output, ApiError> {
        let (table_names, more) = room.catalog.names(input.after.as_deref(), input.limit);
        let last_evaluated_table_name = table_names.last().filter(|_| more).cloned();
        Ok(Output { table_names, last_evaluated_table_name })
    }
}
