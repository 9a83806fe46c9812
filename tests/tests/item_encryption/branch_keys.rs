//! Branch keys in a table of the real server, under a key of its KMS, through the AWS SDK for Rust.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use item_encryption_client::{TableCodec, decrypt_stream, encrypt_many};
use item_encryption_keyrings::hierarchy::{DEFAULT_LIMITS, OneBranchKey, StoreKey};
use item_encryption_keyrings::sdk::{SdkKms, SdkTables};
use item_encryption_keyrings::{HierarchicalKeyring, KeyArn, KeyStore};

use crate::fixture::{Codec, config, note};
use crate::world::World;

const TASKS: usize = 8;

/// A key store with the branch key `tenant`, and the KMS key behind it.
async fn store(world: &World) -> (Arc<KeyStore>, String) {
    let arn = world.create_key().await;
    let (kms, tables) = (SdkKms(world.kms.clone()), SdkTables(world.dynamodb.clone()));
    let key = StoreKey::One(KeyArn::parse(&arn).unwrap());
    let store = KeyStore::new("KeyStore", "KeyStore", key, Arc::new(kms), Arc::new(tables));
    while !store.create_table().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.create_key(Some("tenant"), BTreeMap::new()).await.unwrap();
    (Arc::new(store), arn)
}

fn codec(store: &Arc<KeyStore>) -> Codec {
    let id = Box::new(OneBranchKey("tenant".to_owned()));
    let keyring = HierarchicalKeyring::new(Arc::clone(store), id, DEFAULT_LIMITS);
    Arc::new(TableCodec::new(config("Tasks"), keyring))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_items_are_read_over_one_branch_key_without_the_kms() {
    let world = World::new();
    let (store, arn) = store(&world).await;
    let items: Vec<_> = (0..300).map(note).collect();
    let sealed = encrypt_many(&codec(&store), items.clone(), TASKS).await;
    let sealed: Vec<_> = sealed.into_iter().map(Result::unwrap).collect();
    let reader = codec(&store);
    reader.decrypt(sealed[0].clone()).await.unwrap();
    // The branch key is in memory; the KMS would refuse from here on.
    world.kms.disable_key().key_id(&arn).send().await.unwrap();
    let opened = decrypt_stream(reader, stream::iter(sealed.clone()), TASKS);
    let opened: Vec<_> = opened.map(|opened| opened.unwrap().item).collect().await;
    assert_eq!(opened, items);
    let told = codec(&store).decrypt(sealed[0].clone()).await.err().unwrap().to_string();
    assert!(told.contains("DisabledException") && told.contains(&arn), "{told}");
}

#[tokio::test]
async fn a_rotated_branch_key_reads_what_its_former_version_wrote() {
    let world = World::new();
    let (store, _) = store(&world).await;
    let old = codec(&store).encrypt(note(1)).await.unwrap();
    let beacon = store.beacon_key("tenant").await.unwrap();
    let version = store.rotate_key("tenant").await.unwrap();
    assert_eq!(store.active_key("tenant").await.unwrap().version(), version);
    assert_eq!(store.beacon_key("tenant").await.unwrap(), beacon);
    let new = codec(&store).encrypt(note(2)).await.unwrap();
    for (item, number) in [(old, 1), (new, 2)] {
        assert_eq!(codec(&store).decrypt(item).await.unwrap().item, note(number));
    }
    let again = store.create_key(Some("tenant"), BTreeMap::new()).await.err().unwrap().to_string();
    assert!(again.contains("exists already"), "{again}");
}
