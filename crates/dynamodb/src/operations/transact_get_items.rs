//! TransactGetItems: up to 100 items of any tables, as they were together at one moment.

use engine::Key;
use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::required_item;
use crate::batch::{DistinctKeys, open_tables};
use crate::capacity::{Consistency, ConsumedCapacity, ReturnCapacity, Side, Units};
use crate::class;
use crate::expression::AttributesWithParts;
use crate::item_key::{address_of_key, is_key_attribute};
use crate::item_view::{ItemView, View};
use crate::parameters::{Generations, PlaceholderFields, ProjectionFields};
use crate::table::{OpenTable, name};
use crate::transaction::cancellation::{Reason, cancelled};
use crate::transaction::{MAX_BYTES, MAX_ITEMS};
use crate::value::Item;
use crate::value::codec::EncodedItem;
use crate::value::json::Unchecked;

const GENERATIONS: Generations =
    Generations { expressions: &["ProjectionExpression"], with_values: &[], legacy: &[] };

/// The order in which what is wrong with the members is told.
const TOLD_FIRST: [&str; 2] = ["returnConsumedCapacity", "transactItems"];

/// The operation.
pub struct TransactGetItems;

/// Its request.
pub struct Input {
    gets: Vec<Get>,
    return_capacity: ReturnCapacity,
}

/// What is asked of one item.
struct Get {
    /// The table, spelled as in the request.
    table: String,
    key: Item,
    view: View,
    with_parts: AttributesWithParts,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    responses: Vec<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

/// One item; nothing where there is none.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemView>,
}

impl Operation<DynamoDb> for TransactGetItems {
    const NAME: &'static str = "TransactGetItems";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let items =
            fields.structures("TransactItems", class::TRANSACT_GET_ITEM).count(1..=MAX_ITEMS).required();
        let gets: Vec<_> = items.into_iter().filter_map(GetFields::read).collect();
        let return_capacity = ReturnCapacity::read(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        let gets = gets.into_iter().map(GetFields::parse).collect::<Result<_, _>>()?;
        Ok(Input { gets, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let Input { gets, return_capacity } = input;
        let tables = open_tables(room, context, gets.iter().map(|get| get.table.as_str())).await?;
        let addresses = all_addresses(&gets, &tables)?;
        let found = room.read_together(context, &tables, &addresses, MAX_BYTES).await?;
        let size = |item: &Option<EncodedItem>| item.as_ref().map_or(0, EncodedItem::size);
        let units = found.iter().map(|item| Units::of_read(size(item), Consistency::Strong));
        let names = gets.iter().map(|get| get.table.as_str());
        let consumed_capacity = return_capacity.tell_transaction(Side::Read, names.zip(units));
        let responses =
            gets.iter().zip(found).map(|(get, item)| get.response(item)).collect::<Result<_, _>>()?;
        Ok(Output { responses, consumed_capacity })
    }
}

/// The members of one item's request, as read.
struct GetFields {
    generations: Result<(), ApiError>,
    table: String,
    key: Unchecked<Item>,
    projection: ProjectionFields,
    placeholders: PlaceholderFields,
}

impl GetFields {
    fn read(mut item: Fields<'_>) -> Option<Self> {
        let Some(mut fields) = item.structure("Get", class::GET) else {
            item.missing("Get");
            return None;
        };
        Some(Self {
            generations: GENERATIONS.check(&fields),
            table: name::read(&mut fields, "TableName"),
            key: required_item(&mut fields, "Key"),
            projection: ProjectionFields::read_expression(&mut fields),
            placeholders: PlaceholderFields::read_names(&mut fields),
        })
    }

    fn parse(self) -> Result<Get, ApiError> {
        self.generations?;
        let key = self.key.checked()?;
        let mut placeholders = self.placeholders.checked()?;
        let projection = self.projection.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        Ok(Get { table: self.table, key, view: View { filter: None, projection }, with_parts })
    }
}

impl Get {
    fn address(&self, table: &OpenTable) -> Result<Key, ApiError> {
        let address = address_of_key(table, &self.key)?;
        self.with_parts.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        Ok(address)
    }

    fn response(&self, found: Option<EncodedItem>) -> Result<Response, ApiError> {
        Ok(Response { item: found.map(|item| self.view.show(&item)).transpose()?.flatten() })
    }
}

fn all_addresses(gets: &[Get], tables: &[OpenTable]) -> Result<Vec<Key>, ApiError> {
    let mut distinct = DistinctKeys::of_transaction();
    let (mut addresses, mut reasons) = (Vec::with_capacity(gets.len()), Vec::with_capacity(gets.len()));
    for (get, table) in gets.iter().zip(tables) {
        match get.address(table) {
            Ok(address) => {
                addresses.push(distinct.add(table, address)?);
                reasons.push(Reason::default());
            }
            Err(error) => reasons.push(Reason::of(error)?),
        }
    }
    if reasons.iter().any(Reason::is_some) { Err(cancelled(&reasons)) } else { Ok(addresses) }
}
