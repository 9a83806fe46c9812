use aws_sdk_dynamodb::types::{BillingMode, ProvisionedThroughput, SseSpecification, TableStatus};

use crate::world::{World, code, invalid, item_of, sse};

async fn description(world: &World) -> aws_sdk_dynamodb::types::TableDescription {
    world.dynamodb.describe_table().table_name("Tasks").send().await.unwrap().table.unwrap()
}

/// Waits for the end of a change.
async fn settled(world: &World) -> aws_sdk_dynamodb::types::TableDescription {
    loop {
        let told = description(world).await;
        let switching = told
            .sse_description
            .as_ref()
            .and_then(|sse| sse.status.as_ref())
            .map(|status| status.as_str() == "UPDATING");
        if told.table_status == Some(TableStatus::Active) && switching != Some(true) {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn billing_and_throughput_change() {
    let world = World::with_table().await;
    let throughput = |read, write| {
        ProvisionedThroughput::builder()
            .read_capacity_units(read)
            .write_capacity_units(write)
            .build()
            .unwrap()
    };
    let update = world.dynamodb.update_table().table_name("Tasks").billing_mode(BillingMode::Provisioned);
    update.provisioned_throughput(throughput(3, 4)).send().await.unwrap();
    let told = settled(&world).await.provisioned_throughput.unwrap();
    assert_eq!((told.read_capacity_units, told.write_capacity_units), (Some(3), Some(4)));
    world
        .dynamodb
        .update_table()
        .table_name("Tasks")
        .provisioned_throughput(throughput(5, 4))
        .send()
        .await
        .unwrap();
    assert_eq!(settled(&world).await.provisioned_throughput.unwrap().read_capacity_units, Some(5));
    world
        .dynamodb
        .update_table()
        .table_name("Tasks")
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&world).await.billing_mode_summary.unwrap().billing_mode,
        Some(BillingMode::PayPerRequest)
    );
}

#[tokio::test]
async fn deletion_protection_changes() {
    let world = World::with_table().await;
    for protected in [true, false] {
        let update = world.dynamodb.update_table().table_name("Tasks").deletion_protection_enabled(protected);
        update.send().await.unwrap();
        assert_eq!(settled(&world).await.deletion_protection_enabled, Some(protected));
    }
}

#[tokio::test]
async fn a_key_switch_frees_the_old_key() {
    let mut world = World::new();
    let (old, new) = (world.create_key().await, world.create_key().await);
    world.create_table_under("Tasks", &old).await;
    world.put(item_of("a", 1, [])).await;
    let update = world.dynamodb.update_table().table_name("Tasks").sse_specification(sse(&new));
    let answer = update.send().await.unwrap().table_description.unwrap();
    assert_eq!(answer.table_status, Some(TableStatus::Active), "a key switch never touches the status");
    let told = settled(&world).await.sse_description.unwrap();
    assert_eq!(told.kms_master_key_arn.as_deref(), Some(new.as_str()));
    world.kms.disable_key().key_id(&old).send().await.unwrap();
    assert!(world.get("a", 1).await.is_some());
    world.restart();
    assert!(world.get("a", 1).await.is_some());
}

#[tokio::test]
async fn every_kind_of_key_follows_every_other() {
    let world = World::with_table().await;
    world.put(item_of("a", 1, [])).await;
    let key = world.create_key().await;
    let owned = || SseSpecification::builder().enabled(false).build();
    let managed = || SseSpecification::builder().enabled(true).build();
    for specification in [managed(), sse(&key), owned(), sse(&key)] {
        let enabled = specification.enabled == Some(true);
        world
            .dynamodb
            .update_table()
            .table_name("Tasks")
            .sse_specification(specification)
            .send()
            .await
            .unwrap();
        assert_eq!(settled(&world).await.sse_description.is_some(), enabled);
        assert!(world.get("a", 1).await.is_some());
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::with_table().await;
    let update = |specification| {
        world.dynamodb.update_table().table_name("Tasks").sse_specification(specification).send()
    };
    let prefix = "One or more parameter values were invalid: ";
    let off = SseSpecification::builder().enabled(false).build();
    assert_eq!(invalid(update(off).await), format!("{prefix}Table is already encrypted by default"));
    let key = world.create_key().await;
    update(sse(&key)).await.unwrap();
    settled(&world).await;
    assert_eq!(
        invalid(update(sse(&key)).await),
        format!(
            "{prefix}Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key"
        )
    );
    let both = world
        .dynamodb
        .update_table()
        .table_name("Tasks")
        .sse_specification(sse(&key))
        .deletion_protection_enabled(true);
    assert_eq!(
        invalid(both.send().await),
        format!("{prefix}Server-Side Encryption modification must be the only operation in the request")
    );
    let nowhere =
        world.dynamodb.update_table().table_name("Nowhere").deletion_protection_enabled(true).send().await;
    assert_eq!(code(nowhere), "ResourceNotFoundException");
}

#[tokio::test]
async fn four_switches_a_day_are_free_and_then_one_in_six_hours() {
    let world = World::with_test_clock();
    world.create_table("Tasks").await;
    let keys = [world.create_key().await, world.create_key().await];
    let switch = async |at: usize| {
        let update = world.dynamodb.update_table().table_name("Tasks").sse_specification(sse(&keys[at % 2]));
        let answer = update.send().await;
        settled(&world).await;
        answer
    };
    for at in 0..4 {
        switch(at).await.unwrap();
    }
    assert_eq!(code(switch(4).await), "LimitExceededException");
    world.server.advance_clock(6 * 3600 + 1);
    switch(4).await.unwrap();
    assert_eq!(code(switch(5).await), "LimitExceededException");
    world.server.advance_clock(24 * 3600 + 1);
    switch(5).await.unwrap();
}
