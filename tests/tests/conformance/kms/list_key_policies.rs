use crate::world::{World, code};

#[tokio::test]
async fn a_key_has_one_policy() {
    let world = World::new();
    let key = world.create_key().await;
    let listed = world.kms.list_key_policies().key_id(&key).send().await.unwrap();
    assert_eq!(listed.policy_names(), ["default"]);
    assert!(!listed.truncated);
}

#[tokio::test]
async fn an_absent_key_has_none() {
    let world = World::new();
    let list = world.kms.list_key_policies().key_id("11111111-2222-3333-4444-555555555555");
    assert_eq!(code(list.send().await), "NotFoundException");
}
