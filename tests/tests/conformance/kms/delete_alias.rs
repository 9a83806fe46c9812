use super::described;
use crate::world::{World, code, refused};

#[tokio::test]
async fn the_alias_goes_and_the_key_stays() {
    let world = World::new();
    let arn = world.create_key().await;
    world.kms.create_alias().alias_name("alias/mine").target_key_id(&arn).send().await.unwrap();
    world.kms.delete_alias().alias_name("alias/mine").send().await.unwrap();
    assert_eq!(code(world.kms.describe_key().key_id("alias/mine").send().await), "NotFoundException");
    assert!(described(&world, &arn).await.enabled);
}

#[tokio::test]
async fn an_absent_alias_is_named() {
    let world = World::new();
    let answer = world.kms.delete_alias().alias_name("alias/nobody").send().await;
    let expected = "Alias arn:aws:kms:us-east-1:000000000000:alias/nobody is not found.";
    assert_eq!(refused(answer), ("NotFoundException".into(), expected.into()));
}
