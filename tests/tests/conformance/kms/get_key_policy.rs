use crate::world::{World, code};

#[tokio::test]
async fn a_new_keys_policy_gives_the_account_everything() {
    let world = World::new();
    let key = world.create_key().await;
    let told = world.kms.get_key_policy().key_id(&key).send().await.unwrap();
    assert_eq!(told.policy_name.as_deref(), Some("default"));
    let policy = told.policy.unwrap();
    for part in ["arn:aws:iam::000000000000:root", "kms:*", "Allow"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(world.kms.create_key().policy(policy).send().await.is_ok());
}

#[tokio::test]
async fn there_is_no_other_policy() {
    let world = World::new();
    let key = world.create_key().await;
    let get = world.kms.get_key_policy().key_id(&key).policy_name("other");
    assert_eq!(code(get.send().await), "NotFoundException");
    let absent = world.kms.get_key_policy().key_id("11111111-2222-3333-4444-555555555555");
    assert_eq!(code(absent.send().await), "NotFoundException");
}
