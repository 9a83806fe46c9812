//! The table of operations and states (what each operation answers for a key in each state).

use serde_json::{Value, json};

use crate::world::{World, arn};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    Ok,
    /// `DisabledException`: `<key ARN> is disabled.`
    Disabled,
    /// `KMSInvalidStateException`: `<key ARN> is pending deletion.`
    Pending,
    /// `KMSInvalidStateException`: `<key ARN> is not pending deletion.`
    NotPending,
}

use Is::{Disabled, NotPending, Ok as Fine, Pending};

/// Operation, then what it answers for a key that is enabled, disabled, pending deletion.
const TABLE: [(&str, [Is; 3]); 25] = [
    ("CancelKeyDeletion", [NotPending, NotPending, Fine]),
    ("CreateAlias", [Fine, Fine, Pending]),
    ("Decrypt", [Fine, Disabled, Pending]),
    ("Decrypt without KeyId", [Fine, Disabled, Pending]),
    ("DeleteAlias", [Fine, Fine, Fine]),
    ("DescribeKey", [Fine, Fine, Fine]),
    ("DisableKey", [Fine, Fine, Pending]),
    ("EnableKey", [Fine, Fine, Pending]),
    ("Encrypt", [Fine, Disabled, Pending]),
    ("GenerateDataKey", [Fine, Disabled, Pending]),
    ("GenerateDataKeyWithoutPlaintext", [Fine, Disabled, Pending]),
    ("GenerateRandom", [Fine, Fine, Fine]),
    ("GetKeyPolicy", [Fine, Fine, Fine]),
    ("ListAliases", [Fine, Fine, Fine]),
    ("ListKeyPolicies", [Fine, Fine, Fine]),
    ("ListKeys", [Fine, Fine, Fine]),
    ("ListResourceTags", [Fine, Fine, Fine]),
    ("ReEncrypt from", [Fine, Disabled, Pending]),
    ("ReEncrypt to", [Fine, Disabled, Pending]),
    ("ScheduleKeyDeletion", [Fine, Fine, Pending]),
    ("TagResource", [Fine, Fine, Pending]),
    ("UntagResource", [Fine, Fine, Pending]),
    ("UpdateAlias to", [Fine, Fine, Pending]),
    ("UpdateAlias away", [Fine, Fine, Fine]),
    ("UpdateKeyDescription", [Fine, Fine, Pending]),
];

#[tokio::test]
async fn every_operation_answers_as_the_state_demands() {
    for (operation, expected) in TABLE {
        for (state, expected) in ["Enabled", "Disabled", "PendingDeletion"].into_iter().zip(expected) {
            let found = answer(operation, state).await;
            assert_eq!(found, expected, "{operation}, {state}");
        }
    }
}

#[tokio::test]
async fn states_outlive_a_restart() {
    for state in ["Enabled", "Disabled", "PendingDeletion"] {
        let world = World::new().await;
        let key = world.key().await;
        bring(&world, &key, state).await;
        let world = world.reopened().await;
        let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
        assert_eq!(described["KeyMetadata"]["KeyState"], state);
        assert_eq!(described["KeyMetadata"]["Enabled"], state == "Enabled");
    }
}

async fn answer(operation: &str, state: &str) -> Is {
    let world = World::new().await;
    let (key, other) = (world.key().await, world.key().await);
    let blob = world.encrypted(&key, "aGk=", json!({})).await;
    let other_blob = world.encrypted(&other, "aGk=", json!({})).await;
    world.ok("CreateAlias", json!({"AliasName": "alias/its", "TargetKeyId": key})).await;
    world.ok("CreateAlias", json!({"AliasName": "alias/other", "TargetKeyId": other})).await;
    bring(&world, &key, state).await;
    let (name, body) = call(operation, &key, &other, &blob, &other_blob);
    match world.call(name, body).await {
        Ok(_) => Is::Ok,
        Err(error) => read(&key, &error.code, &error.message.unwrap_or_default()),
    }
}

async fn bring(world: &World, key: &str, state: &str) {
    match state {
        "Disabled" => world.ok("DisableKey", json!({"KeyId": key})).await,
        "PendingDeletion" => world.ok("ScheduleKeyDeletion", json!({"KeyId": key})).await,
        _ => Value::Null,
    };
}

fn call<'a>(operation: &'a str, key: &str, other: &str, blob: &str, other_blob: &str) -> (&'a str, Value) {
    let name = operation.split(' ').next().unwrap();
    let body = match operation {
        "CreateAlias" => json!({"AliasName": "alias/new", "TargetKeyId": key}),
        "Decrypt" => json!({"KeyId": key, "CiphertextBlob": blob}),
        "Decrypt without KeyId" => json!({"CiphertextBlob": blob}),
        "DeleteAlias" => json!({"AliasName": "alias/its"}),
        "Encrypt" => json!({"KeyId": key, "Plaintext": "aGk="}),
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({"KeyId": key, "KeySpec": "AES_256"}),
        "GenerateRandom" => json!({"NumberOfBytes": 8}),
        "ListKeys" => json!({}),
        "ReEncrypt from" => json!({"CiphertextBlob": blob, "DestinationKeyId": other}),
        "ReEncrypt to" => json!({"CiphertextBlob": other_blob, "DestinationKeyId": key}),
        "TagResource" => json!({"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        "UntagResource" => json!({"KeyId": key, "TagKeys": ["a"]}),
        "UpdateAlias to" => json!({"AliasName": "alias/other", "TargetKeyId": key}),
        "UpdateAlias away" => json!({"AliasName": "alias/its", "TargetKeyId": other}),
        "UpdateKeyDescription" => json!({"KeyId": key, "Description": "new"}),
        _ => json!({"KeyId": key}),
    };
    (name, body)
}

fn read(key: &str, code: &str, message: &str) -> Is {
    let arn = arn(key);
    match (code, message.strip_prefix(&arn)) {
        ("DisabledException", Some(" is disabled.")) => Disabled,
        ("KMSInvalidStateException", Some(" is pending deletion.")) => Pending,
        ("KMSInvalidStateException", Some(" is not pending deletion.")) => NotPending,
        _ => panic!("{code}: {message}"),
    }
}
