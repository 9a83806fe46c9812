//! TransactWriteItems: up to 100 items of any tables put, changed, deleted or checked, all or none.

use engine::Token;
use futures::future::try_join_all;
use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::batch::{DistinctKeys, open_tables};
use crate::capacity::{Consistency, ConsumedCapacity, ReturnCapacity, Side, Units};
use crate::class;
use crate::return_values::read_item_collection_metrics;
use crate::table::OpenTable;
use crate::transaction::action::{Action, ActionFields};
use crate::transaction::token::{RequestToken, digest};
use crate::transaction::{MAX_BYTES, MAX_ITEMS};
use crate::value::codec::EncodedItem;
use crate::write_path::together::{Together, Wanted};

const MAX_TOKEN_LEN: usize = 36;

/// The order in which what is wrong with the members is told.
const TOLD_FIRST: [&str; 4] =
    ["returnConsumedCapacity", "returnItemCollectionMetrics", "clientRequestToken", "transactItems"];

/// The operation.
pub struct TransactWriteItems;

/// Its request.
pub struct Input {
    actions: Vec<Action>,
    token: Option<RequestToken>,
    return_capacity: ReturnCapacity,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

impl Operation<DynamoDb> for TransactWriteItems {
    const NAME: &'static str = "TransactWriteItems";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let request = fields.peek("TransactItems").map(digest).unwrap_or_default();
        let items =
            fields.structures("TransactItems", class::TRANSACT_WRITE_ITEM).count(1..=MAX_ITEMS).required();
        let items: Vec<ActionFields<'_>> = items.into_iter().map(ActionFields::read).collect();
        let token = fields.string("ClientRequestToken").length(1..=MAX_TOKEN_LEN).optional();
        let return_capacity = ReturnCapacity::read(&mut fields);
        read_item_collection_metrics(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        let actions = items.into_iter().map(ActionFields::parse).collect::<Result<Vec<_>, _>>()?;
        check_payload(&actions)?;
        let token = token.map(|text| RequestToken { text: text.into_owned(), request });
        Ok(Input { actions, token, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let Input { actions, token, return_capacity } = input;
        let token: Option<Token> = token.map(|token| token.of_account(context.account_id()));
        let _working = token.as_ref().map(|token| room.under_way.begin(token)).transpose()?;
        let tables = open_tables(room, context, actions.iter().map(|action| action.table.as_str())).await?;
        let wanted = all_wanted(&actions, &tables)?;
        let (side, units) = match room.write_together(context, &wanted, token).await? {
            Together::Written(written) => {
                (Side::Write, written.iter().map(|written| written.units()).collect())
            }
            Together::Before if return_capacity == ReturnCapacity::None => (Side::Read, Vec::new()),
            Together::Before => (Side::Read, units_of_reading(room, context, &wanted).await?),
        };
        let names = actions.iter().map(|action| action.table.as_str());
        Ok(Output { consumed_capacity: return_capacity.tell_transaction(side, names.zip(units)) })
    }
}

fn check_payload(actions: &[Action]) -> Result<(), ApiError> {
    let size: usize = actions.iter().map(|action| action.size).sum();
    if size > MAX_BYTES {
        let message = format!("Transaction payload size cannot exceed 4MB. Payload Size: {size}");
        return Err(ApiError::validation(message));
    }
    Ok(())
}

/// The writes of all actions, in order. What does not fit its table is one reason of several.
fn all_wanted<'a>(actions: &'a [Action], tables: &'a [OpenTable]) -> Result<Vec<Wanted<'a>>, ApiError> {
    let mut distinct = DistinctKeys::of_transaction();
    let mut checked = |table: &OpenTable, wanted: Wanted<'a>| {
        if let Ok(write) = &wanted {
            distinct.add(table, write.key.clone())?;
        }
        Ok(wanted)
    };
    actions.iter().zip(tables).map(|(action, table)| checked(table, action.on(table))).collect()
}

/// What a request costs that was done before: AWS reads the items.
async fn units_of_reading(
    room: &DynamoDb,
    context: &CallContext,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Units>, ApiError> {
    let reads = wanted.iter().flatten().map(|write| room.read_item(context, write.table, &write.key));
    let found = try_join_all(reads).await?;
    let size = |item: &Option<EncodedItem>| item.as_ref().map_or(0, EncodedItem::size);
    Ok(found.iter().map(|item| Units::of_read(size(item), Consistency::Strong)).collect())
}
