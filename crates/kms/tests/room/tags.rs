//! TagResource, UntagResource, ListResourceTags.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn tags_are_put_changed_listed_and_taken_off() {
    let world = World::new().await;
    let made = world.ok("CreateKey", json!({"Tags": [{"TagKey": "team", "TagValue": "a"}]})).await;
    let key = made["KeyMetadata"]["KeyId"].clone();
    let tags = json!([{"TagKey": "team", "TagValue": "b"}, {"TagKey": "app", "TagValue": ""}]);
    world.ok("TagResource", json!({"KeyId": key, "Tags": tags})).await;
    let world = world.reopened().await;
    let listed = world.ok("ListResourceTags", json!({"KeyId": key})).await;
    let expected = json!([{"TagKey": "app", "TagValue": ""}, {"TagKey": "team", "TagValue": "b"}]);
    assert_eq!(listed, json!({"Tags": expected, "Truncated": false}));
    world.ok("UntagResource", json!({"KeyId": key, "TagKeys": ["app", "never there"]})).await;
    let listed = world.ok("ListResourceTags", json!({"KeyId": key})).await;
    assert_eq!(listed["Tags"], json!([{"TagKey": "team", "TagValue": "b"}]));
}

#[tokio::test]
async fn refusals_are_told_in_the_words_of_kms() {
    let world = World::new().await;
    let key = world.key().await;
    let tag = |key: &str| json!({"TagKey": key, "TagValue": ""});
    let many: Vec<_> = (0..51).map(|n| tag(&n.to_string())).collect();
    for (tags, told) in [
        (json!([tag("a"), tag("a")]), "TagException: Duplicate tag keys"),
        (json!([tag("aws:a")]), "TagException: Tags beginning with aws: are reserved"),
        (json!(many), "TagException: Too many tags"),
    ] {
        assert_eq!(world.refusal("TagResource", json!({"KeyId": key, "Tags": tags})).await, told);
        assert_eq!(world.refusal("CreateKey", json!({"Tags": tags})).await, told);
    }
    let told = world.refusal("UntagResource", json!({"KeyId": key, "TagKeys": [""]})).await;
    assert!(
        told.starts_with("ValidationException: 1 validation error detected: Value '[]' at 'tagKeys' failed")
    );
    let told = world.refusal("TagResource", json!({"KeyId": key})).await;
    assert!(told.contains("Value null at 'tags' failed to satisfy constraint: Member must not be null"));
}
