//! A server with the SDK's clients pointed at it.

use std::collections::HashMap;
use std::fmt::Debug;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    SseSpecification, SseType,
};
use tests::Server;
use tests::server::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};

/// An item, or a key.
pub type Item = HashMap<String, AttributeValue>;

/// A server and its clients.
pub struct World {
    pub server: Server,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub kms: aws_sdk_kms::Client,
}

impl World {
    /// A fresh server.
    pub fn new() -> Self {
        Self::around(Server::start())
    }

    /// A fresh server whose clock can be moved.
    pub fn with_test_clock() -> Self {
        Self::around(Server::with_test_clock())
    }

    fn around(server: Server) -> Self {
        let dynamodb = dynamodb_client(&server.endpoint());
        let kms = kms_client(&server);
        Self { server, dynamodb, kms }
    }

    /// Stops the server cleanly and starts it again.
    pub fn restart(&mut self) {
        self.server.restart();
        self.dynamodb = dynamodb_client(&self.server.endpoint());
        self.kms = kms_client(&self.server);
    }

    /// A server with a table `Tasks`: partition key `pk` (S), sort key `sk` (N).
    pub async fn with_table() -> Self {
        let world = Self::new();
        world.create_table("Tasks").await;
        world
    }

    /// A table with partition key `pk` (S) and sort key `sk` (N).
    pub async fn create_table(&self, name: &str) {
        table(&self.dynamodb, name).send().await.unwrap();
    }

    /// The same under a KMS key.
    pub async fn create_table_under(&self, name: &str, key: &str) {
        table(&self.dynamodb, name).sse_specification(sse(key)).send().await.unwrap();
    }

    /// Puts an item into `Tasks`.
    pub async fn put(&self, item: Item) {
        self.dynamodb.put_item().table_name("Tasks").set_item(Some(item)).send().await.unwrap();
    }

    /// The item of this key in `Tasks`.
    pub async fn get(&self, pk: &str, sk: i64) -> Option<Item> {
        let get = self.dynamodb.get_item().table_name("Tasks").set_key(Some(key(pk, sk)));
        get.send().await.unwrap().item
    }

    /// A new customer managed key's ARN.
    pub async fn create_key(&self) -> String {
        self.kms.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap()
    }
}

/// The CreateTable of a table with partition key `pk` (S) and sort key `sk` (N).
pub fn table(
    client: &aws_sdk_dynamodb::Client,
    name: &str,
) -> aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder {
    client
        .create_table()
        .table_name(name)
        .attribute_definitions(definition("pk", ScalarAttributeType::S))
        .attribute_definitions(definition("sk", ScalarAttributeType::N))
        .key_schema(element("pk", KeyType::Hash))
        .key_schema(element("sk", KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
}

pub fn definition(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

pub fn element(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

/// Under this KMS key.
pub fn sse(key: &str) -> SseSpecification {
    SseSpecification::builder().enabled(true).sse_type(SseType::Kms).kms_master_key_id(key).build()
}

pub fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An item of these attributes.
pub fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The key of an item in a table of [`table`].
pub fn key(pk: &str, sk: i64) -> Item {
    item([("pk", s(pk)), ("sk", n(sk))])
}

/// The key, and these attributes.
pub fn item_of<const N: usize>(pk: &str, sk: i64, attributes: [(&str, AttributeValue); N]) -> Item {
    let mut whole = key(pk, sk);
    whole.extend(item(attributes));
    whole
}

/// The exception's name and text.
#[track_caller]
pub fn refused<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E>>,
) -> (String, String) {
    let error = result.expect_err("the call is refused");
    let service = error.as_service_error().unwrap_or_else(|| panic!("no answer: {error:?}"));
    (service.code().unwrap_or_default().to_owned(), service.message().unwrap_or_default().to_owned())
}

/// The exception's name.
#[track_caller]
pub fn code<T: Debug, E: ProvideErrorMetadata + Debug>(result: Result<T, SdkError<E>>) -> String {
    refused(result).0
}

/// The text of a `ValidationException`.
#[track_caller]
pub fn invalid<T: Debug, E: ProvideErrorMetadata + Debug>(result: Result<T, SdkError<E>>) -> String {
    let (code, text) = refused(result);
    assert_eq!(code, "ValidationException", "{text}");
    text
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "tests")
}

/// A client of whatever answers there.
pub fn dynamodb_client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn kms_client(server: &Server) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials())
        .endpoint_url(server.endpoint())
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_kms::Client::from_conf(config.build())
}
