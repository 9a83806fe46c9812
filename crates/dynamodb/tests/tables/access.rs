//! Leases, and tables whose key becomes unusable.

use engine::Engine;
use envelope::KeyState;
use serde_json::{Value, json};

use crate::world::{World, under};

const MINUTE_MS: u64 = 60_000;

#[tokio::test]
async fn within_a_lease_the_kms_is_not_asked() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    for _ in 0..10 {
        world.clock.advance_ms(29_000);
        world.open("orders").await.unwrap();
    }
    assert_eq!(world.kms.unwraps(), 0);
    world.clock.advance_ms(11_000);
    for _ in 0..10 {
        world.open("orders").await.unwrap();
    }
    assert_eq!(world.kms.unwraps(), 1);
    let who = world.kms.last_unwrapped_for();
    assert_eq!(who.caller_arn.as_deref(), Some("arn:aws:iam::000000000000:root"));
    assert_eq!(who.service, "dynamodb.amazonaws.com");
}

#[tokio::test]
async fn a_lease_of_nothing_asks_the_kms_every_time() {
    let mut config = World::new().await.config;
    config.lease_ms = 0;
    let world = World::with(config).await;
    world.create("orders", Value::Null).await;
    world.put("orders", "x").await;
    world.get("orders").await;
    assert_eq!(world.kms.unwraps(), 2);
}

#[tokio::test]
async fn whoever_comes_while_another_asks_waits_for_that_answer() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    world.clock.advance_ms(6 * MINUTE_MS);
    let opened = futures::future::join_all((0..50).map(|_| world.open("orders"))).await;
    assert!(opened.iter().all(Result::is_ok));
    assert_eq!(world.kms.unwraps(), 1);
}

#[tokio::test]
async fn a_kms_that_is_down_ends_the_lease_but_not_the_status() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.put("orders", "x").await;
    let keyspace = world.open("orders").await.unwrap().keyspace();
    world.kms.set_down(true);
    assert!(world.open("orders").await.is_ok());
    world.clock.advance_ms(6 * MINUTE_MS);
    assert_eq!(world.closed("orders").await.0, "InternalServerError");
    assert!(world.engine.stats(keyspace).is_err(), "the keyspace is closed");
    assert_eq!(world.describe("orders").await["TableStatus"], "ACTIVE");
    world.kms.set_down(false);
    assert_eq!(world.get("orders").await.as_deref(), Some("x"));
}

#[tokio::test]
async fn an_idle_table_is_closed_and_opens_again() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    world.put("orders", "abc").await;
    let keyspace = world.open("orders").await.unwrap().keyspace();
    world.room.tick().await;
    assert!(world.engine.stats(keyspace).is_ok());
    world.clock.advance_ms(6 * MINUTE_MS);
    world.room.tick().await;
    assert!(world.engine.stats(keyspace).is_err());
    let table = world.describe("orders").await;
    assert_eq!((&table["TableStatus"], &table["ItemCount"]), (&json!("ACTIVE"), &json!(1)));
    assert_eq!(world.get("orders").await.as_deref(), Some("abc"));
}

#[tokio::test]
async fn disabling_a_key_closes_its_tables_at_once_and_enabling_it_brings_them_back() {
    let world = World::new().await;
    let (key, other) = (world.kms.create_key(), world.kms.create_key());
    for (name, key) in [("one", &key), ("two", &key), ("apart", &other)] {
        world.create(name, under(key)).await;
        world.put(name, name).await;
    }
    let keyspace = world.open("one").await.unwrap().keyspace();
    world.kms.bring(&key, KeyState::Disabled).await;
    assert!(world.engine.stats(keyspace).is_err(), "closed before anybody asks");
    for name in ["one", "two"] {
        let table = world.describe(name).await;
        assert_eq!(table["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
        assert_eq!(
            table["SSEDescription"],
            json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key,
                "InaccessibleEncryptionDateTime": 1234.0})
        );
        let (code, message) = world.closed(name).await;
        assert_eq!(code, "ValidationException");
        let text = "KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: ";
        assert!(message.starts_with(&format!("{text}{key} is disabled. (Service: AWSKMS;")), "{message}");
    }
    assert_eq!(world.describe("apart").await["TableStatus"], "ACTIVE");
    assert_eq!(world.get("apart").await.as_deref(), Some("apart"));
    world.kms.bring(&key, KeyState::Enabled).await;
    let table = world.describe("one").await;
    assert_eq!(table["TableStatus"], "ACTIVE");
    assert!(table["SSEDescription"].get("InaccessibleEncryptionDateTime").is_none());
    assert_eq!(world.get("one").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_key_on_its_way_out_closes_its_tables_until_it_is_enabled() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.kms.bring(&key, KeyState::PendingDeletion).await;
    let (code, message) = world.closed("orders").await;
    assert_eq!(code, "ValidationException");
    assert!(
        message
            .starts_with("KMS validation error: com.amazonaws.services.kms.model.KMSInvalidStateException: ")
    );
    world.kms.bring(&key, KeyState::Disabled).await;
    assert_eq!(world.describe("orders").await["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    world.kms.bring(&key, KeyState::Enabled).await;
    assert!(world.open("orders").await.is_ok());
}

#[tokio::test]
async fn an_inaccessible_table_stays_so_over_a_restart_and_can_be_changed_and_deleted() {
    let mut world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.kms.bring(&key, KeyState::Disabled).await;
    world.restart().await;
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    assert_eq!(table["SSEDescription"]["InaccessibleEncryptionDateTime"], 1234.0);
    world.ok("UpdateTable", json!({"TableName": "orders", "DeletionProtectionEnabled": true})).await;
    world.ok("UpdateTable", json!({"TableName": "orders", "DeletionProtectionEnabled": false})).await;
    world.ok("DeleteTable", json!({"TableName": "orders"})).await;
    assert!(!world.exists("orders").await);
}

#[tokio::test]
async fn what_nobody_heard_of_is_found_at_the_next_start() {
    let mut world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.kms.bring_silently(&key, KeyState::Disabled);
    world.restart().await;
    assert_eq!(world.describe("orders").await["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    world.kms.bring_silently(&key, KeyState::Enabled);
    world.restart().await;
    assert_eq!(world.describe("orders").await["TableStatus"], "ACTIVE");
}

#[tokio::test]
async fn what_a_lease_finds_out_is_marked_and_cleared() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.kms.bring_silently(&key, KeyState::Disabled);
    world.clock.advance_ms(6 * MINUTE_MS);
    world.closed("orders").await;
    assert_eq!(world.describe("orders").await["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    world.kms.bring_silently(&key, KeyState::Enabled);
    world.open("orders").await.unwrap();
    assert_eq!(world.describe("orders").await["TableStatus"], "ACTIVE");
}

#[tokio::test]
async fn a_call_caught_by_the_closing_is_told_why() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    let table = world.open("orders").await.unwrap();
    world.kms.bring(&key, KeyState::Disabled).await;
    let caught = world.engine.stats(table.keyspace()).unwrap_err();
    let told = world.room.engine_refused(&crate::world::context(), &table, caught).await;
    assert!(told.message.unwrap().starts_with("KMS key disabled error: "));
    world.kms.bring(&key, KeyState::Enabled).await;
    let closed = engine::EngineError::Closed(table.keyspace());
    let again = world.room.engine_refused(&crate::world::context(), &table, closed).await;
    assert_eq!((again.code.as_ref(), again.status), ("InternalServerError", 500));
}

async fn until_asked(world: &World, times: usize) {
    while world.kms.asked() < times {
        tokio::task::yield_now().await;
    }
}

/// The KMS hands a table key out, the KMS key is disabled, and only then the keyspace would be opened.
#[tokio::test]
async fn a_table_key_that_was_on_its_way_when_its_kms_key_was_disabled_opens_nothing() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    let keyspace = world.open("orders").await.unwrap().keyspace();
    world.clock.advance_ms(6 * MINUTE_MS);
    let asked = world.kms.asked();
    let held = world.kms.hold_answers();
    let disabling = async {
        until_asked(&world, asked + 1).await;
        world.kms.bring(&key, KeyState::Disabled).await;
        drop(held);
    };
    let ((code, message), ()) = tokio::join!(world.closed("orders"), disabling);
    assert_eq!(code, "ValidationException");
    assert!(message.contains(&format!("{key} is disabled.")));
    assert!(world.engine.stats(keyspace).is_err());
    assert_eq!(world.describe("orders").await["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
}

#[tokio::test]
async fn a_refusal_that_was_on_its_way_when_the_key_was_enabled_marks_nothing() {
    let world = World::new().await;
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    world.kms.bring_silently(&key, KeyState::Disabled);
    world.clock.advance_ms(6 * MINUTE_MS);
    let asked = world.kms.asked();
    let held = world.kms.hold_answers();
    let enabling = async {
        until_asked(&world, asked + 1).await;
        world.kms.bring(&key, KeyState::Enabled).await;
        drop(held);
    };
    tokio::join!(world.closed("orders"), enabling);
    assert_eq!(world.describe("orders").await["TableStatus"], "ACTIVE");
}

#[tokio::test]
async fn a_key_disabled_while_a_table_is_created_under_it_leaves_no_table() {
    let world = World::new().await;
    let key = world.kms.create_key();
    let held = world.kms.hold_answers();
    let disabling = async {
        until_asked(&world, 1).await;
        world.kms.bring(&key, KeyState::Disabled).await;
        drop(held);
    };
    let creating = world.refused("CreateTable", crate::world::new_table("orders", under(&key)));
    let ((code, message), ()) = tokio::join!(creating, disabling);
    assert_eq!(code, "ValidationException");
    assert!(message.contains(&format!("{key} is disabled.")));
    assert!(!world.exists("orders").await);
    assert_eq!(world.engine.inner_keyspaces().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_keyspace_is_open_once_its_key_is_disabled() {
    let mut config = World::new().await.config;
    config.lease_ms = 0;
    let world = std::sync::Arc::new(World::with(config).await);
    let key = world.kms.create_key();
    world.create("orders", under(&key)).await;
    let keyspace = world.open("orders").await.unwrap().keyspace();
    for _ in 0..200 {
        let openers: Vec<_> = (0..4)
            .map(|_| {
                let world = world.clone();
                tokio::spawn(async move { world.open("orders").await.is_ok() })
            })
            .collect();
        world.kms.bring(&key, KeyState::Disabled).await;
        assert!(world.engine.stats(keyspace).is_err());
        futures::future::join_all(openers).await;
        assert!(world.engine.stats(keyspace).is_err());
        assert_eq!(world.describe("orders").await["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
        world.kms.bring(&key, KeyState::Enabled).await;
        assert_eq!(world.describe("orders").await["TableStatus"], "ACTIVE");
    }
}
