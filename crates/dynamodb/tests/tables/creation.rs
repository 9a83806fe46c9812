//! CreateTable, DescribeTable, ListTables and the small ones.

use serde_json::{Value, json};

use crate::world::{World, new_table};

#[tokio::test]
async fn a_new_table_is_answered_as_creating_and_serves_at_once() {
    let world = World::new().await;
    let created = world.create("orders", Value::Null).await;
    assert_eq!(created["TableStatus"], "CREATING");
    assert_eq!(created["BillingModeSummary"], json!({"BillingMode": "PAY_PER_REQUEST"}));
    assert!(world.open("orders").await.is_ok());
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "ACTIVE");
    assert_eq!(table["TableId"], created["TableId"]);
    assert_eq!(table["TableArn"], "arn:aws:dynamodb:us-east-1:000000000000:table/orders");
    assert_eq!(table["KeySchema"], json!([{"AttributeName": "id", "KeyType": "HASH"}]));
    assert_eq!(table["AttributeDefinitions"], json!([{"AttributeName": "id", "AttributeType": "S"}]));
    assert_eq!(table["DeletionProtectionEnabled"], false);
    assert_eq!((&table["ItemCount"], &table["TableSizeBytes"]), (&json!(0), &json!(0)));
    assert_eq!(
        table["ProvisionedThroughput"],
        json!({"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    );
    for absent in ["SSEDescription", "TableClassSummary", "StreamSpecification", "GlobalSecondaryIndexes"] {
        assert!(table.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_table_may_be_named_by_its_arn() {
    let world = World::new().await;
    let arn = world.create("orders", Value::Null).await["TableArn"].clone();
    assert_eq!(world.describe(arn.as_str().unwrap()).await["TableName"], "orders");
    assert!(world.open(arn.as_str().unwrap()).await.is_ok());
    for elsewhere in [
        "arn:aws:dynamodb:eu-west-1:000000000000:table/orders",
        "arn:aws:dynamodb:us-east-1:111111111111:table/orders",
    ] {
        let (code, _) = world.refused("DescribeTable", json!({"TableName": elsewhere})).await;
        assert_eq!(code, "ResourceNotFoundException");
    }
    for no_table in ["arn:aws:kms:us-east-1:000000000000:key/x", "arn:", "arn:aws:dynamodb:us-east-1:0:x/y"] {
        let (code, _) = world.refused("DescribeTable", json!({"TableName": no_table})).await;
        assert_eq!(code, "ValidationException", "{no_table}");
    }
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    assert_eq!(
        world.refused("CreateTable", new_table("orders", Value::Null)).await,
        ("ResourceInUseException".into(), "Table already exists: orders".into())
    );
}

#[tokio::test]
async fn of_two_creations_at_once_one_wins() {
    let world = World::new().await;
    let create = || world.call("CreateTable", new_table("orders", Value::Null));
    let (one, other) = tokio::join!(create(), create());
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    assert!(world.open("orders").await.is_ok());
}

#[tokio::test]
async fn the_number_of_tables_is_limited() {
    let mut config = World::new().await.config;
    config.max_tables = 1;
    let world = World::with(config).await;
    world.create("one", Value::Null).await;
    let (code, _) = world.refused("CreateTable", new_table("two", Value::Null)).await;
    assert_eq!(code, "LimitExceededException");
}

#[tokio::test]
async fn what_does_not_work_yet_is_refused_by_name() {
    let world = World::new().await;
    let index = json!([{"IndexName": "i"}]);
    let cases = [
        ("GlobalSecondaryIndexes", index.clone()),
        ("LocalSecondaryIndexes", index),
        ("StreamSpecification", json!({"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"})),
        ("Tags", json!([{"Key": "k", "Value": "v"}])),
        ("ResourcePolicy", json!("{}")),
        ("OnDemandThroughput", json!({"MaxReadRequestUnits": 1})),
        ("WarmThroughput", json!({"ReadUnitsPerSecond": 1})),
        ("VectorIndexes", json!([{}])),
        ("GlobalTableSourceArn", json!("arn")),
    ];
    for (member, value) in cases {
        let mut body = new_table("orders", Value::Null);
        body[member] = value;
        let refusal =
            ("ValidationException".into(), format!("{member} is not supported by this server yet."));
        assert_eq!(world.refused("CreateTable", body).await, refusal);
    }
    let mut body = new_table("orders", Value::Null);
    body["TableClass"] = json!("STANDARD_INFREQUENT_ACCESS");
    let (_, message) = world.refused("CreateTable", body).await;
    assert_eq!(message, "TableClass STANDARD_INFREQUENT_ACCESS is not supported by this server yet.");
    assert!(!world.exists("orders").await);
}

#[tokio::test]
async fn what_asks_for_nothing_is_not_refused() {
    let world = World::new().await;
    let mut body = new_table("orders", Value::Null);
    body["Tags"] = json!([]);
    body["StreamSpecification"] = json!({"StreamEnabled": false});
    body["TableClass"] = json!("STANDARD");
    world.ok("CreateTable", body).await;
}

#[tokio::test]
async fn violations_of_names_and_members_are_told_together() {
    let world = World::new().await;
    let (code, message) = world.refused("CreateTable", json!({"TableName": "abc!", "KeySchema": []})).await;
    assert_eq!(code, "ValidationException");
    assert_eq!(
        message,
        "3 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member \
         must not be null; Value 'abc!' at 'tableName' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [a-zA-Z0-9_.-]+; Value '[]' at 'keySchema' failed to satisfy constraint: Member must \
         have length greater than or equal to 1"
    );
}

#[tokio::test]
async fn a_missing_short_or_long_name_of_a_table_is_told_before_all_else() {
    let world = World::new().await;
    let missing = "The parameter 'TableName' is required but was not present in the request";
    let length = "TableName must be at least 3 characters long and at most 255 characters long";
    for operation in ["CreateTable", "DescribeTable", "UpdateTable", "DeleteTable"] {
        for (body, told) in [
            (json!({}), missing),
            (json!({"TableName": null}), missing),
            (json!({"TableName": ""}), length),
            (json!({"TableName": "a!", "BillingMode": "x"}), length),
            (json!({"TableName": "a".repeat(256)}), length),
        ] {
            let (code, message) = world.refused(operation, body).await;
            assert_eq!((code.as_str(), message.as_str()), ("ValidationException", told), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_missing_table_is_told_with_its_name() {
    let world = World::new().await;
    for operation in ["DescribeTable", "DeleteTable"] {
        assert_eq!(
            world.refused(operation, json!({"TableName": "none"})).await,
            (
                "ResourceNotFoundException".into(),
                "Requested resource not found: Table: none not found".into()
            )
        );
    }
    let item_call = ("ResourceNotFoundException".into(), "Requested resource not found".into());
    assert_eq!(world.closed("none").await, item_call);
}

#[tokio::test]
async fn tables_are_listed_in_pages() {
    let world = World::new().await;
    for name in ["ccc", "aaa", "bbb"] {
        world.create(name, Value::Null).await;
    }
    assert_eq!(world.ok("ListTables", json!({})).await, json!({"TableNames": ["aaa", "bbb", "ccc"]}));
    let first = world.ok("ListTables", json!({"Limit": 2})).await;
    assert_eq!(first, json!({"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}));
    let second = json!({"Limit": 2, "ExclusiveStartTableName": "bbb"});
    assert_eq!(world.ok("ListTables", second).await, json!({"TableNames": ["ccc"]}));
    let after_none = json!({"ExclusiveStartTableName": "zzz"});
    assert_eq!(world.ok("ListTables", after_none).await, json!({"TableNames": []}));
    for limit in [0, 101] {
        let (code, _) = world.refused("ListTables", json!({"Limit": limit})).await;
        assert_eq!(code, "ValidationException");
    }
}

#[tokio::test]
async fn limits_and_endpoints_are_told() {
    let world = World::new().await;
    assert_eq!(world.ok("DescribeLimits", json!({})).await["TableMaxReadCapacityUnits"], 40_000);
    assert_eq!(
        world.ok("DescribeEndpoints", json!({})).await,
        json!({"Endpoints": [{"Address": "127.0.0.1:8000", "CachePeriodInMinutes": 1440}]})
    );
}

#[tokio::test]
async fn other_operations_are_refused_by_name() {
    let world = World::new().await;
    let (code, message) = world.refused("CreateBackup", json!({})).await;
    assert_eq!(code, "UnknownOperationException");
    assert_eq!(message, "CreateBackup is not supported by this server yet.");
}

#[tokio::test]
async fn the_size_is_exact_while_open_and_remembered_while_closed() {
    let mut world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", crate::world::under(&key)).await;
    world.put("orders", "12345").await;
    let size = |table: Value| (table["ItemCount"].clone(), table["TableSizeBytes"].clone());
    assert_eq!(size(world.describe("orders").await), (json!(1), json!(5)));
    world.kms.bring(&key, envelope::KeyState::Disabled).await;
    assert_eq!(size(world.describe("orders").await), (json!(1), json!(5)));
    world.restart().await;
    assert_eq!(size(world.describe("orders").await), (json!(1), json!(5)));
}
