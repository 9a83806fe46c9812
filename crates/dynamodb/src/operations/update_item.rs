//! UpdateItem: an item is changed in place, or made from its key.

use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::required_item;
use crate::capacity::ReturnCapacity;
use crate::expression::{AttributesWithParts, Condition, Update};
use crate::item_key::{address_of_key, is_key_attribute};
use crate::parameters::{ConditionFields, Generations, PlaceholderFields, UpdateFields};
use crate::return_values::{OnConditionFailure, ReturnValues, WriteAnswer, read_item_collection_metrics};
use crate::table::name;
use crate::value::Item;
use crate::write_path::{Change, ItemWrite};

const GENERATIONS: Generations = Generations {
    expressions: &["UpdateExpression", "ConditionExpression"],
    with_values: &["UpdateExpression", "ConditionExpression"],
    legacy: &["AttributeUpdates", "Expected", "ConditionalOperator"],
};

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 7] = [
    "returnConsumedCapacity",
    "tableName",
    "returnItemCollectionMetrics",
    "returnValues",
    "key",
    "conditionalOperator",
    "expected",
];

/// The operation.
pub struct UpdateItem;

/// Its request.
pub struct Input {
    table: String,
    key: Item,
    update: Update,
    condition: Option<Condition>,
    with_parts: AttributesWithParts,
    on_failure: OnConditionFailure,
    return_values: ReturnValues,
    return_capacity: ReturnCapacity,
}

impl Operation<DynamoDb> for UpdateItem {
    const NAME: &'static str = "UpdateItem";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = false;
    type Input = Input;
    type Output = WriteAnswer;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let generations = GENERATIONS.check(&fields);
        let table = name::read(&mut fields, "TableName");
        let key = required_item(&mut fields, "Key");
        let update = UpdateFields::read(&mut fields);
        let return_values = ReturnValues::read(&mut fields);
        let return_capacity = ReturnCapacity::read(&mut fields);
        read_item_collection_metrics(&mut fields);
        let condition = ConditionFields::read(&mut fields);
        let placeholders = PlaceholderFields::read(&mut fields);
        let on_failure = OnConditionFailure::read(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        generations?;
        let key = key.checked()?;
        let mut placeholders = placeholders.checked()?;
        let update = update.parse(&mut placeholders)?;
        let condition = condition.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        Ok(Input { table, key, update, condition, with_parts, on_failure, return_values, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<WriteAnswer, ApiError> {
        let table = room.open_table(context, &input.table).await?;
        let key = address_of_key(&table, &input.key)?;
        input.update.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        input.with_parts.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        let condition = input.condition.as_ref();
        let change = Change::Update { update: &input.update, key: &input.key };
        let write = ItemWrite { table: &table, key, condition, on_failure: input.on_failure, change };
        let written = room.write_item(context, &write).await?;
        let consumed = input.return_capacity.tell(&input.table, written.units());
        WriteAnswer::of_update(written, input.return_values, &input.update, consumed)
    }
}
