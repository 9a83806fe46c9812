//! What is asked: 1 KB items in one table of 200 partitions of 100.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::Server;
use tests::caller::signed;
use tests::random::Random;

const TABLE: &str = "Bench";
const PARTITIONS: u64 = 200;
const ITEMS_OF_A_PARTITION: u64 = 100;
/// With its names and key about 1 KB.
const TEXT_LEN: usize = 960;
/// Requests signed ahead; connections take them in turn, again and again.
const REQUESTS: usize = 8_000;
/// Those that are larger by far.
const LARGE_REQUESTS: usize = 1_000;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Durable: answered when it is on disk.
    PutItem,
    GetItem,
    /// 100 items of one partition.
    Query,
    /// 25 items.
    BatchWriteItem,
    /// PutItem and GetItem in turn.
    Mixed,
}

impl Workload {
    pub const ALL: [Self; 5] = [Self::PutItem, Self::GetItem, Self::Query, Self::BatchWriteItem, Self::Mixed];

    pub fn name(self) -> &'static str {
        match self {
            Self::PutItem => "PutItem",
            Self::GetItem => "GetItem",
            Self::Query => "Query of 100",
            Self::BatchWriteItem => "BatchWriteItem of 25",
            Self::Mixed => "mixed 50/50",
        }
    }

    /// Signed requests, as bytes. Signatures are good for 15 minutes.
    pub fn requests(self, address: SocketAddr) -> Result<Vec<Vec<u8>>> {
        let count = if self == Self::BatchWriteItem { LARGE_REQUESTS } else { REQUESTS };
        let mut random = Random::seeded(1);
        let request = |at: usize| {
            let (operation, body) = self.call(at, &mut random);
            signed(address, &format!("DynamoDB_20120810.{operation}"), body.to_string())
        };
        Ok((0..count).map(request).collect())
    }

    fn call(self, at: usize, random: &mut Random) -> (&'static str, Value) {
        let (pk, sk) = (random.below(PARTITIONS), random.below(ITEMS_OF_A_PARTITION));
        match self {
            Self::PutItem => ("PutItem", json!({"TableName": TABLE, "Item": item(pk, sk)})),
            Self::GetItem => ("GetItem", json!({"TableName": TABLE, "Key": key(pk, sk)})),
            Self::Mixed if at.is_multiple_of(2) => Self::PutItem.call(at, random),
            Self::Mixed => Self::GetItem.call(at, random),
            Self::Query => {
                let value = json!({":p": {"S": partition(pk)}});
                let members = json!({"TableName": TABLE, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": value});
                ("Query", members)
            }
            Self::BatchWriteItem => ("BatchWriteItem", batch(pk, random.below(4) * 25)),
        }
    }
}

/// Creates the table and puts every item into it.
pub fn fill(server: &Server) -> Result<()> {
    let created = server.dynamodb(
        "CreateTable",
        &json!({
            "TableName": TABLE,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "BillingMode": "PAY_PER_REQUEST"
        }),
    );
    ensure!(created.status == 200, "{}", created.text());
    let mut caller = server.caller();
    for pk in 0..PARTITIONS {
        for first in (0..ITEMS_OF_A_PARTITION).step_by(25) {
            let answer = caller.dynamodb("BatchWriteItem", &batch(pk, first))?;
            ensure!(answer.status == 200, "{}", answer.text());
        }
    }
    Ok(())
}

fn batch(pk: u64, first: u64) -> Value {
    let puts: Vec<Value> =
        (first..first + 25).map(|sk| json!({"PutRequest": {"Item": item(pk, sk)}})).collect();
    json!({"RequestItems": {TABLE: puts}})
}

fn item(pk: u64, sk: u64) -> Value {
    let mut item = key(pk, sk);
    let text: String = format!("{pk}.{sk} ").chars().cycle().take(TEXT_LEN).collect();
    item["text"] = json!({"S": text});
    item["count"] = json!({"N": (pk * sk).to_string()});
    item
}

fn key(pk: u64, sk: u64) -> Value {
    json!({"pk": {"S": partition(pk)}, "sk": {"N": sk.to_string()}})
}

fn partition(pk: u64) -> String {
    format!("partition-{pk:05}")
}
