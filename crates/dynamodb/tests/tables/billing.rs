//! Billing modes and throughput.

use serde_json::{Value, json};

use crate::world::{World, new_table};

fn provisioned(read: i64, write: i64) -> Value {
    let mut body = new_table("orders", Value::Null);
    body["BillingMode"] = json!("PROVISIONED");
    body["ProvisionedThroughput"] = json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write});
    body
}

#[tokio::test]
async fn a_provisioned_table_tells_its_units_and_no_billing_mode() {
    let world = World::new().await;
    world.ok("CreateTable", provisioned(5, 6)).await;
    let table = world.describe("orders").await;
    assert_eq!(
        table["ProvisionedThroughput"],
        json!({"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 5, "WriteCapacityUnits": 6})
    );
    assert!(table.get("BillingModeSummary").is_none());
}

#[tokio::test]
async fn contradictions_are_told_in_awss_words() {
    let world = World::new().await;
    let mut none = new_table("orders", Value::Null);
    none["BillingMode"] = Value::Null;
    let mut both = provisioned(1, 1);
    both["BillingMode"] = json!("PAY_PER_REQUEST");
    let mut missing = provisioned(1, 1);
    missing["ProvisionedThroughput"] = Value::Null;
    let cases = [
        (none, "No provisioned throughput specified for the table"),
        (
            both,
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can \
             be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            missing,
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be \
             specified when BillingMode is PROVISIONED",
        ),
        (
            provisioned(0, 1),
            "1 validation error detected: Value '0' at 'provisionedThroughput.readCapacityUnits' failed to \
             satisfy constraint: Member must have value greater than or equal to 1",
        ),
    ];
    for (body, text) in cases {
        let refusal = ("ValidationException".into(), text.into());
        assert_eq!(world.refused("CreateTable", body).await, refusal);
    }
    let (code, _) = world.refused("CreateTable", provisioned(40_001, 1)).await;
    assert_eq!(code, "LimitExceededException");
}

#[tokio::test]
async fn units_change_and_decreases_are_counted() {
    let world = World::new().await;
    world.ok("CreateTable", provisioned(5, 5)).await;
    let update = |read: u32, write: u32| {
        json!({"TableName": "orders",
            "ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}})
    };
    let answer = world.ok("UpdateTable", update(4, 6)).await;
    assert_eq!(answer["TableDescription"]["TableStatus"], "UPDATING");
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "ACTIVE");
    let throughput = &table["ProvisionedThroughput"];
    assert_eq!(throughput["NumberOfDecreasesToday"], 1);
    assert!(throughput["LastIncreaseDateTime"].is_f64() && throughput["LastDecreaseDateTime"].is_f64());
    let (code, message) = world.refused("UpdateTable", update(4, 6)).await;
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with(
        "The provisioned throughput for the table will not change. The requested value equals the current \
         value. Current ReadCapacityUnits provisioned for the table: 4. Requested ReadCapacityUnits: 4. \
         Current WriteCapacityUnits provisioned for the table: 6."
    ));
    world.clock.advance_ms(86_400_000);
    assert_eq!(world.describe("orders").await["ProvisionedThroughput"]["NumberOfDecreasesToday"], 0);
}

#[tokio::test]
async fn the_billing_mode_changes_both_ways() {
    let world = World::new().await;
    world.ok("CreateTable", provisioned(5, 5)).await;
    let on_demand = json!({"TableName": "orders", "BillingMode": "PAY_PER_REQUEST"});
    world.ok("UpdateTable", on_demand).await;
    let summary = world.describe("orders").await["BillingModeSummary"].clone();
    assert_eq!(summary["BillingMode"], "PAY_PER_REQUEST");
    assert!(summary["LastUpdateToPayPerRequestDateTime"].is_f64());
    let units = json!({"ReadCapacityUnits": 1, "WriteCapacityUnits": 1});
    let (_, message) = world
        .refused("UpdateTable", json!({"TableName": "orders", "ProvisionedThroughput": units.clone()}))
        .await;
    assert!(message.contains("when BillingMode is PAY_PER_REQUEST"));
    let (_, message) =
        world.refused("UpdateTable", json!({"TableName": "orders", "BillingMode": "PROVISIONED"})).await;
    assert!(message.contains("must both be specified"));
    let back = json!({"TableName": "orders", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units});
    world.ok("UpdateTable", back).await;
    assert_eq!(world.describe("orders").await["BillingModeSummary"]["BillingMode"], "PROVISIONED");
}

#[tokio::test]
async fn exclusive_changes_are_named_in_awss_order() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    let text = |what: &str| {
        format!(
            "One or more parameter values were invalid: {what} modification must be the only operation in the request"
        )
    };
    let protection =
        json!({"TableName": "orders", "DeletionProtectionEnabled": true, "BillingMode": "PROVISIONED"});
    assert_eq!(world.refused("UpdateTable", protection).await.1, text("Deletion Protection"));
    let both = json!({"TableName": "orders", "DeletionProtectionEnabled": true, "SSESpecification": {"Enabled": true}});
    assert_eq!(world.refused("UpdateTable", both).await.1, text("Server-Side Encryption"));
    let (_, message) =
        world.refused("UpdateTable", json!({"TableName": "orders", "SSESpecification": {}})).await;
    assert!(message.contains("SSESpecification must say whether it is Enabled"));
    let (_, message) = world.refused("UpdateTable", json!({"TableName": "orders"})).await;
    assert!(message.starts_with("At least one of ProvisionedThroughput"));
}

#[tokio::test]
async fn parts_of_an_update_that_do_not_work_yet_are_refused_by_name() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    for member in [
        "GlobalSecondaryIndexUpdates",
        "ReplicaUpdates",
        "StreamSpecification",
        "TableClass",
        "WarmThroughput",
        "OnDemandThroughput",
        "VectorIndexUpdates",
        "MultiRegionConsistency",
    ] {
        let (code, message) = world.refused("UpdateTable", json!({"TableName": "orders", member: {}})).await;
        assert_eq!(code, "ValidationException");
        assert_eq!(message, format!("{member} is not supported by this server yet."));
    }
}
