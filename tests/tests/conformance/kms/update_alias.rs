use super::described;
use crate::world::{World, code};

#[tokio::test]
async fn an_alias_moves_to_another_key() {
    let world = World::new();
    let (one, other) = (world.create_key().await, world.create_key().await);
    world.kms.create_alias().alias_name("alias/mine").target_key_id(&one).send().await.unwrap();
    world.kms.update_alias().alias_name("alias/mine").target_key_id(&other).send().await.unwrap();
    assert_eq!(described(&world, "alias/mine").await.arn, Some(other));
}

#[tokio::test]
async fn an_alias_moves_away_from_a_key_that_dies_and_never_to_one() {
    let world = World::new();
    let (dying, alive) = (world.create_key().await, world.create_key().await);
    world.kms.create_alias().alias_name("alias/mine").target_key_id(&dying).send().await.unwrap();
    world.kms.schedule_key_deletion().key_id(&dying).send().await.unwrap();
    let update = |key: &str| world.kms.update_alias().alias_name("alias/mine").target_key_id(key).send();
    update(&alive).await.unwrap();
    assert_eq!(code(update(&dying).await), "KMSInvalidStateException");
}

#[tokio::test]
async fn an_absent_alias_is_not_made() {
    let world = World::new();
    let key = world.create_key().await;
    let update = world.kms.update_alias().alias_name("alias/nobody").target_key_id(&key);
    assert_eq!(code(update.send().await), "NotFoundException");
}
