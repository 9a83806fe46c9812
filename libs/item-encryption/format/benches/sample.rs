//! The item that is measured: 10 attributes, 7 of them encrypted, 1,043 bytes.

use std::collections::HashMap;

use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::wrapping::RawAes;
use item_encryption_format::{Action, Suite, TableConfig, Value};
use zeroize::Zeroizing;

/// An item.
pub type Item = HashMap<String, Value>;

/// The lengths of the encrypted values, together 1,043 bytes.
pub const ENCRYPTED: [usize; 7] = [20, 63, 100, 120, 140, 200, 400];

/// The item in clear.
pub fn item() -> Item {
    let encrypted = ENCRYPTED.iter().enumerate();
    let mut item: Item =
        encrypted.map(|(at, len)| (format!("attribute{at}"), Value::S("x".repeat(*len)))).collect();
    item.insert("id".to_owned(), Value::S("note-0001".to_owned()));
    item.insert("number".to_owned(), Value::N("7".to_owned()));
    item.insert("tenant".to_owned(), Value::S("tenant-1".to_owned()));
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
pub fn sealed(item: Item, table: &TableConfig, key: &RawAes) -> Item {
    let context = encryption_context(&item, table).expect("the item has its keys");
    let mut materials = EncryptionMaterials::new(context, table.suite).expect("keys are made");
    key.wrap(&mut materials).expect("the key wraps");
    encrypt(item, table, &materials).expect("the item encrypts")
}

/// From header to values.
pub fn opened(item: Item, table: &TableConfig, key: &RawAes) -> Item {
    let sealed = SealedItem::read(item, &table.logical_table_name, table).expect("the header reads");
    let data_key = key.unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound());
    sealed.decrypt(&data_key.expect("the recipient is the key").expect("the key opens")).expect("it opens")
}
