use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;

use super::encrypted;
use crate::world::{World, code, invalid};

#[tokio::test]
async fn a_message_is_encrypted_and_never_twice_alike() {
    let world = World::new();
    let arn = world.create_key().await;
    let encrypt = world.kms.encrypt().key_id(&arn).plaintext(Blob::new("a message that must not show"));
    let answer = encrypt.send().await.unwrap();
    assert_eq!(answer.key_id.as_deref(), Some(arn.as_str()));
    assert_eq!(answer.encryption_algorithm, Some(EncryptionAlgorithmSpec::SymmetricDefault));
    let blob = answer.ciphertext_blob.unwrap();
    assert!(!blob.as_ref().windows(7).any(|window| window == b"message"));
    assert_ne!(encrypted(&world, &arn, b"a message that must not show").await, blob);
}

#[tokio::test]
async fn up_to_4096_bytes_fit_and_become_at_most_6144() {
    let world = World::new();
    let arn = world.create_key().await;
    let blob = encrypted(&world, &arn, &[7; 4096]).await;
    assert!(blob.as_ref().len() <= 6144);
    let plain = world.kms.decrypt().ciphertext_blob(blob).send().await.unwrap().plaintext.unwrap();
    assert_eq!(plain.as_ref(), [7; 4096]);
    let too_long = world.kms.encrypt().key_id(&arn).plaintext(Blob::new([7; 4097])).send().await;
    assert_eq!(
        invalid(too_long),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length \
         less than or equal to 4096"
    );
}

#[tokio::test]
async fn a_rehearsal_tells_that_it_would_have_worked() {
    let world = World::new();
    let arn = world.create_key().await;
    let encrypt = world.kms.encrypt().key_id(&arn).plaintext(Blob::new("x")).dry_run(true);
    assert_eq!(code(encrypt.send().await), "DryRunOperationException");
}
