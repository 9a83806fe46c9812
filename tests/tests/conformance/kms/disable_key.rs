use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyState};

use super::{described, encrypted};
use crate::world::{World, refused};

#[tokio::test]
async fn a_disabled_key_does_nothing_cryptographic() {
    let world = World::new();
    let (arn, other) = (world.create_key().await, world.create_key().await);
    let message = encrypted(&world, &arn, b"x").await;
    let foreign = encrypted(&world, &other, b"x").await;
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    let told = described(&world, &arn).await;
    assert_eq!((told.key_state, told.enabled), (Some(KeyState::Disabled), false));
    let expected = ("DisabledException".to_owned(), format!("{arn} is disabled."));
    let kms = &world.kms;
    assert_eq!(refused(kms.encrypt().key_id(&arn).plaintext(Blob::new("x")).send().await), expected);
    assert_eq!(refused(kms.decrypt().ciphertext_blob(message.clone()).send().await), expected);
    assert_eq!(
        refused(kms.generate_data_key().key_id(&arn).key_spec(DataKeySpec::Aes256).send().await),
        expected
    );
    let without = kms.generate_data_key_without_plaintext().key_id(&arn).key_spec(DataKeySpec::Aes256);
    assert_eq!(refused(without.send().await), expected);
    let from = kms.re_encrypt().ciphertext_blob(message).destination_key_id(&other);
    assert_eq!(refused(from.send().await), expected);
    let to = kms.re_encrypt().ciphertext_blob(foreign).destination_key_id(&arn);
    assert_eq!(refused(to.send().await), expected);
}

#[tokio::test]
async fn keys_of_aws_cannot_be_disabled() {
    let world = World::new();
    let managed = described(&world, "alias/aws/dynamodb").await.arn.unwrap();
    assert!(world.kms.disable_key().key_id(&managed).send().await.is_err());
    assert!(described(&world, &managed).await.enabled);
}
