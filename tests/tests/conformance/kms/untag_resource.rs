use super::tag;
use crate::world::World;

#[tokio::test]
async fn tags_are_taken_away_by_key() {
    let world = World::new();
    let create = world.kms.create_key().tags(tag("a", "1")).tags(tag("b", "2")).tags(tag("c", "3"));
    let key = create.send().await.unwrap().key_metadata.unwrap().key_id;
    world
        .kms
        .untag_resource()
        .key_id(&key)
        .tag_keys("a")
        .tag_keys("c")
        .tag_keys("absent")
        .send()
        .await
        .unwrap();
    let tags = world.kms.list_resource_tags().key_id(&key).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("b", "2")]);
}
