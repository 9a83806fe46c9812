//! Aliases, and those that AWS keeps for itself.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, alias_arn, arn};

fn names(listed: &Value) -> Vec<&str> {
    listed["Aliases"].as_array().unwrap().iter().map(|alias| alias["AliasName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_alias_is_made_moved_listed_and_deleted() {
    let world = World::new().await;
    let (one, other) = (world.key().await, world.key().await);
    let made = world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": one})).await;
    assert_eq!(made, Value::Null);
    let world = world.reopened().await;
    let listed = world.ok("ListAliases", json!({"KeyId": one})).await;
    let entry = &listed["Aliases"][0];
    assert_eq!(entry["AliasArn"], alias_arn("alias/app"));
    assert_eq!(entry["TargetKeyId"], one);
    assert!(entry["CreationDate"].is_f64() && entry["LastUpdatedDate"].is_f64());
    assert_eq!(listed["Truncated"], false);
    world.ok("UpdateAlias", json!({"AliasName": "alias/app", "TargetKeyId": arn(&other)})).await;
    assert_eq!(names(&world.ok("ListAliases", json!({"KeyId": one})).await), Vec::<&str>::new());
    assert_eq!(names(&world.ok("ListAliases", json!({"KeyId": other})).await), ["alias/app"]);
    world.ok("DeleteAlias", json!({"AliasName": "alias/app"})).await;
    let world = world.reopened().await;
    let all = world.ok("ListAliases", json!({})).await;
    assert!(names(&all).iter().all(|name| name.starts_with("alias/aws/")));
}

#[tokio::test]
async fn refusals_are_told_in_the_words_of_kms() {
    let world = World::new().await;
    let key = world.key().await;
    world.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    let absent = alias_arn("alias/none");
    for (operation, alias, target, told) in [
        (
            "CreateAlias",
            "alias/app",
            key.as_str(),
            format!(
                "AlreadyExistsException: An alias with the name {} already exists",
                alias_arn("alias/app")
            ),
        ),
        (
            "CreateAlias",
            "alias/b",
            "alias/app",
            "ValidationException: Aliases must refer to keys. Not aliases".into(),
        ),
        (
            "CreateAlias",
            "app",
            &key,
            "ValidationException: Alias must start with the prefix \"alias/\". Please see \
            https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .into(),
        ),
        ("CreateAlias", "alias/aws/mine", &key, "NotAuthorizedException: ".into()),
        (
            "CreateAlias",
            "alias/a b",
            &key,
            "ValidationException: 1 validation error detected: Value 'alias/a b' at \
            'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
            ^[a-zA-Z0-9:/_-]+$"
                .into(),
        ),
        ("CreateAlias", "alias/b", "foo", "NotFoundException: Invalid keyId 'foo'".into()),
        ("UpdateAlias", "alias/none", &key, format!("NotFoundException: Alias {absent} is not found.")),
        ("DeleteAlias", "alias/none", "", format!("NotFoundException: Alias {absent} is not found.")),
        ("DeleteAlias", "alias/aws/dynamodb", "", "NotAuthorizedException: ".into()),
    ] {
        let body = json!({"AliasName": alias, "TargetKeyId": target});
        assert_eq!(world.refusal(operation, body).await, told);
    }
}

#[tokio::test]
async fn a_key_has_at_most_fifty_aliases() {
    let world = World::new().await;
    let key = world.key().await;
    for n in 0..50 {
        world.ok("CreateAlias", json!({"AliasName": format!("alias/{n}"), "TargetKeyId": key})).await;
    }
    let told = world.refusal("CreateAlias", json!({"AliasName": "alias/more", "TargetKeyId": key})).await;
    assert!(told.starts_with("LimitExceededException: "));
}

#[tokio::test]
async fn the_key_of_dynamodb_is_made_on_first_need_and_can_only_be_looked_at() {
    let world = World::new().await;
    let before = world.ok("ListAliases", json!({})).await;
    let named = ["dynamodb", "ebs", "rds", "redshift", "s3"].map(|service| format!("alias/aws/{service}"));
    let expected = named.map(|alias| json!({"AliasName": alias, "AliasArn": alias_arn(&alias)}));
    assert_eq!(before["Aliases"], json!(expected));
    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"], json!([]));
    let described = world.ok("DescribeKey", json!({"KeyId": "alias/aws/dynamodb"})).await;
    let metadata = &described["KeyMetadata"];
    assert_eq!(metadata["KeyManager"], "AWS");
    let text = "Default key that protects my DynamoDB data when no other key is defined";
    assert_eq!(metadata["Description"], text);
    let again = world.ok("DescribeKey", json!({"KeyId": alias_arn("alias/aws/dynamodb")})).await;
    assert_eq!(again, described);
    let key = metadata["KeyId"].as_str().unwrap();
    assert_eq!(world.ok("ListAliases", json!({})).await["Aliases"][0]["TargetKeyId"], key);
    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"][0]["KeyId"], key);
    assert_eq!(world.ok("ListResourceTags", json!({"KeyId": key})).await["Tags"], json!([]));
    refuses_its_use(&world, key).await;
}

#[tokio::test]
async fn the_policy_of_dynamodbs_key_is_awss() {
    let world = World::new().await;
    let described = world.ok("DescribeKey", json!({"KeyId": "alias/aws/dynamodb"})).await;
    let told = world.ok("GetKeyPolicy", json!({"KeyId": described["KeyMetadata"]["KeyId"]})).await;
    let policy: Value = serde_json::from_str(told["Policy"].as_str().unwrap()).unwrap();
    let [through_dynamodb, by_the_account, by_dynamodb] = &policy["Statement"].as_array().unwrap()[..] else {
        panic!("{policy}");
    };
    assert_eq!(
        through_dynamodb["Condition"]["StringEquals"],
        json!({"kms:CallerAccount": ACCOUNT, "kms:ViaService": "dynamodb.us-east-1.amazonaws.com"})
    );
    assert_eq!(
        through_dynamodb["Action"],
        json!([
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey"
        ])
    );
    let look = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"];
    assert_eq!(by_the_account["Action"], json!(look));
    assert_eq!(by_the_account["Principal"]["AWS"], format!("arn:aws:iam::{ACCOUNT}:root"));
    assert_eq!(by_dynamodb["Action"], json!(look[..3]));
    assert_eq!(by_dynamodb["Principal"]["Service"], "dynamodb.amazonaws.com");
}

#[tokio::test]
async fn a_key_of_another_service_of_awss_is_made_when_it_is_asked_about() {
    let world = World::new().await;
    let described = world.ok("DescribeKey", json!({"KeyId": "alias/aws/s3"})).await;
    let (key, metadata) = (described["KeyMetadata"]["KeyId"].as_str().unwrap(), &described["KeyMetadata"]);
    assert_eq!(metadata["KeyManager"], "AWS");
    assert_eq!(
        metadata["Description"],
        "Default key that protects my S3 objects when no other key is defined"
    );
    let aliases = world.ok("ListAliases", json!({"KeyId": key})).await;
    assert_eq!(aliases["Aliases"][0]["AliasName"], "alias/aws/s3");
    let policy = world.ok("GetKeyPolicy", json!({"KeyId": key})).await;
    assert!(policy["Policy"].as_str().unwrap().contains("s3.us-east-1.amazonaws.com"));
    let world = world.reopened().await;
    assert_eq!(world.ok("DescribeKey", json!({"KeyId": "alias/aws/s3"})).await, described);
    let told = world.refusal("DescribeKey", json!({"KeyId": "alias/aws/none"})).await;
    assert_eq!(told, format!("NotFoundException: Alias {} is not found.", alias_arn("alias/aws/none")));
}

async fn refuses_its_use(world: &World, key: &str) {
    let own = world.key().await;
    let blob = world.encrypted(&own, "aGk=", json!({})).await;
    for (operation, action, body) in [
        ("Encrypt", "Encrypt", json!({"KeyId": "alias/aws/dynamodb", "Plaintext": "aGk="})),
        ("GenerateDataKey", "GenerateDataKey", json!({"KeyId": key, "KeySpec": "AES_256"})),
        ("ReEncrypt", "ReEncryptTo", json!({"CiphertextBlob": blob, "DestinationKeyId": key})),
        ("DisableKey", "DisableKey", json!({"KeyId": key})),
        ("EnableKey", "EnableKey", json!({"KeyId": key})),
        ("ScheduleKeyDeletion", "ScheduleKeyDeletion", json!({"KeyId": key})),
        ("CancelKeyDeletion", "CancelKeyDeletion", json!({"KeyId": key})),
        ("CreateAlias", "CreateAlias", json!({"AliasName": "alias/x", "TargetKeyId": key})),
        ("TagResource", "TagResource", json!({"KeyId": key, "Tags": []})),
    ] {
        let told = world.refusal(operation, body).await;
        let expected = format!(
            "AccessDeniedException: User: arn:aws:iam::000000000000:root is not authorized to perform: kms:{action} \
             on resource: {} because no resource-based policy allows the kms:{action} action",
            arn(key)
        );
        assert_eq!(told, expected);
    }
}
