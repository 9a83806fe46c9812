//! A table, through the binary's own client.

use anyhow::{Context, bail};
use clap::Args;
use item_encryption_client::change::Change;
use item_encryption_client::migration::store::{ItemStore, Page, Replaced, Segment, StoreAnswer, StoreError};
use item_encryption_command::json::{Item, item_of, json_of, write_value};
use item_encryption_format::{TableConfig, Value};
use serde_json::{Map, Value as Json, json};

use super::service::Service;
use crate::client::Exception;

/// Where tables are.
#[derive(Args)]
pub struct Endpoint {
    /// Where DynamoDB answers; also from AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The Region that requests are signed for; also from AWS_REGION, AWS_DEFAULT_REGION
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
}

/// A table that is there.
pub struct Table {
    service: Service,
    name: String,
    /// What tells it from another of its name.
    pub id: String,
    /// About how many items it has, as the service counts now and then.
    pub items: u64,
}

impl Table {
    /// The table of this address, whose key must be the configuration's.
    pub async fn open(service: Service, name: &str, config: &TableConfig) -> anyhow::Result<Self> {
        let answer = service.call("DynamoDB_20120810.DescribeTable", &json!({ "TableName": name })).await;
        let answer = answer.with_context(|| format!("the table {name:?} cannot be described"))?;
        let told: Json = serde_json::from_slice(&answer).context("the table's description cannot be read")?;
        let told = &told["Table"];
        let schema = told["KeySchema"].as_array().into_iter().flatten();
        let keys: Vec<&str> = schema.filter_map(|element| element["AttributeName"].as_str()).collect();
        if !config.keys().eq(keys.iter().copied()) {
            let configured: Vec<&str> = config.keys().collect();
            bail!("the table's key is {keys:?}, the configuration's is {configured:?}");
        }
        let id = told["TableId"].as_str().or_else(|| told["TableArn"].as_str()).unwrap_or(name).to_owned();
        Ok(Self { service, name: name.to_owned(), id, items: told["ItemCount"].as_u64().unwrap_or(0) })
    }

    /// Calls an operation on the table.
    async fn call(&self, operation: &str, mut request: Json) -> anyhow::Result<Json> {
        request["TableName"] = self.name.clone().into();
        let answer = self.service.call(&format!("DynamoDB_20120810.{operation}"), &request).await?;
        serde_json::from_slice(&answer).context("the table's answer cannot be read")
    }

    /// The item of a key.
    pub async fn item(&self, key: &Item) -> anyhow::Result<Option<Item>> {
        let mut answer = self.call("GetItem", json!({ "Key": json_of(key), "ConsistentRead": true })).await?;
        let item = answer.get_mut("Item").map(Json::take);
        item.map(item_of).transpose().map_err(anyhow::Error::msg)
    }

    async fn scanned(
        &self,
        segment: Segment,
        behind: Option<&Item>,
        limit: Option<u32>,
    ) -> anyhow::Result<Page<Value>> {
        let mut request = json!({ "Segment": segment.number, "TotalSegments": segment.of });
        if let Some(key) = behind {
            request["ExclusiveStartKey"] = json_of(key);
        }
        if let Some(limit) = limit {
            request["Limit"] = limit.into();
        }
        let mut answer = self.call("Scan", request).await?;
        let Json::Array(items) = answer["Items"].take() else { bail!("the scan's answer has no items") };
        let items = items.into_iter().map(item_of).collect::<Result<_, _>>().map_err(anyhow::Error::msg)?;
        let last = answer.get_mut("LastEvaluatedKey").map(Json::take).map(item_of).transpose();
        Ok(Page { items, last: last.map_err(anyhow::Error::msg)? })
    }

    async fn update(&self, change: Change<Value>) -> anyhow::Result<()> {
        let values: Map<String, Json> =
            change.values.iter().map(|(name, value)| (name.clone(), write_value(value))).collect();
        let request = json!({
            "Key": json_of(&change.key),
            "UpdateExpression": change.update,
            "ConditionExpression": change.condition,
            "ExpressionAttributeNames": change.names,
            "ExpressionAttributeValues": values,
        });
        self.call("UpdateItem", request).await.map(drop)
    }
}

impl ItemStore<Value> for Table {
    fn page<'a>(
        &'a self,
        segment: Segment,
        behind: Option<&'a Item>,
        limit: Option<u32>,
    ) -> StoreAnswer<'a, Page<Value>> {
        Box::pin(async move { self.scanned(segment, behind, limit).await.map_err(|error| told(&error)) })
    }

    fn get<'a>(&'a self, key: &'a Item) -> StoreAnswer<'a, Option<Item>> {
        Box::pin(async move { self.item(key).await.map_err(|error| told(&error)) })
    }

    fn replace(&self, change: Change<Value>) -> StoreAnswer<'_, Replaced> {
        Box::pin(async move {
            let Err(error) = self.update(change).await else { return Ok(Replaced::Done) };
            match error.downcast_ref().map(Exception::name) {
                Some("ConditionalCheckFailedException") => Ok(Replaced::Changed),
                Some("ValidationException") => Err(StoreError::Item(format!("{error:#}"))),
                _ => Err(told(&error)),
            }
        })
    }
}

fn told(error: &anyhow::Error) -> StoreError {
    const LATER: [&str; 4] = [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
    ];
    let text = format!("{error:#}");
    match error.downcast_ref::<Exception>() {
        Some(exception) if LATER.contains(&exception.name()) || exception.is_servers() => {
            StoreError::Later(text)
        }
        Some(_) => StoreError::Table(text),
        None => StoreError::Later(text),
    }
}
