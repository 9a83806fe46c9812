//! BatchGetItem: up to 100 items of any tables by their keys, as far as they fit 16 MB.

use std::collections::BTreeMap;

use engine::Key;
use futures::future::try_join_all;
use serde::Serialize;
use service::fields::{map_class, no_object};
use service::{ApiError, CallContext, Fields, Node, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::or_noted;
use crate::batch::{DistinctKeys, check_names, open_tables};
use crate::capacity::{Consistency, ConsumedCapacity, ReturnCapacity, Units};
use crate::class;
use crate::expression::AttributesWithParts;
use crate::item_key::{address_of_key, is_key_attribute};
use crate::item_view::{ItemView, View};
use crate::parameters::{Generations, PlaceholderFields, ProjectionFields};
use crate::table::OpenTable;
use crate::value::Item;
use crate::value::codec::EncodedItem;
use crate::value::json::{Unchecked, read_item};

const MAX_KEYS: usize = 100;
const MAX_TABLES: usize = 100;
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// How many items are read at once, and so how many are read for nothing where the answer is full.
const READ_AT_ONCE: usize = 16;

const GENERATIONS: Generations =
    Generations { expressions: &["ProjectionExpression"], with_values: &[], legacy: &["AttributesToGet"] };

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 2] = ["returnConsumedCapacity", "requestItems"];

/// The operation.
pub struct BatchGetItem;

/// Its request.
pub struct Input {
    tables: Vec<TableRequest>,
    return_capacity: ReturnCapacity,
}

/// What is asked of one table.
struct TableRequest {
    /// Its name or ARN, as the request spells it.
    table: String,
    keys: Vec<Item>,
    view: View,
    with_parts: AttributesWithParts,
    consistency: Consistency,
    spelling: Spelling,
}

/// The members beside the keys, to be handed back with unprocessed keys.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Spelling {
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes_to_get: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_names: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent_read: Option<bool>,
}

/// Its answer.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    responses: BTreeMap<String, Vec<ItemView>>,
    unprocessed_keys: BTreeMap<String, Unprocessed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<Vec<ConsumedCapacity>>,
}

/// What of a table's request is to be asked again.
#[derive(Serialize)]
struct Unprocessed {
    #[serde(rename = "Keys")]
    keys: Vec<Item>,
    #[serde(flatten)]
    spelling: Spelling,
}

impl Operation<DynamoDb> for BatchGetItem {
    const NAME: &'static str = "BatchGetItem";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let tables =
            fields.structure_map("RequestItems", class::KEYS_AND_ATTRIBUTES).count(1..=MAX_TABLES).required();
        check_names(&fields, tables.iter().map(|(name, _)| name.as_ref()));
        let tables: Vec<_> =
            tables.into_iter().map(|(name, fields)| TableFields::read(&name, fields)).collect();
        let return_capacity = ReturnCapacity::read(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        if tables.iter().map(|table| table.keys.len()).sum::<usize>() > MAX_KEYS {
            return Err(ApiError::validation("Too many items requested for the BatchGetItem call"));
        }
        let tables = tables.into_iter().map(TableFields::parse).collect::<Result<_, _>>()?;
        Ok(Input { tables, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let names = input.tables.iter().map(|request| request.table.as_str());
        let tables = open_tables(room, context, names).await?;
        let addresses = all_addresses(&input.tables, &tables)?;
        let mut reading = Reading { room, context, bytes_left: MAX_ANSWER_BYTES, output: Output::default() };
        let mut consumed = Vec::new();
        for ((request, table), addresses) in input.tables.into_iter().zip(&tables).zip(addresses) {
            let name = request.table.clone();
            let units = reading.read_table(request, table, &addresses).await?;
            consumed.extend(input.return_capacity.tell(&name, units));
        }
        let told = input.return_capacity != ReturnCapacity::None;
        Ok(Output { consumed_capacity: told.then_some(consumed), ..reading.output })
    }
}

/// The members of one table's request, as read.
struct TableFields {
    table: String,
    generations: Result<(), ApiError>,
    keys: Vec<Unchecked<Item>>,
    projection: ProjectionFields,
    placeholders: PlaceholderFields,
    consistency: Option<bool>,
}

impl TableFields {
    fn read(table: &str, mut fields: Fields<'_>) -> Self {
        Self {
            table: table.to_owned(),
            generations: GENERATIONS.check(&fields),
            keys: read_keys(&mut fields),
            projection: ProjectionFields::read(&mut fields),
            placeholders: PlaceholderFields::read_names(&mut fields),
            consistency: fields.boolean("ConsistentRead").optional(),
        }
    }

    fn parse(self) -> Result<TableRequest, ApiError> {
        self.generations?;
        let keys = self.keys.into_iter().map(Unchecked::checked).collect::<Result<_, _>>()?;
        let names = self.placeholders.names();
        let spelling = Spelling {
            attributes_to_get: self.projection.attributes.clone(),
            projection_expression: self.projection.expression.clone(),
            expression_attribute_names: names.map(|names| names.iter().cloned().collect()),
            consistent_read: self.consistency,
        };
        let mut placeholders = self.placeholders.checked()?;
        let projection = self.projection.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        let consistency = Consistency::of(self.consistency);
        let view = View { filter: None, projection };
        Ok(TableRequest { table: self.table, keys, view, with_parts, consistency, spelling })
    }
}

fn read_keys(fields: &mut Fields<'_>) -> Vec<Unchecked<Item>> {
    let read = |node| match node {
        Node::Object(object) => read_item(object),
        other => Err(no_object(&other, &map_class(class::ATTRIBUTE_VALUE))),
    };
    let nodes = fields.list("Keys").count(1..=MAX_KEYS).required();
    or_noted(fields, nodes.into_iter().map(read).collect()).unwrap_or_default()
}

/// Where all the wanted items lie, table by table.
fn all_addresses(requests: &[TableRequest], tables: &[OpenTable]) -> Result<Vec<Vec<Key>>, ApiError> {
    let mut distinct = DistinctKeys::of_batch();
    let of_table = |(request, table): (&TableRequest, &OpenTable)| {
        request.with_parts.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        let addresses = request.keys.iter().map(|key| distinct.add(table, address_of_key(table, key)?));
        addresses.collect()
    };
    requests.iter().zip(tables).map(of_table).collect()
}

/// An answer that is being filled.
struct Reading<'r> {
    room: &'r DynamoDb,
    context: &'r CallContext,
    bytes_left: usize,
    output: Output,
}

impl Reading<'_> {
    async fn read_table(
        &mut self,
        mut request: TableRequest,
        table: &OpenTable,
        addresses: &[Key],
    ) -> Result<Units, ApiError> {
        let (mut shown, mut units, mut done) = (Vec::new(), Vec::new(), 0);
        'full: for some in addresses.chunks(READ_AT_ONCE) {
            if self.bytes_left == 0 {
                break;
            }
            let reads = some.iter().map(|address| self.room.read_item(self.context, table, address));
            for found in try_join_all(reads).await? {
                let size = found.as_ref().map_or(0, EncodedItem::size);
                let Some(left) = self.bytes_left.checked_sub(size) else {
                    self.bytes_left = 0;
                    break 'full;
                };
                self.bytes_left = left;
                units.push(Units::of_read(size, request.consistency));
                shown.extend(found.map(|item| request.view.show(&item)).transpose()?.flatten());
                done += 1;
            }
        }
        let left = request.keys.split_off(done);
        if !left.is_empty() {
            let unprocessed = Unprocessed { keys: left, spelling: request.spelling };
            self.output.unprocessed_keys.insert(request.table.clone(), unprocessed);
        }
        self.output.responses.insert(request.table, shown);
        Ok(units.into_iter().sum())
    }
}
