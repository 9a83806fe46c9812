//! PutItem: an item takes the place of whatever has its key.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::required_item;
use crate::capacity::ReturnCapacity;
use crate::expression::{AttributesWithParts, Condition};
use crate::item_key::{address_of_item, is_key_attribute};
use crate::parameters::{ConditionFields, Generations, PlaceholderFields};
use crate::return_values::{OnConditionFailure, ReturnValues, WriteAnswer, read_item_collection_metrics};
use crate::table::name;
use crate::value::Item;
use crate::value::codec::encode;
use crate::write_path::{Change, ItemWrite, check_size};

const GENERATIONS: Generations = Generations {
    expressions: &["ConditionExpression"],
    with_values: &["ConditionExpression"],
    legacy: &["Expected", "ConditionalOperator"],
};

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 7] = [
    "returnConsumedCapacity",
    "tableName",
    "item",
    "conditionalOperator",
    "expected",
    "returnValues",
    "returnItemCollectionMetrics",
];

/// The operation.
pub struct PutItem;

/// Its request.
pub struct Input {
    table: String,
    item: Item,
    condition: Option<Condition>,
    with_parts: AttributesWithParts,
    on_failure: OnConditionFailure,
    return_old: bool,
    return_capacity: ReturnCapacity,
}

impl Operation<DynamoDb> for PutItem {
    const NAME: &'static str = "PutItem";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = WriteAnswer;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let generations = GENERATIONS.check(&fields);
        let table = name::read(&mut fields, "TableName");
        let item = required_item(&mut fields, "Item");
        let return_values = ReturnValues::read(&mut fields);
        let return_capacity = ReturnCapacity::read(&mut fields);
        read_item_collection_metrics(&mut fields);
        let condition = ConditionFields::read(&mut fields);
        let placeholders = PlaceholderFields::read(&mut fields);
        let on_failure = OnConditionFailure::read(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        generations?;
        let item = item.checked()?;
        let return_old = return_values.wants_old()?;
        check_size(&item)?;
        let mut placeholders = placeholders.checked()?;
        let condition = condition.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        Ok(Input { table, item, condition, with_parts, on_failure, return_old, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<WriteAnswer, ApiError> {
        let table = room.open_table(context, &input.table).await?;
        let key = address_of_item(&table, &input.item)?;
        input.with_parts.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        let (condition, change) = (input.condition.as_ref(), Change::Put(encode(&input.item)));
        let write = ItemWrite { table: &table, key, condition, on_failure: input.on_failure, change };
        let written = room.write_item(context, &write).await?;
        let consumed = input.return_capacity.tell(&input.table, written.units());
        Ok(WriteAnswer::with_old(written, input.return_old, consumed))
    }
}
