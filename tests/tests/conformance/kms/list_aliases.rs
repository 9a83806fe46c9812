use crate::world::World;

/// Names and targets of the customer's aliases.
async fn listed(world: &World, key: Option<&str>) -> Vec<(String, Option<String>)> {
    let answer = world.kms.list_aliases().set_key_id(key.map(str::to_owned)).send().await.unwrap();
    let named =
        answer.aliases().iter().map(|alias| (alias.alias_name.clone().unwrap(), alias.target_key_id.clone()));
    named.filter(|(name, _)| !name.starts_with("alias/aws/")).collect()
}

#[tokio::test]
async fn aliases_are_listed_for_all_keys_or_one() {
    let world = World::new();
    let (one, other) = (world.create_key().await, world.create_key().await);
    for (name, key) in [("alias/a", &one), ("alias/b", &other), ("alias/c", &one)] {
        world.kms.create_alias().alias_name(name).target_key_id(key).send().await.unwrap();
    }
    let id = |arn: &str| Some(arn.rsplit('/').next().unwrap().to_owned());
    let mut all = listed(&world, None).await;
    all.sort();
    assert_eq!(
        all,
        [("alias/a".into(), id(&one)), ("alias/b".into(), id(&other)), ("alias/c".into(), id(&one))]
    );
    let mut of_one = listed(&world, Some(&one)).await;
    of_one.sort();
    assert_eq!(of_one, [("alias/a".into(), id(&one)), ("alias/c".into(), id(&one))]);
}

#[tokio::test]
async fn an_alias_tells_its_arn_and_dates() {
    let world = World::new();
    let key = world.create_key().await;
    world.kms.create_alias().alias_name("alias/mine").target_key_id(&key).send().await.unwrap();
    let answer = world.kms.list_aliases().key_id(&key).send().await.unwrap();
    let [alias] = answer.aliases() else { panic!("{answer:?}") };
    assert_eq!(alias.alias_arn.as_deref(), Some("arn:aws:kms:us-east-1:000000000000:alias/mine"));
    assert!(alias.creation_date.is_some() && alias.last_updated_date.is_some());
}
