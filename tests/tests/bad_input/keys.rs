//! KMS: names of keys, aliases, tags, plaintexts and ciphertexts that cannot be.

use serde_json::{Value, json};

use crate::row::{Row, kms};
use crate::world;

const INVALID: &str = "ValidationException";
const NOT_FOUND: &str = "NotFoundException";
const MINE: &str = "alias/mine";
const ABSENT: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn keys_that_cannot_be_are_refused() {
    world::run(&rows());
}

pub fn rows() -> Vec<Row> {
    let mut rows = names();
    rows.extend(creation());
    rows.extend(aliases());
    rows.extend(tags());
    rows.extend(messages());
    rows.extend(others());
    rows
}

fn constraint(value: &str, member: &str, constraint: &str) -> String {
    format!(
        "1 validation error detected: {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
    )
}

/// Keys that are not there, named in every way, for every operation that takes one.
fn names() -> Vec<Row> {
    let mut rows = Vec::new();
    let with_alias = [
        ("DescribeKey", json!({})),
        ("Encrypt", json!({"Plaintext": "YQ=="})),
        ("GenerateDataKey", json!({"KeySpec": "AES_256"})),
        ("GenerateDataKeyWithoutPlaintext", json!({"KeySpec": "AES_256"})),
    ];
    let with_id = [
        ("EnableKey", json!({})),
        ("DisableKey", json!({})),
        ("ScheduleKeyDeletion", json!({"PendingWindowInDays": 7})),
        ("CancelKeyDeletion", json!({})),
        ("TagResource", json!({"Tags": [{"TagKey": "a", "TagValue": "b"}]})),
        ("UntagResource", json!({"TagKeys": ["a"]})),
        ("ListResourceTags", json!({})),
    ];
    let arn = |region: &str, key: &str| format!("arn:aws:kms:{region}:000000000000:{key}");
    let home = arn("us-east-1", &format!("key/{ABSENT}"));
    let put = |body: &Value, key: &str| {
        let mut body = body.clone();
        body["KeyId"] = json!(key);
        body
    };
    for (operation, body) in with_alias.iter().chain(&with_id) {
        let absent = format!("Key '{home}' does not exist");
        rows.push(
            kms(format!("{operation} of an absent id"), operation, &put(body, ABSENT))
                .says(NOT_FOUND, absent.clone()),
        );
        rows.push(
            kms(format!("{operation} of an absent ARN"), operation, &put(body, &home))
                .says(NOT_FOUND, absent),
        );
        let elsewhere = arn("eu-west-1", &format!("key/{ABSENT}"));
        rows.push(
            kms(format!("{operation} in another Region"), operation, &put(body, &elsewhere))
                .says(NOT_FOUND, "Invalid arn eu-west-1"),
        );
        rows.push(
            kms(format!("{operation} of no id"), operation, &put(body, "nonsense"))
                .says(NOT_FOUND, "Invalid keyId 'nonsense'"),
        );
        rows.push(kms(format!("{operation} without a key"), operation, body).is(INVALID));
        rows.push(kms(format!("{operation} of an empty id"), operation, &put(body, "")).is(INVALID));
        rows.push(
            kms(format!("{operation} of an id of 2,049 letters"), operation, &put(body, &"k".repeat(2049)))
                .is(INVALID),
        );
    }
    for (operation, body) in &with_alias {
        let told = format!("Alias {} is not found.", arn("us-east-1", "alias/nobody"));
        rows.push(
            kms(format!("{operation} of an absent alias"), operation, &put(body, "alias/nobody"))
                .says(NOT_FOUND, told),
        );
    }
    rows
}

fn creation() -> Vec<Row> {
    let create = |name: &str, body: Value| kms(name, "CreateKey", &body);
    vec![
        create("an unknown usage", json!({"KeyUsage": "HIDE"})).is(INVALID),
        create("an unknown spec", json!({"KeySpec": "AES_1"})).is(INVALID),
        create("an unknown origin", json!({"Origin": "MOON"})).is(INVALID),
        create("a description of 8,193 letters", json!({"Description": "d".repeat(8193)})).is(INVALID),
        create("51 tags", json!({"Tags": (0..51).map(|n| json!({"TagKey": n.to_string(), "TagValue": ""})).collect::<Vec<_>>()})).is("TagException"),
        create("one tag twice", json!({"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]}))
            .says("TagException", "Duplicate tag keys"),
        create("a tag of AWS's", json!({"Tags": [{"TagKey": "aws:a", "TagValue": "1"}]}))
            .says("TagException", "Tags beginning with aws: are reserved"),
        create("a tag without a value", json!({"Tags": [{"TagKey": "a"}]})).is(INVALID),
        create("a tag that is a string", json!({"Tags": ["a"]})).is("SerializationException"),
        create("an asymmetric key", json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})).is("UnsupportedOperationException"),
        create("imported material", json!({"Origin": "EXTERNAL"})).is("UnsupportedOperationException"),
        create("a key of many Regions", json!({"MultiRegion": true})).is("UnsupportedOperationException"),
    ]
}

fn aliases() -> Vec<Row> {
    let create = |name: &str, alias: &str| {
        kms(name, "CreateAlias", &json!({"AliasName": alias, "TargetKeyId": ABSENT}))
    };
    vec![
        create("an alias without its prefix", "mine").is(INVALID),
        create("an empty alias", "").is(INVALID),
        create("an alias of its prefix alone", "alias/").status(&[400]),
        create("an alias with a blank", "alias/a b").is(INVALID),
        create("an alias of 257 letters", &format!("alias/{}", "a".repeat(251))).is(INVALID),
        create("an alias of AWS's", "alias/aws/mine").status(&[400]),
        create("an alias for an absent key", "alias/new").is(NOT_FOUND),
        kms("an alias that is there", "CreateAlias", &json!({"AliasName": MINE, "TargetKeyId": MINE}))
            .status(&[400]),
        kms("an alias for nothing", "CreateAlias", &json!({"AliasName": "alias/new"})).is(INVALID),
        kms(
            "an update of an absent alias",
            "UpdateAlias",
            &json!({"AliasName": "alias/nobody", "TargetKeyId": ABSENT}),
        )
        .is(NOT_FOUND),
        kms("a deletion of an absent alias", "DeleteAlias", &json!({"AliasName": "alias/nobody"}))
            .is(NOT_FOUND),
        kms("a deletion of no alias", "DeleteAlias", &json!({})).is(INVALID),
        kms("aliases of an absent key", "ListAliases", &json!({"KeyId": ABSENT})).is(NOT_FOUND),
    ]
}

fn tags() -> Vec<Row> {
    let tag = |name: &str, tags: Value| kms(name, "TagResource", &json!({"KeyId": ABSENT, "Tags": tags}));
    vec![
        tag("a tag with an empty key", json!([{"TagKey": "", "TagValue": "b"}])).invalid(constraint(
            "Value ''",
            "tags.1.member.tagKey",
            "have length greater than or equal to 1",
        )),
        tag("a tag key of 129 letters", json!([{"TagKey": "k".repeat(129), "TagValue": "b"}])).is(INVALID),
        tag("a tag value of 257 letters", json!([{"TagKey": "k", "TagValue": "v".repeat(257)}])).is(INVALID),
        tag("no tags", Value::Null).is(INVALID),
        kms("no tag keys", "UntagResource", &json!({"KeyId": ABSENT})).is(INVALID),
        kms("a tag key that is a number", "UntagResource", &json!({"KeyId": ABSENT, "TagKeys": [1]}))
            .is("SerializationException"),
    ]
}

fn messages() -> Vec<Row> {
    let blob = |len: usize| {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(vec![7; len])
    };
    let encrypt = |name: &str, member: &str, value: Value| {
        let mut body = json!({"KeyId": MINE, "Plaintext": "YQ=="});
        body[member] = value;
        kms(name, "Encrypt", &body)
    };
    let decrypt =
        |name: &str, ciphertext: &str| kms(name, "Decrypt", &json!({ "CiphertextBlob": ciphertext }));
    let data_key = |name: &str, mut body: Value| {
        body["KeyId"] = json!(MINE);
        kms(name, "GenerateDataKey", &body)
    };
    vec![
        encrypt("no plaintext", "Plaintext", Value::Null).is(INVALID),
        encrypt("an empty plaintext", "Plaintext", json!("")).invalid(constraint(
            "Value",
            "plaintext",
            "have length greater than or equal to 1",
        )),
        encrypt("a plaintext of 4,097 bytes", "Plaintext", json!(blob(4097))).invalid(constraint(
            "Value",
            "plaintext",
            "have length less than or equal to 4096",
        )),
        encrypt("a plaintext that is not base64", "Plaintext", json!("***")).is("SerializationException"),
        encrypt("a context of numbers", "EncryptionContext", json!({"a": 1})).is("SerializationException"),
        encrypt("an unknown algorithm", "EncryptionAlgorithm", json!("ROT13")).is(INVALID),
        encrypt("an algorithm for other keys", "EncryptionAlgorithm", json!("RSAES_OAEP_SHA_256"))
            .status(&[400]),
        encrypt("a rehearsal", "DryRun", json!(true)).is("DryRunOperationException"),
        kms("no ciphertext", "Decrypt", &json!({})).status(&[400]),
        decrypt("an empty ciphertext", "").is(INVALID),
        decrypt("a ciphertext of 6,145 bytes", &blob(6145)).is(INVALID),
        decrypt("a ciphertext of one byte", &blob(1)).is("InvalidCiphertextException"),
        decrypt("a ciphertext of rubbish", &blob(200)).is("InvalidCiphertextException"),
        decrypt("a ciphertext that is not base64", "***").is("SerializationException"),
        kms(
            "a re-encryption of rubbish",
            "ReEncrypt",
            &json!({"CiphertextBlob": blob(200), "DestinationKeyId": MINE}),
        )
        .is("InvalidCiphertextException"),
        kms("a re-encryption to nowhere", "ReEncrypt", &json!({ "CiphertextBlob": blob(200) })).is(INVALID),
        data_key("a data key without a size", json!({})).is(INVALID),
        data_key("a data key with two sizes", json!({"KeySpec": "AES_256", "NumberOfBytes": 32})).is(INVALID),
        data_key("a data key of an unknown spec", json!({"KeySpec": "AES_512"})).is(INVALID),
        data_key("a data key of no bytes", json!({"NumberOfBytes": 0})).is(INVALID),
        data_key("a data key of 1,025 bytes", json!({"NumberOfBytes": 1025})).is(INVALID),
    ]
}

fn others() -> Vec<Row> {
    vec![
        kms("a limit of no keys", "ListKeys", &json!({"Limit": 0})).is(INVALID),
        kms("a limit of 1,001 keys", "ListKeys", &json!({"Limit": 1001})).is(INVALID),
        kms("a marker of nobody's", "ListKeys", &json!({"Marker": "nonsense"})).is("InvalidMarkerException"),
        kms("an empty marker", "ListKeys", &json!({"Marker": ""})).is(INVALID),
        kms("no random bytes", "GenerateRandom", &json!({"NumberOfBytes": 0})).is(INVALID),
        kms("1,025 random bytes", "GenerateRandom", &json!({"NumberOfBytes": 1025})).is(INVALID),
        kms("an unknown number of random bytes", "GenerateRandom", &json!({})).is(INVALID),
        kms("a window of 6 days", "ScheduleKeyDeletion", &json!({"KeyId": ABSENT, "PendingWindowInDays": 6}))
            .status(&[400]),
        kms(
            "a window of 366 days",
            "ScheduleKeyDeletion",
            &json!({"KeyId": ABSENT, "PendingWindowInDays": 366}),
        )
        .is(INVALID),
    ]
}
