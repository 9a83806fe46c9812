//! The power goes out at each change the engine makes, before it or after it; then a restart.

use envelope::KeyState;
use serde_json::{Value, json};

use crate::power::Cut;
use crate::world::{World, new_table, under};

/// More changes than any of the calls below makes.
const MANY: i64 = 8;

async fn let_background_run() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_creation_that_was_not_answered_leaves_nothing() {
    let mut cuts_met = 0;
    for (changes, cut) in every_cut() {
        let mut world = World::new().await;
        world.engine.cut_after(changes, cut);
        let answered = world.call("CreateTable", new_table("orders", Value::Null)).await.is_ok();
        cuts_met += i64::from(world.engine.is_out());
        world.restart().await;
        if answered {
            assert_eq!(world.get("orders").await, None);
            continue;
        }
        let is_there = world.exists("orders").await;
        assert_eq!(world.engine.inner_keyspaces().await, 1 + usize::from(is_there), "at {changes} {cut:?}");
        match is_there {
            true => assert!(world.open("orders").await.is_ok()),
            false => drop(world.create("orders", Value::Null).await),
        }
    }
    assert!(cuts_met >= 6, "three changes, cut before and after: {cuts_met}");
}

#[tokio::test]
async fn a_deletion_that_began_comes_to_its_end() {
    let mut cuts_met = 0;
    for (changes, cut) in every_cut() {
        let mut world = World::new().await;
        for name in ["gone", "stays"] {
            world.create(name, Value::Null).await;
            world.put(name, name).await;
        }
        let remembered = world.open("gone").await.unwrap().descriptor().clone();
        let secret = remembered.encryption.table_key.wrapped.clone().unwrap();
        world.engine.cut_after(changes, cut);
        let answered = world.call("DeleteTable", json!({"TableName": "gone"})).await.is_ok();
        cuts_met += i64::from(world.engine.is_out());
        world.restart().await;
        assert_eq!(world.get("stays").await.as_deref(), Some("stays"), "at {changes} {cut:?}");
        if world.exists("gone").await {
            assert!(!answered);
            assert_eq!((changes, cut), (0, Cut::Before), "only a deletion that never began leaves the table");
            assert_eq!(world.get("gone").await.as_deref(), Some("gone"));
            continue;
        }
        assert_eq!(world.engine.inner_keyspaces().await, 2);
        assert!(world.room.shredder.unseal(&secret, &remembered.key_binding()).await.is_err());
        assert!(world.room.catalog.shredding().is_empty());
    }
    assert!(cuts_met >= 10, "five changes, cut before and after: {cuts_met}");
}

#[tokio::test]
async fn a_change_of_key_that_began_comes_to_its_end() {
    let mut cuts_met = 0;
    for (changes, cut) in every_cut() {
        let mut world = World::new().await;
        let (old, new) = (world.kms.create_key(), world.kms.create_key());
        world.create("orders", under(&old)).await;
        world.put("orders", "kept").await;
        world.engine.cut_after(changes, cut);
        let answered = world.change_key("orders", under(&new)).await.is_ok();
        let_background_run().await;
        cuts_met += i64::from(world.engine.is_out());
        world.restart().await;
        let description = world.describe("orders").await["SSEDescription"].clone();
        assert_eq!(description["Status"], "ENABLED", "at {changes} {cut:?}");
        let has_changed = description["KMSMasterKeyArn"] == json!(new);
        assert!(has_changed || !answered);
        assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
        let unneeded = if has_changed { &old } else { &new };
        world.kms.bring(unneeded, KeyState::Deleted).await;
        world.restart().await;
        assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
    }
    assert!(cuts_met >= 6, "three changes, cut before and after: {cuts_met}");
}

/// A table whose change of key was cut at a change of the engine, its old and its new key.
async fn cut_in_the_middle(changes: i64, cut: Cut) -> (World, String, String) {
    let world = World::new().await;
    let (old, new) = (world.kms.create_key(), world.kms.create_key());
    world.create("orders", under(&old)).await;
    world.put("orders", "kept").await;
    world.engine.cut_after(changes, cut);
    world.change_key("orders", under(&new)).await.unwrap();
    let_background_run().await;
    assert!(world.engine.is_out());
    (world, old, new)
}

#[tokio::test]
async fn a_switch_the_engine_made_does_not_need_the_old_key_to_be_finished() {
    let (mut world, old, new) = cut_in_the_middle(1, Cut::After).await;
    world.kms.bring_silently(&old, KeyState::Disabled);
    world.restart().await;
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "ACTIVE");
    assert_eq!(
        table["SSEDescription"],
        json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": new})
    );
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_switch_the_engine_did_not_make_waits_for_the_old_key() {
    let (mut world, old, new) = cut_in_the_middle(1, Cut::Before).await;
    world.kms.bring_silently(&old, KeyState::Disabled);
    world.restart().await;
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    assert_eq!(table["SSEDescription"]["Status"], "UPDATING");
    assert!(world.closed("orders").await.1.contains(&format!("{old} is disabled.")));
    world.kms.bring(&old, KeyState::Enabled).await;
    assert_eq!(world.settled("orders").await["SSEDescription"]["KMSMasterKeyArn"], json!(new));
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_new_key_that_is_gone_before_the_engine_took_it_is_given_up() {
    let (mut world, old, new) = cut_in_the_middle(1, Cut::Before).await;
    world.kms.bring_silently(&new, KeyState::Disabled);
    world.restart().await;
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "ACTIVE");
    assert_eq!(
        table["SSEDescription"],
        json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": old})
    );
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_new_key_that_is_unusable_after_the_engine_took_it_makes_the_table_inaccessible() {
    let (mut world, _, new) = cut_in_the_middle(1, Cut::After).await;
    world.kms.bring_silently(&new, KeyState::Disabled);
    world.restart().await;
    let table = world.describe("orders").await;
    assert_eq!(table["TableStatus"], "INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    assert_eq!(table["SSEDescription"]["Status"], "ENABLED");
    assert!(world.closed("orders").await.1.contains(&format!("{new} is disabled.")));
    world.kms.bring(&new, KeyState::Enabled).await;
    assert_eq!(world.get("orders").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_table_stuck_between_two_lost_keys_can_be_deleted() {
    let (mut world, old, new) = cut_in_the_middle(1, Cut::Before).await;
    for key in [&old, &new] {
        world.kms.bring_silently(key, KeyState::Deleted);
    }
    world.restart().await;
    assert!(world.open("orders").await.is_err());
    world.ok("DeleteTable", json!({"TableName": "orders"})).await;
    assert!(!world.exists("orders").await);
}

fn every_cut() -> impl Iterator<Item = (i64, Cut)> {
    (0..MANY).flat_map(|changes| [(changes, Cut::Before), (changes, Cut::After)])
}
