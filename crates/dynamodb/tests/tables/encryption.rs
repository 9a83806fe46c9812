//! SSESpecification: every row of what may be said, and every refusal of the KMS.

use envelope::KeyState;
use serde_json::{Value, json};

use crate::world::{World, new_table, under};

#[tokio::test]
async fn a_table_under_the_aws_owned_key_says_nothing_of_its_encryption() {
    let world = World::new().await;
    for (name, sse) in [("none", Value::Null), ("empty", json!({})), ("off", json!({"Enabled": false}))] {
        assert!(world.create(name, sse).await.get("SSEDescription").is_none());
        assert!(world.describe(name).await.get("SSEDescription").is_none());
    }
}

#[tokio::test]
async fn a_table_under_the_aws_managed_key_tells_its_arn() {
    let world = World::new().await;
    let cases = [
        json!({"Enabled": true}),
        json!({"Enabled": true, "SSEType": "KMS"}),
        json!({"SSEType": "KMS"}),
        json!({"SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"}),
    ];
    let mut arns = Vec::new();
    for (at, sse) in cases.into_iter().enumerate() {
        let description = world.create(&format!("table-{at}"), sse).await["SSEDescription"].clone();
        assert_eq!((&description["Status"], &description["SSEType"]), (&json!("ENABLED"), &json!("KMS")));
        arns.push(description["KMSMasterKeyArn"].clone());
    }
    assert!(arns.iter().all(|arn| arn.is_string() && *arn == arns[0]));
}

#[tokio::test]
async fn a_customer_managed_key_is_found_by_id_arn_and_alias() {
    let world = World::new().await;
    let arn = world.kms.create_key();
    world.kms.alias("alias/mine", &arn);
    let id = arn.rsplit('/').next().unwrap();
    let alias_arn = "arn:aws:kms:us-east-1:000000000000:alias/mine";
    for (name, key) in
        [("by-id", id), ("by-arn", &*arn), ("by-alias", "alias/mine"), ("by-alias-arn", alias_arn)]
    {
        let description = world.create(name, under(key)).await["SSEDescription"].clone();
        assert_eq!(description, json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}));
    }
}

#[tokio::test]
async fn the_context_is_recorded_as_dynamodb_documents_it() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    let descriptor = world.open("orders").await.unwrap().descriptor().clone();
    let secret = descriptor.encryption.table_key.wrapped.clone().unwrap();
    let record = world.room.shredder.unseal(&secret, &descriptor.key_binding()).await.unwrap();
    let wrapped: envelope::WrappedKey = serde_json::from_slice(&record).unwrap();
    assert_eq!(
        serde_json::to_value(&wrapped.context).unwrap(),
        json!({"aws:dynamodb:tableName": "orders", "aws:dynamodb:subscriberId": "000000000000"})
    );
}

/// The tail that AWS's Java client puts behind every exception of the KMS; its request id varies.
fn without_tail(message: &str, code: &str) -> String {
    let (text, tail) = message.split_once(" (Service: ").unwrap();
    let start = format!("AWSKMS; Status Code: 400; Error Code: {code}; Request ID: ");
    let request_id = tail.strip_prefix(&start).unwrap().strip_suffix("; Proxy: null)").unwrap();
    assert!(uuid::Uuid::try_parse(request_id).is_ok(), "{request_id}");
    text.to_owned()
}

#[tokio::test]
async fn refusals_of_the_kms_are_told_in_dynamodbs_words_and_leave_no_table() {
    let world = World::new().await;
    let (disabled, pending) = (world.kms.create_key(), world.kms.create_key());
    world.kms.alias("alias/disabled", &disabled);
    world.kms.bring(&disabled, KeyState::Disabled).await;
    world.kms.bring(&pending, KeyState::PendingDeletion).await;
    let foreign = world.kms.create_foreign_key("alias/aws/s3");
    let unknown = "arn:aws:kms:us-east-1:000000000000:key/0";
    let elsewhere = "arn:aws:kms:eu-west-1:000000000000:key/0";
    let java = "com.amazonaws.services.kms.model";
    let is_disabled = format!("KMS key disabled error: {java}.DisabledException: {disabled} is disabled.");
    let cases = [
        (&*disabled, "DisabledException", is_disabled.clone()),
        ("alias/disabled", "DisabledException", is_disabled),
        (
            &pending,
            "KMSInvalidStateException",
            format!("KMS validation error: {java}.KMSInvalidStateException: {pending} is pending deletion."),
        ),
        (
            unknown,
            "NotFoundException",
            format!("KMS validation error: {java}.NotFoundException: Key '{unknown}' does not exist"),
        ),
        (
            "alias/none",
            "NotFoundException",
            format!(
                "KMS validation error: {java}.NotFoundException: Alias \
                 arn:aws:kms:us-east-1:000000000000:alias/none is not found."
            ),
        ),
        (
            elsewhere,
            "NotFoundException",
            format!("KMS validation error: {java}.NotFoundException: Invalid arn eu-west-1"),
        ),
    ];
    for (key, kms_code, text) in cases {
        let (code, message) = world.refused("CreateTable", new_table("orders", under(key))).await;
        assert_eq!((code.as_str(), without_tail(&message, kms_code)), ("ValidationException", text));
    }
    let (code, message) = world.refused("CreateTable", new_table("orders", under("alias/aws/s3"))).await;
    assert_eq!(code, "AccessDeniedException");
    assert_eq!(
        without_tail(&message, "AccessDeniedException"),
        format!(
            "KMS key access denied error: {java}.AWSKMSException: User: arn:aws:iam::000000000000:root is not \
             authorized to perform: kms:CreateGrant on resource: {foreign} because no resource-based policy \
             allows the kms:CreateGrant action"
        )
    );
    assert_eq!(world.ok("ListTables", json!({})).await, json!({"TableNames": []}));
    assert_eq!(world.engine.inner_keyspaces().await, 1);
}

#[tokio::test]
async fn the_key_that_users_do_not_see_cannot_be_named() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    let owned = world.open("orders").await.unwrap().descriptor().encryption.table_key.kms_key_arn.clone();
    let (code, message) = world.refused("CreateTable", new_table("other", under(&owned))).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains(&format!("NotFoundException: Key '{owned}' does not exist")));
}

#[tokio::test]
async fn a_kms_that_is_down_is_an_internal_error_without_its_cause() {
    let world = World::new().await;
    world.kms.set_down(true);
    let (code, message) = world.refused("CreateTable", new_table("orders", Value::Null)).await;
    assert_eq!(code, "InternalServerError");
    assert!(!message.contains("down"));
    world.kms.set_down(false);
    world.create("orders", Value::Null).await;
}
