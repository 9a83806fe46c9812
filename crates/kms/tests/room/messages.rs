//! Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateRandom.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::world::{World, arn};

const INVALID: &str = "InvalidCiphertextException: ";

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_encrypted_decrypts_with_and_without_the_key_named() {
    let world = World::new().await;
    let key = world.key().await;
    let encrypted = world.ok("Encrypt", json!({"KeyId": key, "Plaintext": "aGVsbG8="})).await;
    assert_eq!(encrypted["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT");
    let described = world.ok("DescribeKey", json!({"KeyId": key})).await;
    let blob = &encrypted["CiphertextBlob"];
    let world = world.reopened().await;
    for body in [json!({"CiphertextBlob": blob}), json!({"CiphertextBlob": blob, "KeyId": arn(&key)})] {
        let decrypted = world.ok("Decrypt", body).await;
        let expected = json!({"KeyId": arn(&key), "Plaintext": "aGVsbG8=", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "KeyMaterialId": described["KeyMetadata"]["CurrentKeyMaterialId"]});
        assert_eq!(decrypted, expected);
    }
}

#[tokio::test]
async fn the_longest_plaintext_makes_a_blob_that_decrypt_takes() {
    let world = World::new().await;
    let key = world.key().await;
    let longest = BASE64_STANDARD.encode([7; 4096]);
    let blob = world.encrypted(&key, &longest, json!({})).await;
    assert!(BASE64_STANDARD.decode(&blob).unwrap().len() <= 6144);
    assert_eq!(world.ok("Decrypt", json!({"CiphertextBlob": blob})).await["Plaintext"], longest);
    let told =
        world.refusal("Encrypt", json!({"KeyId": key, "Plaintext": BASE64_STANDARD.encode([7; 4097])})).await;
    assert_eq!(
        told,
        "ValidationException: 1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
         Member must have length less than or equal to 4096"
    );
}

#[tokio::test]
async fn the_context_must_be_the_same_to_the_letter() {
    let world = World::new().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, "aGk=", json!({"a": "b", "c": "d"})).await;
    let decrypt = |context: Value| json!({"CiphertextBlob": blob, "EncryptionContext": context});
    world.ok("Decrypt", decrypt(json!({"c": "d", "a": "b"}))).await;
    for context in [
        json!({}),
        json!({"a": "b"}),
        json!({"a": "B", "c": "d"}),
        json!({"A": "b", "c": "d"}),
        json!({"a": "b", "c": "d", "e": ""}),
    ] {
        assert_eq!(world.refusal("Decrypt", decrypt(context)).await, INVALID);
    }
    let bare = world.encrypted(&key, "aGk=", json!({})).await;
    world.ok("Decrypt", json!({"CiphertextBlob": bare})).await;
}

#[tokio::test]
async fn every_flipped_bit_of_a_blob_is_found_and_nothing_is_told() {
    let world = World::new().await;
    let key = world.key().await;
    let blob = BASE64_STANDARD.decode(world.encrypted(&key, "aGk=", json!({})).await).unwrap();
    for bit in 0..blob.len() * 8 {
        let mut damaged = blob.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let body = json!({"CiphertextBlob": BASE64_STANDARD.encode(damaged)});
        assert_eq!(world.refusal("Decrypt", body).await, INVALID, "bit {bit}");
    }
    let body = json!({"CiphertextBlob": "bm90IGEgYmxvYg==", "KeyId": key});
    assert_eq!(world.refusal("Decrypt", body).await, INVALID);
}

#[tokio::test]
async fn another_key_than_the_one_named_is_incorrect() {
    let world = World::new().await;
    let (key, other) = (world.key().await, world.key().await);
    let blob = world.encrypted(&key, "aGk=", json!({})).await;
    let told = world.refusal("Decrypt", json!({"CiphertextBlob": blob, "KeyId": other})).await;
    let expected = "IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this \
                    operation.";
    assert_eq!(told, expected);
    let body = json!({"CiphertextBlob": blob, "SourceKeyId": other, "DestinationKeyId": key});
    assert_eq!(world.refusal("ReEncrypt", body).await, expected);
}

#[tokio::test]
async fn a_blob_of_another_server_is_denied() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let _ = (world.key().await, elsewhere.key().await);
    let blob = elsewhere.encrypted(&elsewhere.key().await, "aGk=", json!({})).await;
    assert_eq!(
        world.refusal("Decrypt", json!({"CiphertextBlob": blob})).await,
        "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist \
         in this region, or you are not allowed to access."
    );
}

#[tokio::test]
async fn re_encryption_changes_key_and_context() {
    let world = World::new().await;
    let (from, to) = (world.key().await, world.key().await);
    let blob = world.encrypted(&from, "aGk=", json!({"a": "b"})).await;
    let body = json!({"CiphertextBlob": blob, "SourceEncryptionContext": {"a": "b"}, "DestinationKeyId": to,
        "DestinationEncryptionContext": {"c": "d"}});
    let moved = world.ok("ReEncrypt", body).await;
    assert_eq!((&moved["SourceKeyId"], &moved["KeyId"]), (&json!(arn(&from)), &json!(arn(&to))));
    assert_eq!(moved["SourceKeyMaterialId"].as_str().unwrap().len(), 64);
    assert_ne!(moved["SourceKeyMaterialId"], moved["DestinationKeyMaterialId"]);
    let body =
        json!({"CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": {"c": "d"}, "KeyId": to});
    assert_eq!(world.ok("Decrypt", body).await["Plaintext"], "aGk=");
    let body = json!({"CiphertextBlob": blob, "DestinationKeyId": to});
    assert_eq!(world.refusal("ReEncrypt", body).await, INVALID);
}

#[tokio::test]
async fn data_keys_have_the_length_asked_for_and_decrypt_to_themselves() {
    let world = World::new().await;
    let key = world.key().await;
    for (asked, len) in [
        (json!({"KeySpec": "AES_256"}), 32),
        (json!({"KeySpec": "AES_128"}), 16),
        (json!({"NumberOfBytes": 1024}), 1024),
        (json!({"NumberOfBytes": 1}), 1),
    ] {
        let mut body = asked;
        body["KeyId"] = json!(key);
        body["EncryptionContext"] = json!({"a": "b"});
        let made = world.ok("GenerateDataKey", body.clone()).await;
        assert_eq!(bytes(&made["Plaintext"]).len(), len);
        let decrypt =
            |made: &Value| json!({"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": {"a": "b"}});
        assert_eq!(world.ok("Decrypt", decrypt(&made)).await["Plaintext"], made["Plaintext"]);
        let hidden = world.ok("GenerateDataKeyWithoutPlaintext", body).await;
        assert_eq!(hidden.get("Plaintext"), None);
        assert_eq!((&hidden["KeyId"], &hidden["KeyMaterialId"]), (&made["KeyId"], &made["KeyMaterialId"]));
        assert_eq!(bytes(&world.ok("Decrypt", decrypt(&hidden)).await["Plaintext"]).len(), len);
    }
    for asked in [json!({"KeyId": key}), json!({"KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 32})] {
        let told = world.refusal("GenerateDataKey", asked).await;
        assert_eq!(told, "ValidationException: Please specify either number of bytes or key spec.");
    }
}

#[tokio::test]
async fn random_bytes_need_no_key() {
    let world = World::new().await;
    let one = world.ok("GenerateRandom", json!({"NumberOfBytes": 1024})).await;
    assert_eq!(bytes(&one["Plaintext"]).len(), 1024);
    assert_ne!(one, world.ok("GenerateRandom", json!({"NumberOfBytes": 1024})).await);
    let told = world.refusal("GenerateRandom", json!({})).await;
    assert_eq!(told, "ValidationException: NumberOfBytes is required.");
    let told = world.refusal("GenerateRandom", json!({"NumberOfBytes": 1025})).await;
    assert!(told.ends_with(
        "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less \
                            than or equal to 1024"
    ));
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_does_nothing() {
    let world = World::new().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, "aGk=", json!({})).await;
    let would = "DryRunOperationException: The request would have succeeded, but the DryRun option is set.";
    for (operation, body) in [
        ("Encrypt", json!({"KeyId": key, "Plaintext": "aGk=", "DryRun": true})),
        ("Decrypt", json!({"CiphertextBlob": blob, "DryRun": true})),
        ("ReEncrypt", json!({"CiphertextBlob": blob, "DestinationKeyId": key, "DryRun": true})),
        ("GenerateDataKey", json!({"KeyId": key, "KeySpec": "AES_256", "DryRun": true})),
        ("GenerateDataKeyWithoutPlaintext", json!({"KeyId": key, "KeySpec": "AES_256", "DryRun": true})),
    ] {
        assert_eq!(world.refusal(operation, body).await, would);
    }
    world.ok("DisableKey", json!({"KeyId": key})).await;
    let told = world.refusal("Encrypt", json!({"KeyId": key, "Plaintext": "aGk=", "DryRun": true})).await;
    assert!(told.starts_with("DisabledException"));
}

#[tokio::test]
async fn what_does_not_work_yet_is_refused() {
    let world = World::new().await;
    let key = world.key().await;
    let encrypt = |name: &str, value: Value| {
        let mut body = json!({"KeyId": key, "Plaintext": "aGk="});
        body[name] = value;
        body
    };
    world.ok("Encrypt", encrypt("GrantTokens", json!([]))).await;
    let told = world.refusal("Encrypt", encrypt("GrantTokens", json!(["x", ""]))).await;
    assert_eq!(
        told,
        "ValidationException: 1 validation error detected: Value '[x, ]' at 'grantTokens' failed to satisfy \
         constraint: Member must satisfy constraint: [Member must have length less than or equal to 8192, \
         Member must have length greater than or equal to 1]"
    );
    let told = world.refusal("Encrypt", encrypt("GrantTokens", json!(["x"]))).await;
    assert!(told.starts_with("InvalidGrantTokenException: "));
    let told = world.refusal("Encrypt", encrypt("EncryptionAlgorithm", json!("RSAES_OAEP_SHA_1"))).await;
    let expected = "InvalidKeyUsageException: Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec \
                    SYMMETRIC_DEFAULT.";
    assert_eq!(told, expected);
    let body = json!({"KeyId": key, "KeySpec": "AES_256", "Recipient": {}});
    let told = world.refusal("GenerateDataKey", body).await;
    assert_eq!(told, "UnsupportedOperationException: Recipient is not supported by this server yet.");
}
