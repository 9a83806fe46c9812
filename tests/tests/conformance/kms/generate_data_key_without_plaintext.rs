use aws_sdk_kms::types::DataKeySpec;

use crate::world::World;

#[tokio::test]
async fn the_data_key_comes_wrapped_and_opens_later() {
    let world = World::new();
    let arn = world.create_key().await;
    let generate = world.kms.generate_data_key_without_plaintext().key_id(&arn).key_spec(DataKeySpec::Aes256);
    let key = generate.send().await.unwrap();
    assert_eq!(key.key_id.as_deref(), Some(arn.as_str()));
    let opened = world.kms.decrypt().ciphertext_blob(key.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref().len(), 32);
}
