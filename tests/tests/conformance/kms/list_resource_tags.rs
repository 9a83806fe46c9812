use std::collections::BTreeSet;

use super::tag;
use crate::world::{World, code};

#[tokio::test]
async fn tags_come_in_pages() {
    let world = World::new();
    let tags = (0..7).map(|n| tag(&format!("key-{n}"), "v")).collect();
    let key = world.kms.create_key().set_tags(Some(tags)).send().await.unwrap().key_metadata.unwrap().key_id;
    let mut listed = BTreeSet::new();
    let mut marker = None;
    loop {
        let page =
            world.kms.list_resource_tags().key_id(&key).limit(3).set_marker(marker).send().await.unwrap();
        assert!(page.tags().len() <= 3);
        listed.extend(page.tags().iter().map(|tag| tag.tag_key.clone()));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 7);
}

#[tokio::test]
async fn an_absent_key_has_none() {
    let world = World::new();
    let list = world.kms.list_resource_tags().key_id("11111111-2222-3333-4444-555555555555");
    assert_eq!(code(list.send().await), "NotFoundException");
}
