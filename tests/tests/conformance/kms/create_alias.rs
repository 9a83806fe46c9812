use super::described;
use crate::world::{World, code, refused};

#[tokio::test]
async fn an_alias_names_a_key() {
    let world = World::new();
    let arn = world.create_key().await;
    world.kms.create_alias().alias_name("alias/app/orders_1").target_key_id(&arn).send().await.unwrap();
    assert_eq!(described(&world, "alias/app/orders_1").await.arn, Some(arn));
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::new();
    let arn = world.create_key().await;
    let create = || world.kms.create_alias().alias_name("alias/mine").target_key_id(&arn).send();
    create().await.unwrap();
    let (code, text) = refused(create().await);
    assert_eq!(code, "AlreadyExistsException");
    assert_eq!(text, "An alias with the name arn:aws:kms:us-east-1:000000000000:alias/mine already exists");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::new();
    let arn = world.create_key().await;
    let create = |name: &str, key: &str| world.kms.create_alias().alias_name(name).target_key_id(key).send();
    assert_eq!(
        refused(create("mine", &arn).await),
        (
            "ValidationException".into(),
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .into()
        )
    );
    assert_eq!(code(create("alias/aws/mine", &arn).await), "NotAuthorizedException");
    assert_eq!(code(create("alias/new", "11111111-2222-3333-4444-555555555555").await), "NotFoundException");
    world.kms.schedule_key_deletion().key_id(&arn).send().await.unwrap();
    assert_eq!(code(create("alias/new", &arn).await), "KMSInvalidStateException");
}
