//! Every member of every operation, in every JSON type that is not its own.

use serde_json::{Value, json};

use crate::row::{Row, call};
use crate::world;

#[test]
fn members_of_the_wrong_type_are_refused() {
    world::run(&rows());
}

/// The JSON type of a member.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Flag,
    List,
    Map,
}

use Kind::{Flag, List, Map, Number, Text};

type Members = &'static [(&'static str, Kind)];

const EXPECTED: Members = &[("Expected", Map), ("ConditionalOperator", Text), ("ConditionExpression", Text)];
const NAMES: Members = &[("ExpressionAttributeNames", Map), ("ExpressionAttributeValues", Map)];
const RETURNS: Members = &[
    ("ReturnValues", Text),
    ("ReturnConsumedCapacity", Text),
    ("ReturnItemCollectionMetrics", Text),
    ("ReturnValuesOnConditionCheckFailure", Text),
];
const READS: Members = &[
    ("AttributesToGet", List),
    ("ConsistentRead", Flag),
    ("ReturnConsumedCapacity", Text),
    ("ProjectionExpression", Text),
    ("ExpressionAttributeNames", Map),
];
const PAGES: Members = &[
    ("IndexName", Text),
    ("Select", Text),
    ("Limit", Number),
    ("ExclusiveStartKey", Map),
    ("FilterExpression", Text),
    ("ConditionalOperator", Text),
    ("ExpressionAttributeValues", Map),
];
const TABLE: Members = &[("TableName", Text)];
const SPECIFICATION: Members = &[
    ("BillingMode", Text),
    ("ProvisionedThroughput", Map),
    ("SSESpecification", Map),
    ("DeletionProtectionEnabled", Flag),
];

const DYNAMODB: &[(&str, &[Members])] = &[
    ("CreateTable", &[TABLE, SPECIFICATION, &[("KeySchema", List), ("AttributeDefinitions", List)]]),
    ("UpdateTable", &[TABLE, SPECIFICATION]),
    ("DescribeTable", &[TABLE]),
    ("DeleteTable", &[TABLE]),
    ("ListTables", &[&[("ExclusiveStartTableName", Text), ("Limit", Number)]]),
    ("PutItem", &[TABLE, &[("Item", Map)], EXPECTED, NAMES, RETURNS]),
    ("DeleteItem", &[TABLE, &[("Key", Map)], EXPECTED, NAMES, RETURNS]),
    (
        "UpdateItem",
        &[
            TABLE,
            &[("Key", Map), ("AttributeUpdates", Map), ("UpdateExpression", Text)],
            EXPECTED,
            NAMES,
            RETURNS,
        ],
    ),
    ("GetItem", &[TABLE, &[("Key", Map)], READS]),
    ("BatchGetItem", &[&[("RequestItems", Map), ("ReturnConsumedCapacity", Text)]]),
    (
        "BatchWriteItem",
        &[&[("RequestItems", Map), ("ReturnConsumedCapacity", Text), ("ReturnItemCollectionMetrics", Text)]],
    ),
    (
        "Query",
        &[
            TABLE,
            READS,
            PAGES,
            &[
                ("KeyConditions", Map),
                ("QueryFilter", Map),
                ("KeyConditionExpression", Text),
                ("ScanIndexForward", Flag),
            ],
        ],
    ),
    ("Scan", &[TABLE, READS, PAGES, &[("ScanFilter", Map), ("Segment", Number), ("TotalSegments", Number)]]),
];

const KEY: Members = &[("KeyId", Text)];
const PAGE: Members = &[("Limit", Number), ("Marker", Text)];
const CONTEXT: Members =
    &[("EncryptionContext", Map), ("GrantTokens", List), ("EncryptionAlgorithm", Text), ("DryRun", Flag)];
const DATA_KEY: Members = &[
    ("KeyId", Text),
    ("EncryptionContext", Map),
    ("NumberOfBytes", Number),
    ("KeySpec", Text),
    ("GrantTokens", List),
    ("DryRun", Flag),
];

const KMS: &[(&str, &[Members])] = &[
    (
        "CreateKey",
        &[&[
            ("Description", Text),
            ("KeyUsage", Text),
            ("KeySpec", Text),
            ("CustomerMasterKeySpec", Text),
            ("Origin", Text),
            ("MultiRegion", Flag),
            ("Tags", List),
        ]],
    ),
    ("DescribeKey", &[KEY, &[("GrantTokens", List)]]),
    ("ListKeys", &[PAGE]),
    ("EnableKey", &[KEY]),
    ("DisableKey", &[KEY]),
    ("ScheduleKeyDeletion", &[KEY, &[("PendingWindowInDays", Number)]]),
    ("CancelKeyDeletion", &[KEY]),
    ("CreateAlias", &[&[("AliasName", Text), ("TargetKeyId", Text)]]),
    ("UpdateAlias", &[&[("AliasName", Text), ("TargetKeyId", Text)]]),
    ("DeleteAlias", &[&[("AliasName", Text)]]),
    ("ListAliases", &[KEY, PAGE]),
    ("TagResource", &[KEY, &[("Tags", List)]]),
    ("UntagResource", &[KEY, &[("TagKeys", List)]]),
    ("ListResourceTags", &[KEY, PAGE]),
    ("Encrypt", &[KEY, CONTEXT, &[("Plaintext", Text)]]),
    ("Decrypt", &[KEY, CONTEXT, &[("CiphertextBlob", Text)]]),
    (
        "ReEncrypt",
        &[&[
            ("CiphertextBlob", Text),
            ("SourceEncryptionContext", Map),
            ("SourceKeyId", Text),
            ("DestinationKeyId", Text),
            ("DestinationEncryptionContext", Map),
            ("DryRun", Flag),
        ]],
    ),
    ("GenerateDataKey", &[DATA_KEY]),
    ("GenerateDataKeyWithoutPlaintext", &[DATA_KEY]),
    ("GenerateRandom", &[&[("NumberOfBytes", Number)]]),
];

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (api, operations) in [("DynamoDB_20120810", DYNAMODB), ("TrentService", KMS)] {
        for (operation, members) in operations {
            let members = members.iter().copied().flatten();
            rows.extend(members.flat_map(|(member, kind)| rows_of(api, operation, member, *kind)));
        }
    }
    rows
}

fn rows_of(api: &str, operation: &str, member: &str, kind: Kind) -> Vec<Row> {
    let row = |wrong: Value| {
        let name = format!("{operation}: {member} is {wrong}");
        let body = json!({ member: wrong });
        call(name, &format!("{api}.{operation}"), body.to_string()).is("SerializationException")
    };
    wrong_for(kind).into_iter().map(row).collect()
}

fn wrong_for(kind: Kind) -> Vec<Value> {
    match kind {
        Text => vec![json!(1), json!(1.5), json!(true), json!([]), json!({})],
        Number => vec![json!("1"), json!(true), json!([]), json!({})],
        Flag => vec![json!("true"), json!(1), json!([]), json!({})],
        List => vec![json!("x"), json!(1), json!(true), json!({})],
        Map => vec![json!("x"), json!(1), json!(false), json!([])],
    }
}
