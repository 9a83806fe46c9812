use aws_sdk_kms::types::DataKeySpec;

use crate::world::{World, invalid};

#[tokio::test]
async fn the_plaintext_is_what_the_ciphertext_hides() {
    let world = World::new();
    let arn = world.create_key().await;
    let generate = || world.kms.generate_data_key().key_id(&arn).encryption_context("for", "tests");
    for (request, length) in [
        (generate().key_spec(DataKeySpec::Aes256), 32),
        (generate().key_spec(DataKeySpec::Aes128), 16),
        (generate().number_of_bytes(64), 64),
        (generate().number_of_bytes(1024), 1024),
    ] {
        let key = request.send().await.unwrap();
        assert_eq!(key.key_id.as_deref(), Some(arn.as_str()));
        let plain = key.plaintext.unwrap();
        assert_eq!(plain.as_ref().len(), length);
        let decrypt = world.kms.decrypt().ciphertext_blob(key.ciphertext_blob.unwrap());
        let opened = decrypt.encryption_context("for", "tests").send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap(), plain);
    }
}

#[tokio::test]
async fn no_two_data_keys_are_alike() {
    let world = World::new();
    let arn = world.create_key().await;
    let generate = || world.kms.generate_data_key().key_id(&arn).key_spec(DataKeySpec::Aes256).send();
    assert_ne!(generate().await.unwrap().plaintext, generate().await.unwrap().plaintext);
}

#[tokio::test]
async fn exactly_one_size_is_told() {
    let world = World::new();
    let arn = world.create_key().await;
    let generate = || world.kms.generate_data_key().key_id(&arn);
    let _ = invalid(generate().send().await);
    let _ = invalid(generate().number_of_bytes(32).key_spec(DataKeySpec::Aes256).send().await);
}
