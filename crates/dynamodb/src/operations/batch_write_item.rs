//! BatchWriteItem: up to 25 puts and deletes on any tables, each for itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::required_item;
use crate::batch::{DistinctKeys, check_names, open_tables};
use crate::capacity::{ConsumedCapacity, ReturnCapacity};
use crate::class;
use crate::item_key::{address_of_batched_item, address_of_key};
use crate::return_values::{OnConditionFailure, read_item_collection_metrics};
use crate::table::OpenTable;
use crate::value::codec::encode;
use crate::value::json::Unchecked;
use crate::value::{Item, ValueError};
use crate::write_path::{Change, ItemWrite, check_size};

const MAX_WRITES: usize = 25;
const MAX_TABLES: usize = 25;

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 3] = ["returnConsumedCapacity", "returnItemCollectionMetrics", "requestItems"];

/// The operation.
pub struct BatchWriteItem;

/// Its request.
pub struct Input {
    tables: Vec<TableRequest>,
    return_capacity: ReturnCapacity,
}

/// What is asked of one table: its name or ARN, as the request spells it, and the writes.
struct TableRequest {
    table: String,
    writes: Vec<BatchedWrite>,
}

enum BatchedWrite {
    Put(Item),
    Delete(Item),
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    /// Always empty: what was begun is waited for.
    unprocessed_items: BTreeMap<String, ()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

impl Operation<DynamoDb> for BatchWriteItem {
    const NAME: &'static str = "BatchWriteItem";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let tables =
            fields.structures_map("RequestItems", class::WRITE_REQUEST).count(1..=MAX_TABLES).required();
        check_names(&fields, tables.iter().map(|(name, _)| name.as_ref()));
        check_counts(&fields, &tables);
        let read = |(name, writes): (Cow<'_, str>, Vec<Fields<'_>>)| {
            (name.into_owned(), writes.into_iter().map(WriteFields::read).collect())
        };
        let tables: Vec<(String, Vec<WriteFields>)> = tables.into_iter().map(read).collect();
        let return_capacity = ReturnCapacity::read(&mut fields);
        read_item_collection_metrics(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        if tables.iter().map(|(_, writes)| writes.len()).sum::<usize>() > MAX_WRITES {
            return Err(ApiError::validation("Too many items requested for the BatchWriteItem call"));
        }
        let parse = |(table, writes): (String, Vec<WriteFields>)| {
            let writes = writes.into_iter().map(WriteFields::parse).collect::<Result<_, ApiError>>()?;
            Ok(TableRequest { table, writes })
        };
        let tables = tables.into_iter().map(parse).collect::<Result<_, ApiError>>()?;
        Ok(Input { tables, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let names = input.tables.iter().map(|request| request.table.as_str());
        let tables = open_tables(room, context, names).await?;
        let writes = all_writes(&input.tables, &tables)?;
        let mut written = room.write_items(context, &writes).await?.into_iter();
        let consumed = input.tables.iter().filter_map(|request| {
            let units = written.by_ref().take(request.writes.len()).map(|written| written.units());
            input.return_capacity.tell(&request.table, units.sum())
        });
        let consumed: Vec<ConsumedCapacity> = consumed.collect();
        let told = input.return_capacity != ReturnCapacity::None;
        Ok(Output { unprocessed_items: BTreeMap::new(), consumed_capacity: told.then_some(consumed) })
    }
}

fn check_counts(fields: &Fields<'_>, tables: &[(Cow<'_, str>, Vec<Fields<'_>>)]) {
    if tables.iter().all(|(_, writes)| (1..=MAX_WRITES).contains(&writes.len())) {
        return;
    }
    let told = |(name, writes): &(Cow<'_, str>, Vec<Fields<'_>>)| {
        format!("{name}=[{}]", if writes.is_empty() { "" } else { "..." })
    };
    let told: Vec<String> = tables.iter().map(told).collect();
    let told = format!(
        "Value '{{{}}}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member \
         must have length less than or equal to {MAX_WRITES}, Member must have length greater than or equal to 1]",
        told.join(", ")
    );
    fields.violate("RequestItems", told);
}

/// The members of one write, as read.
struct WriteFields {
    put: Option<Unchecked<Item>>,
    delete: Option<Unchecked<Item>>,
}

impl WriteFields {
    fn read(mut fields: Fields<'_>) -> Self {
        Self {
            put: fields
                .structure("PutRequest", class::PUT_REQUEST)
                .map(|mut put| required_item(&mut put, "Item")),
            delete: fields
                .structure("DeleteRequest", class::DELETE_REQUEST)
                .map(|mut delete| required_item(&mut delete, "Key")),
        }
    }

    fn parse(self) -> Result<BatchedWrite, ApiError> {
        match (self.put, self.delete) {
            (Some(item), None) => {
                let item = item.checked()?;
                check_size(&item)?;
                Ok(BatchedWrite::Put(item))
            }
            (None, Some(key)) => Ok(BatchedWrite::Delete(key.checked()?)),
            // AWS says the same of a write that is none.
            (None, None) | (Some(_), Some(_)) => Err(ValueError::SeveralTypes.into()),
        }
    }
}

/// The writes of all tables, in order.
fn all_writes<'t>(
    requests: &[TableRequest],
    tables: &'t [OpenTable],
) -> Result<Vec<ItemWrite<'t>>, ApiError> {
    let mut distinct = DistinctKeys::of_batch();
    let pairs = requests.iter().zip(tables);
    let each = pairs.flat_map(|(request, table)| request.writes.iter().map(move |write| (table, write)));
    each.map(|(table, write)| {
        let (address, change) = match write {
            BatchedWrite::Put(item) => (address_of_batched_item(table, item)?, Change::Put(encode(item))),
            BatchedWrite::Delete(key) => (address_of_key(table, key)?, Change::Delete),
        };
        let key = distinct.add(table, address)?;
        Ok(ItemWrite { table, key, condition: None, on_failure: OnConditionFailure::TellNothing, change })
    })
    .collect()
}
