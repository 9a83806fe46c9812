//! What lies in the data directory, and whether it still does.

use serde_json::{Value, json};
use tests::Server;

const TABLES: [&str; 2] = ["Owned", "Mine"];
const ITEMS: usize = 120;

/// A table under an AWS owned key, one under a customer's, and a message under that key.
pub struct Contents {
    tables: Vec<(String, Vec<Value>)>,
    key: String,
    ciphertext: String,
    plaintext: String,
}

impl Contents {
    pub fn write_to(server: &Server) -> Self {
        let key = server.create_key();
        let _ = server.kms("CreateAlias", &json!({"AliasName": "alias/mine", "TargetKeyId": key})).ok();
        let plaintext = "YSBtZXNzYWdl".to_owned();
        let encrypted = server.kms("Encrypt", &json!({"KeyId": key, "Plaintext": plaintext})).ok();
        let ciphertext = encrypted["CiphertextBlob"].as_str().unwrap().to_owned();
        let tables =
            TABLES.iter().map(|name| ((*name).to_owned(), write_table(server, name, &key))).collect();
        Self { tables, key, ciphertext, plaintext }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// The first refusal, which is as good as right data.
    ///
    /// # Panics
    /// Where data is wrong or missing.
    pub fn check(&self, server: &Server) -> Result<(), String> {
        let mut refused = Vec::new();
        for (name, items) in &self.tables {
            match scan(server, name) {
                Ok(found) => assert_eq!(&found, items, "wrong data in {name}"),
                Err(error) => refused.push(error),
            }
            if let Err(error) = self.get_some(server, name, items) {
                refused.push(error);
            }
        }
        refused.extend(self.check_key(server).err());
        refused.into_iter().next().map_or(Ok(()), Err)
    }

    fn get_some(&self, server: &Server, name: &str, items: &[Value]) -> Result<(), String> {
        for item in items.iter().step_by(17) {
            let body = json!({"TableName": name, "Key": {"pk": item["pk"], "sk": item["sk"]}});
            let found = call(server, "DynamoDB_20120810.GetItem", &body)?;
            assert_eq!(&found["Item"], item, "wrong data in {name}");
        }
        Ok(())
    }

    fn check_key(&self, server: &Server) -> Result<(), String> {
        let described = call(server, "TrentService.DescribeKey", &json!({"KeyId": "alias/mine"}))?;
        assert_eq!(described["KeyMetadata"]["Arn"], json!(self.key), "the wrong key");
        let opened = call(server, "TrentService.Decrypt", &json!({"CiphertextBlob": self.ciphertext}))?;
        assert_eq!(opened["Plaintext"], json!(self.plaintext), "the wrong message");
        Ok(())
    }
}

fn write_table(server: &Server, name: &str, key: &str) -> Vec<Value> {
    let mut body = json!({
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"
    });
    if name == "Mine" {
        body["SSESpecification"] = json!({"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
    }
    let _ = server.dynamodb("CreateTable", &body).ok();
    let items: Vec<Value> = (0..ITEMS).map(item).collect();
    let mut caller = server.caller();
    for item in &items {
        let _ = caller.dynamodb("PutItem", &json!({"TableName": name, "Item": item})).unwrap().ok();
    }
    sorted(items)
}

fn item(n: usize) -> Value {
    let text = format!("{n} ").repeat(60);
    json!({"pk": {"S": format!("p{}", n % 7)}, "sk": {"N": n.to_string()}, "text": {"S": text}})
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(Value::to_string);
    items
}

fn scan(server: &Server, table: &str) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    let mut body = json!({ "TableName": table });
    loop {
        let page = call(server, "DynamoDB_20120810.Scan", &body)?;
        items.extend(page["Items"].as_array().unwrap().iter().cloned());
        if page["LastEvaluatedKey"].is_null() {
            return Ok(sorted(items));
        }
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
}

/// The answer; an internal error is a refusal, anything else is wrong data.
fn call(server: &Server, target: &str, body: &Value) -> Result<Value, String> {
    let answer = server.call(target, body.to_string());
    match answer.status {
        200 => Ok(answer.json()),
        500..=599 => Err(format!("{target}: {}", answer.text())),
        _ => panic!("{target} {body}: {} {}", answer.status, answer.text()),
    }
}
