//! The eight writers, each with items of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tests::caller::Caller;

use crate::TABLE;
use crate::belief::{Beliefs, Key, State, padding_of};

/// What a writer does.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// PutItem, always of a new item.
    New,
    /// PutItem over the same few items.
    Over,
    /// PutItem and DeleteItem in turn.
    PutAndDelete,
    /// UpdateItem of a counter.
    Count,
    /// BatchWriteItem of 25.
    Batch,
    /// TransactWriteItems of the same ten.
    Transact,
}

/// How many items a transaction writes.
const TOGETHER: u64 = 10;

impl Kind {
    /// Who writes.
    pub const EIGHT: [Self; 8] = [
        Self::New,
        Self::New,
        Self::Over,
        Self::PutAndDelete,
        Self::Count,
        Self::Transact,
        Self::Batch,
        Self::Batch,
    ];
}

/// One writer, who goes on over all rounds.
pub struct Writer {
    name: String,
    kind: Kind,
    turn: u64,
    pub beliefs: Beliefs,
    pub acknowledged: u64,
}

impl Writer {
    pub fn new(number: usize, kind: Kind) -> Self {
        let prefix = if matches!(kind, Kind::Batch) { "batch" } else { "writer" };
        Self {
            name: format!("{prefix}-{number}"),
            kind,
            turn: 0,
            beliefs: Beliefs::default(),
            acknowledged: 0,
        }
    }

    /// Writes until the connection breaks, which it must not before the server is being killed.
    pub fn write_until_disconnected(mut self, address: SocketAddr, killing: &AtomicBool) -> Self {
        let mut caller = Caller::new(address);
        loop {
            self.turn += 1;
            if let Err(error) = self.write(&mut caller) {
                assert!(killing.load(Ordering::SeqCst), "{}: {error} before the kill", self.name);
                return self;
            }
            self.acknowledged += 1;
        }
    }

    fn write(&mut self, caller: &mut Caller) -> io::Result<()> {
        let turn = self.turn;
        match self.kind {
            Kind::New => self.put(caller, turn),
            Kind::Over => self.put(caller, turn % 10),
            Kind::PutAndDelete if turn.is_multiple_of(2) => self.delete(caller, turn / 2 % 10),
            Kind::PutAndDelete => self.put(caller, turn / 2 % 10),
            Kind::Count => self.count(caller),
            Kind::Batch => self.batch(caller),
            Kind::Transact => self.transact(caller),
        }
    }

    fn put(&mut self, caller: &mut Caller, sk: u64) -> io::Result<()> {
        let key = self.key(sk);
        let body = json!({"TableName": TABLE, "Item": item(&key, self.turn)});
        self.change(caller, "PutItem", &body, &[(key, Some(self.turn))])
    }

    fn delete(&mut self, caller: &mut Caller, sk: u64) -> io::Result<()> {
        let key = self.key(sk);
        self.change(caller, "DeleteItem", &json!({"TableName": TABLE, "Key": key_of(&key)}), &[(key, None)])
    }

    fn count(&mut self, caller: &mut Caller) -> io::Result<()> {
        let key = self.key(0);
        let next = self.beliefs.of(&key).unwrap_or(0) + 1;
        let body = json!({
            "TableName": TABLE,
            "Key": key_of(&key),
            "UpdateExpression": "SET b = if_not_exists(b, :none) + :one ADD a :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":none": {"N": "0"}},
        });
        self.change(caller, "UpdateItem", &body, &[(key, Some(next))])
    }

    fn batch(&mut self, caller: &mut Caller) -> io::Result<()> {
        let changes: Vec<(Key, State)> =
            (0..25).map(|n| (self.key(self.turn * 25 + n), Some(self.turn))).collect();
        let puts: Vec<Value> =
            changes.iter().map(|(key, _)| json!({"PutRequest": {"Item": item(key, self.turn)}})).collect();
        self.change(caller, "BatchWriteItem", &json!({"RequestItems": {TABLE: puts}}), &changes)
    }

    fn transact(&mut self, caller: &mut Caller) -> io::Result<()> {
        let changes: Vec<(Key, State)> = (0..TOGETHER).map(|n| (self.key(n), Some(self.turn))).collect();
        let put =
            |(key, _): &(Key, State)| json!({"Put": {"TableName": TABLE, "Item": item(key, self.turn)}});
        let puts: Vec<Value> = changes.iter().map(put).collect();
        let token = format!("{}-{}", self.name, self.turn);
        let body = json!({"TransactItems": puts, "ClientRequestToken": token});
        self.change(caller, "TransactWriteItems", &body, &changes)
    }

    /// What was written together is there together.
    pub fn check_together(&self) {
        if matches!(self.kind, Kind::Transact) {
            let states: Vec<State> = (0..TOGETHER).map(|n| self.beliefs.of(&self.key(n))).collect();
            assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "half a transaction: {states:?}");
        }
    }

    fn change(
        &mut self,
        caller: &mut Caller,
        operation: &str,
        body: &Value,
        changes: &[(Key, State)],
    ) -> io::Result<()> {
        for (key, state) in changes {
            self.beliefs.attempt(key, *state);
        }
        let answer = caller.dynamodb(operation, body)?.ok();
        let unprocessed = answer["UnprocessedItems"].as_object().is_some_and(|tables| !tables.is_empty());
        assert!(!unprocessed, "{}: the server left something for later: {answer}", self.name);
        for (key, state) in changes {
            self.beliefs.acknowledge(key, *state);
        }
        Ok(())
    }

    fn key(&self, sk: u64) -> Key {
        (self.name.clone(), sk)
    }
}

fn key_of((pk, sk): &Key) -> Value {
    json!({"pk": {"S": pk}, "sk": {"N": sk.to_string()}})
}

fn item(key: &Key, version: u64) -> Value {
    let mut item = key_of(key);
    item["a"] = json!({"N": version.to_string()});
    item["b"] = json!({"N": version.to_string()});
    item["padding"] = json!({"S": padding_of(&key.0, version)});
    item
}
