//! What is asked of a configuration's DynamoDB: tables of keys.

use anyhow::Context;
use item_encryption_command::json::{item_of, json_of, write_value};
use item_encryption_keyrings::VersionId;
use item_encryption_keyrings::tables::{
    ConditionalPut, Item, Put, PutCondition, TableAnswer, TableClient, TableShape, TableState,
};
use serde_json::{Value, json};

use super::service::Service;
use crate::client::Exception;

/// DynamoDB.
pub struct KeyTables(pub Service);

impl KeyTables {
    async fn call(&self, operation: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self.0.call(&format!("DynamoDB_20120810.{operation}"), &body).await?;
        serde_json::from_slice(&answer).context("its answer cannot be read")
    }

    /// A call of which an `expected` exception is an answer like any other: `None`.
    async fn call_unless(
        &self,
        expected: impl FnOnce(&Exception) -> bool,
        operation: &str,
        body: Value,
    ) -> Result<Option<Value>, String> {
        match self.call(operation, body).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.downcast_ref().is_some_and(expected) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    async fn put_one(&self, put: Value) -> Result<Option<Value>, String> {
        let failed = |exception: &Exception| exception.name() == "ConditionalCheckFailedException";
        self.call_unless(failed, "PutItem", put).await
    }

    /// Under a token, so that a request that is sent again, as its answer was lost, is not refused for what it has done.
    async fn put_together(&self, puts: Vec<Value>) -> Result<Option<Value>, String> {
        let token = VersionId::random().map_err(|error| error.to_string())?.to_string();
        let puts: Vec<Value> = puts.into_iter().map(|put| json!({ "Put": put })).collect();
        let body = json!({ "TransactItems": puts, "ClientRequestToken": token });
        let failed = |exception: &Exception| exception.has_reason("ConditionalCheckFailed");
        self.call_unless(failed, "TransactWriteItems", body).await
    }
}

impl TableClient for KeyTables {
    fn get<'a>(&'a self, table: &'a str, key: Item) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let body = json!({ "TableName": table, "Key": json_of(&key), "ConsistentRead": true });
            let mut answer = self.call("GetItem", body).await.map_err(|error| told(&error))?;
            some_item(answer["Item"].take())
        })
    }

    fn last<'a>(
        &'a self,
        table: &'a str,
        partition_key: &'a str,
        value: &'a str,
    ) -> TableAnswer<'a, Option<Item>> {
        Box::pin(async move {
            let body = json!({
                "TableName": table,
                "KeyConditionExpression": "#p = :p",
                "ExpressionAttributeNames": { "#p": partition_key },
                "ExpressionAttributeValues": { ":p": { "S": value } },
                "ScanIndexForward": false,
                "Limit": 1,
                "ConsistentRead": true,
            });
            let mut answer = self.call("Query", body).await.map_err(|error| told(&error))?;
            some_item(answer["Items"].get_mut(0).map(Value::take).unwrap_or_default())
        })
    }

    fn put<'a>(&'a self, table: &'a str, puts: Vec<ConditionalPut<'a>>) -> TableAnswer<'a, Put> {
        Box::pin(async move {
            let mut puts: Vec<Value> = puts.into_iter().map(|put| worded(table, put)).collect();
            let answer = match (puts.pop(), puts.is_empty()) {
                (None, _) => return Ok(Put::Done),
                (Some(only), true) => self.put_one(only).await?,
                (Some(last), false) => {
                    puts.push(last);
                    self.put_together(puts).await?
                }
            };
            Ok(if answer.is_some() { Put::Done } else { Put::Refused })
        })
    }

    fn describe<'a>(&'a self, table: &'a str) -> TableAnswer<'a, Option<TableState>> {
        Box::pin(async move {
            let body = json!({ "TableName": table });
            let absent = |exception: &Exception| exception.name() == "ResourceNotFoundException";
            let answer = self.call_unless(absent, "DescribeTable", body).await?;
            Ok(answer.map(|answer| TableState {
                shape: shape(&answer["Table"]),
                active: answer["Table"]["TableStatus"] == "ACTIVE",
            }))
        })
    }

    fn create<'a>(&'a self, table: &'a str, shape: &'a TableShape) -> TableAnswer<'a, ()> {
        Box::pin(async move {
            let (partition_key, sort_key) = (&shape.partition_key, &shape.sort_key);
            let sort_type = if shape.sort_key_is_number { "N" } else { "S" };
            let body = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    { "AttributeName": partition_key, "AttributeType": "S" },
                    { "AttributeName": sort_key, "AttributeType": sort_type },
                ],
                "KeySchema": [
                    { "AttributeName": partition_key, "KeyType": "HASH" },
                    { "AttributeName": sort_key, "KeyType": "RANGE" },
                ],
            });
            let answer = self.call("CreateTable", body).await;
            answer.map(drop).map_err(|error| told(&error))
        })
    }
}

/// The members of a put.
fn worded(table: &str, (item, condition): ConditionalPut<'_>) -> Value {
    let mut put = json!({ "TableName": table, "Item": json_of(&item) });
    let name = match condition {
        PutCondition::Absent(name) => {
            put["ConditionExpression"] = "attribute_not_exists(#n)".into();
            name
        }
        PutCondition::Has(name, value) => {
            put["ConditionExpression"] = "#n = :v".into();
            put["ExpressionAttributeValues"] = json!({ ":v": write_value(&value) });
            name
        }
    };
    put["ExpressionAttributeNames"] = json!({ "#n": name });
    put
}

fn some_item(json: Value) -> Result<Option<Item>, String> {
    if json.is_null() { Ok(None) } else { item_of(json).map(Some) }
}

/// The keys of a described table; `None` where they are not a string and a string or number.
fn shape(table: &Value) -> Option<TableShape> {
    let list = |name: &str| table[name].as_array().into_iter().flatten();
    let key = |kind: &str| {
        let found = list("KeySchema").find(|key| key["KeyType"] == kind)?;
        let name = found["AttributeName"].as_str()?;
        let definition = list("AttributeDefinitions").find(|known| known["AttributeName"] == name)?;
        Some((name.to_owned(), definition["AttributeType"].as_str()?.to_owned()))
    };
    let ((partition_key, partition_type), (sort_key, sort_type)) = (key("HASH")?, key("RANGE")?);
    (partition_type == "S" && sort_type != "B").then_some(TableShape {
        partition_key,
        sort_key,
        sort_key_is_number: sort_type == "N",
    })
}

fn told(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
