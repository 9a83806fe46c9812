use crate::world::World;

#[tokio::test]
async fn limits_are_told_as_a_fresh_account_has_them() {
    let world = World::new();
    let answer = world.dynamodb.describe_limits().send().await.unwrap();
    assert_eq!(answer.account_max_read_capacity_units, Some(80_000));
    assert_eq!(answer.account_max_write_capacity_units, Some(80_000));
    assert_eq!(answer.table_max_read_capacity_units, Some(40_000));
    assert_eq!(answer.table_max_write_capacity_units, Some(40_000));
}
