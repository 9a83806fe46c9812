use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, ProvisionedThroughput, ScalarAttributeType, SseSpecification, SseType, TableStatus,
};

use crate::world::{World, definition, element, invalid, refused, sse, table};

#[tokio::test]
async fn a_table_is_described_as_it_was_asked_for() {
    let world = World::new();
    let answer = table(&world.dynamodb, "Music").deletion_protection_enabled(true).send().await.unwrap();
    let description = answer.table_description.unwrap();
    assert_eq!(description.table_name.as_deref(), Some("Music"));
    assert_eq!(description.table_arn.as_deref(), Some("arn:aws:dynamodb:us-east-1:000000000000:table/Music"));
    assert!(matches!(description.table_status, Some(TableStatus::Creating | TableStatus::Active)));
    assert_eq!(
        description.key_schema.unwrap(),
        [element("pk", KeyType::Hash), element("sk", KeyType::Range)]
    );
    assert_eq!(description.attribute_definitions.unwrap().len(), 2);
    assert_eq!(description.billing_mode_summary.unwrap().billing_mode, Some(BillingMode::PayPerRequest));
    let throughput = description.provisioned_throughput.unwrap();
    assert_eq!((throughput.read_capacity_units, throughput.write_capacity_units), (Some(0), Some(0)));
    assert_eq!(description.deletion_protection_enabled, Some(true));
    assert_eq!((description.item_count, description.table_size_bytes), (Some(0), Some(0)));
    assert_eq!(description.table_id.unwrap().len(), 36);
    assert_eq!(description.sse_description, None, "an AWS owned key is not told");
}

#[tokio::test]
async fn provisioned_throughput_is_kept() {
    let world = World::new();
    let throughput =
        ProvisionedThroughput::builder().read_capacity_units(5).write_capacity_units(6).build().unwrap();
    let create = world
        .dynamodb
        .create_table()
        .table_name("Provisioned")
        .attribute_definitions(definition("id", ScalarAttributeType::B))
        .key_schema(element("id", KeyType::Hash))
        .provisioned_throughput(throughput);
    let description = create.send().await.unwrap().table_description.unwrap();
    let throughput = description.provisioned_throughput.unwrap();
    assert_eq!((throughput.read_capacity_units, throughput.write_capacity_units), (Some(5), Some(6)));
    assert_eq!(throughput.number_of_decreases_today, Some(0));
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::with_table().await;
    let again = table(&world.dynamodb, "Tasks").send().await;
    assert_eq!(refused(again), ("ResourceInUseException".into(), "Table already exists: Tasks".into()));
}

#[tokio::test]
async fn encryption_follows_the_specification() {
    let world = World::new();
    let arn = world.create_key().await;
    let key_id = arn.rsplit('/').next().unwrap();
    world.kms.create_alias().alias_name("alias/mine").target_key_id(key_id).send().await.unwrap();
    let managed = SseSpecification::builder().enabled(true).build();
    let off = SseSpecification::builder().enabled(false).build();
    let of_type = SseSpecification::builder().sse_type(SseType::Kms).build();
    let cases = [
        (off, None),
        (SseSpecification::builder().build(), None),
        (managed, Some("aws managed")),
        (of_type, Some("aws managed")),
        (sse("alias/aws/dynamodb"), Some("aws managed")),
        (sse(key_id), Some(arn.as_str())),
        (sse(&arn), Some(arn.as_str())),
        (sse("alias/mine"), Some(arn.as_str())),
        (sse("arn:aws:kms:us-east-1:000000000000:alias/mine"), Some(arn.as_str())),
    ];
    let mut expected_managed = None;
    for (at, (specification, wanted)) in cases.into_iter().enumerate() {
        let create = table(&world.dynamodb, &format!("T-{at}")).sse_specification(specification);
        let description = create.send().await.unwrap().table_description.unwrap().sse_description;
        let told = description.map(|sse| {
            assert_eq!(sse.sse_type, Some(SseType::Kms));
            assert_eq!(sse.status.unwrap().as_str(), "ENABLED");
            sse.kms_master_key_arn.unwrap()
        });
        match wanted {
            Some("aws managed") => {
                let managed = expected_managed.get_or_insert_with(|| told.clone().unwrap());
                assert_eq!(told.as_ref(), Some(&*managed));
            }
            wanted => assert_eq!(told.as_deref(), wanted, "case {at}"),
        }
    }
    let managed =
        world.kms.describe_key().key_id("alias/aws/dynamodb").send().await.unwrap().key_metadata.unwrap();
    assert_eq!(managed.arn, expected_managed);
    assert_eq!(managed.key_manager.unwrap().as_str(), "AWS");
}

#[tokio::test]
async fn keys_that_cannot_be_used_make_no_table() {
    let world = World::new();
    let disabled = world.create_key().await;
    world.kms.disable_key().key_id(&disabled).send().await.unwrap();
    let pending = world.create_key().await;
    world.kms.schedule_key_deletion().key_id(&pending).send().await.unwrap();
    let create = |key: &str| table(&world.dynamodb, "Never").sse_specification(sse(key)).send();
    let text = invalid(create(&disabled).await);
    let java = "com.amazonaws.services.kms.model";
    assert!(
        text.starts_with(&format!(
            "KMS key disabled error: {java}.DisabledException: {disabled} is disabled."
        )),
        "{text}"
    );
    let text = invalid(create(&pending).await);
    assert!(
        text.starts_with(&format!(
            "KMS validation error: {java}.KMSInvalidStateException: {pending} is pending deletion."
        )),
        "{text}"
    );
    let (code, text) = refused(create("alias/aws/s3").await);
    assert_eq!(code, "AccessDeniedException");
    assert!(
        text.contains("is not authorized to perform: kms:CreateGrant on resource: arn:aws:kms:"),
        "{text}"
    );
    let text = invalid(create("alias/absent").await);
    assert!(text.starts_with(&format!("KMS validation error: {java}.NotFoundException: Alias ")), "{text}");
    let text = invalid(create("arn:aws:s3:::bucket").await);
    assert!(text.starts_with(&format!("KMS validation error: {java}.InvalidArnException: ")), "{text}");
    assert_eq!(world.dynamodb.list_tables().send().await.unwrap().table_names(), Vec::<String>::new());
}
