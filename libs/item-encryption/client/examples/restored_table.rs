//! A table that was restored under another name, and a data model that grows, against a live server and its KMS:
//!
//! ```sh
//! strongroom serve --memory &          # tells its access key
//! export AWS_ENDPOINT_URL=http://127.0.0.1:8000 AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...
//! cargo run -p item-encryption-client --features aws-sdk-kms --example restored_table
//! ```

#![allow(clippy::print_stdout, reason = "an example tells what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::num::NonZero;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use item_encryption_client::migration::treatment::Recoding;
use item_encryption_client::migration::{Goal, Position, Report, Sweep};
use item_encryption_client::sdk::{Item, SdkStore};
use item_encryption_client::{EncryptedClient, ItemCodec, TableCodec};
use item_encryption_derive::EncryptedItem;
use item_encryption_format::EncryptedItem as _;
use item_encryption_keyrings::KmsKeyring;
use item_encryption_keyrings::sdk::SdkKms;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A note as the first version of the application has it.
#[derive(EncryptedItem)]
#[ddb(logical_table = "Notes")]
struct Note {
    #[ddb(pk)]
    id: &'static str,
    #[ddb(encrypt)]
    body: &'static str,
}

impl Note {
    fn item(&self) -> Item {
        [("id", self.id), ("body", self.body)].map(attribute).into()
    }
}

/// As the second version has it. The new attribute came in two stages: first every reader was told of it
/// (`announced(encrypt)`), and only when all had been deployed was it written.
#[derive(EncryptedItem)]
#[ddb(logical_table = "Notes")]
struct RankedNote {
    #[ddb(pk)]
    id: &'static str,
    #[ddb(encrypt)]
    body: &'static str,
    #[ddb(encrypt)]
    rank: &'static str,
}

impl RankedNote {
    fn item(&self) -> Item {
        [("id", self.id), ("body", self.body), ("rank", self.rank)].map(attribute).into()
    }
}

fn attribute((name, text): (&str, &str)) -> (String, AttributeValue) {
    (name.to_owned(), AttributeValue::S(text.to_owned()))
}

#[allow(dead_code, reason = "tests run the example from inside")]
#[tokio::main]
async fn main() -> Outcome<()> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    run(&variable("AWS_ENDPOINT_URL")?, Credentials::new(id, secret, None, None, "example")).await
}

/// The story, over the server at an endpoint.
pub async fn run(endpoint: &str, credentials: Credentials) -> Outcome<()> {
    let dynamodb = dynamodb_client(endpoint, credentials.clone());
    let kms = kms_client(endpoint, credentials);
    let created = kms.create_key().send().await?;
    let key = created.key_metadata.and_then(|key| key.arn).ok_or("the KMS told no key")?;
    let codec = |table| TableCodec::new(table, KmsKeyring::new(SdkKms(kms.clone()), &key));

    create_table(&dynamodb, "Notes").await?;
    let notes = EncryptedClient::new(dynamodb.clone()).table("Notes", codec(Note::table_config()));
    let note = Note { id: "n1", body: "nobody reads this on the way" };
    notes.put_item(PutItemInput::builder().table_name("Notes").set_item(Some(note.item()))).await?;
    println!("stored in Notes: {:?}", stored(&dynamodb, "Notes").await?.get("body"));

    restore(&dynamodb, "Notes", "Notes-Restored").await?;
    let named_after_table = || {
        let mut table = Note::table_config();
        table.logical_table_name = "Notes-Restored".to_owned();
        table
    };
    let restored = EncryptedClient::new(dynamodb.clone());
    let naive = restored.clone().table("Notes-Restored", codec(named_after_table()));
    let refused = read(&naive).await.err().ok_or("an item must not open under another name")?;
    println!("under the new name it does not open: {refused}");
    let told = restored.clone().table("Notes-Restored", codec(named_after_table()).read_as(["Notes"]));
    println!("with read_as([\"Notes\"]) it does: {:?}", read(&told).await?.get("body"));

    let stable = || {
        let mut table = RankedNote::table_config();
        table.logical_table_name = "notes-of-all-years".to_owned();
        table
    };
    let report = rebind(&dynamodb, codec(stable()).read_as(["Notes"])).await?;
    println!("bound to a name that will stay: {} of {} items", report.written, report.scanned);

    let ranked = restored.table("Notes-Restored", codec(stable()));
    println!("an old note under the new model: {:?}", read(&ranked).await?);
    let note = RankedNote { id: "n2", body: "of the second version", rank: "first" };
    ranked.put_item(PutItemInput::builder().table_name("Notes-Restored").set_item(Some(note.item()))).await?;
    let key = [attribute(("id", "n1"))].into();
    let raised = ranked.modify("Notes-Restored", key, |mut item| {
        item.extend([attribute(("rank", "second"))]);
        item
    });
    println!("the old note with a rank: {:?}", raised.await?);
    Ok(())
}

async fn read(client: &EncryptedClient) -> Outcome<Item> {
    let get =
        GetItemInput::builder().table_name("Notes-Restored").key("id", AttributeValue::S("n1".to_owned()));
    Ok(client.get_item(get).await?.item.ok_or("the note is gone")?)
}

/// Binds every item of the restored table to the codec's logical table name, while others read and write.
async fn rebind(dynamodb: &aws_sdk_dynamodb::Client, codec: TableCodec) -> Outcome<Report> {
    let codec: Arc<dyn ItemCodec<AttributeValue>> = Arc::new(codec);
    let store = SdkStore::new(dynamodb.clone(), "Notes-Restored");
    let recoding = Recoding::new(Goal::Rebind, codec, None);
    let beginning = Position::beginning(NonZero::<u32>::MIN);
    Ok(Sweep::default().run(&store, &recoding, beginning, |_| Ok(())).await?)
}

async fn stored(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Outcome<Item> {
    let items = dynamodb.scan().table_name(table).send().await?.items.unwrap_or_default();
    Ok(items.into_iter().next().unwrap_or_else(HashMap::new))
}

/// What a restored backup is: the same bytes in a table of another name.
async fn restore(dynamodb: &aws_sdk_dynamodb::Client, from: &str, to: &str) -> Outcome<()> {
    create_table(dynamodb, to).await?;
    for item in dynamodb.scan().table_name(from).send().await?.items.unwrap_or_default() {
        dynamodb.put_item().table_name(to).set_item(Some(item)).send().await?;
    }
    Ok(())
}

async fn create_table(dynamodb: &aws_sdk_dynamodb::Client, name: &str) -> Outcome<()> {
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let table = dynamodb.create_table().table_name(name).attribute_definitions(id.build()?);
    table.key_schema(key.build()?).billing_mode(BillingMode::PayPerRequest).send().await?;
    Ok(())
}

fn dynamodb_client(endpoint: &str, credentials: Credentials) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn kms_client(endpoint: &str, credentials: Credentials) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_kms::Client::from_conf(config.build())
}
