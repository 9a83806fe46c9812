//! How keys are named in requests, and what is answered for names that name nothing.

use serde_json::json;

use crate::world::{ACCOUNT, World, alias_arn, arn};

const ABSENT: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

#[tokio::test]
async fn a_key_is_found_by_all_of_its_names() {
    let world = World::new().await;
    let key = world.key().await;
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": arn(&key)})).await;
    for name in [key.clone(), arn(&key), "alias/app".into(), alias_arn("alias/app")] {
        let described = world.ok("DescribeKey", json!({"KeyId": name})).await;
        assert_eq!(described["KeyMetadata"]["KeyId"], key);
        let encrypted = world.ok("Encrypt", json!({"KeyId": name, "Plaintext": "aGk="})).await;
        assert_eq!(encrypted["KeyId"], arn(&key));
    }
}

#[tokio::test]
async fn names_of_nothing_are_told_in_the_words_of_kms() {
    let world = World::new().await;
    let foreign = "is not authorized to perform: kms:DescribeKey on this resource because the resource does not \
                   exist in this Region, no resource-based policies allow access, or a resource-based policy \
                   explicitly denies access";
    for (name, told) in [
        ("foo".to_owned(), "NotFoundException: Invalid keyId 'foo'".to_owned()),
        (ABSENT.to_owned(), format!("NotFoundException: Key '{}' does not exist", arn(ABSENT))),
        (
            ABSENT.to_uppercase(),
            format!("NotFoundException: Key '{}' does not exist", arn(&ABSENT.to_uppercase())),
        ),
        (
            "mrk-".to_owned() + &"a".repeat(32),
            format!(
                "NotFoundException: Key '{}' does not exist",
                arn(&("mrk-".to_owned() + &"a".repeat(32)))
            ),
        ),
        (arn(ABSENT), format!("NotFoundException: Key '{}' does not exist", arn(ABSENT))),
        (arn(ABSENT).replace("us-east-1", "eu-west-1"), "NotFoundException: Invalid arn eu-west-1".into()),
        ("alias/none".into(), format!("NotFoundException: Alias {} is not found.", alias_arn("alias/none"))),
        (
            alias_arn("alias/none"),
            format!("NotFoundException: Alias {} is not found.", alias_arn("alias/none")),
        ),
        (
            arn(ABSENT).replace(ACCOUNT, "111111111111"),
            format!("AccessDeniedException: User: arn:aws:iam::{ACCOUNT}:root {foreign}"),
        ),
        (
            "arn:aws:s3:::x".into(),
            "InvalidArnException: ARN 'arn:aws:s3:::x' is not valid for a KMS key.".into(),
        ),
        (
            "".into(),
            "ValidationException: 1 validation error detected: Value '' at 'keyId' failed to satisfy \
            constraint: Member must have length greater than or equal to 1"
                .into(),
        ),
    ] {
        assert_eq!(world.refusal("DescribeKey", json!({"KeyId": name})).await, told);
    }
    assert_eq!(
        world.refusal("DescribeKey", json!({})).await,
        "ValidationException: 1 validation error detected: Value null at 'keyId' failed to satisfy constraint: \
         Member must not be null"
    );
}

#[tokio::test]
async fn operations_on_the_key_itself_take_no_alias() {
    let world = World::new().await;
    let key = world.key().await;
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    for operation in [
        "EnableKey",
        "DisableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "ListResourceTags",
        "ListAliases",
    ] {
        let told = world.refusal(operation, json!({"KeyId": "alias/app"})).await;
        assert_eq!(told, "NotFoundException: Invalid keyId 'alias/app'", "{operation}");
    }
}
