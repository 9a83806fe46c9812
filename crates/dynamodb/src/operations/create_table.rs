//! `CreateTable`.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;
use crate::error::invalid_parameters;
use crate::table::billing::BillingRequest;
use crate::table::description::{Shown, TableDescription};
use crate::table::encryption::{SseSpecification, WantedKey};
use crate::table::key_schema::KeySchemaRequest;
use crate::table::life::NewTable;
use crate::table::{KeySchema, name, unsupported};

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 5] =
    ["attributeDefinitions", "tableName", "billingMode", "provisionedThroughput", "keySchema"];

/// The operation.
pub struct CreateTable;

/// What is asked for.
pub struct Input {
    name: String,
    key_schema: KeySchema,
    billing: BillingRequest,
    deletion_protection: bool,
    key: WantedKey,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    table_description: TableDescription,
}

impl Operation<DynamoDb> for CreateTable {
    const NAME: &'static str = "CreateTable";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let name = name::read_of_table(&mut fields);
        let key_schema = KeySchemaRequest::read(&mut fields);
        let billing = BillingRequest::read(&mut fields);
        let sse = SseSpecification::read(&mut fields);
        let deletion_protection = fields.boolean("DeletionProtectionEnabled").optional().unwrap_or(false);
        fields.finish_in_order(&TOLD_FIRST)?;
        refuse_what_does_not_work(&mut fields)?;
        check_name(&name)?;
        billing.of_new_table(0)?;
        let key_schema = key_schema.key_schema()?;
        let key = sse.map_or(Ok(WantedKey::Owned), SseSpecification::wanted)?;
        Ok(Input { name, key_schema, billing, deletion_protection, key })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let new = NewTable {
            name: input.name,
            key_schema: input.key_schema,
            billing: input.billing.of_new_table(room.env.clock.now_ms())?,
            deletion_protection: input.deletion_protection,
            key: input.key,
        };
        let table = room.create_table(context, new).await?;
        Ok(Output { table_description: room.describe(&table, Shown::Creating) })
    }
}

fn refuse_what_does_not_work(fields: &mut Fields<'_>) -> Result<(), ApiError> {
    unsupported::refuse_indexes(fields)?;
    unsupported::refuse_members(fields)?;
    unsupported::refuse_tags(fields)?;
    unsupported::refuse_stream(fields)?;
    unsupported::refuse_table_class(fields)
}

/// Tables there are may be named by their ARN; a new one has none yet.
fn check_name(name: &str) -> Result<(), ApiError> {
    match name::has_name_characters(name) {
        true => Ok(()),
        false => Err(invalid_parameters("TableName must be the name of the new table, not an ARN")),
    }
}
