use super::described;
use crate::world::{World, code};

#[tokio::test]
async fn a_description_is_replaced() {
    let world = World::new();
    let key = world.create_key().await;
    world.kms.update_key_description().key_id(&key).description("other").send().await.unwrap();
    assert_eq!(described(&world, &key).await.description.as_deref(), Some("other"));
}

#[tokio::test]
async fn a_key_about_to_be_deleted_keeps_its_own() {
    let world = World::new();
    let key = world.create_key().await;
    world.kms.schedule_key_deletion().key_id(&key).send().await.unwrap();
    let update = world.kms.update_key_description().key_id(&key).description("other");
    assert_eq!(code(update.send().await), "KMSInvalidStateException");
}
