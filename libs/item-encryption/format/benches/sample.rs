//! The item that is measured: 10 attributes, 7 of them encrypted, 1,043 bytes.

use std::collections::HashMap;

use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::wrapping::RawAes;
use item_encryption_format::{Action, AttributeValue, Parts, Suite, TableConfig};
use zeroize::Zeroizing;

/// The lengths of the encrypted values, together 1,043 bytes.
pub const ENCRYPTED: [usize; 7] = [20, 63, 100, 120, 140, 200, 400];

/// The item in clear.
pub fn item<V: AttributeValue>() -> HashMap<String, V> {
    let text = |text: &str| V::from_parts(Parts::S(text.to_owned()));
    let encrypted = ENCRYPTED.iter().enumerate();
    let mut item: HashMap<String, V> =
        encrypted.map(|(at, len)| (format!("attribute{at}"), text(&"x".repeat(*len)))).collect();
    item.insert("id".to_owned(), text("note-0001"));
    item.insert("number".to_owned(), V::from_parts(Parts::N("7".to_owned())));
    item.insert("tenant".to_owned(), text("tenant-1"));
    item
}

/// Its table.
pub fn table(suite: Suite) -> TableConfig {
    let mut table = TableConfig::new("Notes", "id", Some("number")).action("tenant", Action::SignOnly);
    for at in 0..ENCRYPTED.len() {
        table = table.action(&format!("attribute{at}"), Action::EncryptAndSign);
    }
    table.suite = suite;
    table
}

/// The only recipient.
pub fn key() -> RawAes {
    RawAes::new("ours", "2026", Zeroizing::new(vec![7; 32])).expect("it has 32 bytes")
}

/// From context to footer.
pub fn sealed<V: AttributeValue>(
    item: HashMap<String, V>,
    table: &TableConfig,
    key: &RawAes,
) -> HashMap<String, V> {
    let context = encryption_context(&item, table).expect("the item has its keys");
    let mut materials = EncryptionMaterials::new(context, table.suite).expect("keys are made");
    key.wrap(&mut materials).expect("the key wraps");
    encrypt(item, table, &materials).expect("the item encrypts")
}

/// From header to values.
pub fn opened<V: AttributeValue>(
    item: HashMap<String, V>,
    table: &TableConfig,
    key: &RawAes,
) -> HashMap<String, V> {
    let sealed = SealedItem::read(item, &table.logical_table_name, table).expect("the header reads");
    let data_key = key.unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound());
    sealed.decrypt(&data_key.expect("the recipient is the key").expect("the key opens")).expect("it opens")
}
