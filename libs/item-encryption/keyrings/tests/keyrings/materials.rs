//! Materials that serve for a while.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::{Suite, Value};
use item_encryption_keyrings::{
    CachedMaterials, FreshMaterials, KmsKeyring, MaterialsLimits, MaterialsManager, SealedKeys,
};

use crate::world::{ARN, FakeClock, FakeKms, Item, config, note};

struct World {
    kms: FakeKms,
    clock: Arc<FakeClock>,
    manager: CachedMaterials,
}

impl World {
    fn new(max_uses: u64, max_bytes: u64, capacity: usize) -> Self {
        let (kms, clock) = (FakeKms::default(), Arc::new(FakeClock::default()));
        let limits = MaterialsLimits { max_age: Duration::from_secs(10), max_uses, max_bytes, capacity };
        let keyring = Arc::new(KmsKeyring::new(kms.clone(), ARN));
        Self { manager: CachedMaterials::with_clock(keyring, limits, clock.clone()), kms, clock }
    }

    fn materials(&self, id: &str, suite: Suite, bytes: u64) -> Arc<EncryptionMaterials> {
        let context = encryption_context(&named(id), &config()).unwrap();
        block_on(self.manager.for_writing(context, suite, bytes)).unwrap()
    }

    /// How many data keys were made for writes of these items.
    fn made(&self, ids: &[&str]) -> usize {
        let before = self.kms.calls("GenerateDataKey");
        for id in ids {
            self.materials(id, Suite::NoEcdsa, 10);
        }
        self.kms.calls("GenerateDataKey") - before
    }
}

fn named(id: &str) -> Item {
    let mut note = note();
    note.insert("id".to_owned(), Value::S(id.to_owned()));
    note
}

#[test]
fn uses_bytes_age_and_number_have_limits() {
    let plenty = u64::MAX;
    assert_eq!(World::new(3, plenty, 8).made(&["a"; 7]), 3);
    assert_eq!(World::new(1, plenty, 8).made(&["a"; 3]), 3);
    assert_eq!(World::new(plenty, 30, 8).made(&["a"; 7]), 3);
    assert_eq!(World::new(plenty, 5, 8).made(&["a"; 3]), 3, "an item above the limit is always alone");
    assert_eq!(World::new(plenty, plenty, 2).made(&["a", "b", "a", "c", "a", "b"]), 4);
    let world = World::new(plenty, plenty, 8);
    assert_eq!(world.made(&["a", "a"]), 1);
    world.clock.advance(10);
    assert_eq!(world.made(&["a", "a"]), 1);
}

#[test]
fn items_of_other_keys_and_other_suites_never_share() {
    let world = World::new(u64::MAX, u64::MAX, 8);
    assert_eq!(world.made(&["a", "b", "c", "a"]), 3);
    world.materials("a", Suite::Ecdsa, 1);
    assert_eq!(world.kms.calls("GenerateDataKey"), 4);
}

#[test]
fn versions_that_share_materials_open_alike_and_differ_in_every_byte_of_ciphertext() {
    for suite in [Suite::NoEcdsa, Suite::Ecdsa] {
        let world = World::new(8, u64::MAX, 8);
        let write = || encrypt(named("a"), &config(), &world.materials("a", suite, 10)).unwrap();
        let (one, two) = (write(), write());
        assert_eq!(world.kms.calls("GenerateDataKey"), 1);
        assert_ne!(one["body"], two["body"]);
        let fresh = FreshMaterials(KmsKeyring::new(world.kms.clone(), ARN));
        for item in [one, two] {
            assert_eq!(read(&fresh, item.clone()), named("a"));
            assert_eq!(read(&world.manager, item), named("a"));
        }
    }
}

#[test]
fn an_item_read_again_makes_no_call_and_another_version_does() {
    let world = World::new(1, u64::MAX, 8);
    let write = |id| encrypt(named(id), &config(), &world.materials(id, Suite::NoEcdsa, 10)).unwrap();
    let (one, two) = (write("a"), write("a"));
    for item in [&one, &one, &two, &one] {
        assert_eq!(read(&world.manager, item.clone()), named("a"));
    }
    assert_eq!(world.kms.calls("Decrypt"), 2);
    world.clock.advance(10);
    read(&world.manager, one);
    assert_eq!(world.kms.calls("Decrypt"), 3);
}

fn read(manager: &dyn MaterialsManager, item: Item) -> Item {
    let config = config();
    let sealed = SealedItem::read(item, "Notes", &config).unwrap();
    let keys = SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    };
    let key = block_on(manager.for_reading(&keys)).unwrap();
    sealed.decrypt(&key).unwrap()
}
