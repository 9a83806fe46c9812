use aws_sdk_kms::types::KeyState;

use super::described;
use crate::world::{World, refused};

#[tokio::test]
async fn a_cancelled_deletion_leaves_the_key_disabled() {
    let world = World::with_test_clock();
    let arn = world.create_key().await;
    world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    let answer = world.kms.cancel_key_deletion().key_id(&arn).send().await.unwrap();
    assert_eq!(answer.key_id.as_deref(), Some(arn.as_str()));
    let told = described(&world, &arn).await;
    assert_eq!(told.key_state, Some(KeyState::Disabled));
    assert_eq!(told.deletion_date, None);
    world.server.advance_clock(8 * 86_400);
    assert_eq!(described(&world, &arn).await.key_state, Some(KeyState::Disabled));
}

#[tokio::test]
async fn there_must_be_something_to_cancel() {
    let world = World::new();
    let arn = world.create_key().await;
    let (code, text) = refused(world.kms.cancel_key_deletion().key_id(&arn).send().await);
    assert_eq!(code, "KMSInvalidStateException");
    assert!(text.starts_with(&format!("{arn} is not pending deletion")), "{text}");
}
