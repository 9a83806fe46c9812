//! Items under a branch key in a table of the server, itself under a key of the server's KMS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use item_encryption_client::{TableCodec, decrypt_stream, encrypt_many};
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_keyrings::hierarchy::{OneBranchKey, StoreKey};
use item_encryption_keyrings::kms::KmsAnswer;
use item_encryption_keyrings::sdk::{SdkKms, SdkTables};
use item_encryption_keyrings::{CacheLimits, HierarchicalKeyring, KeyArn, KeyStore, KmsClient};
use zeroize::Zeroizing;

use crate::fixture::{Codec, config, note};
use crate::world::{Item, World};

/// A KMS that counts what it is asked to decrypt.
struct Counting(SdkKms, Arc<AtomicU32>);

impl KmsClient for Counting {
    fn generate_data_key<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, (Zeroizing<Vec<u8>>, Vec<u8>)> {
        self.0.generate_data_key(key, context)
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Zeroizing<Vec<u8>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.decrypt(key, blob, context)
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        key: &'a str,
        context: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        self.0.generate_data_key_without_plaintext(key, context)
    }

    fn re_encrypt<'a>(
        &'a self,
        key: &'a str,
        blob: &'a [u8],
        from: &'a EncryptionContext,
        to: &'a EncryptionContext,
    ) -> KmsAnswer<'a, Vec<u8>> {
        self.0.re_encrypt(key, blob, from, to)
    }
}

async fn store(world: &World, asked: &Arc<AtomicU32>) -> Arc<KeyStore> {
    let kms = Counting(SdkKms(world.kms.clone()), Arc::clone(asked));
    let tables = SdkTables(world.dynamodb.clone());
    let key = StoreKey::One(KeyArn::parse(&world.create_key().await).unwrap());
    let store = KeyStore::new("Keys", "Keys", key, Arc::new(kms), Arc::new(tables));
    while !store.create_table().await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.create_key(Some("tenant"), BTreeMap::new()).await.unwrap();
    Arc::new(store)
}

fn codec(store: &Arc<KeyStore>) -> Codec {
    let limits = CacheLimits { max_age: Duration::from_secs(3600), capacity: 10 };
    let keyring =
        HierarchicalKeyring::new(Arc::clone(store), Box::new(OneBranchKey("tenant".to_owned())), limits);
    Arc::new(TableCodec::new(config("Tasks"), keyring))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_items_over_eight_tasks_ask_the_kms_once_for_their_branch_key() {
    let (world, asked) = (World::new(), Arc::new(AtomicU32::new(0)));
    let store = store(&world, &asked).await;
    let items: Vec<Item> = (0..600).map(note).collect();
    let sealed = encrypt_many(&codec(&store), items.clone(), 8).await;
    let sealed: Vec<Item> = sealed.into_iter().map(Result::unwrap).collect();
    assert_eq!(asked.swap(0, Ordering::SeqCst), 1);
    // A codec with an empty cache, as in another process.
    let opened = decrypt_stream(codec(&store), stream::iter(sealed), 8);
    let opened: Vec<Item> = opened.map(|opened| opened.unwrap().item).collect().await;
    assert_eq!((opened, asked.load(Ordering::SeqCst)), (items, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_key_is_made_once_and_of_those_who_rotate_at_once_one_does() {
    let world = World::with_table().await;
    let store = store(&world, &Arc::default()).await;
    let made =
        futures::future::join_all((0..4).map(|_| store.create_key(Some("other"), BTreeMap::new()))).await;
    let refused: Vec<String> =
        made.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|reason| reason.contains("exists already")), "{refused:?}");
    let rotated = futures::future::join_all((0..4).map(|_| store.rotate_key("other"))).await;
    let active = store.active_key("other").await.unwrap().version();
    let won: Vec<_> = rotated.into_iter().filter_map(Result::ok).collect();
    assert!(won.contains(&active), "{won:?}");
    let items = world.dynamodb.scan().table_name("Keys").send().await.unwrap().count;
    // Of each a beacon key, an active item and a version; and a version of each rotation that was done.
    assert_eq!(items, 6 + i32::try_from(won.len()).unwrap());
}
