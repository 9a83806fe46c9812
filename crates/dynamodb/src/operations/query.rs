//! Query: items of one partition, in the order of their sort key.

use engine::Direction;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::expression::{KeyConditions, KeyElement, KeyQuery};
use crate::page_request::{PageAnswer, PageFields, PageRequest};
use crate::parameters::{Generations, KeyConditionFields};
use crate::read_path::Source;
use crate::starting_key::{address_of_query_start, check_within_query};
use crate::table::{KeyAttribute, KeyType, Table};
use crate::value::ValueType;

const GENERATIONS: Generations = Generations {
    expressions: &["ProjectionExpression", "FilterExpression", "KeyConditionExpression"],
    with_values: &["FilterExpression", "KeyConditionExpression"],
    legacy: &["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"],
};

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 8] = [
    "select",
    "returnConsumedCapacity",
    "queryFilter",
    "tableName",
    "conditionalOperator",
    "attributesToGet",
    "limit",
    "keyConditions",
];

/// The operation.
pub struct Query;

/// Its request.
pub struct Input {
    page: PageRequest,
    conditions: KeyConditions,
    direction: Direction,
}

impl Operation<DynamoDb> for Query {
    const NAME: &'static str = "Query";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = PageAnswer;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let generations = GENERATIONS.check(&fields);
        let page = PageFields::read(&mut fields, "QueryFilter");
        let conditions = KeyConditionFields::read(&mut fields);
        let direction = read_direction(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        generations?;
        let (page, conditions) = page.parse(|placeholders| conditions.parse(placeholders))?;
        Ok(Input { page, conditions, direction })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<PageAnswer, ApiError> {
        let Input { page, conditions, direction } = input;
        let table = room.open_table(context, &page.table).await?;
        page.check_index()?;
        let query = bound_to(&table, conditions)?;
        page.check_filter(table.key_schema())?;
        page.check_parts(table.key_schema())?;
        let (partition, range) = (table.partition(query.partition()), query.range().clone());
        let start = page.start.as_ref().map(|start| address_of_query_start(&table, start)).transpose()?;
        if let Some(start) = &start {
            check_within_query(start, partition, &range)?;
        }
        let mut source = Source::Slice { partition, range, direction };
        if let Some(start) = start {
            source.go_on_after(start);
        }
        page.answer(room, context, &table, source).await
    }
}

fn read_direction(fields: &mut Fields<'_>) -> Direction {
    match fields.boolean("ScanIndexForward").optional() {
        Some(false) => Direction::Backward,
        _ => Direction::Forward,
    }
}

fn bound_to(table: &Table, conditions: KeyConditions) -> Result<KeyQuery, ApiError> {
    let schema = table.key_schema();
    Ok(conditions.bind(key_element(&schema.partition), schema.sort.as_ref().map(key_element))?)
}

fn key_element(attribute: &KeyAttribute) -> KeyElement<'_> {
    let value_type = match attribute.kind {
        KeyType::S => ValueType::S,
        KeyType::N => ValueType::N,
        KeyType::B => ValueType::B,
    };
    KeyElement { name: &attribute.name, value_type }
}
