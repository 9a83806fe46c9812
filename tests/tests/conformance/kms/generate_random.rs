use crate::world::{World, invalid};

#[tokio::test]
async fn random_bytes_come_in_the_number_asked_for() {
    let world = World::new();
    let random = async |count| {
        world.kms.generate_random().number_of_bytes(count).send().await.unwrap().plaintext.unwrap()
    };
    for count in [1, 32, 1024] {
        assert_eq!(random(count).await.as_ref().len(), usize::try_from(count).unwrap());
    }
    assert_ne!(random(32).await, random(32).await);
}

#[tokio::test]
async fn between_1_and_1024_bytes() {
    let world = World::new();
    for count in [0, 1025] {
        let _ = invalid(world.kms.generate_random().number_of_bytes(count).send().await);
    }
}
