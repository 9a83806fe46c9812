//! What is asked of a configuration's DynamoDB: tables of keys.

use anyhow::Context;
use item_encryption_command::json::{item_of, json_of, write_value};
use item_encryption_keyrings::tables::{
    Item, Put, PutCondition, TableAnswer, TableClient, TableShape, TableState,
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

    /// A call of which `expected` is an answer like any other: `None`.
    async fn call_unless(
        &self,
        expected: &str,
        operation: &str,
        body: Value,
    ) -> Result<Option<Value>, String> {
        match self.call(operation, body).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_exception(&error, expected) => Ok(None),
            Err(error) => Err(told(&error)),
        }
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

    fn put<'a>(&'a self, table: &'a str, item: Item, condition: PutCondition<'a>) -> TableAnswer<'a, Put> {
        Box::pin(async move {
            let mut body = json!({ "TableName": table, "Item": json_of(&item) });
            let name = match condition {
                PutCondition::Absent(name) => {
                    body["ConditionExpression"] = "attribute_not_exists(#n)".into();
                    name
                }
                PutCondition::Has(name, value) => {
                    body["ConditionExpression"] = "#n = :v".into();
                    body["ExpressionAttributeValues"] = json!({ ":v": write_value(&value) });
                    name
                }
            };
            body["ExpressionAttributeNames"] = json!({ "#n": name });
            let answer = self.call_unless("ConditionalCheckFailedException", "PutItem", body).await?;
            Ok(if answer.is_some() { Put::Done } else { Put::Refused })
        })
    }

    fn describe<'a>(&'a self, table: &'a str) -> TableAnswer<'a, Option<TableState>> {
        Box::pin(async move {
            let body = json!({ "TableName": table });
            let answer = self.call_unless("ResourceNotFoundException", "DescribeTable", body).await?;
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

fn is_exception(error: &anyhow::Error, name: &str) -> bool {
    error.downcast_ref::<Exception>().is_some_and(|exception| exception.name() == name)
}

fn told(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
