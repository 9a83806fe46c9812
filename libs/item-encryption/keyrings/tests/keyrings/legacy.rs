//! The legacy format's provider table.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use item_encryption_format::legacy::direct_kms::NumberSpelling;
use item_encryption_format::legacy::{LegacyConfig, LegacyWriting, SigningKey, VerifyingKey};
use item_encryption_format::{Action, Value};
use item_encryption_keyrings::legacy::{LegacyProvider, MetaStore, MostRecent, SignatureKeys};
use item_encryption_keyrings::tables::TableShape;
use item_encryption_keyrings::{CacheLimits, KeyringError};

use crate::world::{FakeClock, FakeTables, Item, note};

struct World {
    tables: FakeTables,
    clock: Arc<FakeClock>,
}

impl World {
    fn new() -> Self {
        let (partition_key, sort_key) = ("N".to_owned(), "V".to_owned());
        let tables = FakeTables::default();
        tables.0.lock().unwrap().shape =
            Some(TableShape { partition_key, sort_key, sort_key_is_number: true });
        Self { tables, clock: Arc::default() }
    }

    fn store(&self, bound_to: &str) -> Arc<MetaStore> {
        let signature = SignatureKeys {
            signing: Some(SigningKey::hmac_sha256(b"signs")),
            verifying: Arc::new(VerifyingKey::hmac_sha256(b"signs")),
        };
        let rows = LegacyProvider::Static(vec![7; 32].into(), signature);
        Arc::new(MetaStore::new("Meta", bound_to, Arc::new(self.tables.clone()), rows))
    }

    fn reader(&self, material: &str) -> MostRecent {
        let limits = CacheLimits { max_age: Duration::from_secs(60), capacity: 8 };
        MostRecent::with_clock(self.store("Meta"), material, limits, self.clock.clone())
    }

    fn rows(&self) -> usize {
        self.tables.0.lock().unwrap().items.len()
    }
}

fn config() -> LegacyConfig {
    LegacyConfig {
        table: Some("Notes".to_owned()),
        keys: vec!["id".to_owned()],
        default: Action::EncryptAndSign,
        actions: [].into(),
        order: Default::default(),
    }
}

fn seal(provider: &LegacyProvider) -> Result<Item, KeyringError> {
    block_on(provider.seal(note(), &config(), LegacyWriting::for_readers_of_the_old_clients()))
}

fn open(provider: &LegacyProvider, item: &Item) -> Result<Item, KeyringError> {
    let config = config();
    let spelling = NumberSpelling::Stored;
    let opening = block_on(provider.opening(item, &config.keys, config.table.as_deref(), spelling))?;
    Ok(opening.open(item.clone(), &config)?)
}

#[test]
fn items_name_their_row_and_stay_readable_when_another_is_added() {
    let world = World::new();
    let writer = LegacyProvider::MostRecent(world.reader("name"));
    let reader = LegacyProvider::MostRecent(world.reader("name"));
    let old = seal(&writer).unwrap();
    assert_eq!(world.rows(), 1, "the first write makes the first row");
    assert_eq!(
        block_on(world.store("Meta").add("name", LegacyWriting::for_readers_of_the_old_clients())).unwrap(),
        1
    );
    let kept = seal(&writer).unwrap();
    world.clock.advance(60);
    let new = seal(&writer).unwrap();
    let row = |item: &Item| match &item["*amzn-ddb-map-desc*"] {
        Value::B(bytes) => String::from_utf8_lossy(bytes).contains("name#1"),
        _ => false,
    };
    assert_eq!([row(&old), row(&kept), row(&new)], [false, false, true]);
    for item in [old, kept, new] {
        assert_eq!(open(&reader, &item).unwrap(), note());
        let other = LegacyProvider::MostRecent(world.reader("other"));
        assert!(matches!(open(&other, &item), Err(KeyringError::NotARecipient(_))));
    }
}

#[test]
fn a_row_is_bound_to_its_table_and_its_place() {
    let world = World::new();
    let writer = LegacyProvider::MostRecent(world.reader("name"));
    let sealed = seal(&writer).unwrap();
    let limits = CacheLimits { max_age: Duration::from_secs(60), capacity: 8 };
    let renamed = LegacyProvider::MostRecent(MostRecent::new(world.store("Other"), "name", limits));
    assert!(matches!(open(&renamed, &sealed), Err(KeyringError::Format(_))));
    world.tables.0.lock().unwrap().items.clear();
    let gone = LegacyProvider::MostRecent(world.reader("name"));
    assert!(matches!(open(&gone, &sealed), Err(KeyringError::KeyStore { .. })));
}
