use aws_sdk_kms::types::KeyState;

use super::described;
use crate::world::{World, refused};

#[tokio::test]
async fn a_disabled_key_is_usable_again() {
    let world = World::new();
    let arn = world.create_key().await;
    let message = super::encrypted(&world, &arn, b"x").await;
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    world.kms.enable_key().key_id(&arn).send().await.unwrap();
    assert_eq!(described(&world, &arn).await.key_state, Some(KeyState::Enabled));
    world.kms.decrypt().ciphertext_blob(message).send().await.unwrap();
    world.kms.enable_key().key_id(&arn).send().await.unwrap();
}

#[tokio::test]
async fn a_key_that_waits_for_its_deletion_cannot_be_enabled() {
    let world = World::new();
    let arn = world.create_key().await;
    world.kms.schedule_key_deletion().key_id(&arn).send().await.unwrap();
    let answer = world.kms.enable_key().key_id(&arn).send().await;
    assert_eq!(refused(answer), ("KMSInvalidStateException".into(), format!("{arn} is pending deletion.")));
}
