//! `UpdateTable`: billing, deletion protection, or the key; one exclusive change at a time, as AWS has it.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;
use crate::error::{invalid_parameters, unsupported as unsupported_member};
use crate::table::billing::BillingRequest;
use crate::table::description::{Shown, TableDescription};
use crate::table::encryption::{SseSpecification, WantedKey};
use crate::table::key_switch::Change;
use crate::table::life::check_not_changing;
use crate::table::{Table, name, unsupported};

/// Members that must be alone in a call, in the order in which AWS names them where several are there.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("SSESpecification", "Server-Side Encryption"),
    ("TableClass", "Table Class"),
    ("DeletionProtectionEnabled", "Deletion Protection"),
    ("WarmThroughput", "Warm Throughput"),
];
/// Members that ask for a change.
const CHANGING: &[&str] = &[
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexUpdates",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "ReplicaUpdates",
    "SSESpecification",
    "StreamSpecification",
    "TableClass",
    "VectorIndexUpdates",
    "WarmThroughput",
];

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 3] = ["tableName", "provisionedThroughput", "billingMode"];

/// The operation.
pub struct UpdateTable;

/// What is asked for.
pub struct Input {
    name_or_arn: String,
    update: Update,
}

enum Update {
    Billing(BillingRequest),
    DeletionProtection(bool),
    Key(WantedKey),
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    table_description: TableDescription,
}

impl Operation<DynamoDb> for UpdateTable {
    const NAME: &'static str = "UpdateTable";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let changing: Vec<&str> = CHANGING.iter().copied().filter(|member| fields.has(member)).collect();
        let name_or_arn = name::read_of_table(&mut fields);
        let billing = BillingRequest::read(&mut fields);
        let sse = SseSpecification::read(&mut fields);
        let deletion_protection = fields.boolean("DeletionProtectionEnabled").optional();
        fields.finish_in_order(&TOLD_FIRST)?;
        check_exclusive(&changing)?;
        refuse_what_does_not_work(&fields)?;
        let update = match (sse, deletion_protection) {
            (Some(sse), _) if sse.is_empty() => return Err(says_nothing()),
            (Some(sse), _) => Update::Key(sse.wanted()?),
            (None, Some(protected)) => Update::DeletionProtection(protected),
            (None, None) if billing.is_there() => Update::Billing(billing),
            (None, None) => return Err(nothing_to_do()),
        };
        billing.check_update()?;
        Ok(Input { name_or_arn, update })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let table = room.find_table(&input.name_or_arn)?;
        let table_description = match input.update {
            Update::Billing(billing) => update_billing(room, &table, billing).await?,
            Update::DeletionProtection(protected) => protect(room, &table, protected).await?,
            Update::Key(wanted) => match room.change_key(context, &table, wanted).await? {
                Change::None(table) | Change::Begun(table) => room.describe(&table, Shown::Now),
            },
        };
        Ok(Output { table_description })
    }
}

async fn update_billing(
    room: &DynamoDb,
    table: &Table,
    billing: BillingRequest,
) -> Result<TableDescription, ApiError> {
    let now_ms = room.env.clock.now_ms();
    let changed = room.catalog.change(table, |table| {
        check_not_changing(table)?;
        billing.apply(&mut table.billing, now_ms)
    });
    Ok(room.describe(&*changed.await?, Shown::Updating))
}

async fn protect(room: &DynamoDb, table: &Table, protected: bool) -> Result<TableDescription, ApiError> {
    let changed = room.catalog.change(table, |table| {
        check_not_changing(table)?;
        table.deletion_protection = protected;
        Ok(())
    });
    Ok(room.describe(&*changed.await?, Shown::Updating))
}

fn check_exclusive(changing: &[&str]) -> Result<(), ApiError> {
    let exclusive = EXCLUSIVE.iter().find(|(member, _)| changing.contains(member));
    match exclusive {
        Some((_, what)) if changing.len() > 1 => {
            let what = format!("{what} modification must be the only operation in the request");
            Err(invalid_parameters(&what))
        }
        _ => Ok(()),
    }
}

fn refuse_what_does_not_work(fields: &Fields<'_>) -> Result<(), ApiError> {
    unsupported::refuse_members(fields)?;
    // Definitions of attributes are for the keys of new indexes.
    match ["StreamSpecification", "TableClass", "AttributeDefinitions"]
        .iter()
        .find(|member| fields.has(member))
    {
        Some(member) => Err(unsupported_member(member)),
        None => Ok(()),
    }
}

/// AWS takes it for `Enabled: false`; a table must not lose its own key because of a member left out.
fn says_nothing() -> ApiError {
    invalid_parameters("SSESpecification must say whether it is Enabled, or name a key")
}

fn nothing_to_do() -> ApiError {
    ApiError::validation(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, \
         GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    )
}
