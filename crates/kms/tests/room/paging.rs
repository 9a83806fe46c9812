//! Lists in pages.

use std::collections::BTreeSet;

use kms::managed::PREDEFINED;
use serde_json::{Value, json};

use crate::world::World;

/// Everything a list holds, read in pages of `limit`.
async fn all(world: &World, operation: &str, members: &str, mut body: Value, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        body["Limit"] = json!(limit);
        let page = world.ok(operation, body.clone()).await;
        let elements = page[members].as_array().unwrap();
        assert!(elements.len() <= limit);
        all.extend(elements.iter().cloned());
        assert_eq!(page["Truncated"], page.get("NextMarker").is_some());
        match page.get("NextMarker") {
            Some(marker) => body["Marker"] = marker.clone(),
            None => return all,
        }
    }
}

#[tokio::test]
async fn pages_hold_every_element_once() {
    let world = World::new().await;
    let mut keys = BTreeSet::new();
    for n in 0..7 {
        let key = world.key().await;
        for m in 0..2 {
            let alias = format!("alias/{n}/{m}");
            world.ok("CreateAlias", json!({"AliasName": alias, "TargetKeyId": key})).await;
            world.ok("TagResource", json!({"KeyId": key, "Tags": [{"TagKey": alias, "TagValue": ""}]})).await;
        }
        keys.insert(key);
    }
    let first = keys.first().unwrap();
    for limit in [1, 2, 3, 7, 100] {
        let listed = all(&world, "ListKeys", "Keys", json!({}), limit).await;
        let ids: Vec<_> = listed.iter().map(|key| key["KeyId"].as_str().unwrap()).collect();
        assert_eq!(ids, keys.iter().collect::<Vec<_>>());
        assert_eq!(
            all(&world, "ListAliases", "Aliases", json!({}), limit).await.len(),
            14 + PREDEFINED.len()
        );
        assert_eq!(all(&world, "ListAliases", "Aliases", json!({"KeyId": first}), limit).await.len(), 2);
        assert_eq!(all(&world, "ListResourceTags", "Tags", json!({"KeyId": first}), limit).await.len(), 2);
    }
}

#[tokio::test]
async fn a_marker_is_good_for_the_list_it_came_from_only() {
    let world = World::new().await;
    let (one, other) = (world.key().await, world.key().await);
    for key in [&one, &other] {
        let tags = json!([{"TagKey": "a", "TagValue": ""}, {"TagKey": "b", "TagValue": ""}]);
        world.ok("TagResource", json!({"KeyId": key, "Tags": tags})).await;
    }
    let marker = world.ok("ListKeys", json!({"Limit": 1})).await["NextMarker"].clone();
    let world = world.reopened().await;
    world.ok("ListKeys", json!({"Marker": marker})).await;
    let told = world.refusal("ListAliases", json!({"Marker": marker})).await;
    assert!(told.starts_with("InvalidMarkerException: "));
    let tags = world.ok("ListResourceTags", json!({"KeyId": one, "Limit": 1})).await["NextMarker"].clone();
    let told = world.refusal("ListResourceTags", json!({"KeyId": other, "Marker": tags})).await;
    assert!(told.starts_with("InvalidMarkerException: "));
    let told = world.refusal("ListKeys", json!({"Marker": "x"})).await;
    assert_eq!(told, "InvalidMarkerException: Could not deserialize marker 'x'");
    let told = world.refusal("ListKeys", json!({"Limit": 0})).await;
    assert!(told.contains("Value '0' at 'limit' failed"));
}
