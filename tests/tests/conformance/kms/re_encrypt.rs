use super::encrypted;
use crate::world::{World, code};

#[tokio::test]
async fn a_message_moves_to_another_key_and_context() {
    let world = World::new();
    let (from, to) = (world.create_key().await, world.create_key().await);
    let blob = encrypted(&world, &from, b"secret").await;
    let answer = world
        .kms
        .re_encrypt()
        .ciphertext_blob(blob)
        .destination_key_id(&to)
        .destination_encryption_context("now", "here")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.source_key_id.as_deref(), Some(from.as_str()));
    assert_eq!(answer.key_id.as_deref(), Some(to.as_str()));
    world.kms.disable_key().key_id(&from).send().await.unwrap();
    let decrypt = world.kms.decrypt().ciphertext_blob(answer.ciphertext_blob.unwrap());
    let plain = decrypt.encryption_context("now", "here").send().await.unwrap();
    assert_eq!(plain.plaintext.unwrap().as_ref(), b"secret");
    assert_eq!(plain.key_id.as_deref(), Some(to.as_str()));
}

#[tokio::test]
async fn the_source_is_checked() {
    let world = World::new();
    let (from, to) = (world.create_key().await, world.create_key().await);
    let blob = encrypted(&world, &from, b"secret").await;
    let re_encrypt = || world.kms.re_encrypt().ciphertext_blob(blob.clone()).destination_key_id(&to);
    assert_eq!(code(re_encrypt().source_key_id(&to).send().await), "IncorrectKeyException");
    let wrong_context = re_encrypt().source_encryption_context("a", "b");
    assert_eq!(code(wrong_context.send().await), "InvalidCiphertextException");
}
