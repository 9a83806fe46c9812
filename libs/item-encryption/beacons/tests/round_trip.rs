//! Beacons stand beside an encrypted item, and go when it is opened.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod sample;

use item_encryption_format::dbesdk::{EncryptionMaterials, SealedItem, encrypt, encryption_context};
use item_encryption_format::wrapping::RawAes;

#[test]
fn an_item_with_beacons_opens_without_them() {
    let key = RawAes::new("ours", "2026", vec![7; 32].into()).unwrap();
    let beacons = sample::beacons(1);
    let table = beacons.search().table();
    let item = sample::item("ann", 1990);
    let context = encryption_context(&item, table).unwrap();
    let mut materials = EncryptionMaterials::new(context, table.suite).unwrap();
    key.wrap(&mut materials).unwrap();
    let mut stored = encrypt(item.clone(), table, &materials).unwrap();
    stored.extend(beacons.attributes(&item, 0).unwrap());
    assert!(stored.contains_key("aws_dbe_b_Name") && stored.contains_key("Signed"));
    let sealed = SealedItem::read(stored, "Notes", table).unwrap();
    let data_key = key.unwrap(&sealed.encrypted_data_keys()[0], 0, sealed.bound()).unwrap().unwrap();
    assert_eq!(sealed.decrypt(&data_key).unwrap(), item);
}
