//! `DescribeEndpoints`: this server, whatever a client asks about.

use ::service::{ApiError, CallContext, Fields, Operation, OperationKind};
use serde::Serialize;

use crate::DynamoDb;

const CACHE_PERIOD_MINUTES: u32 = 1440;

/// The operation.
pub struct DescribeEndpoints;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    endpoints: [Endpoint; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    address: String,
    cache_period_in_minutes: u32,
}

impl Operation<DynamoDb> for DescribeEndpoints {
    const NAME: &'static str = "DescribeEndpoints";
    const KIND: OperationKind = OperationKind::Management;
    const READ_ONLY: bool = true;
    type Input = ();
    type Output = Output;

    fn parse(mut fields: Fields<'_>) -> Result<(), ApiError> {
        fields.finish()
    }

    async fn run(room: &DynamoDb, _: &CallContext, (): ()) -> Result<Output, ApiError> {
        let address = room.config.endpoint.clone();
        Ok(Output { endpoints: [Endpoint { address, cache_period_in_minutes: CACHE_PERIOD_MINUTES }] })
    }
}
