//! GetItem: one item by its key.

use serde::Serialize;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::attribute_fields::required_item;
use crate::capacity::{Consistency, ConsumedCapacity, ReturnCapacity, Units};
use crate::expression::AttributesWithParts;
use crate::item_key::{address_of_key, is_key_attribute};
use crate::item_view::{ItemView, View};
use crate::parameters::{Generations, PlaceholderFields, ProjectionFields};
use crate::table::name;
use crate::value::Item;
use crate::value::codec::EncodedItem;

const GENERATIONS: Generations =
    Generations { expressions: &["ProjectionExpression"], with_values: &[], legacy: &["AttributesToGet"] };

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 4] = ["returnConsumedCapacity", "attributesToGet", "tableName", "key"];

/// The operation.
pub struct GetItem;

/// Its request.
pub struct Input {
    table: String,
    key: Item,
    view: View,
    with_parts: AttributesWithParts,
    consistency: Consistency,
    return_capacity: ReturnCapacity,
}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<ConsumedCapacity>,
}

impl Operation<DynamoDb> for GetItem {
    const NAME: &'static str = "GetItem";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let generations = GENERATIONS.check(&fields);
        let table = name::read(&mut fields, "TableName");
        let key = required_item(&mut fields, "Key");
        let projection = ProjectionFields::read(&mut fields);
        let consistency = Consistency::read(&mut fields);
        let return_capacity = ReturnCapacity::read(&mut fields);
        let placeholders = PlaceholderFields::read_names(&mut fields);
        fields.finish_in_order(&TOLD_FIRST)?;

        generations?;
        let key = key.checked()?;
        let mut placeholders = placeholders.checked()?;
        let projection = projection.parse(&mut placeholders)?;
        let with_parts = placeholders.finish()?;
        let view = View { filter: None, projection };
        Ok(Input { table, key, view, with_parts, consistency, return_capacity })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<Output, ApiError> {
        let table = room.open_table(context, &input.table).await?;
        let key = address_of_key(&table, &input.key)?;
        input.with_parts.check_keys(|name| is_key_attribute(table.key_schema(), name))?;
        let found = room.read_item(context, &table, &key).await?;
        let size = found.as_ref().map_or(0, EncodedItem::size);
        let item = found.map(|item| input.view.show(&item)).transpose()?.flatten();
        let units = Units::of_read(size, input.consistency);
        Ok(Output { item, consumed_capacity: input.return_capacity.tell(&input.table, units) })
    }
}
