use super::described;
use crate::world::{World, refused};

#[tokio::test]
async fn a_key_is_found_by_each_of_its_names() {
    let world = World::new();
    let arn = world.create_key().await;
    let id = arn.rsplit('/').next().unwrap();
    world.kms.create_alias().alias_name("alias/mine").target_key_id(id).send().await.unwrap();
    for name in [id, &arn, "alias/mine", "arn:aws:kms:us-east-1:000000000000:alias/mine"] {
        assert_eq!(described(&world, name).await.arn.as_deref(), Some(arn.as_str()), "{name}");
    }
}

#[tokio::test]
async fn the_key_of_dynamodb_is_made_when_somebody_asks_for_it() {
    let world = World::new();
    let key = described(&world, "alias/aws/dynamodb").await;
    assert_eq!(key.key_manager.unwrap().as_str(), "AWS");
    let expected = "Default key that protects my DynamoDB data when no other key is defined";
    assert_eq!(key.description.as_deref(), Some(expected));
    assert_eq!(described(&world, "alias/aws/dynamodb").await.key_id, key.key_id);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::new();
    let describe = |name: &str| world.kms.describe_key().key_id(name).send();
    let id = "11111111-2222-3333-4444-555555555555";
    let home = "arn:aws:kms:us-east-1:000000000000";
    let cases = [
        (id.to_owned(), format!("Key '{home}:key/{id}' does not exist")),
        (format!("{home}:key/{id}"), format!("Key '{home}:key/{id}' does not exist")),
        ("nonsense".to_owned(), "Invalid keyId 'nonsense'".to_owned()),
        ("alias/nobody".to_owned(), format!("Alias {home}:alias/nobody is not found.")),
        (format!("arn:aws:kms:eu-west-1:000000000000:key/{id}"), "Invalid arn eu-west-1".to_owned()),
    ];
    for (name, text) in cases {
        assert_eq!(refused(describe(&name).await), ("NotFoundException".into(), text), "{name}");
    }
}
