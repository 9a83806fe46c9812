//! The KMS API.

mod cancel_key_deletion;
mod create_alias;
mod create_key;
mod decrypt;
mod delete_alias;
mod describe_key;
mod disable_key;
mod enable_key;
mod encrypt;
mod generate_data_key;
mod generate_data_key_without_plaintext;
mod generate_random;
mod get_key_policy;
mod list_aliases;
mod list_key_policies;
mod list_keys;
mod list_resource_tags;
mod re_encrypt;
mod schedule_key_deletion;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_key_description;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyMetadata, Tag};

use crate::world::World;

/// A message under this key, without a context.
async fn encrypted(world: &World, key: &str, message: &[u8]) -> Blob {
    let encrypt = world.kms.encrypt().key_id(key).plaintext(Blob::new(message));
    encrypt.send().await.unwrap().ciphertext_blob.unwrap()
}

/// What DescribeKey tells.
async fn described(world: &World, key: &str) -> KeyMetadata {
    world.kms.describe_key().key_id(key).send().await.unwrap().key_metadata.unwrap()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().tag_key(key).tag_value(value).build().unwrap()
}
