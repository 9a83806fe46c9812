use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::KeyState;

use super::{described, encrypted};
use crate::world::{World, code, refused};

#[tokio::test]
async fn a_window_of_days_begins() {
    let world = World::new();
    let arn = world.create_key().await;
    let answer =
        world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(9).send().await.unwrap();
    assert_eq!(answer.key_id.as_deref(), Some(arn.as_str()));
    assert_eq!(answer.key_state, Some(KeyState::PendingDeletion));
    assert_eq!(answer.pending_window_in_days, Some(9));
    let told = described(&world, &arn).await;
    assert_eq!(told.key_state, Some(KeyState::PendingDeletion));
    assert_eq!(told.deletion_date.unwrap().secs(), answer.deletion_date.unwrap().secs());
    let nine_days = 9 * 86_400;
    let waits = told.deletion_date.unwrap().secs() - told.creation_date.unwrap().secs();
    assert!((nine_days..nine_days + 60).contains(&waits), "{waits}");
}

#[tokio::test]
async fn thirty_days_are_the_default_and_no_key_is_usable_meanwhile() {
    let world = World::new();
    let arn = world.create_key().await;
    let answer = world.kms.schedule_key_deletion().key_id(&arn).send().await.unwrap();
    assert_eq!(answer.pending_window_in_days, Some(30));
    let expected = ("KMSInvalidStateException".to_owned(), format!("{arn} is pending deletion."));
    let encrypt = world.kms.encrypt().key_id(&arn).plaintext(Blob::new("x")).send().await;
    assert_eq!(refused(encrypt), expected);
    let again = world.kms.schedule_key_deletion().key_id(&arn).send().await;
    assert_eq!(refused(again), expected);
}

#[tokio::test]
async fn when_the_window_ends_the_key_and_its_aliases_are_gone() {
    let mut world = World::with_test_clock();
    let arn = world.create_key().await;
    let message = encrypted(&world, &arn, b"x").await;
    world.kms.create_alias().alias_name("alias/gone").target_key_id(&arn).send().await.unwrap();
    world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    world.server.advance_clock(7 * 86_400 - 60);
    assert_eq!(described(&world, &arn).await.key_state, Some(KeyState::PendingDeletion));
    world.server.advance_clock(120);
    for _ in 0..2 {
        assert_eq!(code(world.kms.describe_key().key_id(&arn).send().await), "NotFoundException");
        assert_eq!(code(world.kms.describe_key().key_id("alias/gone").send().await), "NotFoundException");
        assert!(world.kms.decrypt().ciphertext_blob(message.clone()).send().await.is_err());
        world.restart();
    }
}

#[tokio::test]
async fn windows_of_other_lengths_are_refused() {
    let world = World::new();
    let arn = world.create_key().await;
    for days in [0, 6, 31, 366] {
        let answer = world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(days).send().await;
        assert!(answer.is_err(), "{days}");
    }
    assert!(described(&world, &arn).await.enabled);
}
