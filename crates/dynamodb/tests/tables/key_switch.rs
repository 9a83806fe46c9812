//! UpdateTable with SSESpecification: another key.

use envelope::KeyState;
use serde_json::{Value, json};

use crate::world::{World, under};

const HOUR_MS: u64 = 3_600_000;

fn text(error: service::ApiError) -> (String, String) {
    (error.code.into_owned(), error.message.unwrap_or_default())
}

#[tokio::test]
async fn a_table_goes_from_every_kind_of_key_to_every_other_with_its_data() {
    let world = World::new().await;
    let (one, two) = (world.kms.create_key(), world.kms.create_key());
    world.create("orders", Value::Null).await;
    world.put("orders", "kept").await;

    let answer = world.change_key("orders", under(&one)).await.unwrap();
    assert_eq!(answer["TableStatus"], "ACTIVE");
    assert_eq!(answer["SSEDescription"], json!({"Status": "UPDATING"}));
    let described = json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": one});
    assert_eq!(world.settled("orders").await["SSEDescription"], described);

    let answer = world.change_key("orders", under(&two)).await.unwrap();
    let updating = json!({"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": one});
    assert_eq!(answer["SSEDescription"], updating);
    assert_eq!(world.settled("orders").await["SSEDescription"]["KMSMasterKeyArn"], json!(two));

    world.change_key("orders", json!({"Enabled": true})).await.unwrap();
    let managed = world.settled("orders").await["SSEDescription"]["KMSMasterKeyArn"].clone();
    assert!(managed != json!(two) && managed.is_string());

    let answer = world.change_key("orders", json!({"Enabled": false})).await.unwrap();
    assert_eq!(answer["SSEDescription"]["KMSMasterKeyArn"], managed);
    assert!(world.settled("orders").await.get("SSEDescription").is_none());
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn the_old_key_is_not_needed_any_more() {
    let mut world = World::new().await;
    let (old, new) = (world.kms.create_key(), world.kms.create_key());
    world.create("orders", under(&old)).await;
    world.put("orders", "kept").await;
    world.change_key("orders", under(&new)).await.unwrap();
    world.settled("orders").await;
    world.kms.bring(&old, KeyState::Deleted).await;
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
    world.restart().await;
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
    world.kms.bring(&new, KeyState::Disabled).await;
    assert!(world.open("orders").await.is_err());
}

#[tokio::test]
async fn the_present_key_is_refused_by_arn_and_nothing_to_do_by_any_other_name() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.kms.alias("alias/mine", &key);
    world.create("orders", under(&key)).await;
    assert_eq!(
        text(world.change_key("orders", under(&key)).await.unwrap_err()),
        (
            "ValidationException".into(),
            "One or more parameter values were invalid: Table is already encrypted with given \
             KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key"
                .into()
        )
    );
    for _ in 0..6 {
        let answer = world.change_key("orders", under("alias/mine")).await.unwrap();
        assert_eq!(answer["SSEDescription"]["Status"], "ENABLED");
    }
    world.create("plain", Value::Null).await;
    let (_, message) = text(world.change_key("plain", json!({"Enabled": false})).await.unwrap_err());
    assert_eq!(message, "One or more parameter values were invalid: Table is already encrypted by default");
}

#[tokio::test]
async fn a_repointed_alias_moves_the_table_when_it_is_sent_again() {
    let world = World::new().await;
    let (old, new) = (world.kms.create_key(), world.kms.create_key());
    world.kms.alias("alias/mine", &old);
    world.create("orders", under("alias/mine")).await;
    world.kms.alias("alias/mine", &new);
    assert_eq!(world.describe("orders").await["SSEDescription"]["KMSMasterKeyArn"], json!(old));
    world.change_key("orders", under("alias/mine")).await.unwrap();
    assert_eq!(world.settled("orders").await["SSEDescription"]["KMSMasterKeyArn"], json!(new));
}

#[tokio::test]
async fn four_changes_a_day_are_free_and_then_one_in_six_hours() {
    let world = World::new().await;
    let keys = [world.kms.create_key(), world.kms.create_key()];
    world.create("orders", under(&keys[1])).await;
    let change = async |at: usize| {
        let changed = world.change_key("orders", under(&keys[at % 2])).await;
        world.settled("orders").await;
        changed
    };
    for at in 0..4 {
        change(at).await.unwrap();
    }
    let (code, message) = text(change(4).await.unwrap_err());
    assert_eq!(code, "LimitExceededException");
    assert!(message.starts_with(
        "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at "
    ));
    assert!(message.contains("Number of updates today: 4. Last change at "));
    let unknown = world.change_key("orders", under("alias/none")).await.unwrap_err();
    assert_eq!(unknown.code, "LimitExceededException", "the quota comes before the key");
    world.clock.advance_ms(6 * HOUR_MS);
    change(4).await.unwrap();
    assert_eq!(text(change(5).await.unwrap_err()).0, "LimitExceededException");
    world.change_key("orders", json!({"Enabled": false})).await.unwrap();
    assert!(world.settled("orders").await.get("SSEDescription").is_none());
    world.clock.advance_ms(24 * HOUR_MS);
    change(5).await.unwrap();
}

#[tokio::test]
async fn refused_changes_cost_no_quota_and_leave_the_table_as_it_is() {
    let world = World::new().await;
    let (key, disabled) = (world.kms.create_key(), world.kms.create_key());
    world.kms.bring(&disabled, KeyState::Disabled).await;
    world.create("orders", Value::Null).await;
    world.put("orders", "kept").await;
    for _ in 0..5 {
        let (code, message) = text(world.change_key("orders", under(&disabled)).await.unwrap_err());
        assert_eq!(code, "ValidationException");
        assert!(message.contains(&format!("DisabledException: {disabled} is disabled.")));
    }
    assert!(world.describe("orders").await.get("SSEDescription").is_none());
    world.kms.bring(&disabled, KeyState::Enabled).await;
    world.kms.bring(&disabled, KeyState::Disabled).await;
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
    world.change_key("orders", under(&key)).await.unwrap();
    world.settled("orders").await;
}

#[tokio::test]
async fn an_inaccessible_table_cannot_change_its_key_and_says_which_one_is_missing() {
    let world = World::new().await;
    let (old, new) = (world.kms.create_key(), world.kms.create_key());
    world.create("orders", under(&old)).await;
    world.kms.bring(&old, KeyState::Disabled).await;
    for sse in [under(&new), json!({"Enabled": true}), json!({"Enabled": false})] {
        let (code, message) = text(world.change_key("orders", sse).await.unwrap_err());
        assert_eq!(code, "ValidationException");
        assert!(message.starts_with("KMS key disabled error: "));
        assert!(message.contains(&format!("DisabledException: {old} is disabled.")), "{message}");
    }
    let (_, message) = text(world.change_key("orders", under(&old)).await.unwrap_err());
    assert_eq!(
        message,
        "One or more parameter values were invalid: Table is already encrypted with given KMSMasterKey"
    );
    assert_eq!(world.describe("orders").await["SSEDescription"]["KMSMasterKeyArn"], json!(old));
}

#[tokio::test]
async fn while_it_changes_its_key_a_table_is_in_use() {
    let world = World::new().await;
    let (one, two) = (world.kms.create_key(), world.kms.create_key());
    world.create("orders", under(&one)).await;
    world.put("orders", "kept").await;
    world.change_key("orders", under(&two)).await.unwrap();
    let in_use = (
        "ResourceInUseException".to_owned(),
        "Attempt to change a resource which is still in use: Table: orders is in the process of being \
         updated."
            .to_owned(),
    );
    // Nothing has yielded to the background since the answer.
    let pending = world.room.find_table("orders").unwrap();
    assert!(pending.descriptor().encryption.pending.is_some());
    assert_eq!(world.refused("DeleteTable", json!({"TableName": "orders"})).await, in_use);
    world.ok("UpdateTable", json!({"TableName": "orders", "DeletionProtectionEnabled": false})).await;
    world.settled("orders").await;
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
    world.ok("DeleteTable", json!({"TableName": "orders"})).await;
}

/// Whichever comes first, the table ends under one of both keys, and is accessible exactly if that one is
/// usable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_disabled_while_a_table_changes_to_it_never_serves() {
    let mut config = World::new().await.config;
    config.key_changes.free = usize::MAX;
    let world = std::sync::Arc::new(World::with(config).await);
    let (mut taken, mut left) = (0, 0);
    for round in 0..80_usize {
        let name = format!("table-{round}");
        let (old, new) = (world.kms.create_key(), world.kms.create_key());
        world.create(&name, under(&old)).await;
        world.put(&name, "kept").await;
        let keyspace = world.open(&name).await.unwrap().keyspace();
        let change = {
            let (world, name, new) = (world.clone(), name.clone(), new.clone());
            async move { world.change_key(&name, under(&new)).await.is_ok() }
        };
        let disable = world.kms.bring(&new, KeyState::Disabled);
        match round % 4 {
            0 => {
                disable.await;
                change.await;
            }
            1 => {
                change.await;
                world.settled(&name).await;
                disable.await;
            }
            _ => {
                let changing = tokio::spawn(change);
                for _ in 0..round * 3 {
                    tokio::task::yield_now().await;
                }
                disable.await;
                changing.await.unwrap();
            }
        }
        let table = world.settled(&name).await;
        if table["SSEDescription"]["KMSMasterKeyArn"] == json!(new) {
            taken += 1;
            assert_eq!(table["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS", "round {round}");
            assert!(engine::Engine::stats(&*world.engine, keyspace).is_err(), "round {round}");
            assert!(world.closed(&name).await.1.contains(&format!("{new} is disabled.")));
            world.kms.bring(&new, KeyState::Enabled).await;
        } else {
            left += 1;
            assert_eq!(table["TableStatus"], "ACTIVE", "round {round}");
        }
        assert_eq!(world.get(&name).await.as_deref(), Some("kept"));
    }
    assert!(taken >= 20 && left >= 20, "both outcomes are met: {taken}, {left}");
}
