//! CreateKey and DescribeKey.

use serde_json::json;

use crate::world::{ACCOUNT, World, arn};

#[tokio::test]
async fn a_key_is_described_as_aws_describes_it() {
    let world = World::new().await;
    let made = world.ok("CreateKey", json!({"Description": "orders", "Tags": []})).await;
    let metadata = &made["KeyMetadata"];
    let key_id = metadata["KeyId"].as_str().unwrap();
    let created = metadata["CreationDate"].as_f64().unwrap();
    let material_id = metadata["CurrentKeyMaterialId"].as_str().unwrap();
    assert!(created > 1.7e9 && created < 1e11);
    assert_eq!(material_id.len(), 64);
    let expected = json!({
        "AWSAccountId": ACCOUNT, "KeyId": key_id, "Arn": arn(key_id), "CreationDate": created, "Enabled": true,
        "Description": "orders", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled", "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
        "CurrentKeyMaterialId": material_id,
    });
    assert_eq!(*metadata, expected);
    assert_eq!(world.ok("DescribeKey", json!({"KeyId": key_id})).await, made);
    let world = world.reopened().await;
    assert_eq!(world.ok("DescribeKey", json!({"KeyId": key_id})).await, made);
}

#[tokio::test]
async fn every_other_kind_of_key_is_refused_and_told_why() {
    let world = World::new().await;
    let spelled = "not supported by this server yet.";
    for (body, code, text) in [
        (json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}), "UnsupportedOperation", spelled),
        (
            json!({"KeySpec": "RSA_2048"}),
            "Validation",
            "You must specify a KeyUsage value for all KMS keys except \
                                                         for symmetric encryption keys.",
        ),
        (
            json!({"KeyUsage": "SIGN_VERIFY"}),
            "Validation",
            "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
        ),
        (
            json!({"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"}),
            "Validation",
            "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256",
        ),
        (
            json!({"CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "GENERATE_VERIFY_MAC"}),
            "Validation",
            "KeyUsage GENERATE_VERIFY_MAC is not compatible with KeySpec RSA_2048",
        ),
        (
            json!({"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}),
            "Validation",
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is \
             deprecated.",
        ),
        (
            json!({"Origin": "EXTERNAL"}),
            "UnsupportedOperation",
            "Origin EXTERNAL is not supported by this server yet.",
        ),
        (
            json!({"MultiRegion": true}),
            "UnsupportedOperation",
            "MultiRegion is not supported by this server yet.",
        ),
        (json!({"CustomKeyStoreId": "cks-1"}), "UnsupportedOperation", spelled),
        (json!({"XksKeyId": "x"}), "UnsupportedOperation", spelled),
        (
            json!({"Policy": "{}"}),
            "UnsupportedOperation",
            "Key policies are not supported by this server yet; only \
                                                            AWS's default policy, or none, is taken.",
        ),
        (json!({"Policy": "x"}), "MalformedPolicyDocument", "The policy is not a JSON object."),
    ] {
        let refusal = world.refusal("CreateKey", body).await;
        assert!(refusal.starts_with(&format!("{code}Exception: ")) && refusal.ends_with(text), "{refusal}");
    }
    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"], json!([]));
}

#[tokio::test]
async fn what_changes_nothing_is_taken() {
    let world = World::new().await;
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},
            "Action":["kms:*"],"Resource":"*"}}}}"#
    );
    let body = json!({"Policy": policy, "BypassPolicyLockoutSafetyCheck": true, "Origin": "AWS_KMS",
        "MultiRegion": false, "KeyUsage": "ENCRYPT_DECRYPT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"});
    world.ok("CreateKey", body).await;
}

#[tokio::test]
async fn violations_are_told_together() {
    let world = World::new().await;
    let body = json!({"KeyUsage": "X", "Tags": [{"TagKey": "", "TagValue": "v"}]});
    let refusal = world.refusal("CreateKey", body).await;
    assert_eq!(
        refusal,
        "ValidationException: 2 validation errors detected: Value 'X' at 'keyUsage' failed to satisfy constraint: \
         Member must satisfy enum value set: [SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, \
         ENCAPSULATE_DECAPSULATE]; Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must \
         have length greater than or equal to 1"
    );
}

#[tokio::test]
async fn other_operations_of_the_api_are_refused_by_name() {
    let world = World::new().await;
    let refusal = world.refusal("CreateGrant", json!({})).await;
    assert_eq!(refusal, "UnknownOperationException: CreateGrant is not supported by this server yet.");
    assert_eq!(world.refusal("MakeCoffee", json!({})).await, "UnknownOperationException: ");
    let all =
        kms::service::OPERATIONS.iter().map(|route| route.name).chain(kms::service::NOT_YET.iter().copied());
    assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), 56);
}

#[tokio::test]
async fn a_description_is_replaced() {
    let world = World::new().await;
    let key = world.key().await;
    world.ok("UpdateKeyDescription", json!({"KeyId": key, "Description": "new"})).await;
    let world = world.reopened().await;
    let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(described["KeyMetadata"]["Description"], "new");
}

#[tokio::test]
async fn the_policy_told_is_the_one_that_holds_and_is_taken_back() {
    let world = World::new().await;
    let key = world.key().await;
    let told = world.ok("GetKeyPolicy", json!({"KeyId": key})).await;
    assert_eq!(told["PolicyName"], "default");
    world.ok("CreateKey", json!({"Policy": told["Policy"]})).await;
    let names = world.ok("ListKeyPolicies", json!({"KeyId": key})).await;
    assert_eq!(names, json!({"PolicyNames": ["default"], "Truncated": false}));
    let other = world.refusal("GetKeyPolicy", json!({"KeyId": key, "PolicyName": "other"})).await;
    assert_eq!(other, "NotFoundException: No such policy exists");
    let managed = world.ok("DescribeKey", json!({"KeyId": "alias/aws/dynamodb"})).await;
    let told = world.ok("GetKeyPolicy", json!({"KeyId": managed["KeyMetadata"]["KeyId"]})).await;
    assert!(told["Policy"].as_str().unwrap().contains("dynamodb.us-east-1.amazonaws.com"));
    let refused = world.refusal("CreateKey", json!({"Policy": told["Policy"]})).await;
    assert!(refused.starts_with("UnsupportedOperationException"));
}
