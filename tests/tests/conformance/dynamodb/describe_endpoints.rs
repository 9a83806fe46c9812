use crate::world::World;

#[tokio::test]
async fn the_endpoint_is_the_server_itself() {
    let world = World::new();
    let answer = world.dynamodb.describe_endpoints().send().await.unwrap();
    let [endpoint] = answer.endpoints() else { panic!("{answer:?}") };
    assert_eq!(endpoint.address, world.server.address().to_string());
    assert!(endpoint.cache_period_in_minutes > 0);
}
