use super::tag;
use crate::world::{World, code, refused};

#[tokio::test]
async fn a_tag_is_added_or_given_another_value() {
    let world = World::new();
    let key = world.create_key().await;
    let add = |name: &str, value: &str| world.kms.tag_resource().key_id(&key).tags(tag(name, value)).send();
    add("team", "blue").await.unwrap();
    add("stage", "").await.unwrap();
    add("team", "red").await.unwrap();
    let mut tags = world.kms.list_resource_tags().key_id(&key).send().await.unwrap().tags.unwrap();
    tags.sort_by(|one, other| one.tag_key.cmp(&other.tag_key));
    assert_eq!(tags, [tag("stage", ""), tag("team", "red")]);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::new();
    let key = world.create_key().await;
    let add = || world.kms.tag_resource().key_id(&key);
    let told = |text: &str| ("TagException".to_owned(), text.to_owned());
    assert_eq!(
        refused(add().tags(tag("a", "1")).tags(tag("a", "2")).send().await),
        told("Duplicate tag keys")
    );
    assert_eq!(
        refused(add().tags(tag("aws:a", "1")).send().await),
        told("Tags beginning with aws: are reserved")
    );
    let many = (0..51).map(|n| tag(&n.to_string(), "")).collect();
    assert_eq!(refused(add().set_tags(Some(many)).send().await), told("Too many tags"));
    world.kms.schedule_key_deletion().key_id(&key).send().await.unwrap();
    assert_eq!(code(add().tags(tag("a", "1")).send().await), "KMSInvalidStateException");
}
