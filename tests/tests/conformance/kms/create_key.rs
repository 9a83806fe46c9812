use aws_sdk_kms::types::{KeySpec, KeyState, KeyUsageType};

use super::tag;
use crate::world::{World, code};

#[tokio::test]
async fn a_key_is_symmetric_enabled_and_the_customers() {
    let world = World::new();
    let create = world.kms.create_key().description("mine").tags(tag("team", "blue"));
    let key = create.send().await.unwrap().key_metadata.unwrap();
    assert_eq!(key.key_id.len(), 36);
    assert_eq!(
        key.arn.as_deref(),
        Some(format!("arn:aws:kms:us-east-1:000000000000:key/{}", key.key_id).as_str())
    );
    assert_eq!(key.aws_account_id.as_deref(), Some("000000000000"));
    assert_eq!(key.description.as_deref(), Some("mine"));
    assert_eq!(key.key_state, Some(KeyState::Enabled));
    assert!(key.enabled);
    assert_eq!(key.key_usage, Some(KeyUsageType::EncryptDecrypt));
    assert_eq!(key.key_spec, Some(KeySpec::SymmetricDefault));
    assert_eq!(key.key_manager.unwrap().as_str(), "CUSTOMER");
    assert_eq!(key.origin.unwrap().as_str(), "AWS_KMS");
    assert_eq!(key.multi_region, Some(false));
    assert_eq!(
        key.encryption_algorithms.unwrap().iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        ["SYMMETRIC_DEFAULT"]
    );
    assert!(key.creation_date.is_some());
    let tags = world.kms.list_resource_tags().key_id(&key.key_id).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("team", "blue")]);
}

#[tokio::test]
async fn keys_are_there_after_a_restart() {
    let mut world = World::new();
    let arn = world.create_key().await;
    let before = super::described(&world, &arn).await;
    let message = super::encrypted(&world, &arn, b"hello").await;
    world.restart();
    assert_eq!(super::described(&world, &arn).await, before);
    let plain = world.kms.decrypt().ciphertext_blob(message).send().await.unwrap().plaintext.unwrap();
    assert_eq!(plain.as_ref(), b"hello");
}

#[tokio::test]
async fn what_does_not_work_yet_is_refused() {
    let world = World::new();
    let asymmetric =
        world.kms.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::EncryptDecrypt);
    assert_eq!(code(asymmetric.send().await), "UnsupportedOperationException");
    assert_eq!(code(world.kms.create_key().multi_region(true).send().await), "UnsupportedOperationException");
    assert!(world.kms.list_keys().send().await.unwrap().keys().is_empty());
}
