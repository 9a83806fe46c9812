use aws_sdk_kms::operation::encrypt::builders::EncryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;

use super::encrypted;
use crate::world::{World, refused};

fn encrypt(world: &World, key: &str) -> EncryptFluentBuilder {
    world.kms.encrypt().key_id(key).plaintext(Blob::new("secret"))
}

#[tokio::test]
async fn the_blob_knows_its_key() {
    let world = World::new();
    let arn = world.create_key().await;
    let blob = encrypted(&world, &arn, b"secret").await;
    let answer = world.kms.decrypt().ciphertext_blob(blob).send().await.unwrap();
    assert_eq!(answer.plaintext.unwrap().as_ref(), b"secret");
    assert_eq!(answer.key_id.as_deref(), Some(arn.as_str()));
    assert_eq!(answer.key_material_id.unwrap().len(), 64);
}

#[tokio::test]
async fn a_key_that_is_named_must_be_the_right_one() {
    let world = World::new();
    let (arn, other) = (world.create_key().await, world.create_key().await);
    let blob = encrypted(&world, &arn, b"secret").await;
    world.kms.decrypt().ciphertext_blob(blob.clone()).key_id(&arn).send().await.unwrap();
    let wrong = world.kms.decrypt().ciphertext_blob(blob).key_id(&other).send().await;
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    assert_eq!(refused(wrong), ("IncorrectKeyException".into(), text.into()));
}

#[tokio::test]
async fn the_context_must_be_exactly_the_same() {
    let world = World::new();
    let arn = world.create_key().await;
    let with_context =
        encrypt(&world, &arn).encryption_context("Table", "Notes").encryption_context("a", "b");
    let blob = with_context.send().await.unwrap().ciphertext_blob.unwrap();
    let decrypt = |context: &[(&str, &str)]| {
        let context = context.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        world.kms.decrypt().ciphertext_blob(blob.clone()).set_encryption_context(Some(context)).send()
    };
    decrypt(&[("a", "b"), ("Table", "Notes")]).await.unwrap();
    let wrong: [&[(&str, &str)]; 6] = [
        &[],
        &[("a", "b")],
        &[("a", "b"), ("Table", "Notes"), ("c", "d")],
        &[("a", "b"), ("table", "Notes")],
        &[("a", "b"), ("Table", "notes")],
        &[("a", "Notes"), ("Table", "b")],
    ];
    for context in wrong {
        let answer = refused(decrypt(context).await);
        assert_eq!(answer, ("InvalidCiphertextException".into(), String::new()), "{context:?}");
    }
}

#[tokio::test]
async fn every_changed_bit_is_found() {
    let world = World::new();
    let arn = world.create_key().await;
    let blob = encrypted(&world, &arn, b"x").await.into_inner();
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1 << (at % 8);
        let answer = world.kms.decrypt().ciphertext_blob(Blob::new(changed)).send().await;
        let (code, _) = refused(answer);
        assert!(
            ["InvalidCiphertextException", "AccessDeniedException", "NotFoundException"]
                .contains(&code.as_str()),
            "byte {at}: {code}"
        );
    }
}
