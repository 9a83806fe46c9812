use std::collections::BTreeSet;

use crate::world::{World, code};

#[tokio::test]
async fn keys_come_in_pages() {
    let world = World::new();
    let mut made = BTreeSet::new();
    for _ in 0..5 {
        made.insert(world.create_key().await);
    }
    let mut listed = BTreeSet::new();
    let mut marker = None;
    loop {
        let page = world.kms.list_keys().limit(2).set_marker(marker).send().await.unwrap();
        assert!(page.keys().len() <= 2);
        listed.extend(page.keys().iter().map(|key| key.key_arn.clone().unwrap()));
        assert_eq!(page.truncated, page.next_marker.is_some());
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(listed, made);
}

#[tokio::test]
async fn aws_owned_keys_are_not_listed() {
    let world = World::with_table().await;
    assert!(world.kms.list_keys().send().await.unwrap().keys().is_empty());
}

#[tokio::test]
async fn a_marker_must_be_one_that_was_given() {
    let world = World::new();
    assert_eq!(code(world.kms.list_keys().marker("nonsense").send().await), "InvalidMarkerException");
}
