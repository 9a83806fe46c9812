//! A table full of canaries.

use serde_json::{Value, json};
use tests::Server;
use tests::canary::Canary;
use tests::random::Random;

/// Items with canaries in each table.
const ITEMS: usize = 12;

/// A table, its key, and the words that must not be found.
pub struct Flock {
    /// The table's name, itself a canary.
    pub table: String,
    attribute: String,
    words: Vec<(String, Vec<u8>)>,
    items: Vec<Value>,
}

impl Flock {
    /// Creates the table under what `sse` says and fills it.
    pub fn settle(server: &Server, random: &mut Random, sse: &Value) -> Self {
        let word = |random: &mut Random, kind: &str| {
            format!("{kind}{:016x}{:016x}", random.number(), random.number())
        };
        let table = word(random, "Table");
        let attribute = word(random, "attribute");
        let mut flock = Self { table, attribute, words: Vec::new(), items: Vec::new() };
        flock.words.push(("the table's name".into(), flock.table.clone().into_bytes()));
        flock.words.push(("an attribute's name".into(), flock.attribute.clone().into_bytes()));
        let _ = server.dynamodb("CreateTable", &flock.schema(sse)).ok();
        for n in 0..ITEMS {
            let [pk, sk, text, bytes, member, nested] =
                ["pk", "sk", "S", "B", "SS", "M"].map(|kind| word(random, kind));
            let number =
                format!("{}{}{}", 1 + random.below(9), random.number(), random.number() % 1_000_000_007);
            let item = flock.item([&pk, &sk, &text, &bytes, &member, &nested], &number);
            let put = json!({"TableName": flock.table, "Item": item});
            if n % 2 == 0 {
                let _ = server.dynamodb("PutItem", &put).ok();
            } else {
                let token = word(random, "tok");
                let body = json!({"TransactItems": [{ "Put": put }], "ClientRequestToken": token});
                let _ = server.dynamodb("TransactWriteItems", &body).ok();
                flock.words.push(("a client's token".into(), token.into_bytes()));
            }
            flock.items.push(item);
            for (kind, word) in [
                ("a partition key", pk),
                ("a sort key", sk),
                ("a string", text),
                ("bytes", bytes),
                ("a set's member", member),
                ("a nested name", nested),
                ("a number", number),
            ] {
                flock.words.push((kind.into(), word.into_bytes()));
            }
        }
        flock
    }

    fn schema(&self, sse: &Value) -> Value {
        json!({
            "TableName": self.table,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": sse,
        })
    }

    fn item(&self, [pk, sk, text, bytes, member, nested]: [&str; 6], number: &str) -> Value {
        use base64::Engine;
        let bytes = base64::prelude::BASE64_STANDARD.encode(bytes);
        let mut item = json!({"pk": {"S": pk}, "sk": {"S": sk}, "n": {"N": number}, "b": {"B": bytes}, "ss": {"SS": [member]}});
        item[&self.attribute] = json!({"S": text});
        let mut inner = json!({});
        inner[nested] = json!({"L": [{"S": text}]});
        item["m"] = json!({"M": inner});
        item
    }

    /// The words, and the name of each table's attribute.
    pub fn canaries(&self) -> Vec<Canary> {
        self.words.iter().map(|(name, word)| Canary::new(name, word)).collect()
    }

    /// What the table answers when it is asked for everything it was given.
    pub fn items_found(&self, server: &Server) -> Result<usize, String> {
        let mut found = 0;
        for item in &self.items {
            let body = json!({"TableName": self.table, "Key": {"pk": item["pk"], "sk": item["sk"]}});
            let answer = server.dynamodb("GetItem", &body);
            if answer.status != 200 {
                return Err(answer.text());
            }
            let answer = answer.json();
            if !answer["Item"].is_null() {
                assert_eq!(&answer["Item"], item, "wrong data");
                found += 1;
            }
        }
        Ok(found)
    }

    /// Asserts that every item is there.
    #[track_caller]
    pub fn is_whole(&self, server: &Server) {
        assert_eq!(self.items_found(server), Ok(ITEMS));
    }

    /// Writes so much else that memory is written to files, and those are merged.
    pub fn crowd(&self, server: &Server) {
        let mut caller = server.caller();
        for n in 0..110 {
            let filler = "filler ".repeat(50_000);
            let item = json!({"pk": {"S": "filler"}, "sk": {"S": (n % 40).to_string()}, "v": {"S": filler}});
            let _ = caller.dynamodb("PutItem", &json!({"TableName": self.table, "Item": item})).unwrap().ok();
        }
    }

    /// Deletes half of the items and changes the others.
    pub fn disturb(&mut self, server: &Server) {
        for (n, item) in self.items.iter_mut().enumerate() {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            if n % 2 == 0 {
                let _ = server.dynamodb("DeleteItem", &json!({"TableName": self.table, "Key": key})).ok();
            } else {
                let update = json!({"TableName": self.table, "Key": key, "UpdateExpression": "SET seen = :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}}});
                let _ = server.dynamodb("UpdateItem", &update).ok();
                item["seen"] = json!({"N": "1"});
            }
        }
    }

    /// Deletes the table.
    pub fn scatter(&self, server: &Server) {
        let _ = server.dynamodb("DeleteTable", &json!({"TableName": self.table})).ok();
    }
}
