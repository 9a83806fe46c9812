//! Scan: all items of a table, or of a segment of it, in no order.

use engine::Segment;
use service::{ApiError, CallContext, Fields, Operation, OperationKind};

use crate::DynamoDb;
use crate::page_request::{PageAnswer, PageFields, PageRequest};
use crate::parameters::Generations;
use crate::read_path::Source;
use crate::starting_key::{address_of_start, check_within_segment};

const GENERATIONS: Generations = Generations {
    expressions: &["ProjectionExpression", "FilterExpression"],
    with_values: &["FilterExpression"],
    legacy: &["AttributesToGet", "ScanFilter", "ConditionalOperator"],
};

/// The order in which AWS tells what is wrong with the members.
const TOLD_FIRST: [&str; 9] = [
    "select",
    "totalSegments",
    "returnConsumedCapacity",
    "tableName",
    "conditionalOperator",
    "scanFilter",
    "segment",
    "limit",
    "attributesToGet",
];

/// The operation.
pub struct Scan;

/// Its request.
pub struct Input {
    page: PageRequest,
    segment: Segment,
}

impl Operation<DynamoDb> for Scan {
    const NAME: &'static str = "Scan";
    const KIND: OperationKind = OperationKind::Data;
    const READ_ONLY: bool = true;
    type Input = Input;
    type Output = PageAnswer;

    fn parse(mut fields: Fields<'_>) -> Result<Input, ApiError> {
        let generations = GENERATIONS.check(&fields);
        let page = PageFields::read(&mut fields, "ScanFilter");
        let total = fields.integer("TotalSegments").range(1..=1_000_000).optional();
        let index = fields.integer("Segment").range(0..=999_999).optional();
        fields.finish_in_order(&TOLD_FIRST)?;

        generations?;
        let (page, ()) = page.parse(|_| Ok(()))?;
        Ok(Input { page, segment: segment_of(index, total)? })
    }

    async fn run(room: &DynamoDb, context: &CallContext, input: Input) -> Result<PageAnswer, ApiError> {
        let Input { page, segment } = input;
        let table = room.open_table(context, &page.table).await?;
        page.check_index()?;
        page.check_parts(table.key_schema())?;
        let after = page.start.as_ref().map(|start| address_of_start(&table, start)).transpose()?;
        if let Some(start) = &after {
            check_within_segment(start, segment)?;
        }
        page.answer(room, context, &table, Source::Sweep { segment, after }).await
    }
}

fn segment_of(index: Option<i64>, total: Option<i64>) -> Result<Segment, ApiError> {
    let refusal = match (index, total) {
        (None, None) => return Ok(Segment::WHOLE),
        (Some(_), None) => {
            "The TotalSegments parameter is required but was not present in the request when Segment \
                            parameter is present"
                .to_owned()
        }
        (None, Some(_)) => {
            "The Segment parameter is required but was not present in the request when parameter \
                            TotalSegments is present"
                .to_owned()
        }
        (Some(index), Some(total)) if index >= total => format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {index} is \
             not less than TotalSegments: {total}"
        ),
        (Some(index), Some(total)) => {
            let in_range =
                |number| u32::try_from(number).expect("the constraints keep it below a million and one");
            return Ok(Segment { index: in_range(index), total: in_range(total) });
        }
    };
    Err(ApiError::validation(refusal))
}
