//! Deletion is final: what was copied before cannot be opened afterwards.

use engine::{Direction, Engine, Limit, Partition, SortRange};
use kms::material::MaterialRecord;
use kms::store::KEYSPACE;
use kms::store::record::{Address, Record};
use serde_json::json;

use crate::world::World;

/// The material records of all keys, as they lie in the engine.
async fn copied(world: &World) -> Vec<(kms::key_id::KeyId, MaterialRecord)> {
    let limit = Limit { entries: 1000, bytes: 1 << 30 };
    let keys = Partition(*b"kms keys        ");
    let page = world.engine.slice(KEYSPACE, keys, SortRange::ALL, Direction::Forward, limit).await.unwrap();
    let records =
        page.entries.iter().map(|entry| Record::decode(&Address::of(&entry.key).unwrap(), &entry.value));
    let keys = records.map(|record| match record {
        Some(Record::Key(key)) => (key.id, key.material),
        other => panic!("{other:?}"),
    });
    keys.collect()
}

#[tokio::test]
async fn a_deleted_keys_copied_material_never_opens_again_and_the_others_do() {
    let world = World::new().await;
    let (gone, kept) = (world.key().await, world.key().await);
    for _ in 0..120 {
        world.key().await;
    }
    let before = copied(&world).await;
    let blob = world.encrypted(&kept, "aGk=", json!({})).await;
    world.ok("ScheduleKeyDeletion", json!({"KeyId": gone, "PendingWindowInDays": 7})).await;
    world.advance_days(7);
    for (key_id, material) in &before {
        assert!(material.open(*key_id, &world.shredder).await.is_ok());
    }
    world.kms.tick().await.unwrap();
    for (key_id, material) in &before {
        assert!(material.open(*key_id, &world.shredder).await.is_err());
    }
    for (key_id, material) in copied(&world).await {
        assert!(material.open(key_id, &world.shredder).await.is_ok());
    }
    let world = world.reopened().await;
    assert_eq!(world.ok("Decrypt", json!({"CiphertextBlob": blob})).await["Plaintext"], "aGk=");
}

#[tokio::test]
async fn a_material_opens_as_that_of_its_own_key_only() {
    let world = World::new().await;
    world.key().await;
    world.key().await;
    let records = copied(&world).await;
    assert!(records[0].1.open(records[0].0, &world.shredder).await.is_ok());
    assert!(records[0].1.open(records[1].0, &world.shredder).await.is_err());
}

#[tokio::test]
async fn a_shred_that_a_crash_left_undone_is_done_by_the_next_start() {
    let world = World::new().await;
    world.key().await;
    let before = copied(&world).await;
    let owed = engine::Write {
        keyspace: KEYSPACE,
        key: Address::ShredOwed.key(),
        value: Some(Record::ShredOwed.encode().unwrap()),
    };
    world.engine.commit(engine::Commit { guards: vec![], writes: vec![owed] }).await.unwrap();
    let world = world.reopened().await;
    assert_eq!(world.kms.tick().await.unwrap(), 0);
    let (key_id, material) = &before[0];
    assert!(material.open(*key_id, &world.shredder).await.is_err());
    let after = copied(&world).await;
    world.kms.tick().await.unwrap();
    assert_eq!(copied(&world).await, after);
}
