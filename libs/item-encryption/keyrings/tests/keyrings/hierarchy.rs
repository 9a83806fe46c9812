//! Branch keys in a table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;
use item_encryption_format::Value;
use item_encryption_format::dbesdk::EncryptionContext;
use item_encryption_keyrings::hierarchy::{BranchKeyIds, ByAttribute, OneBranchKey, StoreKey};
use item_encryption_keyrings::{
    CacheLimits, HierarchicalKeyring, KeyArn, KeyStore, Keyring, KeyringError, SealedKeys, VersionId,
};

use crate::world::{ARN, FakeClock, FakeKms, FakeTables, note, open, seal, seal_item};

struct World {
    kms: FakeKms,
    tables: FakeTables,
    clock: Arc<FakeClock>,
}

impl World {
    fn new() -> Self {
        let tables = FakeTables::default();
        let world = Self { kms: FakeKms::default(), tables, clock: Arc::default() };
        assert!(!block_on(world.store().create_table()).unwrap());
        assert!(block_on(world.store().create_table()).unwrap());
        world
    }

    fn store(&self) -> KeyStore {
        self.store_of(StoreKey::One(KeyArn::parse(ARN).unwrap()))
    }

    fn store_of(&self, key: StoreKey) -> KeyStore {
        let (kms, tables) = (Arc::new(self.kms.clone()), Arc::new(self.tables.clone()));
        KeyStore::new("KeyStore", "logical", key, kms, tables)
    }

    fn create(&self, id: &str) -> Result<String, KeyringError> {
        block_on(self.store().create_key(Some(id), BTreeMap::new()))
    }

    fn keyring(&self, id: &str) -> HierarchicalKeyring {
        let limits = CacheLimits { max_age: Duration::from_secs(60), capacity: 4 };
        let id = Box::new(OneBranchKey(id.to_owned()));
        HierarchicalKeyring::with_clock(Arc::new(self.store()), id, limits, self.clock.clone())
    }
}

fn told<T>(answer: Result<T, KeyringError>) -> String {
    answer.err().unwrap().to_string()
}

#[test]
fn items_stay_readable_when_their_branch_key_is_rotated() {
    let world = World::new();
    assert_eq!(world.create("tenant").unwrap(), "tenant");
    let (keyring, old) = (world.keyring("tenant"), seal(&world.keyring("tenant")).unwrap());
    let first = block_on(world.store().active_key("tenant")).unwrap().version();
    let second = block_on(world.store().rotate_key("tenant")).unwrap();
    assert_ne!(first, second);
    assert_eq!(block_on(world.store().active_key("tenant")).unwrap().version(), second);
    let new = seal(&keyring).unwrap();
    for item in [old, new] {
        assert_eq!(open(&keyring, item.clone()).unwrap(), note());
        assert_eq!(open(&world.keyring("tenant"), item.clone()).unwrap(), note());
        assert!(matches!(open(&world.keyring("other"), item), Err(KeyringError::NotARecipient(_))));
    }
    for version in [first, second] {
        assert!(block_on(world.store().key_version("tenant", VersionId(version))).is_ok());
    }
}

#[test]
fn the_beacon_key_stays_when_the_branch_key_is_rotated() {
    let world = World::new();
    world.create("tenant").unwrap();
    let before = block_on(world.store().beacon_key("tenant")).unwrap();
    block_on(world.store().rotate_key("tenant")).unwrap();
    assert_eq!(before, block_on(world.store().beacon_key("tenant")).unwrap());
}

#[test]
fn a_branch_key_is_fetched_once_for_many_items_and_again_when_it_is_old() {
    let world = World::new();
    world.create("tenant").unwrap();
    let keyring = world.keyring("tenant");
    for _ in 0..5 {
        assert_eq!(open(&keyring, seal(&keyring).unwrap()).unwrap(), note());
    }
    assert_eq!(world.kms.calls("Decrypt"), 2, "the active key, and the same as a version");
    world.clock.advance(60);
    seal(&keyring).unwrap();
    assert_eq!(world.kms.calls("Decrypt"), 3);
}

#[test]
fn many_readers_at_once_make_one_call_of_the_kms() {
    let world = World::new();
    world.create("tenant").unwrap();
    let item = seal(&world.keyring("tenant")).unwrap();
    let (keyring, config) = (world.keyring("tenant"), crate::world::config());
    let sealed = item_encryption_format::dbesdk::SealedItem::read(item, "Notes", &config).unwrap();
    let keys = SealedKeys {
        encrypted_data_keys: sealed.encrypted_data_keys(),
        context: sealed.context(),
        bound: sealed.bound(),
    };
    let before = world.kms.calls("Decrypt");
    let opened = block_on(join_all((0..50).map(|_| keyring.unwrap(&keys))));
    assert!(opened.iter().all(Result::is_ok));
    assert_eq!(world.kms.calls("Decrypt"), before + 1);
}

#[test]
fn eight_tasks_over_many_items_make_two_calls_of_the_kms() {
    assert_eq!(calls_of(8, 25), 2);
}

/// `cargo test --release -p item-encryption-keyrings --test keyrings a_million_items -- --ignored`
#[test]
#[ignore = "half a minute where it is optimised"]
fn a_million_items_over_eight_tasks_make_two_calls_of_the_kms() {
    assert_eq!(calls_of(8, 125_000), 2);
}

/// How often the KMS is asked where each of `tasks` encrypts and decrypts `items` of its own, all at once: for the active
/// branch key, and for the same as a version.
fn calls_of(tasks: usize, items: usize) -> usize {
    let world = World::new();
    world.create("tenant").unwrap();
    let keyring = world.keyring("tenant");
    let pass = |task: usize| {
        for number in 0..items {
            let mut item = note();
            item.insert("id".to_owned(), Value::S(format!("{task}-{number}")));
            let sealed = seal_item(&keyring, item.clone()).unwrap();
            assert_eq!(open(&keyring, sealed).unwrap(), item);
        }
    };
    std::thread::scope(|scope| {
        (0..tasks).for_each(|task| drop(scope.spawn(move || pass(task))));
    });
    world.kms.calls("Decrypt")
}

#[test]
fn a_creation_that_fails_leaves_nothing_and_can_be_made_again() {
    let world = World::new();
    world.tables.0.lock().unwrap().is_dark = true;
    assert!(told(world.create("tenant")).contains("the power is gone"));
    assert!(world.tables.0.lock().unwrap().items.is_empty());
    world.create("tenant").unwrap();
    let keyring = world.keyring("tenant");
    assert_eq!(open(&keyring, seal(&keyring).unwrap()).unwrap(), note());
    assert!(block_on(world.store().beacon_key("tenant")).is_ok());
    assert!(told(world.create("tenant")).contains("exists already"));
}

#[test]
fn a_rotation_that_fails_leaves_the_old_version_active_and_no_other() {
    let world = World::new();
    world.create("tenant").unwrap();
    let items = || world.tables.0.lock().unwrap().items.clone();
    let before = items();
    world.tables.0.lock().unwrap().is_dark = true;
    assert!(told(block_on(world.store().rotate_key("tenant"))).contains("the power is gone"));
    assert_eq!(items(), before);
    block_on(world.store().rotate_key("tenant")).unwrap();
    assert_eq!(items().len(), before.len() + 1);
}

#[test]
fn a_branch_key_is_bound_to_its_place_its_context_and_its_key_store() {
    let world = World::new();
    let own = BTreeMap::from([("department".to_owned(), "x".to_owned())]);
    let id = block_on(world.store().create_key(None, own)).unwrap();
    let active = || block_on(world.store().active_key(&id));
    let context = world.kms.0.lock().unwrap().wrapped[0].context.clone();
    assert_eq!(context.get("aws-crypto-ec:department"), Some("x"));
    assert_eq!((context.get("tablename"), context.get("hierarchy-version")), (Some("logical"), Some("1")));
    assert!(active().is_ok());
    let kms = Arc::new(world.kms.clone());
    let arn = StoreKey::One(KeyArn::parse(ARN).unwrap());
    let elsewhere = KeyStore::new("KeyStore", "other", arn, kms, Arc::new(world.tables.clone()));
    assert!(matches!(block_on(elsewhere.active_key(&id)), Err(KeyringError::Kms { .. })));
    let tampered = [
        ("aws-crypto-ec:department", Value::S("y".to_owned()), "InvalidCiphertext"),
        ("kms-arn", Value::S(format!("{ARN}0")), "not the key store's KMS key"),
        ("hierarchy-version", Value::N("2".to_owned()), "branch keys of version 1 can"),
        ("stranger", Value::Null, "which no key store writes"),
    ];
    for (name, value, reason) in tampered {
        let items = world.tables.0.lock().unwrap().items.clone();
        for item in world.tables.0.lock().unwrap().items.values_mut() {
            item.insert(name.to_owned(), value.clone());
        }
        assert!(told(active()).contains(reason), "{}", told(active()));
        world.tables.0.lock().unwrap().items = items;
    }
}

#[test]
fn a_branch_key_of_a_replica_opens_where_that_was_asked_for() {
    let world = World::new();
    world.create("tenant").unwrap();
    let near = KeyArn::parse(ARN).unwrap().in_region("eu-west-1");
    let opens = |key| block_on(world.store_of(key).active_key("tenant")).is_ok();
    assert!(!opens(StoreKey::One(near.clone())));
    assert!(opens(StoreKey::MultiRegion(near)));
    assert!(opens(StoreKey::Any));
    assert!(opens(StoreKey::AnyInRegion("eu-west-1".to_owned())));
    let made = block_on(world.store_of(StoreKey::Any).create_key(None, BTreeMap::new()));
    assert!(told(made).contains("not discovery"));
}

#[test]
fn two_who_rotate_at_once_do_not_overwrite_each_other() {
    let world = World::new();
    world.create("tenant").unwrap();
    let items = || world.tables.0.lock().unwrap().items.clone();
    let active = || items().into_iter().find(|(name, _)| name.contains("branch:ACTIVE")).unwrap();
    let before = items();
    block_on(world.store().rotate_key("tenant")).unwrap();
    let (overtaking, winner) = (active(), block_on(world.store().active_key("tenant")).unwrap().version());
    {
        let mut state = world.tables.0.lock().unwrap();
        (state.items, state.overtaking) = (before, Some(overtaking.clone()));
    }
    assert!(told(block_on(world.store().rotate_key("tenant"))).contains("by somebody else at the same time"));
    assert_eq!(active(), overtaking);
    assert_eq!(block_on(world.store().active_key("tenant")).unwrap().version(), winner);
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    EncryptionContext::of(pairs.iter().copied()).unwrap()
}

#[test]
fn an_attribute_names_the_branch_key() {
    let ids = |prefix: Option<&str>| ByAttribute {
        attribute: "tenant".to_owned(),
        ids: BTreeMap::from([("7.5".to_owned(), "seven".to_owned())]),
        prefix: prefix.map(str::to_owned),
    };
    // A number in version 1's form, and in version 2's; a string in version 2's.
    let one = context(&[("aws-crypto-attr.tenant", "AAI3LjU=")]);
    let two = context(&[
        ("aws-crypto-attr.id", "x"),
        ("aws-crypto-attr.tenant", "7.5"),
        ("aws-crypto-legend", "SN"),
    ]);
    let text = context(&[("aws-crypto-attr.tenant", "b"), ("aws-crypto-legend", "S")]);
    let boolean = context(&[("aws-crypto-attr.tenant", "true"), ("aws-crypto-legend", "L")]);
    assert_eq!(ids(None).of(&one).unwrap(), "seven");
    assert_eq!(ids(None).of(&two).unwrap(), "seven");
    assert_eq!(ids(Some("branch-")).of(&text).unwrap(), "branch-b");
    assert!(told(ids(None).of(&text)).contains("add it to the ids"));
    for none in [boolean, context(&[])] {
        assert!(told(ids(Some("")).of(&none)).contains("SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"));
    }
}
