//! What happens where the engine fails.

use engine::{Commit, Engine, Write};
use kms::store::KEYSPACE;
use kms::store::record::Address;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_change_that_cannot_be_made_durable_is_not_made() {
    let world = World::new().await;
    let key = world.key().await;
    world.engine.close(KEYSPACE);
    for (operation, body) in [
        ("DisableKey", json!({"KeyId": key})),
        ("CreateKey", json!({})),
        ("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})),
    ] {
        let error = world.call(operation, body).await.expect_err(operation);
        assert_eq!((error.code.as_ref(), error.status), ("KMSInternalException", 500));
        assert!(!error.message.unwrap().contains("keyspace"));
    }
    let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(described["KeyMetadata"]["KeyState"], "Enabled");
    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"].as_array().unwrap().len(), 1);
    world.encrypted(&key, "aGk=", json!({})).await;
}

#[tokio::test]
async fn a_damaged_record_is_named_when_the_room_opens() {
    let world = World::new().await;
    let key = world.key().await;
    let address = Address::Key(kms::key_id::KeyId::parse(&key).unwrap()).key();
    let value = Some(b"\x01{}".as_slice().into());
    let write = Write { keyspace: KEYSPACE, key: address, value };
    world.engine.commit(Commit { guards: vec![], writes: vec![write] }).await.unwrap();
    let refused = world.try_to_reopen().await.expect_err("the record is damaged");
    assert_eq!(refused.to_string(), format!("the record of {key} in the KMS's keyspace is damaged"));
}
