//! Scheduled deletion, from the schedule to the end of the window.

use serde_json::json;

use crate::world::{World, alias_arn, arn};

#[tokio::test]
async fn the_schedule_is_told_and_can_be_cancelled() {
    let world = World::new().await;
    let key = world.key().await;
    let scheduled = world.ok("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await;
    assert_eq!(scheduled["KeyId"], arn(&key));
    assert_eq!(
        (&scheduled["KeyState"], &scheduled["PendingWindowInDays"]),
        (&json!("PendingDeletion"), &json!(7))
    );
    let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(described["KeyMetadata"]["DeletionDate"], scheduled["DeletionDate"]);
    assert_eq!(world.ok("CancelKeyDeletion", json!({"KeyId": key})).await, json!({"KeyId": arn(&key)}));
    let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(described["KeyMetadata"]["KeyState"], "Disabled");
    assert_eq!(described["KeyMetadata"].get("DeletionDate"), None);
    world.advance_days(40);
    assert_eq!(world.kms.tick().await.unwrap(), 0);
    world.ok("EnableKey", json!({"KeyId": key})).await;
}

#[tokio::test]
async fn a_window_is_seven_to_thirty_days() {
    let world = World::new().await;
    let key = world.key().await;
    for days in [1, 6, 31, 365] {
        let body = json!({"KeyId": key, "PendingWindowInDays": days});
        let told = world.refusal("ScheduleKeyDeletion", body).await;
        assert_eq!(told, "ValidationException: PendingWindowInDays must be between 7 and 30 days.");
    }
    let told = world.refusal("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 366})).await;
    assert!(told.contains("Value '366' at 'pendingWindowInDays' failed"));
    let default = world.ok("ScheduleKeyDeletion", json!({"KeyId": key})).await;
    assert_eq!(default["PendingWindowInDays"], 30);
}

#[tokio::test]
async fn when_the_window_ends_the_key_is_gone_before_and_after_the_worker_came_round() {
    let world = World::new().await;
    let (key, other) = (world.key().await, world.key().await);
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    let blob = world.encrypted(&key, "aGk=", json!({})).await;
    let kept = world.encrypted(&other, "aGk=", json!({})).await;
    world.ok("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await;
    world.advance_days(6);
    assert_eq!(world.kms.tick().await.unwrap(), 0);
    world.ok("DescribeKey", json!({"KeyId": "alias/app"})).await;
    world.advance_days(1);
    is_gone(&world, &key, &blob).await;
    assert_eq!(world.kms.tick().await.unwrap(), 1);
    is_gone(&world, &key, &blob).await;
    let world = world.reopened().await;
    is_gone(&world, &key, &blob).await;
    assert_eq!(world.kms.tick().await.unwrap(), 0);
    assert_eq!(world.ok("Decrypt", json!({"CiphertextBlob": kept})).await["Plaintext"], "aGk=");
}

async fn is_gone(world: &World, key: &str, blob: &str) {
    let absent = format!("NotFoundException: Key '{}' does not exist", arn(key));
    for operation in ["DescribeKey", "CancelKeyDeletion", "EnableKey", "ListResourceTags"] {
        assert_eq!(world.refusal(operation, json!({"KeyId": key})).await, absent);
    }
    let told = world.refusal("DescribeKey", json!({"KeyId": "alias/app"})).await;
    assert_eq!(told, format!("NotFoundException: Alias {} is not found.", alias_arn("alias/app")));
    let told = world.refusal("Decrypt", json!({"CiphertextBlob": blob})).await;
    assert!(told.starts_with("AccessDeniedException: The ciphertext refers to"));
    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"].as_array().unwrap().len(), 1);
    let aliases = world.ok("ListAliases", json!({})).await;
    assert!(aliases["Aliases"].as_array().unwrap().iter().all(|alias| alias.get("TargetKeyId").is_none()));
}

#[tokio::test]
async fn the_alias_of_a_key_whose_window_ended_is_free_again() {
    let world = World::new().await;
    let (key, other) = (world.key().await, world.key().await);
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    world.ok("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await;
    world.advance_days(7);
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": other})).await;
    world.kms.tick().await.unwrap();
    let described = world.ok("DescribeKey", json!({"KeyId": "alias/app"})).await;
    assert_eq!(described["KeyMetadata"]["KeyId"], other);
}
