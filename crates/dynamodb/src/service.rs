//! The list of operations, and what makes a service of the room.

use std::sync::Arc;

use ::service::wire::Protocol;
use ::service::{Route, pipeline, wire::Wire};

use crate::{DynamoDb, operations};

impl DynamoDb {
    /// The room as a service of the pipeline.
    #[must_use]
    pub fn into_service(self: Arc<Self>) -> pipeline::Room<Self> {
        pipeline::Room { room: self, routes: ROUTES, not_yet: NOT_YET, wire: WIRE }
    }
}

/// The envelope of the API.
pub const WIRE: Wire = Wire {
    protocol: Protocol::Json10,
    target: "DynamoDB_20120810",
    signing_name: "dynamodb",
    event_source: "dynamodb.amazonaws.com",
};

/// The operations, by name.
pub const ROUTES: &[Route<DynamoDb>] = &[
    Route::to::<operations::batch_get_item::BatchGetItem>(),
    Route::to::<operations::batch_write_item::BatchWriteItem>(),
    Route::to::<operations::create_table::CreateTable>(),
    Route::to::<operations::delete_item::DeleteItem>(),
    Route::to::<operations::delete_table::DeleteTable>(),
    Route::to::<operations::describe_endpoints::DescribeEndpoints>(),
    Route::to::<operations::describe_limits::DescribeLimits>(),
    Route::to::<operations::describe_table::DescribeTable>(),
    Route::to::<operations::get_item::GetItem>(),
    Route::to::<operations::list_tables::ListTables>(),
    Route::to::<operations::put_item::PutItem>(),
    Route::to::<operations::query::Query>(),
    Route::to::<operations::scan::Scan>(),
    Route::to::<operations::transact_get_items::TransactGetItems>(),
    Route::to::<operations::transact_write_items::TransactWriteItems>(),
    Route::to::<operations::update_item::UpdateItem>(),
    Route::to::<operations::update_table::UpdateTable>(),
];

/// The operations of the API that are refused by name until they work.
pub const NOT_YET: &[&str] = &[
    "BatchExecuteStatement",
    "CreateBackup",
    "CreateGlobalTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DescribeBackup",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeExport",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeTableReplicaAutoScaling",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExecuteStatement",
    "ExecuteTransaction",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "ImportTable",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "ListTagsOfResource",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
];
