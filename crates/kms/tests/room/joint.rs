//! What services ask of the KMS, and what they hear from it.

use std::sync::Arc;

use envelope::{
    EncryptionContext, KeyChange, KeyManager, KeyService, KeyServiceError, KeyState, KeyWatcher, OnBehalfOf,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::json;

use crate::world::{World, arn};

fn dynamodb() -> OnBehalfOf {
    OnBehalfOf { caller_arn: None, service: "dynamodb.amazonaws.com" }
}

fn context(table: &str) -> EncryptionContext {
    EncryptionContext::from([("aws:dynamodb:tableName".to_owned(), table.to_owned())])
}

/// Tries, when it hears of a change, whether the key can still be used.
struct Listener {
    world: Arc<World>,
    wrapped: envelope::WrappedKey,
    heard: Mutex<Vec<(KeyState, bool)>>,
}

impl KeyWatcher for Listener {
    fn key_changed<'a>(&'a self, change: &'a KeyChange) -> BoxFuture<'a, ()> {
        Box::pin(async {
            assert_eq!(change.key_arn, self.wrapped.key_arn);
            // A watcher may make keys meanwhile.
            self.world.kms.service_owned_key(&dynamodb()).await.unwrap();
            let opens = self.world.kms.unwrap(&dynamodb(), &self.wrapped).await.is_ok();
            self.heard.lock().push((change.state, opens));
        })
    }
}

#[tokio::test]
async fn a_table_key_unwraps_under_its_context_while_its_key_is_enabled() {
    let world = World::new().await;
    let key = world.key().await;
    let described = world.kms.describe(&dynamodb(), &key).await.unwrap();
    assert_eq!((&described.arn, described.manager), (&arn(&key), KeyManager::Customer));
    let (table_key, wrapped) = world.kms.generate(&dynamodb(), &described.arn, &context("t")).await.unwrap();
    let world = world.reopened().await;
    let unwrapped = world.kms.unwrap(&dynamodb(), &wrapped).await.unwrap();
    assert_eq!(unwrapped.expose(), table_key.expose());
    let other = envelope::WrappedKey { context: context("u"), ..wrapped.clone() };
    let refused = world.kms.unwrap(&dynamodb(), &other).await.err();
    assert_eq!(refused, Some(KeyServiceError::InvalidCiphertext(String::new())));
    let other = envelope::WrappedKey { key_arn: arn(&world.key().await), ..wrapped.clone() };
    assert!(matches!(
        world.kms.unwrap(&dynamodb(), &other).await.err(),
        Some(KeyServiceError::InvalidCiphertext(_))
    ));
    world.ok("DisableKey", json!({"KeyId": key})).await;
    let refused = world.kms.unwrap(&dynamodb(), &wrapped).await.err();
    assert_eq!(refused, Some(KeyServiceError::Disabled(format!("{} is disabled.", arn(&key)))));
    world.ok("EnableKey", json!({"KeyId": key})).await;
    world.ok("ScheduleKeyDeletion", json!({"KeyId": key})).await;
    let refused = world.kms.unwrap(&dynamodb(), &wrapped).await.err();
    assert_eq!(refused, Some(KeyServiceError::InvalidState(format!("{} is pending deletion.", arn(&key)))));
    world.advance_days(30);
    let refused = world.kms.unwrap(&dynamodb(), &wrapped).await.err();
    assert_eq!(refused, Some(KeyServiceError::NotFound(format!("Key '{}' does not exist", arn(&key)))));
}

#[tokio::test]
async fn a_name_that_can_be_no_keys_is_told_as_kms_tells_it() {
    let world = World::new().await;
    let refused = world.kms.describe(&dynamodb(), "arn:aws:s3:::bucket").await.err();
    let text = "ARN 'arn:aws:s3:::bucket' is not valid for a KMS key.";
    assert_eq!(refused, Some(KeyServiceError::InvalidArn(text.into())));
    let refused = world.kms.describe(&dynamodb(), "bucket").await.err();
    assert_eq!(refused, Some(KeyServiceError::NotFound("Invalid keyId 'bucket'".into())));
}

#[tokio::test]
async fn watchers_have_acted_before_a_change_is_answered() {
    let world = Arc::new(World::new().await);
    let key = world.key().await;
    let (_, wrapped) = world.kms.generate(&dynamodb(), &arn(&key), &context("t")).await.unwrap();
    let heard = Mutex::default();
    let listener = Arc::new(Listener { world: Arc::clone(&world), wrapped, heard });
    world.kms.watch(Arc::clone(&listener) as Arc<dyn KeyWatcher>);
    let heard = || std::mem::take(&mut *listener.heard.lock());
    let by_id = json!({"KeyId": key});
    world.ok("DisableKey", by_id.clone()).await;
    assert_eq!(heard(), [(KeyState::Disabled, false)]);
    world.ok("DisableKey", by_id.clone()).await;
    assert_eq!(heard(), []);
    world.ok("EnableKey", by_id.clone()).await;
    assert_eq!(heard(), [(KeyState::Enabled, true)]);
    world.ok("ScheduleKeyDeletion", by_id.clone()).await;
    assert_eq!(heard(), [(KeyState::PendingDeletion, false)]);
    world.ok("CancelKeyDeletion", by_id.clone()).await;
    assert_eq!(heard(), [(KeyState::Disabled, false)]);
    world.ok("ScheduleKeyDeletion", by_id).await;
    world.advance_days(30);
    heard();
    world.kms.tick().await.unwrap();
    assert_eq!(heard(), [(KeyState::Deleted, false)]);
}

#[tokio::test]
async fn a_change_runs_to_its_end_though_nobody_waits_for_it() {
    let world = Arc::new(World::new().await);
    let key = world.key().await;
    let (_, wrapped) = world.kms.generate(&dynamodb(), &arn(&key), &context("t")).await.unwrap();
    let listener = Arc::new(Listener { world: Arc::clone(&world), wrapped, heard: Mutex::default() });
    world.kms.watch(Arc::clone(&listener) as Arc<dyn KeyWatcher>);
    let abandoned = world.call("DisableKey", json!({"KeyId": key}));
    assert!(abandoned.now_or_never().is_none());
    while listener.heard.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.ok("DescribeKey", json!({"KeyId": key})).await["KeyMetadata"]["KeyState"], "Disabled");
}

#[tokio::test]
async fn the_key_of_a_service_is_one_and_no_user_sees_it() {
    let world = World::new().await;
    let owned = world.kms.service_owned_key(&dynamodb()).await.unwrap();
    assert_eq!(owned.manager, KeyManager::ServiceOwned);
    let world = world.reopened().await;
    assert_eq!(world.kms.service_owned_key(&dynamodb()).await.unwrap(), owned);
    assert_eq!(world.kms.describe(&dynamodb(), &owned.arn).await.unwrap(), owned);
    let (table_key, wrapped) = world.kms.generate(&dynamodb(), &owned.arn, &context("t")).await.unwrap();
    assert_eq!(world.kms.unwrap(&dynamodb(), &wrapped).await.unwrap().expose(), table_key.expose());

    assert_eq!(world.ok("ListKeys", json!({})).await["Keys"], json!([]));
    let told = world.refusal("DescribeKey", json!({"KeyId": owned.arn})).await;
    assert!(told.starts_with("AccessDeniedException: "));
    let id = owned.arn.rsplit('/').next().unwrap();
    let told = world.refusal("DescribeKey", json!({"KeyId": id})).await;
    assert_eq!(told, format!("NotFoundException: Key '{}' does not exist", arn(id)));
    use base64::Engine as _;
    let blob = base64::prelude::BASE64_STANDARD.encode(&wrapped.blob);
    let body = json!({"CiphertextBlob": blob, "EncryptionContext": wrapped.context});
    let told = world.refusal("Decrypt", body).await;
    assert!(told.starts_with("AccessDeniedException: The ciphertext refers to"));
}

#[tokio::test]
async fn the_managed_key_of_dynamodb_serves_dynamodb() {
    let world = World::new().await;
    let managed = world.kms.describe(&dynamodb(), "alias/aws/dynamodb").await.unwrap();
    assert_eq!(managed.manager, KeyManager::Service);
    assert_eq!(world.kms.describe(&dynamodb(), "alias/aws/dynamodb").await.unwrap(), managed);
    let (table_key, wrapped) = world.kms.generate(&dynamodb(), &managed.arn, &context("t")).await.unwrap();
    assert_eq!(world.kms.unwrap(&dynamodb(), &wrapped).await.unwrap().expose(), table_key.expose());
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_in_the_words_of_kms() {
    let world = World::new().await;
    let refused = world.kms.describe(&dynamodb(), "alias/none").await.unwrap_err();
    assert_eq!(refused.code(), "NotFoundException");
    assert!(refused.to_string().ends_with("alias/none is not found."));
    let who = OnBehalfOf { caller_arn: Some("arn:aws:iam::000000000000:root".into()), ..dynamodb() };
    let foreign = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let refused = world.kms.describe(&who, foreign).await.unwrap_err();
    assert_eq!(refused.code(), "AccessDeniedException");
    assert!(refused.to_string().starts_with(
        "User: arn:aws:iam::000000000000:root is not authorized to perform: \
                                             kms:DescribeKey on this resource because"
    ));
}
