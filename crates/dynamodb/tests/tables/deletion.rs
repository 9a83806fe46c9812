//! DeleteTable: gone, and beyond recovery.

use engine::{Engine, Limit, Segment};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_deleted_table_is_answered_as_deleting_and_gone() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    world.put("orders", "x").await;
    let keyspace = world.open("orders").await.unwrap().keyspace();
    let answer = world.ok("DeleteTable", json!({"TableName": "orders"})).await["TableDescription"].clone();
    assert_eq!(answer["TableStatus"], "DELETING");
    assert!(answer.get("KeySchema").is_none() && answer.get("CreationDateTime").is_none());
    assert!(!world.exists("orders").await);
    assert_eq!(world.ok("ListTables", json!({})).await, json!({"TableNames": []}));
    assert!(!world.engine.keyspaces().await.unwrap().contains(&keyspace));
}

#[tokio::test]
async fn a_new_table_may_take_the_name_and_is_another_one() {
    let world = World::new().await;
    let old = world.create("orders", Value::Null).await["TableId"].clone();
    world.put("orders", "old").await;
    world.ok("DeleteTable", json!({"TableName": "orders"})).await;
    let new = world.create("orders", Value::Null).await["TableId"].clone();
    assert_ne!(old, new);
    assert_eq!(world.get("orders").await, None);
}

#[tokio::test]
async fn a_protected_table_stays() {
    let world = World::new().await;
    world.create("orders", Value::Null).await;
    let protect = |on: bool| json!({"TableName": "orders", "DeletionProtectionEnabled": on});
    let answer = world.ok("UpdateTable", protect(true)).await;
    assert_eq!(answer["TableDescription"]["DeletionProtectionEnabled"], true);
    assert_eq!(
        world.refused("DeleteTable", json!({"TableName": "orders"})).await,
        (
            "ValidationException".into(),
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion \
             protection first."
                .into()
        )
    );
    world.ok("UpdateTable", protect(false)).await;
    world.ok("DeleteTable", json!({"TableName": "orders"})).await;
}

/// A copy of the catalog from before the deletion is of no use: its secret is of a destroyed epoch. The
/// secrets of other tables are sealed again and open.
#[tokio::test]
async fn the_wrapped_key_of_a_deleted_table_is_shredded() {
    let mut world = World::new().await;
    for name in ["gone", "stays"] {
        world.create(name, Value::Null).await;
    }
    world.put("stays", "still here").await;
    let remembered = world.open("gone").await.unwrap().descriptor().clone();
    let secret = remembered.encryption.table_key.wrapped.clone().unwrap();
    let unsealed = |world: &World| {
        let shredder = world.room.shredder.clone();
        let (secret, binding) = (secret.clone(), remembered.key_binding());
        async move { shredder.unseal(&secret, &binding).await }
    };
    assert!(unsealed(&world).await.is_ok());
    world.ok("DeleteTable", json!({"TableName": "gone"})).await;
    assert!(unsealed(&world).await.is_err());
    world.restart().await;
    assert!(unsealed(&world).await.is_err());
    assert_eq!(world.get("stays").await.as_deref(), Some("still here"));
    let limit = Limit { entries: 10, bytes: usize::MAX };
    let records = world.engine.sweep(dynamodb::table::catalog::KEYSPACE, Segment::WHOLE, None, limit).await;
    assert_eq!(records.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn many_tables_are_sealed_again_in_batches() {
    let mut world = World::new().await;
    for number in 0..150 {
        world.create(&format!("table-{number}"), Value::Null).await;
    }
    world.ok("DeleteTable", json!({"TableName": "table-7"})).await;
    world.restart().await;
    for number in (0..150).filter(|number| *number != 7) {
        assert!(world.open(&format!("table-{number}")).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_come_and_go_at_once_without_waiting_for_each_other_for_ever() {
    let world = std::sync::Arc::new(World::new().await);
    let key = world.kms.create_key();
    let lives = (0..8).map(|number| {
        let (world, key) = (world.clone(), key.clone());
        tokio::spawn(async move {
            let name = format!("table-{number}");
            for _ in 0..4 {
                world.create(&name, crate::world::under(&key)).await;
                world.change_key(&name, json!({"Enabled": true})).await.unwrap();
                world.settled(&name).await;
                world.ok("DeleteTable", json!({"TableName": name})).await;
            }
        })
    });
    for life in lives.collect::<Vec<_>>() {
        life.await.unwrap();
    }
    assert_eq!(world.engine.inner_keyspaces().await, 1);
    assert!(world.room.catalog.shredding().is_empty());
}
